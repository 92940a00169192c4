package web

import (
	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/secret"
	"sightline/ratelimit"
)

type linkPassword struct {
	Password secret.String `json:"password"`
}

// givePassword opens a link with a password for one visit (R41). Wrong ones are
// counted by link and address, so that nobody can shut a link for others.
func givePassword(r *request) error {
	var in linkPassword
	if err := r.decode(&in); err != nil {
		return err
	}
	if in.Password.Empty() {
		return fault.Field("password", fault.CodeRequired, "Enter the password of the link.")
	}
	done, retry, ok := r.s.cfg.Limits.LinkPasswords.Begin(r.param("link") + "\x00" + ratelimit.Prefix(r.client))
	if !ok {
		return limited(false, retry)
	}
	err := r.s.cfg.Authority.VisitPassword(r.ctx, r.subject, in.Password)
	switch {
	case err == nil:
		done(ratelimit.Right)
	case fault.Code(err) == string(authz.ReasonPasswordWrong):
		done(ratelimit.Wrong)
		return fault.Field("password", string(authz.ReasonPasswordWrong), "That password is wrong.")
	default:
		done(ratelimit.Untried)
		return err
	}
	_, info, err := r.s.cfg.Authority.AuthenticateVisit(r.ctx, r.param("link"), r.cookie(r.s.cookies.guest()))
	if err != nil {
		return goneUnlessAway(err)
	}
	r.visit = info
	return r.ok(r.viewVisit())
}
