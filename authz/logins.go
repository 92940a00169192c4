package authz

import (
	"context"
	"slices"
	"strings"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

const (
	loginIdle  = 24 * time.Hour
	loginLife  = 30 * 24 * time.Hour
	renewAfter = time.Hour // of use: an idle end is moved on at most this often
	maxLogins  = 100       // of one account; the longest unused makes room
	maxTokens  = 100
)

// NewLogin is a fresh sign-in; Cookie is for the browser and for nobody else.
type NewLogin struct {
	Subject Subject
	Account Account
	Cookie  secret.String
	Ends    time.Time
}

// startLogin puts a new login of an account into a draft.
func (a *Authority) startLogin(d *draft, acc *Account, c Client, now time.Time) NewLogin {
	cookie := newCredential("", acc.ID)
	hash := cookie.Hash()
	l := Login{head: v1, ID: secretID(hash), Account: acc.ID, Hash: hash[:], Generation: acc.LoginGeneration,
		Browser: c.browser(), IP: c.ip(), CreatedAt: now, UsedAt: now, IdleEnds: now.Add(loginIdle), Ends: now.Add(loginLife)}
	d.absent(keyLogin(acc.ID, l.ID))
	d.put(keyLogin(acc.ID, l.ID), l)
	return NewLogin{Subject: Subject{Kind: AccountSubject, Account: acc.ID, Login: l.ID}, Account: *acc, Cookie: cookie, Ends: l.Ends}
}

func errBadLogin() error {
	return fault.New(fault.Unauthenticated, fault.CodeBadLogin, "E-mail or password is wrong.")
}

// SignIn checks e-mail and password and makes a login. fault.Unauthenticated
// bad_login (unknown address, wrong password: the same words and the same work),
// fault.Forbidden account_suspended (only with the right password),
// fault.Unavailable busy or authz_unavailable.
func (a *Authority) SignIn(ctx context.Context, email string, password secret.String, c Client) (NewLogin, error) {
	id := NewID() // of nobody
	if email, err := NormalEmail(email); err == nil {
		v, err := a.read(ctx, []string{keyMail(email)})
		if err != nil {
			return NewLogin{}, err
		}
		if found := string(v.raw[0].Data); ValidID(found) {
			id = found
		}
	}
	v, err := a.read(ctx, []string{keyAccount(id), keyCredential(id)})
	if err != nil {
		return NewLogin{}, err
	}
	phc := ""
	if cred, err := decode[Credential](v.raw[1].Data); err == nil {
		phc = cred.Hash
	}
	ok, old, err := a.hasher.check(ctx, password, phc)
	if err != nil {
		return NewLogin{}, err
	}
	if !ok {
		return NewLogin{}, errBadLogin()
	}
	rehash := ""
	if old {
		if text, err := normalPassword("password", password); err == nil {
			if rehash, err = a.hasher.hash(ctx, text); err != nil {
				return NewLogin{}, err
			}
		}
	}
	checked := v.condition(keyCredential(id))
	var out NewLogin
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.read(ctx, []string{keyAccount(id), keyCredential(id)}, kv.Scan{Prefix: pLogin + id + "/", Limit: 2 * maxLogins})
		if err != nil {
			return err
		}
		acc := get[Account](v.get, keyAccount(id))
		if acc == nil || v.condition(keyCredential(id)) != checked {
			return errBadLogin()
		}
		if acc.State != AccountActive {
			return deny(ReasonAccountSuspended).Fault()
		}
		d.on(v, keyAccount(id), keyCredential(id))
		if rehash != "" {
			d.put(keyCredential(id), Credential{head: v1, Hash: rehash, ChangedAt: v.now})
		}
		makeRoom(d, v.scans[0], maxLogins)
		out = a.startLogin(d, acc, c, v.now)
		return nil
	})
	return out, err
}

// makeRoom deletes the longest unused logins so that one more fits.
func makeRoom(d *draft, have []kv.Value, most int) {
	var ls []Login
	for _, val := range have {
		if l, err := decode[Login](val.Data); err == nil && l.Kind != LoginKiosk { // those have a number of their own
			ls = append(ls, *l)
		}
	}
	slices.SortFunc(ls, func(x, y Login) int { return x.UsedAt.Compare(y.UsedAt) })
	for ; len(ls) >= most; ls = ls[1:] {
		d.del(keyLogin(ls[0].Account, ls[0].ID))
	}
}

// Authenticate finds who a login cookie or a bearer token belongs to, in one
// read. fault.Unauthenticated not_signed_in (nothing like it was ever given out,
// or it was ended), login_ended (it ran out) or account_suspended, fault.Unavailable. Use moves a login's idle end on.
func (a *Authority) Authenticate(ctx context.Context, credential secret.String) (Subject, *Account, error) {
	account, id, isToken, ok := parseCredential(credential)
	if !ok {
		return Subject{}, nil, errNotSignedIn()
	}
	s := Subject{Kind: AccountSubject, Account: account}
	if isToken {
		s.Token = id
	} else {
		s.Login = id
	}
	v, err := a.read(ctx, wanted(s, Object{}, a.cache.getter()))
	if err != nil {
		return Subject{}, nil, err
	}
	a.cache.put(v)
	f := v.facts(s, Object{})
	var hash []byte
	switch {
	case f.Login != nil:
		hash = f.Login.Hash
	case f.Token != nil:
		hash = f.Token.Hash
	}
	if !f.Broken && !sameHash(hash, credential.Hash()) {
		return Subject{}, nil, errNotSignedIn()
	}
	switch d := Decide(s, ActSelf, Object{}, f, v.now); {
	case d.Reason == ReasonAccountSuspended:
		return Subject{}, nil, fault.New(fault.Unauthenticated, string(d.Reason), sentence(d.Reason))
	case !d.Allowed:
		return Subject{}, nil, d.Fault()
	}
	a.renew(ctx, s, f, v)
	return s, f.Account, nil
}

// renew moves the idle end of a used login, token or visit on, at most once an
// hour. Failing to is nothing: the next use tries again.
func (a *Authority) renew(ctx context.Context, s Subject, f Facts, v *view) {
	var d draft
	switch {
	case f.Login != nil && v.now.Sub(f.Login.UsedAt) >= renewAfter:
		l := *f.Login
		l.UsedAt = v.now
		if l.Kind != LoginKiosk {
			l.IdleEnds = v.now.Add(loginIdle)
		}
		d.put(keyLogin(l.Account, l.ID), l)
	case f.Token != nil && v.now.Sub(f.Token.UsedAt) >= renewAfter:
		t := *f.Token
		t.UsedAt = v.now
		d.put(keyToken(t.Account, t.ID), t)
	case s.Kind == GuestSubject && f.Visit != nil && f.Link != nil && v.now.Sub(f.Visit.UsedAt) >= renewAfter:
		w := *f.Visit
		w.UsedAt, w.Ends = v.now, visitEnds(f.Link, v.now)
		d.put(keyVisit(w.Link, w.ID), w)
	default:
		return
	}
	d.on(v, d.writes[0].Key)
	if _, err := a.commit(ctx, a.node.mono(), d); err != nil {
		a.cfg.Log.Debug("the use of a login could not be noted", "err", err)
	}
}

// SignOut ends the subject's own login; its streams are cut before it returns.
func (a *Authority) SignOut(ctx context.Context, s Subject) error {
	if s.Login == "" {
		return errNotSignedIn()
	}
	err := a.EndLogin(ctx, s, s.Login)
	if fault.Is(err, fault.Unauthenticated) {
		return nil // it has ended already
	}
	return err
}

// Logins lists the subject's logins and kiosks, last used first.
func (a *Authority) Logins(ctx context.Context, s Subject) ([]Login, error) {
	_, f, err := a.require(ctx, s, ActSelf, Object{})
	if err != nil {
		return nil, err
	}
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pLogin + s.Account + "/"})
	if err != nil {
		return nil, err
	}
	var out []Login
	for _, val := range v.scans[0] {
		l, err := decode[Login](val.Data)
		if err != nil || l.Generation != f.Account.LoginGeneration || over(earlier(l.IdleEnds, l.Ends), v.now) {
			continue
		}
		l.Hash = nil
		out = append(out, *l)
	}
	slices.SortFunc(out, func(x, y Login) int { return y.UsedAt.Compare(x.UsedAt) })
	return out, nil
}

// EndLogin ends one of the subject's logins and cuts its streams; unknown is NotFound.
func (a *Authority) EndLogin(ctx context.Context, s Subject, id string) error {
	return a.endKey(ctx, s, keyLogin(s.Account, id), id, "login.end",
		event.LoginEnded{Account: s.Account, Login: id, Reason: string(ReasonLoginEnded)})
}

// endKey deletes a login or token of the subject; what runs on it is cut.
func (a *Authority) endKey(ctx context.Context, s Subject, k, id, action string, tell ...event.Event) error {
	if !ValidID(id) {
		return errNotFound()
	}
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, _, err := a.require(ctx, s, ActSelf, Object{}, k)
		if err != nil {
			return err
		}
		if v.condition(k).Version == 0 {
			return errNotFound()
		}
		d.on(v, k)
		d.del(k)
		for _, e := range tell {
			d.event(e)
		}
		if l := get[Login](v.get, k); l != nil && l.Kind == LoginKiosk {
			d.audit(s, "kiosk.end", s.Account, id, detail("name", l.Name))
			return nil
		}
		d.audit(s, action, s.Account, id)
		return nil
	})
	return err
}

// Tokens lists the subject's personal access tokens by name.
func (a *Authority) Tokens(ctx context.Context, s Subject) ([]Token, error) {
	if _, _, err := a.require(ctx, s, ActSelf, Object{}); err != nil {
		return nil, err
	}
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pToken + s.Account + "/"})
	if err != nil {
		return nil, err
	}
	var out []Token
	for _, val := range v.scans[0] {
		t, err := decode[Token](val.Data)
		if err != nil || over(t.Ends, v.now) {
			continue
		}
		t.Hash = nil
		out = append(out, *t)
	}
	slices.SortFunc(out, func(x, y Token) int { return strings.Compare(x.Name+x.ID, y.Name+y.ID) })
	return out, nil
}

// CreateToken makes a personal access token; the secret is shown this once.
// life 0 means until revoked. The operator names the account in s.Account.
func (a *Authority) CreateToken(ctx context.Context, s Subject, name string, life time.Duration) (Token, secret.String, error) {
	name, err := cleanName("name", name)
	if err != nil {
		return Token{}, secret.String{}, err
	}
	if life < 0 || life > 10*366*24*time.Hour {
		return Token{}, secret.String{}, fault.Field("expires_in_days", fault.CodeBadValue, "A token lasts at most ten years.")
	}
	if !ValidID(s.Account) {
		return Token{}, secret.String{}, errNotFound()
	}
	cred := newCredential(tokenPrefix, s.Account)
	hash := cred.Hash()
	t := Token{head: v1, ID: secretID(hash), Account: s.Account, Name: name, Hash: hash[:]}
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		act := ActSelf
		if s.Kind == OperatorSubject {
			act = ActInstance
		}
		v, _, err := a.require(ctx, s, act, Object{}, keyAccount(s.Account))
		if err != nil {
			return err
		}
		if get[Account](v.get, keyAccount(s.Account)) == nil {
			return errNotFound()
		}
		list, err := a.read(ctx, nil, kv.Scan{Prefix: pToken + s.Account + "/", Limit: maxTokens})
		if err != nil {
			return err
		}
		if len(list.scans[0]) >= maxTokens {
			return fault.Newf(fault.Conflict, fault.CodeConflict, "An account has at most %d tokens. Revoke one first.", maxTokens)
		}
		t.CreatedAt, t.Ends = v.now, time.Time{}
		if life > 0 {
			t.Ends = v.now.Add(life)
		}
		d.on(v, keyAccount(s.Account))
		d.absent(keyToken(t.Account, t.ID))
		d.put(keyToken(t.Account, t.ID), t)
		d.audit(s, "token.create", t.Account, t.ID)
		return nil
	})
	if err != nil {
		return Token{}, secret.String{}, err
	}
	t.Hash = nil
	return t, cred, nil
}

// RevokeToken ends one of the subject's tokens; its streams are cut.
func (a *Authority) RevokeToken(ctx context.Context, s Subject, id string) error {
	return a.endKey(ctx, s, keyToken(s.Account, id), id, "token.revoke")
}
