package web

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sightline/internal/fault"
)

type auditView struct {
	Rows []auditLine `json:"rows"` // newest first
	Next string      `json:"next,omitempty"`
}

// auditLine is who did what when.
type auditLine struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Who    auditWho  `json:"who"`
	Action string    `json:"action"` // e.g. link.pause
	What   auditWhat `json:"what"`
	Detail string    `json:"detail,omitempty"`
}

type auditWho struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
	As   string `json:"as"` // account, token, kiosk, guest, operator, system
}

type auditWhat struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

func auditRoutes() []route {
	return []route{{method: "GET", path: "/api/v1/audit", who: account,
		summary: "One's own log, newest first; ?before= the next of the page before, ?limit= 1 to 200. It can be changed by nobody.",
		out:     auditView{}, handle: listAudit}}
}

func listAudit(r *request) error {
	args := r.c.Request().URI().QueryArgs()
	limit := 0
	if s := string(args.Peek("limit")); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return fault.Field("limit", fault.CodeBadValue, "A page has 1 to 200 rows.")
		}
		limit = n
	}
	rows, next, err := r.s.cfg.Authority.Audit(r.ctx, r.subject, string(args.Peek("before")), limit)
	if err != nil {
		return err
	}
	out := auditView{Rows: make([]auditLine, 0, len(rows)), Next: next}
	for _, a := range rows {
		line := auditLine{ID: a.ID, At: a.At, Who: auditWho{Name: a.Who, As: a.As}, Action: a.Action,
			What: auditWhat{Kind: a.Kind, ID: a.Object, Name: a.Name}}
		if a.As != "guest" {
			line.Who.ID = a.Actor
		}
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(a.Detail)) {
			parts = append(parts, k+": "+a.Detail[k])
		}
		line.Detail = strings.Join(parts, ", ")
		out.Rows = append(out.Rows, line)
	}
	return r.ok(out)
}
