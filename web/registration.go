package web

import (
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/secret"
	"sightline/ratelimit"
)

type emailInput struct {
	Email string `json:"email"`
}

type tokenInput struct {
	Token secret.String `json:"token"`
}

type resetInput struct {
	Token    secret.String `json:"token"`
	Password secret.String `json:"password"`
}

type inviteeView struct {
	Email     string    `json:"email"`
	ExpiresAt time.Time `json:"expires_at"`
}

type redeemInput struct {
	Token    secret.String `json:"token"`
	Name     string        `json:"name"`
	Password secret.String `json:"password"`
	Language string        `json:"language,omitempty"` // absent: the best for Accept-Language
	Zone     string        `json:"zone"`
}

type registerInput struct {
	Email    string        `json:"email"`
	Name     string        `json:"name"`
	Password secret.String `json:"password"`
	Language string        `json:"language,omitempty"` // absent: the best for Accept-Language
	Zone     string        `json:"zone"`
}

func registrationRoutes() []route {
	return []route{
		{method: "POST", path: "/api/v1/reset", who: public, body: jsonBody, status: accepted,
			summary: "Mail a link for a new password. The answer is the same for unknown addresses.", in: emailInput{}, handle: requestReset},
		{method: "POST", path: "/api/v1/reset/redeem", who: public, body: jsonBody, wait: passwordWait, status: empty,
			summary: "Set a new password with a mailed token. All logins end.", in: resetInput{}, handle: redeemReset},
		{method: "POST", path: "/api/v1/invitations/check", who: public, body: jsonBody,
			summary: "Whom does this invitation invite?", in: tokenInput{}, out: inviteeView{}, handle: checkInvitation},
		{method: "POST", path: "/api/v1/invitations/redeem", who: public, body: jsonBody, wait: passwordWait, status: created,
			summary: "Make the invited account and sign it in.", in: redeemInput{}, out: accountAnswer{}, handle: redeemInvitation},
		{method: "POST", path: "/api/v1/register", who: public, body: jsonBody, wait: passwordWait, status: accepted,
			summary: "Make an account where registration is open; it begins with the mailed link.", in: registerInput{}, handle: register},
		{method: "POST", path: "/api/v1/verify", who: public, body: jsonBody, status: empty,
			summary: "Confirm an e-mail address with a mailed token.", in: tokenInput{}, handle: verify},
	}
}

// mailAllowed counts one mail somebody without a login asks for, by address
// and by client.
func (r *request) mailAllowed(email string) error {
	for _, key := range []string{ratelimit.Prefix(r.client), "to:" + loginKey(email)} {
		if err := limited(r.s.cfg.Limits.Mails.Add(key)); err != nil {
			return err
		}
	}
	return nil
}

func wrongToken(err error) bool { return fault.Is(err, fault.Gone) }

func (r *request) redeem(try func() error) error {
	return r.guess(r.s.cfg.Limits.SetupCodes, wrongToken, try)
}

func requestReset(r *request) error {
	var in emailInput
	if err := r.decode(&in); err != nil {
		return err
	}
	if err := r.mailAllowed(in.Email); err != nil {
		return err
	}
	if err := r.s.cfg.Authority.RequestReset(r.ctx, in.Email, r.base()); err != nil {
		return err
	}
	r.c.Status(accepted)
	return nil
}

func redeemReset(r *request) error {
	var in resetInput
	if err := r.decode(&in); err != nil {
		return err
	}
	if err := r.redeem(func() error { return r.s.cfg.Authority.RedeemReset(r.ctx, in.Token, in.Password) }); err != nil {
		return err
	}
	return r.done()
}

func checkInvitation(r *request) error {
	var in tokenInput
	if err := r.decode(&in); err != nil {
		return err
	}
	var inv authz.Invitation
	if err := r.redeem(func() (err error) {
		inv, err = r.s.cfg.Authority.CheckInvitation(r.ctx, in.Token)
		return err
	}); err != nil {
		return err
	}
	return r.ok(inviteeView{Email: inv.Email, ExpiresAt: inv.Ends})
}

func redeemInvitation(r *request) error {
	var in redeemInput
	if err := r.decode(&in); err != nil {
		return err
	}
	var login authz.NewLogin
	p := authz.Profile{Name: in.Name, Password: in.Password, Language: r.language(in.Language), Zone: in.Zone}
	if err := r.redeem(func() (err error) {
		login, err = r.s.cfg.Authority.RedeemInvitation(r.ctx, in.Token, p, r.clientInfo())
		return err
	}); err != nil {
		return err
	}
	return r.signedIn(created, login)
}

func register(r *request) error {
	var in registerInput
	if err := r.decode(&in); err != nil {
		return err
	}
	if err := r.mailAllowed(in.Email); err != nil {
		return err
	}
	p := authz.Profile{Name: in.Name, Password: in.Password, Language: r.language(in.Language), Zone: in.Zone}
	if err := r.s.cfg.Authority.Register(r.ctx, in.Email, p, r.base()); err != nil {
		return err
	}
	r.c.Status(accepted)
	return nil
}

func verify(r *request) error {
	var in tokenInput
	if err := r.decode(&in); err != nil {
		return err
	}
	if err := r.redeem(func() error { return r.s.cfg.Authority.Verify(r.ctx, in.Token) }); err != nil {
		return err
	}
	return r.done()
}
