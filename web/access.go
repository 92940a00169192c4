package web

import (
	"time"

	"sightline/authz"
	"sightline/internal/fault"
)

type accessView struct {
	Version uint64        `json:"version"` // to send back with a Save
	Rows    []accessRow   `json:"rows"`
	Invited []invitedView `json:"invited,omitempty"` // of a Save: the invitations it made
}

type invitedView struct {
	Email     string    `json:"email"`
	ExpiresAt time.Time `json:"expires_at"`
	URL       string    `json:"url,omitempty"` // to hand over, when this server sends no mail
	Mailed    bool      `json:"mailed"`
}

type accessRow struct {
	GrantID    string          `json:"grant_id"`
	Account    accessPerson    `json:"account"`           // without id and name while it waits
	Email      string          `json:"email,omitempty"`   // of who waits, as the owner typed it
	Waiting    bool            `json:"waiting,omitempty"` // for somebody to register with the e-mail
	State      string          `json:"state"`             // offered, accepted, declined, expired
	Levels     []string        `json:"levels"`
	Rights     []string        `json:"rights"` // sound, ptz
	Schedule   *authz.Schedule `json:"schedule,omitempty"`
	Until      *time.Time      `json:"until,omitempty"`
	Message    string          `json:"message,omitempty"`
	OnlyHours  bool            `json:"only_hours,omitempty"`
	OnlyFrom   bool            `json:"only_from,omitempty"`
	Watching   bool            `json:"watching"` // live now, on this node
	OfferedAt  time.Time       `json:"offered_at"`
	AnsweredAt *time.Time      `json:"answered_at,omitempty"`
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
	GrantID   string          `json:"grant_id,omitempty"` // an existing row, or a new one:
	Account   string          `json:"account,omitempty"`  // somebody who was found, or
	Email     string          `json:"email,omitempty"`    // an address typed in full
	Invite    bool            `json:"invite,omitempty"`   // nobody is registered with it: invite, the grant waits
	Levels    []string        `json:"levels,omitempty"`   // of a new row without any: online
	Rights    []string        `json:"rights,omitempty"`   // sound, ptz
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
	Rights   []string        `json:"rights"` // sound, ptz
	Schedule *authz.Schedule `json:"schedule,omitempty"`
	Zone     string          `json:"zone"` // of the schedule
	Until    *time.Time      `json:"until,omitempty"`
	Message  string          `json:"message,omitempty"`

	OfferedAt  time.Time  `json:"offered_at"`
	AnsweredAt *time.Time `json:"answered_at,omitempty"`
}

type acceptedView struct {
	Accepted []string `json:"accepted"` // grant ids
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
			summary: "Save the whole table, all or nothing. New rows become offers; rows left out are revoked, and their streams end first. " +
				"A version that is not the stored one is 409 stale with the fresh table beside it.",
			in: accessInput{}, out: accessView{}, handle: putAccess},
		{method: "GET", path: "/api/v1/offers", who: account, summary: "Cameras offered to one, in every state.", out: offersView{}, handle: listOffers},
		{method: "POST", path: "/api/v1/offers/accept_all", who: account, summary: "Accept every offer that waits for an answer.",
			out: acceptedView{}, handle: acceptAll},
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
	return r.ok(r.viewAccess(t))
}

// staleTable is a Save that came too late, with the table as it is.
type staleTable struct {
	error
	fresh accessView
}

func (e staleTable) Unwrap() error { return e.error }

func putAccess(r *request) error {
	var in accessInput
	if err := r.decode(&in); err != nil {
		return err
	}
	rows := make([]authz.GrantEdit, 0, len(in.Rows))
	for i, e := range in.Rows {
		edit, err := r.edit(e)
		if err != nil {
			return fault.InRow(i, err)
		}
		rows = append(rows, edit)
	}
	t, err := r.s.cfg.Authority.SaveAccess(r.ctx, r.subject, r.param("id"), in.Version, rows)
	if err != nil {
		if fault.Code(err) == string(authz.ReasonStale) {
			return staleTable{err, r.viewAccess(t)}
		}
		return err
	}
	return r.ok(r.viewAccess(t))
}

// edit reads one row of a Save. Asking for a whole address is a look for a
// person too.
func (r *request) edit(e grantEdit) (authz.GrantEdit, error) {
	if e.Levels == nil && e.GrantID == "" {
		e.Levels = authz.LevelOnline.LevelNames() // row R11
	}
	levels, err := authz.ParseGrant(e.Levels, e.Rights)
	if err != nil {
		return authz.GrantEdit{}, err
	}
	if e.GrantID == "" && e.Account == "" {
		if err := limited(r.s.cfg.Limits.People.Look(r.subject.Account, "")); err != nil {
			return authz.GrantEdit{}, err
		}
	}
	edit := authz.GrantEdit{GrantID: e.GrantID, Account: e.Account, Email: e.Email, Invite: e.Invite, Base: r.base(), Levels: levels,
		Schedule: e.Schedule, Message: e.Message, OnlyHours: e.OnlyHours, OnlyFrom: e.OnlyFrom}
	if e.Until != nil {
		edit.Until = *e.Until
	}
	return edit, nil
}

func (r *request) viewAccess(t authz.AccessTable) accessView {
	out := accessView{Version: t.Version, Rows: []accessRow{}}
	watching := r.s.cfg.Room.WatchingCamera(r.param("id"))
	for _, row := range t.Rows {
		g := row.Grant
		out.Rows = append(out.Rows, accessRow{
			GrantID: g.ID, Account: accessPerson{ID: g.Account, Name: row.Name, EmailMasked: row.EmailMasked},
			Email: g.Email, Waiting: g.Account == "", State: row.State,
			Levels: g.Levels.LevelNames(), Rights: g.Levels.RightNames(), Schedule: g.Schedule, Until: optional(g.Until), Message: g.Message,
			OnlyHours: g.OnlyHours, OnlyFrom: g.OnlyFrom, Watching: watching[g.Account], OfferedAt: g.From, AnsweredAt: optional(g.AnsweredAt),
		})
	}
	for _, in := range t.Invited {
		out.Invited = append(out.Invited, invitedView{Email: in.Email, ExpiresAt: in.Ends, URL: r.handed("/invite", in.Handed), Mailed: in.Mailed})
	}
	return out
}

func acceptAll(r *request) error {
	ids, err := r.s.cfg.Authority.AcceptAll(r.ctx, r.subject)
	if err != nil {
		return err
	}
	if ids == nil {
		ids = []string{}
	}
	return r.ok(acceptedView{ids})
}

func listOffers(r *request) error {
	list, err := r.s.cfg.Authority.Offers(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(offersView{Offers: viewAll(list, func(o authz.Offer) offerView {
		return offerView{
			GrantID: o.Grant.ID, Camera: nameView{o.Camera.ID, o.Camera.Name}, Owner: nameView{o.Owner.ID, o.Owner.Name},
			State: o.State, Levels: o.Grant.Levels.LevelNames(), Rights: o.Grant.Levels.RightNames(), Schedule: o.Grant.Schedule,
			Zone: o.Camera.Zone, Until: optional(o.Grant.Until), Message: o.Grant.Message,
			OfferedAt: o.Grant.From, AnsweredAt: optional(o.Grant.AnsweredAt),
		}
	})})
}
