package web

import (
	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

type closingView struct {
	Groups  []closingGroup `json:"groups"` // that end with the account
	Cameras int            `json:"cameras"`
	Links   int            `json:"links"`
}

type closingGroup struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Participants int    `json:"participants"`
}

type closeInput struct {
	Password secret.String `json:"password"`
}

func closingRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/me/closing", who: account, summary: "What would end with one's account.", out: closingView{}, handle: getClosing},
		{method: "DELETE", path: "/api/v1/me", who: account, body: jsonBody, wait: passwordWait, status: empty,
			summary: "Close one's account for ever: cameras, grants, links, and groups without another administrator end with it.",
			in:      closeInput{}, handle: closeMe},
	}
}

func getClosing(r *request) error {
	c, err := r.s.cfg.Authority.Closing(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(closingView{Cameras: c.Cameras, Links: c.Links, Groups: viewAll(c.Groups, func(g authz.Group) closingGroup {
		return closingGroup{ID: g.ID, Name: g.Name, Participants: g.Participants}
	})})
}

func closeMe(r *request) error {
	var in closeInput
	if err := r.decode(&in); err != nil {
		return err
	}
	if in.Password.Empty() {
		return fault.Field("password", fault.CodeRequired, "Enter your password.")
	}
	key := loginKey(r.account.Email) // guessing here counts as guessing at the sign-in
	done, retry, ok := r.s.cfg.Limits.Logins.Begin(key, r.client, r.deviceID(key))
	if !ok {
		return limited(false, retry)
	}
	_, err := r.s.cfg.Authority.CloseOwn(r.ctx, r.subject, in.Password)
	done(fault.Code(err) != fault.CodeBadLogin)
	if err != nil {
		return err
	}
	r.s.cookies.dropLogin(&r.c.Response().Header)
	return r.done()
}
