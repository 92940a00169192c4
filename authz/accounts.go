package authz

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

func accountChanged(id string) event.Event { return event.AccountChanged{Account: id} }

// NewAccount is an account made by the operator.
type NewAccount struct {
	Email         string
	Profile       Profile
	Plan          Plan           // "" = pro for the first account, else the plan of new accounts
	InstanceAdmin bool           // the first account always is
	Networks      []netip.Prefix // used only when this is the first account
	Loopback      bool           // likewise
}

// AddAccount is for the operator, who vouches for the e-mail address. The first
// account also completes set-up and becomes instance administrator.
func (a *Authority) AddAccount(ctx context.Context, s Subject, in NewAccount) (Account, error) {
	if s.Kind != OperatorSubject {
		return Account{}, errNotFound()
	}
	if in.Plan != "" && !slices.Contains(Plans(), in.Plan) {
		return Account{}, fault.Field("plan", fault.CodeBadValue, "There is no such plan.")
	}
	maker, err := a.prepare(ctx, in.Email, in.Profile)
	if err != nil {
		return Account{}, err
	}
	acc := &maker.account
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.read(ctx, []string{kInstance, keyMail(acc.Email)})
		if err != nil {
			return err
		}
		first := v.versions[0] == 0
		acc.EmailVerified, acc.InstanceAdmin, acc.TrialEnds = true, in.InstanceAdmin || first, time.Time{}
		switch {
		case in.Plan != "":
			acc.Plan = in.Plan
		case first:
			acc.Plan = PlanPro
		default:
			acc.Plan = a.cfg.NewPlan
		}
		if err := maker.write(d, v); err != nil {
			return err
		}
		d.on(v, kInstance)
		if first {
			d.put(kInstance, firstInstance(in.Networks, in.Loopback, v.now))
		}
		d.audit(s, "account.add", acc.ID, acc.ID)
		return nil
	})
	if err == nil {
		a.sweepSoon(ctx)
	}
	return *acc, err
}

// Account returns the subject's own account.
func (a *Authority) Account(ctx context.Context, s Subject) (Account, error) {
	_, f, err := a.require(ctx, s, ActSelf, Object{})
	if err != nil {
		return Account{}, err
	}
	return *f.Account, nil
}

// AccountNames returns the names to show for other accounts, without those that
// are gone. For owners of cameras and links the subject already sees.
func (a *Authority) AccountNames(ctx context.Context, ids []string) (map[string]string, error) {
	accounts, err := a.AccountsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(accounts))
	for id, acc := range accounts {
		out[id] = acc.Name
	}
	return out, nil
}

// AccountSummary is a row of the instance administrator's list.
type AccountSummary struct {
	Account Account
	Cameras int
}

// Accounts lists all accounts by e-mail, for the instance administrator.
func (a *Authority) Accounts(ctx context.Context, s Subject) ([]AccountSummary, error) {
	if _, _, err := a.require(ctx, s, ActInstance, Object{}); err != nil {
		return nil, err
	}
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pAccount}, kv.Scan{Prefix: pCamOwner})
	if err != nil {
		return nil, err
	}
	cameras := make(map[string]int)
	for _, c := range v.scans[1] {
		owner, _, _ := strings.Cut(strings.TrimPrefix(c.Key, pCamOwner), "/")
		cameras[owner]++
	}
	var out []AccountSummary
	for _, val := range v.scans[0] {
		if acc, err := decode[Account](val.Data); err == nil {
			out = append(out, AccountSummary{*acc, cameras[acc.ID]})
		}
	}
	slices.SortFunc(out, func(x, y AccountSummary) int { return strings.Compare(x.Account.Email, y.Account.Email) })
	return out, nil
}

// FindAccount finds one by e-mail, for the operator and the instance administrator.
func (a *Authority) FindAccount(ctx context.Context, s Subject, email string) (Account, error) {
	email, err := NormalEmail(email)
	if err != nil {
		return Account{}, err
	}
	v, _, err := a.require(ctx, s, ActInstance, Object{}, keyMail(email))
	if err != nil {
		return Account{}, err
	}
	id := string(v.raw[v.index(keyMail(email))].Data)
	if !ValidID(id) {
		return Account{}, errNotFound()
	}
	if v, err = a.read(ctx, []string{keyAccount(id)}); err != nil {
		return Account{}, err
	}
	acc := get[Account](v.get, keyAccount(id))
	if acc == nil {
		return Account{}, errNotFound()
	}
	return *acc, nil
}

// ProfilePatch changes one's own profile; nil leaves a field as it is.
type ProfilePatch struct {
	Name      *string
	Language  *string
	Zone      *string
	Theme     *string // "system", "dark", "light"
	Shortcuts *bool
	Hidden    *bool

	UsageMails *bool
}

// UpdateProfile changes the subject's own profile.
func (a *Authority) UpdateProfile(ctx context.Context, s Subject, p ProfilePatch) (Account, error) {
	var out Account
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, f, err := a.require(ctx, s, ActSelf, Object{})
		if err != nil {
			return err
		}
		out = *f.Account
		if p.Name != nil {
			if out.Name, err = cleanName("name", *p.Name); err != nil {
				return err
			}
		}
		if p.Language != nil {
			if err := a.checkLanguage(*p.Language); err != nil {
				return err
			}
			out.Language = *p.Language
		}
		if p.Zone != nil {
			if err := checkZone(*p.Zone); err != nil {
				return err
			}
			out.Zone = *p.Zone
		}
		if p.Theme != nil {
			if !slices.Contains([]string{"system", "dark", "light"}, *p.Theme) {
				return fault.Field("theme", fault.CodeBadValue, "There is no such theme.")
			}
			out.Theme = *p.Theme
		}
		if p.Shortcuts != nil {
			out.NoShortcuts = !*p.Shortcuts
		}
		if p.Hidden != nil {
			out.Hidden = *p.Hidden
		}
		if p.UsageMails != nil {
			out.UsageMails = *p.UsageMails
		}
		d.bind(v, s, Object{})
		d.put(keyAccount(out.ID), out)
		d.index(f.Account, &out)
		d.event(accountChanged(out.ID))
		return nil
	})
	return out, err
}

// SetPlan is for the instance administrator and the operator. A plan without
// links pauses the account's links by itself, since every decision reads it.
func (a *Authority) SetPlan(ctx context.Context, s Subject, account string, p Plan) (Account, error) {
	if !slices.Contains(Plans(), p) {
		return Account{}, fault.Field("plan", fault.CodeBadValue, "There is no such plan.")
	}
	return a.administer(ctx, s, account, func(acc *Account, d *draft, now time.Time) error {
		if acc.Plan == p {
			return errNothing
		}
		acc.Plan, acc.PlanSince, acc.TrialEnds = p, now, time.Time{}
		if p == PlanTrial {
			acc.TrialEnds = now.Add(a.cfg.Trial)
		}
		d.audit(s, "account.plan", account, account, detail("plan", string(p)))
		return nil
	})
}

// SetState suspends or re-activates an account. A suspended one is signed out
// everywhere, and nobody watches its cameras through it. An instance
// administrator cannot suspend himself, so one active always remains.
func (a *Authority) SetState(ctx context.Context, s Subject, account string, st AccountState) (Account, error) {
	if st != AccountActive && st != AccountSuspended {
		return Account{}, fault.Field("state", fault.CodeBadValue, "There is no such state.")
	}
	if s.Account == account && s.Kind == AccountSubject {
		return Account{}, fault.New(fault.Conflict, fault.CodeConflict, "You cannot suspend yourself.")
	}
	return a.administer(ctx, s, account, func(acc *Account, d *draft, now time.Time) error {
		if acc.State == st {
			return errNothing
		}
		acc.State, acc.StateSince = st, now
		if st == AccountSuspended {
			acc.LoginGeneration++
			d.event(event.LoginEnded{Account: account, Reason: string(ReasonAccountSuspended)})
		}
		d.audit(s, "account."+string(st), account, account)
		return nil
	})
}

// administer changes somebody's account for the instance administrator or operator.
func (a *Authority) administer(ctx context.Context, s Subject, account string, fn func(*Account, *draft, time.Time) error) (Account, error) {
	if !ValidID(account) {
		return Account{}, errNotFound()
	}
	var out Account
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		k := keyAccount(account)
		v, _, err := a.require(ctx, s, ActInstance, Object{}, k)
		if err != nil {
			return err
		}
		acc := get[Account](v.get, k)
		if acc == nil {
			return errNotFound()
		}
		out = *acc
		if err := fn(&out, d, v.now); err != nil {
			return err
		}
		d.bind(v, s, Object{})
		d.on(v, k)
		d.put(k, out)
		d.index(acc, &out)
		d.event(accountChanged(account))
		return nil
	})
	return out, err
}

// CloseAccount ends an account for ever: its own, or any for the operator and
// the instance administrator. The commit is small: whatever rests on the account
// (logins, cameras, grants, links) ends with its record, and the sweeper removes
// it; groups are left as by leaving. The last active instance administrator cannot be closed but by the operator.
func (a *Authority) CloseAccount(ctx context.Context, s Subject, account string) (kv.Commit, error) {
	if !ValidID(account) {
		return kv.Commit{}, errNotFound()
	}
	c, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		act := ActInstance
		if s.Kind == AccountSubject && s.Account == account {
			act = ActSelf
		}
		k := keyAccount(account)
		v, _, err := a.require(ctx, s, act, Object{}, k)
		if err != nil {
			return err
		}
		acc := get[Account](v.get, k)
		if acc == nil {
			return errNotFound()
		}
		if acc.InstanceAdmin && s.Kind != OperatorSubject && s.Account == account {
			if err := a.otherAdministrator(ctx, d, account); err != nil {
				return err
			}
		}
		if err := a.closing(ctx, d, s, acc); err != nil {
			return err
		}
		d.bind(v, s, Object{})
		d.on(v, k)
		d.del(k, keyCredential(account), keyMail(acc.Email), keySpent(account))
		d.index(acc, nil)
		d.mark(pSweep+"acct/"+account, "")
		d.put(pClosed+account, closedAccount{head: v1, At: v.now})
		d.event(event.LoginEnded{Account: account, Reason: string(ReasonLoginEnded)})
		d.event(accountChanged(account))
		d.audit(s, "account.close", account, account)
		return nil
	})
	if err == nil {
		a.sweepSoon(ctx)
	}
	return c, err
}

// otherAdministrator demands that another active instance administrator is there.
func (a *Authority) otherAdministrator(ctx context.Context, d *draft, not string) error {
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pAccount})
	if err != nil {
		return err
	}
	for _, val := range v.scans[0] {
		acc, err := decode[Account](val.Data)
		if err == nil && acc.ID != not && acc.InstanceAdmin && acc.State == AccountActive {
			d.is(val)
			return nil
		}
	}
	return fault.New(fault.Conflict, fault.CodeConflict, "You are the only instance administrator. Make somebody else one first.")
}
