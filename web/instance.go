package web

import (
	"net/http"
	"net/netip"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
)

type instanceView struct {
	Registration    string     `json:"registration"`
	Networks        []string   `json:"networks"`
	LoopbackCameras bool       `json:"loopback_cameras"`
	Mail            mailView   `json:"mail"`
	Store           string     `json:"store"` // bolt, redis
	Version         string     `json:"version"`
	PublicURL       string     `json:"public_url"`
	Nodes           []nodeView `json:"nodes"`
}

type mailView struct {
	Configured bool   `json:"configured"`
	Host       string `json:"host"`
}

type nodeView struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
}

type instancePatch struct {
	Registration    *string   `json:"registration,omitempty"`
	Networks        *[]string `json:"networks,omitempty"`
	LoopbackCameras *bool     `json:"loopback_cameras,omitempty"`
}

type accountsView struct {
	Accounts []accountRow `json:"accounts"`
}

type accountRow struct {
	ID            string    `json:"id"`
	Email         string    `json:"email"`
	Name          string    `json:"name"`
	Plan          string    `json:"plan"`
	State         string    `json:"state"`
	CreatedAt     time.Time `json:"created_at"`
	Cameras       int       `json:"cameras"`
	InstanceAdmin bool      `json:"instance_admin"`
}

type accountPatch struct {
	Plan  *string `json:"plan,omitempty"`  // trial, mini, standard, pro
	State *string `json:"state,omitempty"` // active, suspended
}

type handedView struct {
	URL    string `json:"url,omitempty"` // to hand over; empty when it was mailed
	Mailed bool   `json:"mailed"`
}

type invitationsView struct {
	Invitations []invitationView `json:"invitations"`
}

type invitationView struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	ExpiresAt time.Time `json:"expires_at"`
	URL       string    `json:"url,omitempty"` // on creation only
	Mailed    bool      `json:"mailed,omitempty"`
}

func instanceRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/instance", who: instance, summary: "Settings of the installation.", out: instanceView{}, handle: getInstance},
		{method: "PATCH", path: "/api/v1/instance", who: instance, body: jsonBody, summary: "Change them.",
			in: instancePatch{}, out: instanceView{}, handle: patchInstance},
		{method: "GET", path: "/api/v1/instance/accounts", who: instance, summary: "All accounts.", out: accountsView{}, handle: listAccounts},
		{method: "PATCH", path: "/api/v1/instance/accounts/:id", who: instance, body: jsonBody,
			summary: "Change an account's plan or state; a suspended one's streams end first.", in: accountPatch{}, out: accountRow{}, handle: patchAccount},
		{method: "POST", path: "/api/v1/instance/accounts/:id/reset", who: instance, summary: "Make a link for a new password.",
			out: handedView{}, handle: resetAccount},
		{method: "GET", path: "/api/v1/instance/invitations", who: instance, summary: "Open invitations.", out: invitationsView{}, handle: listInvitations},
		{method: "POST", path: "/api/v1/instance/invitations", who: instance, body: jsonBody, status: created,
			summary: "Invite an e-mail address.", in: emailInput{}, out: invitationView{}, handle: invite},
		{method: "DELETE", path: "/api/v1/instance/invitations/:id", who: instance, status: empty, summary: "Withdraw an invitation.",
			handle: func(r *request) error {
				return r.then(r.s.cfg.Authority.RevokeInvitation(r.ctx, r.subject, r.param("id")))
			}},
	}
}

func getInstance(r *request) error {
	in, err := r.s.cfg.Authority.Instance(r.ctx)
	if err != nil {
		return err
	}
	return r.ok(r.viewInstance(in))
}

func (r *request) viewInstance(in authz.Instance) instanceView {
	networks := in.Networks
	if networks == nil {
		networks = []string{}
	}
	return instanceView{
		Registration: string(in.Registration), Networks: networks, LoopbackCameras: in.LoopbackCameras,
		Mail:  mailView{Configured: r.s.cfg.MailHost != "", Host: r.s.cfg.MailHost},
		Store: r.s.cfg.StoreKind, Version: r.s.cfg.Version, PublicURL: r.s.publicOrigin,
		Nodes: []nodeView{{Name: r.s.cfg.Node, Ready: r.s.cfg.Authority.Ready() == nil}},
	}
}

func patchInstance(r *request) error {
	var in instancePatch
	if err := r.decode(&in); err != nil {
		return err
	}
	p := authz.InstancePatch{LoopbackCameras: in.LoopbackCameras, Registration: (*authz.Registration)(in.Registration)}
	if in.Networks != nil {
		var networks []netip.Prefix
		networks, err := parseNetworks(*in.Networks)
		if err != nil {
			return err
		}
		p.Networks = &networks
	}
	out, err := r.s.cfg.Authority.UpdateInstance(r.ctx, r.subject, p)
	if err != nil {
		return err
	}
	return r.ok(r.viewInstance(out))
}

func listAccounts(r *request) error {
	list, err := r.s.cfg.Authority.Accounts(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(accountsView{Accounts: viewAll(list, viewAccountRow)})
}

func viewAccountRow(a authz.AccountSummary) accountRow {
	return accountRow{ID: a.Account.ID, Email: a.Account.Email, Name: a.Account.Name, Plan: string(a.Account.Plan), State: string(a.Account.State),
		CreatedAt: a.Account.CreatedAt, Cameras: a.Cameras, InstanceAdmin: a.Account.InstanceAdmin}
}

// patchAccount makes the changes one after the other; the state, which may cut
// streams, last. It answers with the account as the list has it then.
func patchAccount(r *request) error {
	var in accountPatch
	if err := r.decode(&in); err != nil {
		return err
	}
	if in.Plan == nil && in.State == nil {
		return fault.Field("plan", fault.CodeRequired, "Say what to change: plan or state.")
	}
	a, id := r.s.cfg.Authority, r.param("id")
	if in.Plan != nil {
		if _, err := a.SetPlan(r.ctx, r.subject, id, authz.Plan(*in.Plan)); err != nil {
			return err
		}
	}
	if in.State != nil {
		if _, err := a.SetState(r.ctx, r.subject, id, authz.AccountState(*in.State)); err != nil {
			return err
		}
	}
	list, err := a.Accounts(r.ctx, r.subject)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Account.ID == id {
			return r.ok(viewAccountRow(s))
		}
	}
	return errInvisible
}

func resetAccount(r *request) error {
	h, err := r.s.cfg.Authority.ResetAccount(r.ctx, r.subject, r.param("id"), r.base())
	if err != nil {
		return err
	}
	return r.ok(handedView{URL: r.handed("/reset", h), Mailed: h.Mailed})
}

// handed is the address of a one-time secret that is handed over by a person.
func (r *request) handed(page string, h authz.Handed) string {
	if h.Secret.Empty() {
		return ""
	}
	return r.base() + page + "#" + h.Secret.Reveal()
}

func listInvitations(r *request) error {
	list, err := r.s.cfg.Authority.Invitations(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(invitationsView{Invitations: viewAll(list, func(inv authz.Invitation) invitationView {
		return invitationView{ID: inv.ID, Email: inv.Email, ExpiresAt: inv.Ends}
	})})
}

func invite(r *request) error {
	var in emailInput
	if err := r.decode(&in); err != nil {
		return err
	}
	inv, h, err := r.s.cfg.Authority.Invite(r.ctx, r.subject, in.Email, r.base())
	if err != nil {
		return err
	}
	return r.json(http.StatusCreated, invitationView{ID: inv.ID, Email: inv.Email, ExpiresAt: inv.Ends,
		URL: r.handed("/invite", h), Mailed: h.Mailed})
}
