package web

import (
	"net/netip"
	"strings"
	"time"

	"sightline/authz"
)

type visitsView struct {
	Visits []visitRow `json:"visits"`
}

// visitRow is one guest of a link as its owner sees him; the address is never whole.
type visitRow struct {
	ID        string    `json:"id"`
	IPMasked  string    `json:"ip_masked"`
	Browser   string    `json:"browser"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"` // to the hour, or now
	Watching  bool      `json:"watching"`  // pictures flow, from this node
	Owner     bool      `json:"owner,omitempty"`
	Stopped   bool      `json:"stopped,omitempty"`
}

func visitRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/links/:id/visits", who: account, summary: "Who has a link open, last used first.",
			out: visitsView{}, handle: listVisits},
		{method: "POST", path: "/api/v1/links/:id/visits/:visit/stop", who: account, status: empty,
			summary: "Stop one guest of a link for good; his pictures end first.",
			handle: func(r *request) error {
				return r.then(r.s.cfg.Authority.StopVisit(r.ctx, r.subject, r.param("id"), r.param("visit")))
			}},
	}
}

func listVisits(r *request) error {
	link := r.param("id")
	list, err := r.s.cfg.Authority.Visits(r.ctx, r.subject, link)
	if err != nil {
		return err
	}
	watching := r.s.cfg.Room.WatchingVisits(link)
	now := r.s.cfg.Clock.Now().UTC()
	out := visitsView{Visits: make([]visitRow, 0, len(list))}
	for _, v := range list {
		out.Visits = append(out.Visits, viewVisitRow(v, watching[v.ID], now))
	}
	return r.ok(out)
}

func viewVisitRow(v authz.Visit, watching bool, now time.Time) visitRow {
	row := visitRow{ID: v.ID, IPMasked: maskIP(v.IP), Browser: v.Browser, FirstSeen: v.CreatedAt.UTC(), LastSeen: v.UsedAt.UTC(),
		Watching: watching, Owner: v.Owner, Stopped: v.Stopped}
	if watching {
		row.LastSeen = now
	}
	return row
}

// maskIP shows the network an address is in: 203.0.*.*, 2001:db8:*.
func maskIP(s string) string {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	if a = a.Unmap(); a.Is4() {
		p := strings.Split(a.String(), ".")
		return p[0] + "." + p[1] + ".*.*"
	}
	p := strings.Split(a.StringExpanded(), ":")
	for i := range p {
		if p[i] = strings.TrimLeft(p[i], "0"); p[i] == "" {
			p[i] = "0"
		}
	}
	return p[0] + ":" + p[1] + ":*"
}
