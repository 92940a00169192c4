package web

// LimitRow is one configured limit as the instance page shows it.
type LimitRow struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Unit    string `json:"unit,omitempty"` // duration, bytes, percent, or nothing for a count
	Help    string `json:"help"`
}

type limitsView struct {
	Limits []LimitRow `json:"limits"`
}

func limitRoutes() []route {
	return []route{{method: "GET", path: "/api/v1/instance/limits", who: instance, out: limitsView{},
		summary: "The numbers of reasonable use as they are configured. They are changed in the configuration, not here.",
		handle: func(r *request) error {
			out := limitsView{Limits: r.s.cfg.LimitRows}
			if out.Limits == nil {
				out.Limits = []LimitRow{}
			}
			return r.ok(out)
		}}}
}
