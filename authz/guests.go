package authz

import (
	"context"
	"encoding/json"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

const (
	ticketLife = 60 * time.Second
	visitLife  = 24 * time.Hour
	// visitLeast is what a visit of a link long over still gets, so that its
	// page can say so.
	visitLeast = 10 * time.Minute
)

// VisitState is what a guest's page shows.
type VisitState string

const (
	VisitNotYet           VisitState = "not_yet"
	VisitLive             VisitState = "live"
	VisitPaused           VisitState = "paused"
	VisitEnded            VisitState = "ended"
	VisitPasswordRequired VisitState = "password_required"
	VisitThrottled        VisitState = "throttled"
)

// StateOf is the visit state behind a decision on ActVisit. removed says that
// there is none any more: the page gets link_gone, who was watching link_removed.
func StateOf(d Decision) (st VisitState, removed bool) {
	switch d.Reason {
	case ReasonOK:
		return VisitLive, false
	case ReasonLinkPaused, ReasonLinkPausedPlan:
		return VisitPaused, false
	case ReasonLinkNotStarted:
		return VisitNotYet, false
	case ReasonPasswordRequired:
		return VisitPasswordRequired, false
	case ReasonLinkRemoved, ReasonLinkGone:
		return "", true
	}
	return VisitEnded, false // link_ended, stopped_by_owner, ip_blocked
}

// VisitInfo is what a guest's page needs.
type VisitInfo struct {
	State     VisitState
	Reason    Reason    // when not live
	Since     time.Time // of a pause or an end
	Until     time.Time // live: when it ends; not_yet: when it begins
	Name      string
	OwnerName string
	Language  string
	Zone      string
	Cameras   []Camera // that exist, in the owner's order
	Sound     bool
	Note      string // of the owner to his guests
	Owner     bool   // the link's owner himself
	OwnerID   string
	Kind      LinkKind
	Blocks    []Block // addresses that are kept away now
	Now       time.Time
}

// ticket carries a guest from the exchange to the visit, sealed.
type ticket struct {
	Link  string    `json:"l"`
	Ends  time.Time `json:"e"`
	Owner bool      `json:"o,omitempty"`
}

// Exchange trades a link's secret for its id and a ticket (60 s). asker is the
// account that may be signed in, for R86. It writes nothing and counts nobody
// (T44). An unknown or malformed secret is fault.Gone link_gone, a removed link's
// is fault.Gone link_removed: it is not a guess (R106), and the answer to the
// client is the same.
func (a *Authority) Exchange(ctx context.Context, sec secret.String, asker Subject) (link string, _ secret.String, err error) {
	if !wellFormed(sec.Reveal()) {
		return "", secret.String{}, errLinkGone()
	}
	hash := sec.Hash()
	v, err := a.read(ctx, []string{keyLinkSecret(hash[:]), keyLinkGone(hash[:])})
	if err != nil {
		return "", secret.String{}, err
	}
	id := string(v.raw[0].Data)
	switch {
	case v.versions[1] != 0:
		return "", secret.String{}, errLinkRemoved()
	case !ValidID(id):
		return "", secret.String{}, errLinkGone()
	}
	v, err = a.readLink(ctx, id, "")
	if err != nil {
		return "", secret.String{}, err
	}
	l := get[Link](v.get, keyLink(id))
	if l == nil || !sameHash(l.SecretHash, hash) || get[Account](v.get, keyAccount(l.Owner)) == nil {
		return "", secret.String{}, errLinkRemoved() // in this moment, or by closing its owner's account
	}
	text, err := json.Marshal(ticket{Link: id, Ends: v.now.Add(ticketLife), Owner: asker.Kind == AccountSubject && asker.Account == l.Owner})
	if err != nil {
		return "", secret.String{}, err
	}
	return id, secret.New(a.cfg.Seal.Seal(secret.New(string(text)), ticketPlace(id))), nil
}

// readLink reads a link, its owner, its cameras and maybe one visit, at one
// revision: one round trip when the node's last copies name the right ones.
func (a *Authority) readLink(ctx context.Context, id, visit string, scans ...kv.Scan) (*view, error) {
	want := func(g getter) []string {
		keys := []string{keyLink(id)}
		if visit != "" {
			keys = append(keys, keyVisit(id, visit))
		}
		if l := get[Link](g, keys[0]); l != nil {
			keys = append(keys, keyAccount(l.Owner))
			for _, c := range l.Cameras {
				keys = append(keys, keyCamera(c))
			}
		}
		return keys
	}
	keys := want(a.cache.getter())
	for range 4 {
		v, err := a.read(ctx, keys, scans...)
		if err != nil {
			return nil, err
		}
		a.cache.put(v)
		if keys = want(v.get); v.has(keys) {
			for _, k := range keys {
				if v.broken[v.index(k)] {
					return nil, unavailable(errRecord)
				}
			}
			return v, nil
		}
	}
	return nil, unavailable(errRecord)
}

// Visit begins or goes on with a visit: a valid cookie is kept, else the ticket
// makes one and newCookie is its secret (empty when kept). Anything wrong is
// fault.Gone link_gone; more than 256 live visits fault.Conflict too_many_viewers.
func (a *Authority) Visit(ctx context.Context, link string, tick, cookie secret.String, c Client) (s Subject, newCookie secret.String, info VisitInfo, err error) {
	if !ValidID(link) {
		return s, newCookie, info, errLinkGone()
	}
	if s, info, err = a.AuthenticateVisit(ctx, link, cookie); err == nil || !fault.Is(err, fault.Gone) {
		if err == nil {
			a.noteClient(ctx, s, c)
		}
		return s, secret.String{}, info, err
	}
	t, ok := a.openTicket(link, tick)
	if !ok {
		return s, newCookie, info, errLinkGone()
	}
	newCookie = secret.Random()
	hash := newCookie.Hash()
	s = Subject{Kind: GuestSubject, Link: link, Visit: secretID(hash)}
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.readLink(ctx, link, "", kv.Scan{Prefix: pVisit + link + "/"})
		if err != nil {
			return err
		}
		l := get[Link](v.get, keyLink(link))
		if l == nil || get[Account](v.get, keyAccount(l.Owner)) == nil || over(t.Ends, v.now) {
			return errLinkGone()
		}
		live := 0
		for _, val := range v.scans[0] {
			if w, err := decode[Visit](val.Data); err == nil && !over(w.Ends, v.now) {
				live++
			}
		}
		if live >= a.cfg.Visits {
			return fault.New(fault.Conflict, string(ReasonTooManyViewers), "Too many people have this link open. Try again later.")
		}
		w := Visit{head: v1, ID: s.Visit, Link: link, Hash: hash[:], IP: c.ip(), Browser: c.browser(), Owner: t.Owner,
			CreatedAt: v.now, UsedAt: v.now, Ends: visitEnds(l, v.now)}
		d.on(v, keyLink(link), keyAccount(l.Owner))
		d.absent(keyVisit(link, w.ID))
		d.put(keyVisit(link, w.ID), w)
		info = visitInfo(v, l, &w)
		return nil
	})
	if err != nil {
		return Subject{}, secret.String{}, VisitInfo{}, err
	}
	return s, newCookie, info, nil
}

// NoteClient is noteClient for a guest who comes from an address that his link
// keeps away: his visit, and what runs by it, ends as if he had come from there.
func (a *Authority) NoteClient(ctx context.Context, s Subject, c Client) { a.noteClient(ctx, s, c) }

// noteClient keeps where a visit was last opened from, so that a block of that
// address finds it. Failing to is nothing: the next opening tries again.
func (a *Authority) noteClient(ctx context.Context, s Subject, c Client) {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		k := keyVisit(s.Link, s.Visit)
		v, err := a.read(ctx, []string{k})
		if err != nil {
			return err
		}
		w := get[Visit](v.get, k)
		if w == nil || c.ip() == "" || w.IP == c.ip() {
			return errNothing
		}
		out := *w
		out.IP, out.Browser = c.ip(), c.browser()
		d.on(v, k)
		d.put(k, out)
		return nil
	})
	a.report("a visit's address", err)
}

func (a *Authority) openTicket(link string, tick secret.String) (t ticket, ok bool) {
	if tick.Empty() || len(tick.Reveal()) > 1024 {
		return t, false
	}
	text, err := a.cfg.Seal.Unseal(tick.Reveal(), ticketPlace(link))
	if err != nil || json.Unmarshal([]byte(text.Reveal()), &t) != nil {
		return t, false
	}
	return t, t.Link == link && !t.Ends.IsZero()
}

// visitEnds is 24 h from now, at most the link's end and 24 h.
func visitEnds(l *Link, now time.Time) time.Time {
	ends := now.Add(visitLife)
	if !l.Ends.IsZero() {
		ends = earlier(ends, l.Ends.Add(visitLife))
	}
	if least := now.Add(visitLeast); ends.Before(least) {
		return least
	}
	return ends
}

// AuthenticateVisit finds the guest behind a visit cookie of a link; anything
// wrong is fault.Gone link_gone. A visit that is paused, over or waiting for its
// password is a guest too: info says so, and every decision does.
func (a *Authority) AuthenticateVisit(ctx context.Context, link string, cookie secret.String) (Subject, VisitInfo, error) {
	if !ValidID(link) || !wellFormed(cookie.Reveal()) {
		return Subject{}, VisitInfo{}, errLinkGone()
	}
	hash := cookie.Hash()
	s := Subject{Kind: GuestSubject, Link: link, Visit: secretID(hash)}
	v, err := a.readLink(ctx, link, s.Visit)
	if err != nil {
		return Subject{}, VisitInfo{}, err
	}
	l, w := get[Link](v.get, keyLink(link)), get[Visit](v.get, keyVisit(link, s.Visit))
	if l == nil || w == nil || !sameHash(w.Hash, hash) {
		return Subject{}, VisitInfo{}, errLinkGone()
	}
	f := v.facts(s, Object{})
	d := Decide(s, ActVisit, Object{Link: link}, f, v.now)
	if _, removed := StateOf(d); removed {
		return Subject{}, VisitInfo{}, errLinkGone()
	}
	a.renew(ctx, s, f, v)
	return s, visitInfo(v, l, w), nil
}

// visitInfo is the page of a visit; v holds the link's owner and cameras.
func visitInfo(v *view, l *Link, w *Visit) VisitInfo {
	owner := get[Account](v.get, keyAccount(l.Owner))
	d := decideVisit(l, owner, w, v.plans, v.now)
	st, _ := StateOf(d)
	info := VisitInfo{State: st, Since: d.Since, Until: d.Until, Name: l.Name, OwnerName: owner.Name,
		Language: owner.Language, Zone: owner.Zone, Sound: l.Sound, Owner: w.Owner, OwnerID: l.Owner, Kind: l.Kind, Blocks: openBlocks(l, v.now), Now: v.now}
	if st != VisitLive {
		info.Reason = d.Reason
	}
	if st == VisitNotYet {
		info.Until = d.Next
	}
	if st == VisitPasswordRequired {
		return info // nothing of the link before the password
	}
	info.Note = l.Note
	for _, id := range l.Cameras {
		if c := get[Camera](v.get, keyCamera(id)); c != nil && c.Owner == l.Owner {
			info.Cameras = append(info.Cameras, *c)
		}
	}
	return info
}

// VisitPassword gives the link's password for this visit, once; it is bound to
// the password's version. fault.Forbidden password_wrong. The caller slows guessing.
func (a *Authority) VisitPassword(ctx context.Context, s Subject, password secret.String) error {
	if s.Kind != GuestSubject || !s.sound() {
		return errLinkGone()
	}
	v, err := a.readLink(ctx, s.Link, s.Visit)
	if err != nil {
		return err
	}
	l := get[Link](v.get, keyLink(s.Link))
	if l == nil || get[Visit](v.get, keyVisit(s.Link, s.Visit)) == nil {
		return errLinkGone()
	}
	if l.PasswordHash == "" {
		return nil
	}
	ok, _, err := a.hasher.check(ctx, password, l.PasswordHash)
	if err != nil {
		return err
	}
	if !ok {
		return deny(ReasonPasswordWrong).Fault()
	}
	version := l.PasswordVersion
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.readLink(ctx, s.Link, s.Visit)
		if err != nil {
			return err
		}
		l, w := get[Link](v.get, keyLink(s.Link)), get[Visit](v.get, keyVisit(s.Link, s.Visit))
		if l == nil || w == nil {
			return errLinkGone()
		}
		if l.PasswordVersion != version {
			return deny(ReasonPasswordWrong).Fault()
		}
		out := *w
		out.PasswordVersion = version
		d.on(v, keyLink(s.Link), keyVisit(s.Link, s.Visit))
		d.put(keyVisit(s.Link, s.Visit), out)
		return nil
	})
	return err
}

// StopVisit ends one guest's visit for good: the link's owner (R76).
func (a *Authority) StopVisit(ctx context.Context, s Subject, link, visit string) error {
	if !ValidID(visit) {
		return errNotFound()
	}
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Link: link}
		k := keyVisit(link, visit)
		v, f, err := a.require(ctx, s, ActLinkManage, o, k)
		if err != nil {
			return err
		}
		w := get[Visit](v.get, k)
		if w == nil {
			return errNotFound()
		}
		if w.Stopped {
			return errNothing
		}
		out := *w
		out.Stopped = true
		d.bind(v, s, o)
		d.on(v, k)
		d.put(k, out)
		d.audit(s, "visit.stop", f.Link.Owner, visit)
		return nil
	})
	return err
}

// Visits lists a link's live visits for its owner, last used first.
func (a *Authority) Visits(ctx context.Context, s Subject, link string) ([]Visit, error) {
	if _, _, err := a.require(ctx, s, ActLinkManage, Object{Link: link}); err != nil {
		return nil, err
	}
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pVisit + link + "/"})
	if err != nil {
		return nil, err
	}
	return liveVisits(v), nil
}
