package authz

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

const maxGrants = 200 // of one camera

// accessRecord is a camera's table: its version guards Save (R9). From and
// Digest tell a Save that comes again from another one.
type accessRecord struct {
	head
	SavedAt time.Time `json:"saved_at"`
	By      string    `json:"by"`
	From    uint64    `json:"from,omitempty"`   // version it was made on
	Digest  []byte    `json:"digest,omitempty"` // SHA-256 of its rows
}

// AccessRow is one person's row in a camera's table.
type AccessRow struct {
	Grant       Grant // Email is set while it waits: the owner typed it in full
	Name        string
	EmailMasked string
	State       string // offered accepted declined expired
}

// AccessTable is who has access to a camera; Version guards Save.
type AccessTable struct {
	Version uint64
	Rows    []AccessRow
	Invited []Invited // of a Save: the invitations it sent, by row
}

// GrantEdit is one row of a Save: an existing grant by id, or a new one by
// account or e-mail.
type GrantEdit struct {
	GrantID   string
	Account   string
	Email     string
	Invite    bool   // nobody has proved the e-mail his: invite, and let the grant wait (R6). Of a waiting row: invite again
	Base      string // origin of the page, for the link of the invitation
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
	v, err := a.read(ctx, []string{keyTable(camera)}, grantScans(camera)...)
	if err != nil {
		return AccessTable{}, err
	}
	t := AccessTable{Version: v.versions[0]}
	var keys []string
	for _, val := range slices.Concat(v.scans...) {
		g, err := decode[Grant](val.Data)
		if err != nil {
			continue // of a newer version: it gives nothing, and is not shown
		}
		t.Rows = append(t.Rows, AccessRow{Grant: *g, State: g.Shown(v.now)})
		if g.Account != "" {
			keys = append(keys, keyAccount(g.Account))
		}
	}
	w := &view{}
	if len(keys) > 0 {
		if w, err = a.read(ctx, keys); err != nil {
			return AccessTable{}, err
		}
	}
	rows := t.Rows[:0]
	for _, r := range t.Rows {
		if r.Grant.Account == "" {
			r.EmailMasked = MaskEmail(r.Grant.Email)
		} else if acc := get[Account](w.get, keyAccount(r.Grant.Account)); acc != nil {
			r.Name, r.EmailMasked = acc.Name, MaskEmail(acc.Email)
		} else {
			continue // closed; the sweeper is on its way
		}
		rows = append(rows, r)
	}
	t.Rows = rows
	slices.SortStableFunc(t.Rows, func(x, y AccessRow) int { return x.Grant.From.Compare(y.Grant.From) })
	return t, nil
}

// grantScans find all grants of a camera, those that wait last.
func grantScans(camera string) []kv.Scan {
	return []kv.Scan{{Prefix: pGrant + camera + "/"}, {Prefix: pWait + camera + "/"}}
}

// SaveAccess replaces the table, all or nothing: rows left out are revoked, new
// ones become offers, a change of levels needs no new answer (R17). When Version
// is not the stored one the answer is fault.Conflict stale with the fresh table;
// but the last Save coming again, by the same account and with the same rows, is
// answered as if it had come once. Errors of a row name it: rows[2].email.
func (a *Authority) SaveAccess(ctx context.Context, s Subject, camera string, version uint64, rows []GrantEdit) (AccessTable, error) {
	rows, emails, err := cleanRows(rows)
	if err != nil {
		return AccessTable{}, err
	}
	digest, err := digestOf(rows)
	if err != nil {
		return AccessTable{}, err
	}
	var invited []Invited
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
		have, err := a.read(ctx, []string{keyTable(camera)}, grantScans(camera)...)
		if err != nil {
			return err
		}
		if have.versions[0] != version || v.condition(keyTable(camera)).Version != version { // its rows are of that version
			last, err := decode[accessRecord](have.raw[0].Data)
			if err == nil && last.From == version && last.By == s.Account && bytes.Equal(last.Digest, digest) {
				return errNothing
			}
			return fault.New(fault.Conflict, string(ReasonStale), "Somebody saved this table meanwhile. Look at it again.")
		}
		sv := saver{a: a, s: s, d: d, v: v, camera: f.Camera, owner: f.Account, old: make(map[string]kv.Value)}
		if err := sv.save(ctx, rows, slices.Concat(have.scans...)); err != nil {
			return err
		}
		if err := a.spendMails(ctx, d, s.Account, len(sv.invited)); err != nil {
			return err
		}
		invited = sv.invited
		d.bind(v, s, o)
		d.on(v, keyTable(camera))
		d.put(keyTable(camera), accessRecord{head: v1, SavedAt: v.now, By: s.Account, From: version, Digest: digest})
		d.audit(s, "access.save", f.Camera.Owner, camera, onCamera(camera))
		return nil
	})
	if err != nil && fault.Code(err) != string(ReasonStale) {
		return AccessTable{}, err
	}
	t, terr := a.table(ctx, camera)
	if err == nil {
		err, t.Invited = terr, invited
	}
	return t, err
}

func digestOf(rows []GrantEdit) ([]byte, error) {
	b, err := json.Marshal(rows)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, fault.CodeBadValue, "A date of the table cannot be written.")
	}
	h := sha256.Sum256(b)
	return h[:], nil
}

// cleanRows checks what does not depend on the store and lists the e-mails.
func cleanRows(in []GrantEdit) (rows []GrantEdit, emails []string, err error) {
	if len(in) > maxGrants {
		return nil, nil, fault.Field("rows", fault.CodeTooLong, "A camera is shared with at most 200 people; make a group.")
	}
	for i, r := range slices.Clone(in) {
		if err := r.clean(); err != nil {
			return nil, nil, fault.InRow(i, err)
		}
		if r.Email != "" {
			if slices.Contains(emails, r.Email) {
				return nil, nil, fault.InRow(i, errTwice("email"))
			}
			emails = append(emails, r.Email)
		}
		rows = append(rows, r)
	}
	return rows, emails, nil
}

func (r *GrantEdit) clean() (err error) {
	if !r.Levels.Legal() {
		return fault.Field("levels", fault.CodeBadValue, "Choose at least one level; download needs archive.")
	}
	if err := r.Schedule.Validate(); err != nil {
		return err
	}
	if y := r.Until.Year(); !r.Until.IsZero() && (y < 2000 || y > 9999) {
		return fault.Field("until", fault.CodeBadValue, "There is no such date.")
	}
	r.Until = r.Until.UTC()
	if r.Message, err = cleanNote("message", r.Message); err != nil {
		return err
	}
	switch {
	case r.GrantID != "":
		r.Account, r.Email = "", ""
	case r.Account != "":
		r.Email = ""
	default:
		r.Email, err = NormalEmail(r.Email)
	}
	return err
}

// saver fills the draft of one Save.
type saver struct {
	a       *Authority
	s       Subject
	d       *draft
	v       *view
	camera  *Camera
	owner   *Account
	old     map[string]kv.Value // grants not yet met, by grant id
	taken   map[string]bool     // accounts and e-mails that have a row
	invited []Invited
}

func (sv *saver) save(ctx context.Context, rows []GrantEdit, have []kv.Value) error {
	grants := make(map[string]*Grant)
	sv.taken = make(map[string]bool)
	for _, val := range have {
		if g, err := decode[Grant](val.Data); err == nil {
			grants[g.ID], sv.old[g.ID] = g, val
		}
	}
	for i, r := range rows {
		if r.GrantID == "" {
			continue
		}
		g := grants[r.GrantID]
		if _, unmet := sv.old[r.GrantID]; g == nil || !unmet {
			return fault.InRow(i, fault.Field("grant_id", fault.CodeBadValue, "There is no such row, or it stands twice."))
		}
		if err := sv.edit(ctx, *g, r); err != nil {
			return fault.InRow(i, err)
		}
	}
	for id, val := range sv.old { // rows left out
		sv.d.is(val)
		revoke(sv.d, sv.s, grants[id], sv.camera.Owner, sv.v.now)
	}
	for i, r := range rows {
		if r.GrantID == "" {
			if err := sv.offer(ctx, r); err != nil {
				return fault.InRow(i, err)
			}
		}
	}
	return nil
}

func (sv *saver) edit(ctx context.Context, g Grant, r GrantEdit) error {
	val := sv.old[g.ID]
	delete(sv.old, g.ID)
	sv.taken[g.Account+g.Email] = true
	before, was := string(encode(g)), g.Shown(sv.v.now)
	if !r.Until.Equal(g.Until) && over(r.Until, sv.v.now) {
		return errPast()
	}
	if !r.Until.Equal(g.Until) {
		g.Until = r.Until
	}
	g.Levels, g.Schedule, g.OnlyHours, g.OnlyFrom = r.Levels, r.Schedule, r.OnlyHours, r.OnlyFrom
	if r.Invite && g.Account == "" {
		sv.d.is(val)
		if err := sv.invite(ctx, g.Email, r.Base); err != nil {
			return err
		}
	}
	if string(encode(g)) == before {
		return nil
	}
	sv.d.is(val)
	sv.d.put(val.Key, g)
	if g.Account != "" {
		sv.d.event(offerChanged(&g, sv.camera.Owner, g.Shown(sv.v.now), was))
	}
	sv.d.audit(sv.s, "grant.change", sv.camera.Owner, g.ID, onCamera(g.Camera), detail("levels", g.Levels.String()))
	return nil
}

func (sv *saver) invite(ctx context.Context, email, base string) error {
	in, err := sv.a.inviteFor(ctx, sv.d, sv.owner, sv.s, email, base)
	if err == nil {
		sv.invited = append(sv.invited, in)
	}
	return err
}

func (sv *saver) offer(ctx context.Context, r GrantEdit) error {
	id, field := r.Account, "account"
	if r.Email != "" {
		id, field = string(sv.v.raw[sv.v.index(keyMail(r.Email))].Data), "email"
		sv.d.on(sv.v, keyMail(r.Email))
	}
	var acc *Account
	if ValidID(id) {
		w, err := sv.a.read(ctx, []string{keyAccount(id)})
		if err != nil {
			return err
		}
		acc = get[Account](w.get, keyAccount(id))
		sv.d.on(w, keyAccount(id))
	}
	if acc != nil && acc.ID == sv.camera.Owner {
		return fault.Field(field, fault.CodeBadValue, "This camera is yours already.")
	}
	if over(r.Until, sv.v.now) {
		return errPast()
	}
	known := acc != nil && acc.EmailVerified // ruling 9: only verified addresses are found
	if !known && (!r.Invite || r.Email == "") {
		return fault.Field(field, string(ReasonNotRegistered), "Nobody here is registered with this e-mail address.")
	}
	who := r.Email
	if known {
		who = acc.ID
	}
	if sv.taken[who] {
		return errTwice(field)
	}
	sv.taken[who] = true
	g := Grant{head: v1, ID: NewID(), Camera: sv.camera.ID, State: GrantOffered, Levels: r.Levels, Schedule: r.Schedule, Until: r.Until,
		Message: r.Message, From: sv.v.now, OnlyHours: r.OnlyHours, OnlyFrom: r.OnlyFrom}
	if !known {
		return sv.wait(ctx, g, r, acc == nil)
	}
	g.Account = acc.ID
	sv.d.put(keyGrant(g.Camera, g.Account), g)
	sv.d.mark(keyGrantOf(g.Account, g.Camera), g.ID)
	sv.d.event(offerChanged(&g, sv.camera.Owner, string(GrantOffered), ""))
	sv.d.audit(sv.s, "grant.offer", sv.camera.Owner, g.ID, onCamera(g.Camera), detail("levels", g.Levels.String()))
	return nil
}

// wait saves a grant for somebody who is not registered, and invites him; who
// has an account and has only to confirm his address is not invited.
func (sv *saver) wait(ctx context.Context, g Grant, r GrantEdit, invite bool) error {
	g.Email = r.Email
	if invite {
		if err := sv.invite(ctx, r.Email, r.Base); err != nil {
			return err
		}
	}
	mail := mailID(g.Email)
	sv.d.put(keyWait(g.Camera, mail), g)
	sv.d.mark(keyWaitOf(mail, g.Camera), g.ID)
	sv.d.audit(sv.s, "grant.wait", sv.camera.Owner, g.ID, onCamera(g.Camera), detail("levels", g.Levels.String()))
	return nil
}

func errTwice(field string) error {
	return fault.Field(field, fault.CodeBadValue, "This person is in the table already.")
}

func errPast() error {
	return fault.Field("until", fault.CodeBadValue, "The end lies in the past.")
}

func offerChanged(g *Grant, owner, state, was string) event.Event {
	return event.OfferChanged{Grant: g.ID, Camera: g.Camera, Owner: owner, Account: g.Account, State: state, Was: was}
}

// revoke deletes a grant; adding the person again is a new offer (R23).
func revoke(d *draft, s Subject, g *Grant, owner string, now time.Time) {
	if g.Account == "" {
		mail := mailID(g.Email)
		d.del(keyWait(g.Camera, mail), keyWaitOf(mail, g.Camera))
	} else {
		d.del(keyGrant(g.Camera, g.Account), keyGrantOf(g.Account, g.Camera))
		d.event(offerChanged(g, owner, string(ReasonRevoked), g.Shown(now)))
	}
	d.audit(s, "grant.revoke", owner, g.ID, onCamera(g.Camera))
}
