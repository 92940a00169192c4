package authz

import (
	"context"
	"strings"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

const (
	maxKiosks    = 20             // of one account
	kioskOpening = 24 * time.Hour // how long its address waits to be opened
	kioskMost    = 10 * 366 * 24 * time.Hour
	kioskPrefix  = "slk_" // of the cookie, so that nothing takes it for a person's
)

// NewKiosk asks for a kiosk. View "" is all cameras of the account; Life 0 lasts
// until it is ended; Patrol 0 is PatrolDefault.
type NewKiosk struct {
	View   string
	Name   string
	Life   time.Duration
	Patrol time.Duration
}

// Kiosk is what a kiosk's page may know: its login without what is secret, and
// of its account only how it is to be spoken to.
type Kiosk struct {
	Login    Login
	Language string
	Zone     string
	Theme    string
	Groups   []string  // of its account, to be told of changes
	Now      time.Time // store time
}

// CreateKiosk makes a kiosk of one of the subject's views. The secret is for the
// screen's address, is shown this once and works once, within 24 hours.
// fault.NotFound for a view the account does not have.
func (a *Authority) CreateKiosk(ctx context.Context, s Subject, in NewKiosk) (Login, secret.String, error) {
	name, err := cleanName("name", in.Name)
	if err != nil {
		return Login{}, secret.String{}, err
	}
	if in.Patrol == 0 {
		in.Patrol = PatrolDefault
	}
	switch {
	case in.Life < 0 || in.Life > kioskMost:
		return Login{}, secret.String{}, fault.Field("days", fault.CodeBadValue, "A kiosk lasts at most ten years, or until it is ended.")
	case in.Patrol < PatrolLeast || in.Patrol > PatrolMost:
		return Login{}, secret.String{}, fault.Field("patrol_s", fault.CodeBadValue, "A page is shown for 5 to 120 seconds.")
	case in.View != "" && !ValidID(in.View):
		return Login{}, secret.String{}, errNotFound()
	}
	key := secret.Random()
	hash := key.Hash()
	l := Login{head: v1, ID: secretID(hash), Account: s.Account, Kind: LoginKiosk, Name: name, View: in.View, Life: in.Life, Patrol: in.Patrol}
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		var more []string
		if in.View != "" {
			more = append(more, keyView(s.Account, in.View))
		}
		v, f, err := a.require(ctx, s, ActSelf, Object{}, more...)
		if err != nil {
			return err
		}
		for _, k := range more {
			if v.condition(k).Version == 0 {
				return errNotFound()
			}
			d.on(v, k)
		}
		n, err := a.countKiosks(ctx, s.Account, v.now)
		if err != nil {
			return err
		}
		if n >= maxKiosks {
			return fault.Newf(fault.Conflict, fault.CodeConflict, "An account has at most %d kiosks. End one first.", maxKiosks)
		}
		l.Generation, l.CreatedAt, l.UsedAt, l.Ends = f.Account.LoginGeneration, v.now, v.now, v.now.Add(kioskOpening)
		d.on(v, keyAccount(s.Account))
		d.absent(keyLogin(l.Account, l.ID))
		d.put(keyLogin(l.Account, l.ID), l)
		d.put(keyKiosk(hash[:]), kioskRef{head: v1, Account: l.Account, Login: l.ID, Ends: l.Ends})
		d.audit(s, "kiosk.create", l.Account, l.ID, detail("name", l.Name))
		return nil
	})
	if err != nil {
		return Login{}, secret.String{}, err
	}
	return l, key, nil
}

func (a *Authority) countKiosks(ctx context.Context, account string, now time.Time) (int, error) {
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pLogin + account + "/"})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, val := range v.scans[0] {
		if l, err := decode[Login](val.Data); err == nil && l.Kind == LoginKiosk && !over(l.Ends, now) {
			n++
		}
	}
	return n, nil
}

// OpenKiosk exchanges the secret of a kiosk's address for its login, once. The
// cookie is for that browser and for nobody else; it is empty where the browser
// holds it already (old): the address may stay in its settings. Everything else
// is fault.Gone token_invalid, byte by byte.
func (a *Authority) OpenKiosk(ctx context.Context, key, old secret.String, c Client) (Subject, secret.String, error) {
	if !wellFormed(key.Reveal()) {
		return Subject{}, secret.String{}, errKioskGone()
	}
	hash := key.Hash()
	if s, err := a.AuthenticateKiosk(ctx, old); err == nil && s.Login == secretID(hash) {
		return s, secret.String{}, nil
	} else if err != nil && !fault.Is(err, fault.Unauthenticated) {
		return Subject{}, secret.String{}, err
	}
	var s Subject
	var cookie secret.String
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.read(ctx, []string{keyKiosk(hash[:])})
		if err != nil {
			return err
		}
		ref, err := decode[kioskRef](v.raw[0].Data)
		if err != nil || over(ref.Ends, v.now) || ref.Login != secretID(hash) {
			return errKioskGone()
		}
		s = Subject{Kind: DeviceSubject, Account: ref.Account, Login: ref.Login}
		w, err := a.load(ctx, s, Object{}, keyKiosk(hash[:]))
		if err != nil {
			return err
		}
		f := w.facts(s, Object{})
		if !Decide(s, ActDevice, Object{}, f, w.now).Allowed || !f.Login.Waits() || w.condition(keyKiosk(hash[:])).Version == 0 {
			return errKioskGone()
		}
		cookie = secret.New(kioskPrefix + ref.Account + "." + ref.Login + "." + secret.Random().Reveal())
		h := cookie.Hash()
		l := *f.Login
		l.Hash, l.Opened, l.UsedAt, l.Browser, l.IP, l.Ends = h[:], w.now, w.now, c.browser(), c.ip(), time.Time{}
		if l.Life > 0 {
			l.Ends = w.now.Add(l.Life)
		}
		d.on(w, keyAccount(ref.Account), keyLogin(l.Account, l.ID), keyKiosk(hash[:]))
		d.put(keyLogin(l.Account, l.ID), l)
		d.del(keyKiosk(hash[:]))
		d.audit(s, "kiosk.open", l.Account, l.ID, detail("name", l.Name))
		return nil
	})
	if err != nil {
		return Subject{}, secret.String{}, err
	}
	return s, cookie, nil
}

func errKioskGone() error {
	return fault.New(fault.Gone, fault.CodeTokenInvalid, "This address has been used already or has run out. Make a new one under Settings.")
}

// AuthenticateKiosk finds the kiosk a cookie belongs to, in one read.
// fault.Unauthenticated not_signed_in, login_ended or account_suspended,
// fault.Unavailable. A person's cookie and a token are none.
func (a *Authority) AuthenticateKiosk(ctx context.Context, cookie secret.String) (Subject, error) {
	account, id, ok := parseKiosk(cookie)
	if !ok {
		return Subject{}, errNotSignedIn()
	}
	s := Subject{Kind: DeviceSubject, Account: account, Login: id}
	v, err := a.load(ctx, s, Object{})
	if err != nil {
		return Subject{}, err
	}
	f := v.facts(s, Object{})
	if !f.Broken && (f.Login == nil || !sameHash(f.Login.Hash, cookie.Hash())) {
		return Subject{}, errNotSignedIn()
	}
	if d := Decide(s, ActDevice, Object{}, f, v.now); !d.Allowed {
		return Subject{}, d.Fault()
	}
	a.renew(ctx, s, f, v)
	return s, nil
}

func parseKiosk(cookie secret.String) (account, id string, ok bool) {
	rest, ok := strings.CutPrefix(cookie.Reveal(), kioskPrefix)
	if !ok {
		return "", "", false
	}
	parts := strings.Split(rest, ".")
	if len(parts) != 3 || !ValidID(parts[0]) || !ValidID(parts[1]) || !wellFormed(parts[2]) {
		return "", "", false
	}
	return parts[0], parts[1], true
}

// Kiosk is what the page of a kiosk begins with.
func (a *Authority) Kiosk(ctx context.Context, s Subject) (Kiosk, error) {
	v, f, err := a.require(ctx, s, ActDevice, Object{})
	if err != nil {
		return Kiosk{}, err
	}
	l := *f.Login
	l.Hash = nil
	return Kiosk{Login: l, Language: f.Account.Language, Zone: f.Account.Zone, Theme: f.Account.Theme, Groups: f.Account.Groups, Now: v.now}, nil
}
