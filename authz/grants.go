package authz

import (
	"context"
	"slices"
	"strings"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

const maxGrants = 200 // of one camera

// accessRecord is a camera's table: its version guards Save (R9).
type accessRecord struct {
	head
	SavedAt time.Time `json:"saved_at"`
	By      string    `json:"by"`
}

// AccessRow is one person's row in a camera's table.
type AccessRow struct {
	Grant       Grant
	Name        string
	EmailMasked string
	State       string // offered accepted declined expired
}

// AccessTable is who has access to a camera; Version guards Save.
type AccessTable struct {
	Version uint64
	Rows    []AccessRow
}

// GrantEdit is one row of a Save: an existing grant by id, or a new one by e-mail.
type GrantEdit struct {
	GrantID   string
	Email     string
	Levels    Levels
	Schedule  *Schedule
	Until     time.Time
	Message   string
	OnlyHours bool
	OnlyFrom  bool
}

// Access returns the table of an own camera, oldest grant first.
func (a *Authority) Access(ctx context.Context, s Subject, camera string) (AccessTable, error) {
	if _, _, err := a.require(ctx, s, ActShare, Object{Camera: camera}); err != nil {
		return AccessTable{}, err
	}
	return a.table(ctx, camera)
}

func (a *Authority) table(ctx context.Context, camera string) (AccessTable, error) {
	v, err := a.read(ctx, []string{keyTable(camera)}, kv.Scan{Prefix: pGrant + camera + "/"})
	if err != nil {
		return AccessTable{}, err
	}
	t := AccessTable{Version: v.versions[0]}
	var keys []string
	for _, val := range v.scans[0] {
		g, err := decode[Grant](val.Data)
		if err != nil {
			continue // of a newer version: it gives nothing, and is not shown
		}
		t.Rows = append(t.Rows, AccessRow{Grant: *g, State: g.Shown(v.now)})
		keys = append(keys, keyAccount(g.Account))
	}
	if len(keys) == 0 {
		return t, nil
	}
	w, err := a.read(ctx, keys)
	if err != nil {
		return AccessTable{}, err
	}
	rows := t.Rows[:0]
	for i, r := range t.Rows {
		acc, _ := w.recs[i].(*Account)
		if acc == nil {
			continue // closed; the sweeper is on its way
		}
		r.Name, r.EmailMasked = acc.Name, MaskEmail(acc.Email)
		rows = append(rows, r)
	}
	t.Rows = rows
	slices.SortStableFunc(t.Rows, func(x, y AccessRow) int { return x.Grant.From.Compare(y.Grant.From) })
	return t, nil
}

// SaveAccess replaces the table, all or nothing: rows left out are revoked, new
// ones become offers, a change of levels needs no new answer (R17). When Version
// is not the stored one the answer is fault.Conflict stale with the fresh table.
func (a *Authority) SaveAccess(ctx context.Context, s Subject, camera string, version uint64, rows []GrantEdit) (AccessTable, error) {
	rows, emails, err := cleanRows(rows)
	if err != nil {
		return AccessTable{}, err
	}
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Camera: camera}
		more := []string{keyTable(camera)}
		for _, e := range emails {
			more = append(more, keyMail(e))
		}
		v, f, err := a.require(ctx, s, ActShare, o, more...)
		if err != nil {
			return err
		}
		if v.condition(keyTable(camera)).Version != version {
			return fault.New(fault.Conflict, string(ReasonStale), "Somebody saved this table meanwhile. Look at it again.")
		}
		have, err := a.read(ctx, nil, kv.Scan{Prefix: pGrant + camera + "/"})
		if err != nil {
			return err
		}
		d.bind(v, s, o)
		d.on(v, keyTable(camera))
		sv := saver{a: a, s: s, d: d, v: v, camera: f.Camera, old: make(map[string]kv.Value)}
		if err := sv.save(ctx, rows, have.scans[0]); err != nil {
			return err
		}
		d.put(keyTable(camera), accessRecord{head: v1, SavedAt: v.now, By: s.Account})
		d.audit(s, "access.save", f.Camera.Owner, camera, onCamera(camera))
		return nil
	})
	if err != nil && fault.Code(err) != string(ReasonStale) {
		return AccessTable{}, err
	}
	t, terr := a.table(ctx, camera)
	if err == nil {
		err = terr
	}
	return t, err
}

// cleanRows checks what does not depend on the store and lists the e-mails.
func cleanRows(in []GrantEdit) (rows []GrantEdit, emails []string, err error) {
	if len(in) > maxGrants {
		return nil, nil, fault.Field("rows", fault.CodeTooLong, "A camera is shared with at most 200 people; make a group.")
	}
	for _, r := range slices.Clone(in) {
		if !r.Levels.Legal() {
			return nil, nil, fault.Field("levels", fault.CodeBadValue, "Choose at least one level; download needs archive.")
		}
		if err := r.Schedule.Validate(); err != nil {
			return nil, nil, err
		}
		if r.Message, err = cleanNote("message", r.Message); err != nil {
			return nil, nil, err
		}
		if r.GrantID == "" {
			if r.Email, err = NormalEmail(r.Email); err != nil {
				return nil, nil, err
			}
			if slices.Contains(emails, r.Email) {
				return nil, nil, fault.Field("email", fault.CodeBadValue, "This person stands twice in the table.")
			}
			emails = append(emails, r.Email)
		}
		rows = append(rows, r)
	}
	return rows, emails, nil
}

// saver fills the draft of one Save.
type saver struct {
	a      *Authority
	s      Subject
	d      *draft
	v      *view
	camera *Camera
	old    map[string]kv.Value // grants not yet met, by grant id
	taken  map[string]bool     // accounts that have a row
}

func (sv *saver) save(ctx context.Context, rows []GrantEdit, have []kv.Value) error {
	grants := make(map[string]*Grant)
	sv.taken = make(map[string]bool)
	for _, val := range have {
		if g, err := decode[Grant](val.Data); err == nil {
			grants[g.ID], sv.old[g.ID] = g, val
		}
	}
	for _, r := range rows {
		if r.GrantID == "" {
			continue
		}
		g := grants[r.GrantID]
		if _, unmet := sv.old[r.GrantID]; g == nil || !unmet {
			return fault.Field("grant_id", fault.CodeBadValue, "There is no such row, or it stands twice.")
		}
		if err := sv.edit(*g, r); err != nil {
			return err
		}
	}
	for id, val := range sv.old { // rows left out
		g := grants[id]
		sv.d.is(val)
		revoke(sv.d, sv.s, g, sv.camera.Owner)
	}
	for _, r := range rows {
		if r.GrantID == "" {
			if err := sv.offer(ctx, r, grants); err != nil {
				return err
			}
		}
	}
	return nil
}

func (sv *saver) edit(g Grant, r GrantEdit) error {
	val := sv.old[g.ID]
	delete(sv.old, g.ID)
	sv.taken[g.Account] = true
	before := string(encode(g))
	if !r.Until.Equal(g.Until) && over(r.Until, sv.v.now) {
		return errPast()
	}
	g.Levels, g.Schedule, g.Until, g.OnlyHours, g.OnlyFrom = r.Levels, r.Schedule, r.Until.UTC(), r.OnlyHours, r.OnlyFrom
	if r.Until.IsZero() {
		g.Until = time.Time{}
	}
	if string(encode(g)) == before {
		return nil
	}
	sv.d.is(val)
	sv.d.put(val.Key, g)
	sv.d.event(offerChanged(&g, sv.camera.Owner, g.Shown(sv.v.now)))
	sv.d.audit(sv.s, "grant.change", sv.camera.Owner, g.ID, onCamera(g.Camera), detail("levels", g.Levels.String()))
	return nil
}

func (sv *saver) offer(ctx context.Context, r GrantEdit, grants map[string]*Grant) error {
	id := string(sv.v.raw[sv.v.index(keyMail(r.Email))].Data)
	notRegistered := fault.Field("email", string(ReasonNotRegistered), "Nobody here is registered with this e-mail address.")
	if !ValidID(id) {
		return notRegistered
	}
	if id == sv.camera.Owner {
		return fault.Field("email", fault.CodeBadValue, "This camera is yours already.")
	}
	w, err := sv.a.read(ctx, []string{keyAccount(id)})
	if err != nil {
		return err
	}
	acc := get[Account](w.get, keyAccount(id))
	if acc == nil || !acc.EmailVerified { // ruling 9: only verified addresses are found
		return notRegistered
	}
	for _, g := range grants {
		if _, revoked := sv.old[g.ID]; g.Account == id && !revoked {
			sv.taken[id] = true
		}
	}
	if sv.taken[id] {
		return fault.Field("email", fault.CodeBadValue, "This person is in the table already.")
	}
	sv.taken[id] = true
	if over(r.Until, sv.v.now) {
		return errPast()
	}
	g := Grant{head: v1, ID: NewID(), Camera: sv.camera.ID, Account: id, State: GrantOffered, Levels: r.Levels, Schedule: r.Schedule,
		Message: r.Message, From: sv.v.now, OnlyHours: r.OnlyHours, OnlyFrom: r.OnlyFrom}
	if !r.Until.IsZero() {
		g.Until = r.Until.UTC()
	}
	sv.d.on(sv.v, keyMail(r.Email))
	sv.d.on(w, keyAccount(id))
	sv.d.put(keyGrant(g.Camera, id), g)
	sv.d.mark(keyGrantOf(id, g.Camera), g.ID)
	sv.d.event(offerChanged(&g, sv.camera.Owner, string(GrantOffered)))
	sv.d.audit(sv.s, "grant.offer", sv.camera.Owner, g.ID, onCamera(g.Camera), detail("levels", g.Levels.String()))
	return nil
}

func errPast() error {
	return fault.Field("until", fault.CodeBadValue, "The end lies in the past.")
}

func offerChanged(g *Grant, owner, state string) event.Event {
	return event.OfferChanged{Grant: g.ID, Camera: g.Camera, Owner: owner, Account: g.Account, State: state}
}

// revoke deletes a grant; adding the person again is a new offer (R23).
func revoke(d *draft, s Subject, g *Grant, owner string) {
	d.del(keyGrant(g.Camera, g.Account), keyGrantOf(g.Account, g.Camera))
	d.event(offerChanged(g, owner, string(ReasonRevoked)))
	d.audit(s, "grant.revoke", owner, g.ID, onCamera(g.Camera))
}

// Offer is a grant as its recipient sees it.
type Offer struct {
	Grant  Grant
	Camera Camera
	Owner  Person
	State  string // offered accepted declined expired
}

// Offers lists the subject's grants in every state, newest first; the badge
// counts "offered". Grants of cameras or owners that are gone are not listed.
func (a *Authority) Offers(ctx context.Context, s Subject) ([]Offer, error) {
	if _, _, err := a.require(ctx, s, ActSelf, Object{}); err != nil {
		return nil, err
	}
	w, err := a.read(ctx, nil, kv.Scan{Prefix: pGrantOf + s.Account + "/"})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, val := range w.scans[0] {
		ids = append(ids, strings.TrimPrefix(val.Key, pGrantOf+s.Account+"/"))
	}
	v, err := a.loadAll(ctx, s, ids)
	if err != nil {
		return nil, err
	}
	var out []Offer
	for _, id := range ids {
		f := v.facts(s, Object{Camera: id})
		if f.Camera == nil || f.Owner == nil || f.Grant == nil || f.Broken {
			continue
		}
		out = append(out, Offer{Grant: *f.Grant, Camera: *f.Camera, Owner: personOf(f.Owner), State: f.Grant.Shown(v.now)})
	}
	slices.SortStableFunc(out, func(x, y Offer) int { return y.Grant.From.Compare(x.Grant.From) })
	return out, nil
}

// AcceptOffer is idempotent by grant id; a revoked one is NotFound, an expired
// one fault.Forbidden expired. A rejected one may be accepted later (R29).
func (a *Authority) AcceptOffer(ctx context.Context, s Subject, grant string) error {
	return a.answer(ctx, s, grant, GrantAccepted)
}

// RejectOffer rejects an offer or leaves an accepted camera (R30); idempotent
// by grant id, a revoked one is NotFound.
func (a *Authority) RejectOffer(ctx context.Context, s Subject, grant string) error {
	return a.answer(ctx, s, grant, GrantRejected)
}

func (a *Authority) answer(ctx context.Context, s Subject, grant string, st GrantState) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		if _, _, err := a.require(ctx, s, ActSelf, Object{}); err != nil {
			return err
		}
		w, err := a.read(ctx, nil, kv.Scan{Prefix: pGrantOf + s.Account + "/"})
		if err != nil {
			return err
		}
		camera := ""
		for _, val := range w.scans[0] {
			if string(val.Data) == grant && grant != "" {
				camera = strings.TrimPrefix(val.Key, pGrantOf+s.Account+"/")
			}
		}
		if camera == "" {
			return errNotFound()
		}
		o := Object{Camera: camera}
		v, err := a.load(ctx, s, o)
		if err != nil {
			return err
		}
		f := v.facts(s, o)
		switch {
		case f.Broken:
			return unavailable(errRecord)
		case f.Grant == nil || f.Grant.ID != grant || f.Camera == nil || f.Owner == nil:
			return errNotFound()
		case f.Grant.State == st:
			return errNothing
		case st == GrantAccepted && f.Grant.Expired(v.now):
			return deny(ReasonExpired).Fault()
		}
		g := *f.Grant
		g.State, g.AnsweredAt = st, v.now
		d.bind(v, s, o)
		d.put(keyGrant(g.Camera, g.Account), g)
		d.event(offerChanged(&g, f.Owner.ID, g.Shown(v.now)))
		d.audit(s, "grant."+string(st), f.Owner.ID, g.ID, onCamera(g.Camera))
		return nil
	})
	return err
}
