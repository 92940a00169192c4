package web

import (
	"time"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

type kioskCreate struct {
	Name    string `json:"name"`
	Days    int    `json:"days,omitempty"`     // from its opening; 0: until ended
	PatrolS int    `json:"patrol_s,omitempty"` // how long a page is shown, 5 to 120; 0: 30
}

type kioskCreated struct {
	TokenID string    `json:"token_id"` // among the logins
	URL     string    `json:"url"`      // shown this once; works once
	OpenBy  time.Time `json:"open_by"`
}

type kioskExchange struct {
	Secret secret.String `json:"secret"`
}

type kioskView struct {
	ID         string                `json:"id"`
	Name       string                `json:"name"`
	View       controlroom.KioskWall `json:"view"`
	PatrolS    int                   `json:"patrol_s"`
	Language   string                `json:"language"`
	Zone       string                `json:"zone"`
	Theme      string                `json:"theme"`
	ServerTime time.Time             `json:"server_time"`
}

// kioskLife is how long a screen keeps its cookie after it was last asked for;
// browsers keep none longer. The record behind it ends by itself.
const kioskLife = 400 * 24 * time.Hour

// kioskRoutes are all a kiosk can ask for: its cookie is read nowhere else, and
// no other cookie or token is read here.
func kioskRoutes() []route {
	table := []route{
		{method: "POST", path: "/api/v1/views/:view/kiosk", who: signed, body: jsonBody, status: created,
			summary: "Make a kiosk: a screen that shows this view and may do nothing else; its address works once, within 24 hours. " +
				"The view default stands for all cameras, page by page.",
			in: kioskCreate{}, out: kioskCreated{}, handle: createKiosk},
		{method: "POST", path: "/api/v1/kiosk/exchange", who: public, body: jsonBody,
			summary: "Trade the secret of a kiosk's address for its cookie, once; whoever holds that cookie may ask again. All else is one same 410.",
			in:      kioskExchange{}, out: kioskView{}, handle: exchangeKiosk},
		{method: "GET", path: "/api/v1/kiosk", who: device, summary: "What the kiosk shows.", out: kioskView{}, handle: getKiosk},
		{method: "GET", path: "/api/v1/kiosk/socket", who: device, status: 101,
			summary: "The one socket of a kiosk (WebSocket), see docs/ref/socket.md.", handle: openSocket},
		{method: "GET", path: "/api/v1/kiosk/cameras/:id/poster", who: device, answer: jpegType, summary: posterSummary, handle: poster},
	}
	return append(table, viewingTable("/api/v1/kiosk/viewing", device)...)
}

func createKiosk(r *request) error {
	var in kioskCreate
	if err := r.decode(&in); err != nil {
		return err
	}
	if in.Days < 0 || in.Days > 3650 {
		return fault.Field("days", fault.CodeBadValue, "A kiosk lasts 1 to 3650 days, or until it is ended.")
	}
	if in.PatrolS < 0 || in.PatrolS > 3600 {
		return fault.Field("patrol_s", fault.CodeBadValue, "A page is shown for 5 to 120 seconds.")
	}
	view := r.param("view")
	if view == defaultView {
		view = ""
	}
	l, key, err := r.s.cfg.Authority.CreateKiosk(r.ctx, r.subject, authz.NewKiosk{
		View: view, Name: in.Name, Life: time.Duration(in.Days) * 24 * time.Hour, Patrol: time.Duration(in.PatrolS) * time.Second,
	})
	if err != nil {
		return err
	}
	return r.json(created, kioskCreated{TokenID: l.ID, URL: r.base() + "/kiosk#" + key.Reveal(), OpenBy: l.Ends.UTC()})
}

// exchangeKiosk reads the kiosk cookie only to know the screen again that holds it.
func exchangeKiosk(r *request) error {
	var in kioskExchange
	if err := r.decode(&in); err != nil {
		return err
	}
	old := r.cookie(r.s.cookies.kiosk())
	var cookie secret.String
	err := r.guess(r.s.cfg.Limits.Guesses, unknownKiosk, func() (err error) {
		r.subject, cookie, err = r.s.cfg.Authority.OpenKiosk(r.ctx, in.Secret, old, r.clientInfo())
		return err
	})
	if err != nil {
		return err
	}
	if cookie.Empty() {
		cookie = old
	}
	return r.kiosk(cookie)
}

func unknownKiosk(err error) bool { return fault.Code(err) == fault.CodeTokenInvalid }

func getKiosk(r *request) error { return r.kiosk(r.cookie(r.s.cookies.kiosk())) }

// kiosk answers with what the screen shows, and keeps its cookie alive.
func (r *request) kiosk(cookie secret.String) error {
	k, wall, err := r.s.cfg.Room.KioskWall(r.ctx, r.subject)
	if err != nil {
		return err
	}
	r.s.cookies.setKiosk(&r.c.Response().Header, cookie)
	theme := k.Theme
	if theme == "" {
		theme = "dark"
	}
	return r.ok(kioskView{
		ID: k.Login.ID, Name: k.Login.Name, View: wall, PatrolS: int(k.Login.Patrol / time.Second),
		Language: k.Language, Zone: k.Zone, Theme: theme, ServerTime: k.Now.UTC(),
	})
}

// device finds the kiosk behind the kiosk cookie; nothing else is looked at.
func (r *request) device() error {
	key := r.cookie(r.s.cookies.kiosk())
	if key.Empty() {
		return fault.New(fault.Unauthenticated, fault.CodeNotSignedIn, "This screen has no kiosk. Open its address.")
	}
	sub, err := r.s.cfg.Authority.AuthenticateKiosk(r.ctx, key)
	if err != nil {
		return err
	}
	r.subject = sub
	return nil
}
