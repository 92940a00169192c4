package web

import (
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

// visitLife is how long a guest's browser keeps its cookie after the last
// visit; the record behind it ends by itself.
const visitLife = 24 * time.Hour

type exchangeInput struct {
	Secret secret.String `json:"secret"`
}

type exchangeView struct {
	Link   string `json:"link"`
	Ticket string `json:"ticket"` // 60 s
}

type visitInput struct {
	Ticket secret.String `json:"ticket,omitzero"`
}

type visitView struct {
	State      string      `json:"state"` // not_yet, live, paused, ended, password_required, throttled
	Reason     string      `json:"reason,omitempty"`
	Since      *time.Time  `json:"since,omitempty"`
	Until      *time.Time  `json:"until,omitempty"` // live: its end; not_yet: its beginning; throttled: when live comes back at the earliest
	Name       string      `json:"name"`
	OwnerName  string      `json:"owner_name"`
	Language   string      `json:"language"`
	Zone       string      `json:"zone"`
	Cameras    []visitCell `json:"cameras"`
	Sound      bool        `json:"sound"`
	Note       string      `json:"note,omitempty"`  // of the owner to his guests
	Owner      bool        `json:"owner,omitempty"` // the link's owner himself; not counted
	Gallery    bool        `json:"gallery"`         // share links have a gallery; temporary ones are for live video only
	ServerTime time.Time   `json:"server_time"`
}

type visitCell struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Aspect float64 `json:"aspect,omitempty"`
}

func guestRoutes() []route {
	table := []route{
		{method: "POST", path: "/g/exchange", who: maybe, body: jsonBody,
			summary: "Trade a link's secret for its id and a ticket. Unknown, malformed and removed are one same 410.",
			in:      exchangeInput{}, out: exchangeView{}, handle: exchange},
		{method: "POST", path: "/g/:link/visit", who: public, body: jsonBody,
			summary: "Begin a visit with a ticket, or go on with the one of the cookie. Sets the guest cookie.",
			in:      visitInput{}, out: visitView{}, handle: beginVisit},
		{method: "POST", path: "/g/:link/password", who: guest, body: jsonBody, wait: passwordWait,
			summary: "Give the link's password for this visit. Five wrong ones an address, then 429 for longer and longer, never for good.",
			in:      linkPassword{}, out: visitView{}, handle: givePassword},
		{method: "GET", path: "/g/:link/visit", who: guest, summary: "The running visit.", out: visitView{}, handle: getVisit},
		{method: "GET", path: "/g/:link/socket", who: guest, status: 101,
			summary: "The one socket of a guest's tab (WebSocket), see docs/ref/socket.md.", handle: openSocket},
	}
	return append(table, viewingTable("/g/:link/viewing", guest)...)
}

// exchange is the one guest route that reads an account's login: it only tells
// the owner's own visits apart (spec R86).
func exchange(r *request) error {
	var in exchangeInput
	if err := r.decode(&in); err != nil {
		return err
	}
	var out exchangeView
	err := r.guess(r.s.cfg.Limits.Guesses, unknownLink, func() error {
		link, ticket, err := r.s.cfg.Authority.Exchange(r.ctx, in.Secret, r.subject)
		out = exchangeView{Link: link, Ticket: ticket.Reveal()}
		return err
	})
	if err != nil {
		return goneUnlessAway(err)
	}
	return r.ok(out)
}

// unknownLink: a removed link's secret is no guess (R106).
func unknownLink(err error) bool { return fault.Code(err) == codeLinkGone }

func beginVisit(r *request) error {
	var in visitInput
	if err := r.decode(&in); err != nil {
		return err
	}
	link := r.param("link")
	old := r.cookie(r.s.cookies.guest())
	sub, cookie, info, err := r.s.cfg.Authority.Visit(r.ctx, link, in.Ticket, old, r.clientInfo())
	if err != nil {
		return goneUnlessAway(err)
	}
	if cookie.Empty() {
		cookie = old
	}
	r.subject, r.visit = sub, info
	r.seen()
	r.s.cookies.setGuest(&r.c.Response().Header, link, cookie, visitLife)
	return r.ok(r.viewVisit())
}

func getVisit(r *request) error {
	r.seen()
	r.s.cookies.setGuest(&r.c.Response().Header, r.param("link"), r.cookie(r.s.cookies.guest()), visitLife)
	return r.ok(r.viewVisit())
}

// viewVisit is the visit of this request as its page sees it.
func (r *request) viewVisit() visitView {
	v := r.visit
	if v.State == authz.VisitLive {
		if reason, until := r.s.cfg.Room.Throttle(r.ctx, r.subject, r.viewer()); reason != "" {
			v.State, v.Reason, v.Until = authz.VisitThrottled, authz.Reason(reason), until
		}
	}
	return viewVisit(v, r.s.cfg.Room.Aspect)
}

func viewVisit(v authz.VisitInfo, aspect func(camera string) float64) visitView {
	out := visitView{
		State: string(v.State), Reason: string(v.Reason), Since: optional(v.Since), Until: optional(v.Until), Name: v.Name,
		OwnerName: v.OwnerName, Language: v.Language, Zone: v.Zone, Cameras: []visitCell{}, Sound: v.Sound, Note: v.Note, Owner: v.Owner,
		Gallery: v.Kind == authz.LinkShare, ServerTime: v.Now.UTC(),
	}
	if v.Reason == authz.ReasonOK {
		out.Reason = ""
	}
	for _, c := range v.Cameras {
		cell := visitCell{ID: c.ID, Name: c.Name}
		if v.State == authz.VisitLive || v.State == authz.VisitThrottled {
			cell.Aspect = aspect(c.ID)
		}
		out.Cameras = append(out.Cameras, cell)
	}
	return out
}
