package web

import (
	"net/http"
	"strings"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

type loginInput struct {
	Email    string        `json:"email"`
	Password secret.String `json:"password"`
}

type accountAnswer struct {
	Account accountView `json:"account"`
}

type accountView struct {
	ID            string `json:"id"`
	Email         string `json:"email"`
	EmailVerified bool   `json:"email_verified"`
	Name          string `json:"name"`
	Language      string `json:"language"`
	Zone          string `json:"zone"`
	Theme         string `json:"theme"` // dark (until another is chosen), light, system
	Shortcuts     bool   `json:"shortcuts"`
	Discoverable  bool   `json:"discoverable"` // others may find one by name or e-mail
	UsageMails    bool   `json:"usage_mails"`  // mail too when a link's budget is nearly or all used
	Plan          string `json:"plan"`
	InstanceAdmin bool   `json:"instance_admin"`
}

func viewAccount(a *authz.Account) accountView {
	theme := a.Theme
	if theme == "" {
		theme = "dark"
	}
	return accountView{
		ID: a.ID, Email: a.Email, EmailVerified: a.EmailVerified, Name: a.Name, Language: a.Language, Zone: a.Zone,
		Theme: theme, Shortcuts: !a.NoShortcuts, Discoverable: !a.Hidden, UsageMails: a.UsageMails, Plan: string(a.Plan), InstanceAdmin: a.InstanceAdmin,
	}
}

func loginRoutes() []route {
	return []route{
		{method: "POST", path: "/api/v1/login", who: maybe, body: jsonBody, wait: passwordWait,
			summary: "Sign in. Sets the login cookie.", in: loginInput{}, out: accountAnswer{}, handle: signIn},
		{method: "POST", path: "/api/v1/logout", who: maybe, status: empty,
			summary: "Sign out. The login's streams end before the answer.", handle: signOut},
	}
}

// loginKey is how an e-mail address counts for the limit and the device cookie.
func loginKey(email string) string {
	key := strings.ToLower(strings.TrimSpace(email))
	if len(key) > 320 {
		key = key[:320]
	}
	return key
}

func signIn(r *request) error {
	var in loginInput
	if err := r.decode(&in); err != nil {
		return err
	}
	key := loginKey(in.Email)
	done, retry, ok := r.s.cfg.Limits.Logins.Begin(key, r.client, r.deviceID(key))
	if !ok {
		return limited(false, retry)
	}
	login, err := r.s.cfg.Authority.SignIn(r.ctx, in.Email, in.Password, r.clientInfo())
	done(!fault.Is(err, fault.Unauthenticated)) // a busy server or a silent store is nobody's wrong password
	if err != nil {
		return err
	}
	r.rememberDevice(key)
	if r.subject.Login != "" { // this browser's earlier login is not left behind
		if err := r.s.cfg.Authority.SignOut(r.ctx, r.subject); err != nil {
			r.s.log.Warn("an earlier login of the browser could not be ended", "id", r.id, "error", err)
		}
	}
	return r.signedIn(http.StatusOK, login)
}

// signedIn answers with the account and its cookie, always a new one (threat T19).
func (r *request) signedIn(status int, login authz.NewLogin) error {
	r.s.cookies.setLogin(&r.c.Response().Header, login.Cookie, login.Ends.Sub(r.s.cfg.Clock.Now()))
	return r.json(status, accountAnswer{viewAccount(&login.Account)})
}

func signOut(r *request) error {
	r.s.cookies.dropLogin(&r.c.Response().Header)
	if r.subject.Login != "" { // a token is revoked, not signed out
		if err := r.s.cfg.Authority.SignOut(r.ctx, r.subject); err != nil && !fault.Is(err, fault.Unauthenticated) {
			return err
		}
	}
	return r.done()
}
