package web

import (
	"time"

	"sightline/authz"
)

type accessView struct {
	Version uint64      `json:"version"` // to send back with a Save
	Rows    []accessRow `json:"rows"`
}

type accessRow struct {
	GrantID   string          `json:"grant_id"`
	Account   accessPerson    `json:"account"`
	State     string          `json:"state"` // offered, accepted, declined, expired
	Levels    []string        `json:"levels"`
	Schedule  *authz.Schedule `json:"schedule,omitempty"`
	Until     *time.Time      `json:"until,omitempty"`
	Message   string          `json:"message,omitempty"`
	OnlyHours bool            `json:"only_hours,omitempty"`
	OnlyFrom  bool            `json:"only_from,omitempty"`
}

type accessPerson struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	EmailMasked string `json:"email_masked"`
}

type accessInput struct {
	Version uint64      `json:"version"`
	Rows    []grantEdit `json:"rows"` // the whole table: who is left out is revoked
}

type grantEdit struct {
	GrantID   string          `json:"grant_id,omitempty"` // an existing row, or
	Email     string          `json:"email,omitempty"`    // a new one
	Levels    []string        `json:"levels"`
	Schedule  *authz.Schedule `json:"schedule,omitempty"`
	Until     *time.Time      `json:"until,omitempty"`
	Message   string          `json:"message,omitempty"`
	OnlyHours bool            `json:"only_hours,omitempty"`
	OnlyFrom  bool            `json:"only_from,omitempty"`
}

type offersView struct {
	Offers []offerView `json:"offers"`
}

type offerView struct {
	GrantID  string          `json:"grant_id"`
	Camera   nameView        `json:"camera"`
	Owner    nameView        `json:"owner"`
	State    string          `json:"state"` // offered, accepted, declined, expired
	Levels   []string        `json:"levels"`
	Schedule *authz.Schedule `json:"schedule,omitempty"`
	Zone     string          `json:"zone"` // of the schedule
	Until    *time.Time      `json:"until,omitempty"`
	Message  string          `json:"message,omitempty"`
}

type nameView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func accessRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/cameras/:id/access", who: account, summary: "Who has access to an own camera.",
			out: accessView{}, handle: getAccess},
		{method: "PUT", path: "/api/v1/cameras/:id/access", who: account, body: jsonBody,
			summary: "Save the whole table, all or nothing. New rows become offers; rows left out are revoked, and their streams end first.",
			in:      accessInput{}, out: accessView{}, handle: putAccess},
		{method: "GET", path: "/api/v1/offers", who: account, summary: "Cameras offered to one, in every state.", out: offersView{}, handle: listOffers},
		{method: "POST", path: "/api/v1/offers/:id/accept", who: account, status: empty, summary: "Accept an offer, or one rejected earlier.",
			handle: func(r *request) error { return r.then(r.s.cfg.Authority.AcceptOffer(r.ctx, r.subject, r.param("id"))) }},
		{method: "POST", path: "/api/v1/offers/:id/reject", who: account, status: empty, summary: "Reject an offer, or leave a camera.",
			handle: func(r *request) error { return r.then(r.s.cfg.Authority.RejectOffer(r.ctx, r.subject, r.param("id"))) }},
	}
}

func getAccess(r *request) error {
	t, err := r.s.cfg.Authority.Access(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(viewAccess(t))
}

func putAccess(r *request) error {
	var in accessInput
	if err := r.decode(&in); err != nil {
		return err
	}
	rows := make([]authz.GrantEdit, 0, len(in.Rows))
	for _, e := range in.Rows {
		levels, err := authz.ParseLevels(e.Levels)
		if err != nil {
			return err
		}
		edit := authz.GrantEdit{GrantID: e.GrantID, Email: e.Email, Levels: levels, Schedule: e.Schedule,
			Message: e.Message, OnlyHours: e.OnlyHours, OnlyFrom: e.OnlyFrom}
		if e.Until != nil {
			edit.Until = *e.Until
		}
		rows = append(rows, edit)
	}
	t, err := r.s.cfg.Authority.SaveAccess(r.ctx, r.subject, r.param("id"), in.Version, rows)
	if err != nil {
		return err
	}
	return r.ok(viewAccess(t))
}

func viewAccess(t authz.AccessTable) accessView {
	out := accessView{Version: t.Version, Rows: []accessRow{}}
	for _, row := range t.Rows {
		g := row.Grant
		out.Rows = append(out.Rows, accessRow{
			GrantID: g.ID, Account: accessPerson{ID: g.Account, Name: row.Name, EmailMasked: row.EmailMasked}, State: row.State,
			Levels: g.Levels.Names(), Schedule: g.Schedule, Until: optional(g.Until), Message: g.Message,
			OnlyHours: g.OnlyHours, OnlyFrom: g.OnlyFrom,
		})
	}
	return out
}

func listOffers(r *request) error {
	list, err := r.s.cfg.Authority.Offers(r.ctx, r.subject)
	if err != nil {
		return err
	}
	out := offersView{Offers: []offerView{}}
	for _, o := range list {
		out.Offers = append(out.Offers, offerView{
			GrantID: o.Grant.ID, Camera: nameView{o.Camera.ID, o.Camera.Name}, Owner: nameView{o.Owner.ID, o.Owner.Name},
			State: o.State, Levels: o.Grant.Levels.Names(), Schedule: o.Grant.Schedule, Zone: o.Camera.Zone,
			Until: optional(o.Grant.Until), Message: o.Grant.Message,
		})
	}
	return r.ok(out)
}
