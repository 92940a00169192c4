package web

import (
	"strconv"
	"time"

	"sightline/authz"
	"sightline/controlroom/events"
	"sightline/internal/fault"
)

type eventView struct {
	ID     string     `json:"id"`
	Kind   string     `json:"kind"`   // motion person vehicle sound tamper input lost back storage
	Source string     `json:"source"` // onvif hook stream server
	Text   string     `json:"text,omitempty"`
	From   time.Time  `json:"from"`
	To     *time.Time `json:"to"` // null: it goes on
}

type eventsView struct {
	Events []eventView `json:"events"`
	Next   string      `json:"next,omitempty"` // after of the next page
}

type motionPut struct {
	Sensitivity string `json:"sensitivity"` // off low medium high
}

type motionView struct {
	motionPut
	By string `json:"by"` // what tells: pictures, or rate where the server decodes none
}

// eventsScan is how many events outside of what may be seen a page passes over:
// the rest is behind its next.
const eventsScan = 5 * events.MaxPage

func eventRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/cameras/:id/events", who: account, out: eventsView{}, handle: listEvents,
			summary: "What a camera reported, newest first, as far as the subject gets notices of it. Query: from and to (RFC 3339), after (an event's id), limit (1 to 1000, 100 if not given)."},
		{method: "GET", path: "/api/v1/cameras/:id/motion", who: account, out: motionView{}, handle: getMotion,
			summary: "Whether movement is told from the stream of an own camera."},
		{method: "PUT", path: "/api/v1/cameras/:id/motion", who: account, body: jsonBody, in: motionPut{}, out: motionView{}, handle: putMotion,
			summary: "Let movement be told from an own camera's stream: off, low, medium or high."},
	}
}

func listEvents(r *request) error {
	id := r.param("id")
	d, err := r.s.cfg.Authority.Check(r.ctx, r.subject, authz.ActNotices, authz.Object{Camera: id})
	if err != nil {
		return err
	}
	if err := d.Fault(); err != nil {
		return err
	}
	from, to, err := r.moments()
	if err != nil {
		return err
	}
	limit := 100
	if v := r.query("limit"); v != "" {
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > events.MaxPage {
			return fault.Field("limit", fault.CodeBadValue, "A page has 1 to 1000 events.")
		}
	}
	after, out := r.query("after"), eventsView{Events: []eventView{}}
	if d.Footage.From.After(from) && (to.IsZero() || d.Footage.From.Before(to)) {
		from = d.Footage.From
	}
	for passed := 0; ; {
		list, err := r.s.cfg.Events.List(r.ctx, id, from, to, limit, after)
		if err != nil {
			return err
		}
		for _, ev := range list {
			after = ev.ID
			if d.Footage.Covers(ev.From) {
				out.Events = append(out.Events, viewEvent(ev))
			}
			if len(out.Events) == limit {
				out.Next = after
				return r.ok(out)
			}
		}
		if len(list) < limit {
			return r.ok(out)
		}
		if passed += len(list); passed >= eventsScan {
			out.Next = after
			return r.ok(out)
		}
	}
}

func viewEvent(e events.Event) eventView {
	return eventView{ID: e.ID, Kind: e.Kind, Source: e.Source, Text: e.Text, From: e.From, To: optional(e.To)}
}

func getMotion(r *request) error {
	level, err := r.s.cfg.Events.Sensitivity(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(viewMotion(r, level))
}

func viewMotion(r *request, level string) motionView {
	by := "rate"
	if r.s.cfg.Events.Sees() {
		by = "pictures"
	}
	return motionView{motionPut{level}, by}
}

func putMotion(r *request) error {
	var in motionPut
	if err := r.decode(&in); err != nil {
		return err
	}
	if err := r.s.cfg.Events.SetSensitivity(r.ctx, r.subject, r.param("id"), in.Sensitivity); err != nil {
		return err
	}
	return r.ok(viewMotion(r, in.Sensitivity))
}
