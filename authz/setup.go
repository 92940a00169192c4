package authz

import (
	"context"
	"net/netip"
	"time"

	"sightline/internal/fault"
	"sightline/internal/secret"
)

// Profile is what a person says of himself when an account is made.
type Profile struct {
	Name     string
	Password secret.String
	Language string
	Zone     string
}

// Client is where a request came from.
type Client struct {
	IP      netip.Addr
	Browser string // family
}

func (c Client) ip() string {
	if !c.IP.IsValid() {
		return ""
	}
	return c.IP.Unmap().WithZone("").String()
}

// browser keeps what could come from a forged header short and printable.
func (c Client) browser() string {
	b, err := cleanName("browser", c.Browser)
	if err != nil {
		return ""
	}
	return b
}

// SetupRequest makes the first account: instance administrator, plan pro.
type SetupRequest struct {
	Code            secret.String
	Profile         Profile
	Email           string
	Networks        []netip.Prefix
	LoopbackCameras bool
	Client          Client
}

// SetupRequired reports whether no account has been set up yet.
func (a *Authority) SetupRequired(ctx context.Context) (bool, error) {
	v, err := a.read(ctx, []string{kInstance})
	if err != nil {
		return false, err
	}
	return v.versions[0] == 0, nil
}

// SetupCode is this process's one-time set-up code, for the terminal.
func (a *Authority) SetupCode() secret.String { return a.setup }

// CheckSetup is nil when set-up is open and the code is right; fault.Invalid
// wrong_code on field "code", fault.Conflict setup_done.
func (a *Authority) CheckSetup(ctx context.Context, code secret.String) error {
	open, err := a.SetupRequired(ctx)
	if err != nil {
		return err
	}
	if !open {
		return errSetupDone()
	}
	if !secret.New(normalCode(code.Reveal())).Equal(a.setup) {
		return fault.Field("code", fault.CodeWrongCode, "That is not the code printed on the terminal.")
	}
	return nil
}

func errSetupDone() error {
	return fault.New(fault.Conflict, fault.CodeSetupDone, "This server has been set up already. Sign in.")
}

// Setup makes the first account and signs it in. The code proves that whoever
// asks can read the server's terminal, so the e-mail counts as verified.
func (a *Authority) Setup(ctx context.Context, in SetupRequest) (NewLogin, error) {
	if err := a.CheckSetup(ctx, in.Code); err != nil {
		return NewLogin{}, err
	}
	maker, err := a.prepare(ctx, in.Email, in.Profile)
	if err != nil {
		return NewLogin{}, err
	}
	maker.account.EmailVerified, maker.account.InstanceAdmin, maker.account.Plan = true, true, PlanPro
	var out NewLogin
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.read(ctx, []string{kInstance, keyMail(maker.account.Email)})
		if err != nil {
			return err
		}
		if v.versions[0] != 0 {
			return errSetupDone()
		}
		if err := maker.write(d, v); err != nil {
			return err
		}
		d.absent(kInstance)
		d.put(kInstance, firstInstance(in.Networks, in.LoopbackCameras, v.now))
		out = a.startLogin(d, &maker.account, in.Client, v.now)
		d.audit(out.Subject, "instance.setup", maker.account.ID, maker.account.ID)
		return nil
	})
	return out, err
}

func firstInstance(networks []netip.Prefix, loopback bool, now time.Time) Instance {
	return Instance{head: v1, Registration: RegistrationClosed, Networks: prefixes(networks), LoopbackCameras: loopback, SetUpAt: now}
}

func prefixes(in []netip.Prefix) []string {
	out := make([]string, 0, len(in))
	for _, p := range in {
		if p.IsValid() {
			out = append(out, p.Masked().String())
		}
	}
	return out
}

// maker is an account about to be made; its password is hashed already, so that
// repeating the commit does not hash again.
type maker struct {
	a       *Authority
	account Account
	hash    string
}

// prepare checks what a person says of himself and hashes his password.
func (a *Authority) prepare(ctx context.Context, email string, p Profile) (*maker, error) {
	email, err := NormalEmail(email)
	if err != nil {
		return nil, err
	}
	if p.Name, err = cleanName("name", p.Name); err != nil {
		return nil, err
	}
	if err := a.checkLanguage(p.Language); err != nil {
		return nil, err
	}
	if err := checkZone(p.Zone); err != nil {
		return nil, err
	}
	password, err := normalPassword("password", p.Password, email, p.Name)
	if err != nil {
		return nil, err
	}
	hash, err := a.hasher.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	return &maker{a: a, hash: hash, account: Account{head: v1, ID: NewID(), Email: email, Name: p.Name,
		Language: p.Language, Zone: p.Zone, Plan: a.cfg.NewPlan, State: AccountActive}}, nil
}

// write puts the account into a draft; v must hold the key of its e-mail.
func (m *maker) write(d *draft, v *view) error {
	k := keyMail(m.account.Email)
	if v.condition(k).Version != 0 {
		return fault.Field("email", fault.CodeEmailTaken, "There is an account with this e-mail address.")
	}
	acc := &m.account
	acc.CreatedAt, acc.StateSince = v.now, v.now
	if acc.Plan == PlanTrial {
		acc.TrialEnds = v.now.Add(m.a.cfg.Trial)
	}
	d.absent(k)
	d.absent(keyAccount(acc.ID))
	d.mark(k, acc.ID)
	d.put(keyAccount(acc.ID), *acc)
	d.index(nil, acc)
	if acc.EmailVerified {
		d.verified(acc)
	}
	d.put(keyCredential(acc.ID), Credential{head: v1, Hash: m.hash, ChangedAt: v.now})
	d.event(accountChanged(acc.ID))
	return nil
}
