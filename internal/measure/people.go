package measure

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sightline/internal/testpeer"
)

// perLogin is how many walls one login opens: under the 16 sockets it may have,
// and the offers it may make at once.
const perLogin = 15

// someone is a person with an account and a login.
type someone struct {
	*Client
	id, email, password string
	watchers            []watcher
}

// on is the same person at another node.
func (c *Client) on(base string) *Client {
	o := *c
	o.Base = strings.TrimSuffix(base, "/")
	return &o
}

func isStatus(err error, status int) bool {
	var s *StatusError
	var refused *testpeer.RefusedError
	return errors.As(err, &s) && s.Status == status || errors.As(err, &refused) && refused.Status == status
}

// people makes as many accounts as n viewers need, signed in.
func (l *lab) people(ctx context.Context, n int) ([]*someone, error) {
	return l.accounts(ctx, (n+perLogin-1)/perLogin)
}

// accounts makes n of them by invitation, signed in.
func (l *lab) accounts(ctx context.Context, n int) ([]*someone, error) {
	var was struct{ Registration string }
	if err := l.owner.Do(ctx, "GET", "/api/v1/instance", nil, &was); err != nil {
		return nil, err
	}
	register := func(ctx context.Context, how string) error {
		return l.owner.Do(ctx, "PATCH", "/api/v1/instance", map[string]string{"registration": how}, nil)
	}
	l.later(func(ctx context.Context) error { return register(ctx, was.Registration) })
	if err := register(ctx, "invite"); err != nil {
		return nil, fmt.Errorf("let people be invited: %w", err)
	}
	var out []*someone
	for range n {
		p := &someone{email: "viewer-" + strings.ToLower(rand.Text()[:10]) + "@bench.example", password: "bench " + rand.Text()}
		var invited struct{ URL string }
		if err := l.owner.Do(ctx, "POST", "/api/v1/instance/invitations", map[string]string{"email": p.email}, &invited); err != nil {
			return nil, fmt.Errorf("invite: %w", err)
		}
		u, err := url.Parse(invited.URL)
		if err != nil || u.Fragment == "" {
			return nil, fmt.Errorf("an invitation without a link (%q)", invited.URL)
		}
		c := NewClient(l.bases[0], "")
		if err := c.Do(ctx, "POST", "/api/v1/invitations/redeem", map[string]string{"token": u.Fragment, "name": "Viewer",
			"password": p.password, "language": "en", "zone": "UTC"}, nil); err != nil {
			return nil, fmt.Errorf("redeem an invitation: %w", err)
		}
		if p.Client, err = l.signIn(ctx, p.email, p.password); err != nil {
			return nil, err
		}
		if p.id, err = l.me(ctx, p.Client); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (l *lab) signIn(ctx context.Context, email, password string) (*Client, error) {
	c := NewClient(l.bases[0], "")
	if err := c.Do(ctx, "POST", "/api/v1/login", map[string]string{"email": email, "password": password}, nil); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	return c, nil
}

// walls lets n walls of the people watch the first camera, spread over the nodes.
func (l *lab) walls(ctx context.Context, people []*someone, n int) error {
	all, err := l.watch(ctx, n, func(ctx context.Context, i int) (watcher, error) {
		c := people[i%len(people)].on(l.bases[(i/len(people))%len(l.bases)])
		return asWatcher(OpenWall(ctx, c, "/api/v1", []string{l.cam(0)}, 320, testpeer.Config{}))
	})
	if err != nil {
		return err
	}
	for i, w := range all {
		p := people[i%len(people)]
		p.watchers = append(p.watchers, w)
	}
	return nil
}

// asWatcher keeps a nil of one type from becoming a watcher.
func asWatcher[W interface {
	comparable
	watcher
}](w W, err error) (watcher, error) {
	var none W
	if err != nil || w == none {
		return nil, err
	}
	return w, nil
}

// setTable makes the first camera's table be these people with these levels,
// and whoever stood in it before.
func (l *lab) setTable(ctx context.Context, people []*someone, levels ...string) error {
	at := "/api/v1/cameras/" + l.cam(0) + "/access"
	type row struct {
		GrantID string   `json:"grant_id,omitempty"`
		Email   string   `json:"email,omitempty"`
		Levels  []string `json:"levels"`
	}
	var table struct {
		Version uint64
		Rows    []struct {
			GrantID string `json:"grant_id"`
			Account struct{ ID, Name string }
			Levels  []string
		}
	}
	if err := l.owner.Do(ctx, "GET", at, nil, &table); err != nil {
		return err
	}
	rows := []row{}
	have := map[string]string{}
	for _, r := range table.Rows {
		if r.Account.Name == "Viewer" {
			have[r.Account.ID] = r.GrantID
			continue
		}
		rows = append(rows, row{GrantID: r.GrantID, Levels: r.Levels})
	}
	for _, p := range people {
		r := row{GrantID: have[p.id], Levels: levels}
		if r.GrantID == "" {
			r.Email = p.email
		}
		rows = append(rows, r)
	}
	return l.owner.Do(ctx, "PUT", at, map[string]any{"version": table.Version, "rows": rows}, nil)
}

// granted makes people who watch the first camera by a grant.
func (l *lab) granted(ctx context.Context, n int) ([]*someone, error) {
	people, err := l.people(ctx, n)
	if err != nil {
		return nil, err
	}
	l.later(func(ctx context.Context) error { return l.setTable(ctx, nil) })
	err = l.setTable(ctx, people, "online")
	if isStatus(err, http.StatusTooManyRequests) { // people looked up this minute
		if err := pause(ctx, 40*time.Second); err != nil {
			return nil, err
		}
		err = l.setTable(ctx, people, "online")
	}
	if err != nil {
		return nil, fmt.Errorf("grants: %w", err)
	}
	for _, p := range people {
		var offers struct {
			Offers []struct {
				GrantID string `json:"grant_id"`
			}
		}
		if err := p.Do(ctx, "GET", "/api/v1/offers", nil, &offers); err != nil {
			return nil, err
		}
		for _, o := range offers.Offers {
			if err := p.Do(ctx, "POST", "/api/v1/offers/"+o.GrantID+"/accept", nil, nil); err != nil {
				return nil, err
			}
		}
	}
	return people, nil
}

// byGrant cuts everybody who watches by a grant with one request.
func (l *lab) byGrant(ctx context.Context, n int, told []string, cut func(context.Context, []*someone) error) ([]party, error) {
	people, err := l.granted(ctx, n)
	if err != nil {
		return nil, err
	}
	if err := l.walls(ctx, people, n); err != nil {
		return nil, err
	}
	one := party{told: told, cut: func(ctx context.Context) error { return cut(ctx, people) }}
	for _, p := range people {
		one.watchers = append(one.watchers, p.watchers...)
	}
	return []party{one}, nil
}

// eachAlone cuts every person with a request of his own. Their pages are closed
// with the reason: 4500, the login has ended, or 4503, the account is suspended.
func (l *lab) eachAlone(ctx context.Context, n int, cutOf func(*someone) (func(context.Context) error, error)) ([]party, error) {
	people, err := l.granted(ctx, n)
	if err != nil {
		return nil, err
	}
	if err := l.walls(ctx, people, n); err != nil {
		return nil, err
	}
	var out []party
	for _, p := range people {
		cut, err := cutOf(p)
		if err != nil {
			return nil, err
		}
		out = append(out, party{watchers: p.watchers, cut: cut, told: append(tells("login_ended", "account_suspended"), "close:4500", "close:4503")})
	}
	return out, nil
}

// byGroup lets the members of a group watch a camera shared in it, and removes
// every person, or the camera.
func (l *lab) byGroup(ctx context.Context, n int, person bool) ([]party, error) {
	people, err := l.people(ctx, n)
	if err != nil {
		return nil, err
	}
	var group struct{ ID string }
	var code struct{ Code string }
	if err := l.owner.Do(ctx, "POST", "/api/v1/groups", map[string]string{"name": "Cut " + time.Now().Format("15:04:05.000")}, &group); err != nil {
		return nil, fmt.Errorf("make a group: %w", err)
	}
	at := "/api/v1/groups/" + group.ID
	l.later(func(ctx context.Context) error { return l.owner.Do(ctx, "DELETE", at, nil, nil) })
	if err := l.owner.Do(ctx, "PUT", at+"/cameras/"+l.cam(0), map[string]bool{"images_only": false}, nil); err != nil {
		return nil, fmt.Errorf("share in a group: %w", err)
	}
	if err := l.owner.Do(ctx, "POST", at+"/codes", map[string]string{"role": "viewer"}, &code); err != nil {
		return nil, fmt.Errorf("make a code: %w", err)
	}
	for _, p := range people {
		if err := p.Do(ctx, "POST", "/api/v1/groups/join", map[string]string{"code": code.Code}, nil); err != nil {
			return nil, fmt.Errorf("join: %w", err)
		}
	}
	if err := l.walls(ctx, people, n); err != nil {
		return nil, err
	}
	told := tells("revoked", "not_member", "camera_gone", "group_gone")
	if !person {
		one := party{told: told, cut: func(ctx context.Context) error { return l.owner.Do(ctx, "DELETE", at+"/cameras/"+l.cam(0), nil, nil) }}
		for _, p := range people {
			one.watchers = append(one.watchers, p.watchers...)
		}
		return []party{one}, nil
	}
	var out []party
	for _, p := range people {
		out = append(out, party{watchers: p.watchers, told: told, cut: func(ctx context.Context) error {
			return l.owner.Do(ctx, "DELETE", at+"/people/"+p.id, nil, nil)
		}})
	}
	return out, nil
}

// byToken lets players watch with a personal access token each.
func byToken(ctx context.Context, l *lab, n int) ([]party, error) {
	var out []party
	var tokens []string
	owner, err := l.signIn(ctx, l.demo.Accounts[0].Email, l.demo.Accounts[0].Password) // a token makes no tokens
	if err != nil {
		return nil, err
	}
	for range (n + perLogin - 1) / perLogin {
		var token struct{ ID, Token string }
		if err := owner.Do(ctx, "POST", "/api/v1/me/tokens", map[string]string{"name": "bench"}, &token); err != nil {
			return nil, err
		}
		tokens = append(tokens, token.Token)
		out = append(out, party{cut: func(ctx context.Context) error {
			return l.owner.Do(ctx, "DELETE", "/api/v1/me/tokens/"+token.ID, nil, nil)
		}})
	}
	client := &http.Client{Transport: l.owner.HTTP.Transport, Timeout: l.owner.HTTP.Timeout}
	all, err := l.watch(ctx, n, func(ctx context.Context, i int) (watcher, error) {
		d := l.demo
		d.BaseURL = l.bases[i%len(l.bases)]
		d.Accounts = []DemoAccount{{Token: tokens[i%len(tokens)]}}
		return asWatcher(watch(ctx, client, d, l.cam(0), "sub"))
	})
	if err != nil {
		return nil, err
	}
	for i, w := range all {
		p := &out[i%len(out)]
		p.watchers = append(p.watchers, w)
	}
	return out, nil
}
