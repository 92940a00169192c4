package web

import (
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

type meView struct {
	Account    accountView `json:"account"`
	Badges     badgesView  `json:"badges"`
	LoginID    string      `json:"login_id"` // "" with a token
	ServerTime time.Time   `json:"server_time"`
}

type badgesView struct {
	Offers  int `json:"offers"`
	Notices int `json:"notices"`
}

type meInput struct {
	Name      *string `json:"name,omitempty"`
	Language  *string `json:"language,omitempty"`
	Zone      *string `json:"zone,omitempty"`
	Theme     *string `json:"theme,omitempty"`
	Shortcuts *bool   `json:"shortcuts,omitempty"`

	Discoverable *bool `json:"discoverable,omitempty"` // others may find one by name or e-mail
	UsageMails   *bool `json:"usage_mails,omitempty"`  // mail too when a link's budget is nearly or all used
}

type passwordInput struct {
	Current  secret.String `json:"current"`
	Password secret.String `json:"password"`
}

type loginsView struct {
	Logins []loginView `json:"logins"`
}

type loginView struct {
	ID         string    `json:"id"`
	Current    bool      `json:"current"`
	Browser    string    `json:"browser"`
	IP         string    `json:"ip"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`

	Kiosk *loginKiosk `json:"kiosk,omitempty"` // of a kiosk: a screen that shows a view and may do nothing else
}

// loginKiosk is what the owner knows of a kiosk.
type loginKiosk struct {
	Name    string     `json:"name"`
	View    string     `json:"view,omitempty"` // view id; absent: all cameras
	Waits   bool       `json:"waits"`          // its address was not opened yet
	EndsAt  *time.Time `json:"ends_at,omitempty"`
	PatrolS int        `json:"patrol_s"`
}

type tokensView struct {
	Tokens []tokenView `json:"tokens"`
}

type tokenView struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
}

type tokenCreate struct {
	Name          string `json:"name"`
	ExpiresInDays int    `json:"expires_in_days,omitempty"` // 0: until revoked
}

type tokenCreated struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Token string `json:"token"` // shown this once
}

func meRoutes() []route {
	return append([]route{
		{method: "GET", path: "/api/v1/me", who: account, summary: "Who is signed in.", out: meView{}, handle: getMe},
		{method: "PATCH", path: "/api/v1/me", who: account, body: jsonBody, summary: "Change one's own profile.",
			in: meInput{}, out: accountAnswer{}, handle: patchMe},
		{method: "POST", path: "/api/v1/me/password", who: signed, body: jsonBody, wait: passwordWait, status: empty,
			summary: "Change the password. All other logins end.", in: passwordInput{}, handle: changePassword},
		{method: "GET", path: "/api/v1/me/logins", who: account, summary: "Where one is signed in.", out: loginsView{}, handle: listLogins},
		{method: "DELETE", path: "/api/v1/me/logins/:id", who: account, status: empty, summary: "End a login; its streams end first.",
			handle: func(r *request) error { return r.then(r.s.cfg.Authority.EndLogin(r.ctx, r.subject, r.param("id"))) }},
		{method: "GET", path: "/api/v1/me/tokens", who: account, summary: "Personal access tokens.", out: tokensView{}, handle: listTokens},
		{method: "POST", path: "/api/v1/me/tokens", who: signed, body: jsonBody, status: created,
			summary: "Make a personal access token; it is shown this once.", in: tokenCreate{}, out: tokenCreated{}, handle: createToken},
		{method: "DELETE", path: "/api/v1/me/tokens/:id", who: account, status: empty, summary: "Revoke a token; its streams end first.",
			handle: func(r *request) error { return r.then(r.s.cfg.Authority.RevokeToken(r.ctx, r.subject, r.param("id"))) }},
		{method: "GET", path: "/api/v1/socket", who: account, summary: "The one socket of a tab (WebSocket), see docs/ref/socket.md.",
			status: 101, handle: openSocket},
	}, append(closingRoutes(), auditRoutes()...)...)
}

// then answers 204, or with the error.
func (r *request) then(err error) error {
	if err != nil {
		return err
	}
	return r.done()
}

func getMe(r *request) error {
	offers, err := r.s.cfg.Authority.Offers(r.ctx, r.subject)
	if err != nil {
		return err
	}
	open := 0
	for _, o := range offers {
		if o.State == string(authz.GrantOffered) {
			open++
		}
	}
	unread, _, err := r.s.cfg.Notices.Unread(r.ctx, r.subject.Account)
	if err != nil {
		return err
	}
	return r.ok(meView{Account: viewAccount(r.account), Badges: badgesView{Offers: open, Notices: unread},
		LoginID: r.subject.Login, ServerTime: r.s.cfg.Clock.Now().UTC()})
}

func patchMe(r *request) error {
	var in meInput
	if err := r.decode(&in); err != nil {
		return err
	}
	patch := authz.ProfilePatch{Name: in.Name, Language: in.Language, Zone: in.Zone, Theme: in.Theme, Shortcuts: in.Shortcuts, UsageMails: in.UsageMails}
	if in.Discoverable != nil {
		hidden := !*in.Discoverable
		patch.Hidden = &hidden
	}
	acc, err := r.s.cfg.Authority.UpdateProfile(r.ctx, r.subject, patch)
	if err != nil {
		return err
	}
	return r.ok(accountAnswer{viewAccount(&acc)})
}

func changePassword(r *request) error {
	var in passwordInput
	if err := r.decode(&in); err != nil {
		return err
	}
	key := loginKey(r.account.Email) // guessing the current password counts as guessing at the sign-in
	done, retry, ok := r.s.cfg.Limits.Logins.Begin(key, r.client, r.deviceID(key))
	if !ok {
		return limited(false, retry)
	}
	err := r.s.cfg.Authority.ChangePassword(r.ctx, r.subject, in.Current, in.Password)
	done(fault.Code(err) != fault.CodeBadLogin)
	return r.then(err)
}

func listLogins(r *request) error {
	list, err := r.s.cfg.Authority.Logins(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(loginsView{Logins: viewAll(list, func(l authz.Login) loginView {
		row := loginView{ID: l.ID, Current: l.ID == r.subject.Login, Browser: l.Browser, IP: l.IP, CreatedAt: l.CreatedAt, LastSeenAt: l.UsedAt}
		if l.Kind == authz.LoginKiosk {
			row.Kiosk = &loginKiosk{Name: l.Name, View: l.View, Waits: l.Waits(), EndsAt: optional(l.Ends), PatrolS: int(l.Patrol / time.Second)}
		}
		return row
	})})
}

func listTokens(r *request) error {
	list, err := r.s.cfg.Authority.Tokens(r.ctx, r.subject)
	if err != nil {
		return err
	}
	return r.ok(tokensView{Tokens: viewAll(list, func(t authz.Token) tokenView {
		return tokenView{ID: t.ID, Name: t.Name, CreatedAt: t.CreatedAt, LastUsedAt: optional(t.UsedAt), ExpiresAt: optional(t.Ends)}
	})})
}

func createToken(r *request) error {
	var in tokenCreate
	if err := r.decode(&in); err != nil {
		return err
	}
	if in.ExpiresInDays < 0 || in.ExpiresInDays > 3650 {
		return fault.Field("expires_in_days", fault.CodeBadValue, "A token lives 1 to 3650 days, or until it is revoked.")
	}
	t, key, err := r.s.cfg.Authority.CreateToken(r.ctx, r.subject, in.Name, time.Duration(in.ExpiresInDays)*24*time.Hour)
	if err != nil {
		return err
	}
	return r.json(created, tokenCreated{ID: t.ID, Name: t.Name, Token: key.Reveal()})
}

// optional is nil for the zero time, so that it is left out of JSON.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
