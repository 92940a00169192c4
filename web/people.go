package web

import (
	"time"

	"sightline/authz"
)

type peopleView struct {
	People []accessPerson `json:"people"`
}

type sharingView struct {
	People int `json:"people"` // rows of the table
	Links  int `json:"links"`
	Groups int `json:"groups"`
}

// sightView is what the person of a grant may do now.
type sightView struct {
	Allowed bool                  `json:"allowed"`
	Reason  string                `json:"reason"`
	Until   *time.Time            `json:"until,omitempty"`
	Next    *time.Time            `json:"next,omitempty"`
	Levels  []string              `json:"levels"`
	Rights  []string              `json:"rights"`
	Zone    string                `json:"zone"`    // of the schedule
	Actions map[string]actionView `json:"actions"` // live, archive, notices, download, sound, ptz
}

type actionView struct {
	Allowed bool         `json:"allowed"`
	Reason  string       `json:"reason"`
	Until   *time.Time   `json:"until,omitempty"`
	Next    *time.Time   `json:"next,omitempty"`
	Footage *footageView `json:"footage,omitempty"` // where not all of it
}

// footageView is what of the recorded video an action is about: from (inclusive)
// to (exclusive; it moves on with the clock), and only of scheduled hours.
type footageView struct {
	From      *time.Time `json:"from,omitempty"`
	To        *time.Time `json:"to,omitempty"`
	OnlyHours bool       `json:"only_hours,omitempty"`
}

type sharingPeopleView struct {
	People []personSharingView `json:"people"`
}

type personSharingView struct {
	Account *accessPerson      `json:"account,omitempty"`
	Email   string             `json:"email,omitempty"` // of who is not registered yet, as typed
	Cameras []sharedCameraView `json:"cameras"`
	Groups  []sharedGroupView  `json:"groups"` // they are left as they are when all is revoked
}

type sharedCameraView struct {
	ID     string     `json:"id"`
	Name   string     `json:"name"`
	Grant  string     `json:"grant_id"`
	State  string     `json:"state"` // offered, accepted, declined, expired
	Levels []string   `json:"levels"`
	Rights []string   `json:"rights"`
	Until  *time.Time `json:"until,omitempty"`
}

type sharedGroupView struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role string `json:"role"` // of the person
}

// revokedView says that all grants to a person are revoked, and what is left.
type revokedView struct {
	cutView
	Groups []sharedGroupView `json:"groups"` // in which the person still sees what one shares
}

type waitingInput struct {
	Email string `json:"email"`
}

func peopleRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/people", who: account, out: peopleView{}, handle: findPeople,
			summary: "People whose name or e-mail begins, at any word, with ?q=, at most 8; without those who have ?camera= already. Under 4 characters: nobody."},
		{method: "GET", path: "/api/v1/cameras/:id/sharing", who: account, out: sharingView{}, handle: getSharing,
			summary: "How many people, links and groups an own camera is shared with."},
		{method: "GET", path: "/api/v1/cameras/:id/see_as", who: account, out: sightView{}, handle: seeAs,
			summary: "What the person of ?grant= may do with an own camera now."},
		{method: "GET", path: "/api/v1/sharing/people", who: account, out: sharingPeopleView{}, handle: sharingPeople,
			summary: "Everything one shares, by person."},
		{method: "POST", path: "/api/v1/sharing/people/:account/revoke", who: account, out: revokedView{}, handle: revokePerson,
			summary: "Revoke every grant of one's own cameras to a person, also those that wait for his e-mail; their streams end first. Groups stay; the answer names them."},
		{method: "POST", path: "/api/v1/sharing/waiting/revoke", who: account, body: jsonBody, in: waitingInput{}, out: cutView{}, handle: revokeWaiting,
			summary: "Revoke every grant of one's own cameras that waits for an e-mail to be registered."},
	}
}

// findPeople is charged for what is looked up: too short a text is answered
// without asking anything (row R5).
func findPeople(r *request) error {
	camera := r.c.Query("camera")
	if camera != "" && !authz.ValidID(camera) {
		return errInvisible
	}
	q, ok := authz.NewSearch(r.c.Query("q"))
	if ok {
		if err := limited(r.s.cfg.Limits.People.Look(r.subject.Account, q.Prefix())); err != nil {
			return err
		}
	}
	found, err := r.s.cfg.Authority.People(r.ctx, r.subject, q, camera)
	if err != nil {
		return err
	}
	return r.ok(peopleView{People: viewAll(found, func(p authz.Found) accessPerson {
		return accessPerson{ID: p.ID, Name: p.Name, EmailMasked: p.EmailMasked}
	})})
}

func getSharing(r *request) error {
	n, err := r.s.cfg.Authority.SharingOf(r.ctx, r.subject, r.param("id"))
	if err != nil {
		return err
	}
	return r.ok(sharingView{People: n.People, Links: n.Links, Groups: n.Groups})
}

func seeAs(r *request) error {
	seen, err := r.s.cfg.Authority.SeeAs(r.ctx, r.subject, r.param("id"), r.c.Query("grant"))
	if err != nil {
		return err
	}
	w := viewAction(seen.Watch)
	out := sightView{Allowed: w.Allowed, Reason: w.Reason, Until: w.Until, Next: w.Next, Zone: seen.Zone,
		Levels: seen.Grant.Levels.LevelNames(), Rights: seen.Grant.Levels.RightNames(), Actions: map[string]actionView{}}
	for act, d := range seen.Actions {
		out.Actions[act.String()] = viewAction(d)
	}
	return r.ok(out)
}

func viewAction(d authz.Decision) actionView {
	v := actionView{Allowed: d.Allowed, Reason: string(d.Reason), Until: optional(d.Until), Next: optional(d.Next)}
	if f := d.Footage; f.Bounded() {
		v.Footage = &footageView{From: optional(f.From), To: optional(f.To), OnlyHours: f.Hours != nil}
	}
	return v
}

func sharingPeople(r *request) error {
	list, err := r.s.cfg.Authority.SharingByPerson(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(sharingPeopleView{People: viewAll(list, func(p authz.PersonSharing) personSharingView {
		v := personSharingView{Email: p.Email, Groups: viewAll(p.Groups, viewSharedGroup), Cameras: viewAll(p.Cameras, func(c authz.SharedCamera) sharedCameraView {
			return sharedCameraView{ID: c.ID, Name: c.Name, Grant: c.Grant, State: c.State, Levels: c.Levels.LevelNames(), Rights: c.Levels.RightNames(), Until: optional(c.Until)}
		})}
		if p.Account != "" {
			v.Account = &accessPerson{ID: p.Account, Name: p.Name, EmailMasked: p.EmailMasked}
		}
		return v
	})})
}

func viewSharedGroup(g authz.SharedGroup) sharedGroupView {
	return sharedGroupView{ID: g.ID, Name: g.Name, Role: string(g.Role)}
}

// revokePerson also says what is left: groups in which the person still sees
// what one shares there.
func revokePerson(r *request) error {
	c, err := r.s.cfg.Authority.RevokePerson(r.ctx, r.subject, r.param("account"))
	if err != nil {
		return err
	}
	list, err := r.s.cfg.Authority.SharingByPerson(r.ctx, r.subject)
	if err != nil {
		return err
	}
	out := revokedView{Groups: []sharedGroupView{}}
	for _, p := range list {
		if p.Account == r.param("account") {
			out.Groups = viewAll(p.Groups, viewSharedGroup)
		}
	}
	var status int
	status, out.cutView = r.cutOf(c.Revision)
	return r.json(status, out)
}

func revokeWaiting(r *request) error {
	var in waitingInput
	if err := r.decode(&in); err != nil {
		return err
	}
	c, err := r.s.cfg.Authority.RevokeWaiting(r.ctx, r.subject, in.Email)
	return r.cut(c.Revision, err)
}
