// Package control is how a subcommand reaches the server that runs on the same
// data folder: JSON over a unix socket that only the server's user may open.
// Without a server the subcommand does the same on a store it opens itself, so
// everything goes through Desk.
package control

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/secret"
)

// SocketName of the socket in the data folder.
const SocketName = "control.sock"

// NewAccount asks for an account. Password is plain text: it travels only over
// the socket, and secret.String would send its mask.
type NewAccount struct {
	Email    string         `json:"email"`
	Name     string         `json:"name"`
	Password string         `json:"password"`
	Language string         `json:"language"`
	Zone     string         `json:"zone"`
	Plan     string         `json:"plan,omitempty"`
	Admin    bool           `json:"admin,omitempty"`
	Networks []netip.Prefix `json:"networks,omitempty"`
	Loopback bool           `json:"loopback,omitempty"`
}

// Account is one line of a list.
type Account struct {
	ID      string    `json:"id"`
	Email   string    `json:"email"`
	Name    string    `json:"name"`
	Plan    string    `json:"plan"`
	State   string    `json:"state"`
	Admin   bool      `json:"admin"`
	Cameras int       `json:"cameras"`
	Created time.Time `json:"created"`
}

// Change asks for a new plan or state of the account with an e-mail.
type Change struct {
	Email string `json:"email"`
	Value string `json:"value,omitempty"`
}

// Reset is the way back into an account.
type Reset struct {
	URL    string    `json:"url,omitempty"`
	Mailed bool      `json:"mailed"`
	Ends   time.Time `json:"ends"`
}

// Ops is what an operator can do: Desk on a store, Client on a running server.
type Ops interface {
	Add(ctx context.Context, in NewAccount) (Account, error)
	List(ctx context.Context) ([]Account, error)
	Reset(ctx context.Context, in Change) (Reset, error)
	Plan(ctx context.Context, in Change) (Account, error)
	State(ctx context.Context, in Change) (Account, error)
	Delete(ctx context.Context, in Change) error
	Adopt(ctx context.Context) error
}

// Desk does it on an authority. Base is the address one-time links begin with.
type Desk struct {
	Authority *authz.Authority
	Base      func() string
}

var _ Ops = (*Desk)(nil)

// Add makes an account. The first one of a store is the instance administrator.
func (d *Desk) Add(ctx context.Context, in NewAccount) (Account, error) {
	if in.Plan != "" {
		if err := plan(in.Plan); err != nil {
			return Account{}, err
		}
	}
	a, err := d.Authority.AddAccount(ctx, authz.Operator, authz.NewAccount{
		Email:   in.Email,
		Profile: authz.Profile{Name: in.Name, Password: secret.New(in.Password), Language: in.Language, Zone: in.Zone},
		Plan:    authz.Plan(in.Plan), InstanceAdmin: in.Admin,
		Networks: in.Networks, Loopback: in.Loopback,
	})
	return line(a, 0), err
}

// List is all accounts.
func (d *Desk) List(ctx context.Context) ([]Account, error) {
	all, err := d.Authority.Accounts(ctx, authz.Operator)
	if err != nil {
		return nil, err
	}
	out := make([]Account, 0, len(all))
	for _, a := range all {
		out = append(out, line(a.Account, a.Cameras))
	}
	return out, nil
}

// Reset mails or hands out a link that sets a new password.
func (d *Desk) Reset(ctx context.Context, in Change) (Reset, error) {
	a, err := d.Authority.FindAccount(ctx, authz.Operator, in.Email)
	if err != nil {
		return Reset{}, err
	}
	base := d.Base()
	h, err := d.Authority.ResetAccount(ctx, authz.Operator, a.ID, base)
	if err != nil {
		return Reset{}, err
	}
	r := Reset{Mailed: h.Mailed, Ends: h.Ends}
	if !h.Mailed {
		r.URL = strings.TrimSuffix(base, "/") + "/reset#" + h.Secret.Reveal()
	}
	return r, nil
}

// Plan moves an account to another plan.
func (d *Desk) Plan(ctx context.Context, in Change) (Account, error) {
	if err := plan(in.Value); err != nil {
		return Account{}, err
	}
	a, err := d.Authority.FindAccount(ctx, authz.Operator, in.Email)
	if err != nil {
		return Account{}, err
	}
	a, err = d.Authority.SetPlan(ctx, authz.Operator, a.ID, authz.Plan(in.Value))
	return line(a, 0), err
}

// State suspends an account or makes it active again.
func (d *Desk) State(ctx context.Context, in Change) (Account, error) {
	a, err := d.Authority.FindAccount(ctx, authz.Operator, in.Email)
	if err != nil {
		return Account{}, err
	}
	a, err = d.Authority.SetState(ctx, authz.Operator, a.ID, authz.AccountState(in.Value))
	return line(a, 0), err
}

// Delete closes an account for ever, with its cameras, grants and links.
func (d *Desk) Delete(ctx context.Context, in Change) error {
	a, err := d.Authority.FindAccount(ctx, authz.Operator, in.Email)
	if err != nil {
		return err
	}
	_, err = d.Authority.CloseAccount(ctx, authz.Operator, a.ID)
	return err
}

// Adopt makes the running server trust its store as it is now.
func (d *Desk) Adopt(ctx context.Context) error { return d.Authority.AdoptStore(ctx) }

func plan(p string) error {
	var names []string
	for _, known := range authz.Plans() {
		if string(known) == p {
			return nil
		}
		names = append(names, string(known))
	}
	return fmt.Errorf("there is no plan %q; plans are %s", p, strings.Join(names, ", "))
}

func line(a authz.Account, cameras int) Account {
	return Account{ID: a.ID, Email: a.Email, Name: a.Name, Plan: string(a.Plan), State: string(a.State),
		Admin: a.InstanceAdmin, Cameras: cameras, Created: a.CreatedAt}
}
