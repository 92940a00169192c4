package measure

import (
	"context"
	"fmt"
	"time"

	"sightline/internal/testpeer"
)

// Way is how a right ends (spec ruling 5).
type Way string

// The ways there are.
const (
	LinkRemoved      Way = "link removed"
	LinkPaused       Way = "link paused"
	LinkCamera       Way = "camera taken out of a link"
	LinkPlan         Way = "owner's plan without links"
	CameraOff        Way = "camera switched off"
	CameraDeleted    Way = "camera deleted"
	GrantRevoked     Way = "grant revoked"
	LevelRemoved     Way = "level removed"
	SignedOut        Way = "signed out"
	PasswordChanged  Way = "password changed"
	TokenRevoked     Way = "token revoked"
	AccountSuspended Way = "account suspended"
	GroupLeft        Way = "person removed from a group"
	GroupCamera      Way = "camera taken out of a group"
)

// Ways lists them in the order in which they are measured: those that give
// people access by their address stand apart, for a server lets one look up so
// many people a minute.
func Ways() []Way {
	return []Way{GrantRevoked, LinkRemoved, LinkPaused, LevelRemoved, LinkCamera, LinkPlan, SignedOut, CameraOff, CameraDeleted,
		PasswordChanged, TokenRevoked, GroupLeft, AccountSuspended, GroupCamera}
}

// ways prepare the viewers and the requests that cut them.
var ways = map[Way]func(context.Context, *lab, int) ([]party, error){
	LinkRemoved: func(ctx context.Context, l *lab, n int) ([]party, error) {
		return l.byLink(ctx, n, l.cam(0), []string{"link_removed"}, func(ctx context.Context, link string) error {
			return l.owner.Do(ctx, "DELETE", "/api/v1/links/"+link, nil, nil)
		})
	},
	LinkPaused: func(ctx context.Context, l *lab, n int) ([]party, error) {
		return l.byLink(ctx, n, l.cam(0), tells("link_paused"), func(ctx context.Context, link string) error {
			return l.owner.Do(ctx, "POST", "/api/v1/links/"+link+"/pause", nil, nil)
		})
	},
	LinkCamera: func(ctx context.Context, l *lab, n int) ([]party, error) {
		return l.byLink(ctx, n, l.cam(0), tells("revoked", "camera_gone", "link_removed"), func(ctx context.Context, link string) error {
			return l.owner.Do(ctx, "PATCH", "/api/v1/links/"+link, map[string]any{"cameras": []string{l.cam(1)}}, nil)
		})
	},
	LinkPlan: func(ctx context.Context, l *lab, n int) ([]party, error) {
		me, err := l.me(ctx, l.owner)
		if err != nil {
			return nil, err
		}
		plan := func(ctx context.Context, plan string) error {
			return l.owner.Do(ctx, "PATCH", "/api/v1/instance/accounts/"+me, map[string]string{"plan": plan}, nil)
		}
		l.later(func(ctx context.Context) error { return plan(ctx, "pro") })
		return l.byLink(ctx, n, l.cam(0), tells("link_paused_plan"), func(ctx context.Context, _ string) error { return plan(ctx, "mini") })
	},
	CameraOff: func(ctx context.Context, l *lab, n int) ([]party, error) {
		enable := func(ctx context.Context, on bool) error {
			return l.owner.Do(ctx, "PATCH", "/api/v1/cameras/"+l.cam(0), map[string]bool{"enabled": on}, nil)
		}
		l.later(func(ctx context.Context) error { return enable(ctx, true) })
		return l.byLink(ctx, n, l.cam(0), tells("camera_off"), func(ctx context.Context, _ string) error { return enable(ctx, false) })
	},
	CameraDeleted: func(ctx context.Context, l *lab, n int) ([]party, error) {
		var made struct{ ID string }
		src := l.demo.Cameras[0]
		if err := l.owner.Do(ctx, "POST", "/api/v1/cameras", map[string]string{"name": "To be deleted", "main": src.Main, "sub": src.Sub}, &made); err != nil {
			return nil, err
		}
		return l.byLink(ctx, n, made.ID, tells("camera_gone", "revoked", "link_removed"), func(ctx context.Context, _ string) error {
			return l.owner.Do(ctx, "DELETE", "/api/v1/cameras/"+made.ID, nil, nil)
		})
	},
	GrantRevoked: func(ctx context.Context, l *lab, n int) ([]party, error) {
		return l.byGrant(ctx, n, tells("revoked", "camera_gone"), func(ctx context.Context, _ []*someone) error { return l.setTable(ctx, nil) })
	},
	LevelRemoved: func(ctx context.Context, l *lab, n int) ([]party, error) {
		return l.byGrant(ctx, n, tells("level_missing"), func(ctx context.Context, people []*someone) error { return l.setTable(ctx, people, "archive") })
	},
	SignedOut: func(ctx context.Context, l *lab, n int) ([]party, error) {
		return l.eachAlone(ctx, n, func(p *someone) (func(context.Context) error, error) {
			return func(ctx context.Context) error { return p.Do(ctx, "POST", "/api/v1/logout", nil, nil) }, nil
		})
	},
	PasswordChanged: func(ctx context.Context, l *lab, n int) ([]party, error) {
		return l.eachAlone(ctx, n, func(p *someone) (func(context.Context) error, error) {
			other, err := l.signIn(ctx, p.email, p.password) // it changes the password, and the watching login ends
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context) error {
				return other.Do(ctx, "POST", "/api/v1/me/password", map[string]string{"current": p.password, "password": p.password + " anew"}, nil)
			}, nil
		})
	},
	TokenRevoked: byToken,
	AccountSuspended: func(ctx context.Context, l *lab, n int) ([]party, error) {
		return l.eachAlone(ctx, n, func(p *someone) (func(context.Context) error, error) {
			state := func(ctx context.Context, s string) error {
				return l.owner.Do(ctx, "PATCH", "/api/v1/instance/accounts/"+p.id, map[string]string{"state": s}, nil)
			}
			l.later(func(ctx context.Context) error { return state(ctx, "active") })
			return func(ctx context.Context) error { return state(ctx, "suspended") }, nil
		})
	},
	GroupLeft: func(ctx context.Context, l *lab, n int) ([]party, error) {
		return l.byGroup(ctx, n, true)
	},
	GroupCamera: func(ctx context.Context, l *lab, n int) ([]party, error) {
		return l.byGroup(ctx, n, false)
	},
}

// tells are the words of a tile that ends for one of the reasons, whatever state
// it is put into, and of the page as a whole.
func tells(reasons ...string) []string {
	var out []string
	for _, r := range reasons {
		for _, s := range []string{"ended", "restricted", "off", "closed"} {
			out = append(out, "tile:"+s+":"+r)
		}
	}
	return append(out, "link_removed")
}

func (l *lab) cam(i int) string { return l.demo.Cameras[i].ID }

func (l *lab) me(ctx context.Context, c *Client) (string, error) {
	var out struct{ Account struct{ ID string } }
	err := c.Do(ctx, "GET", "/api/v1/me", nil, &out)
	return out.Account.ID, err
}

// byLink lets n guests of a new share link watch one of its two cameras.
func (l *lab) byLink(ctx context.Context, n int, camera string, told []string, cut func(ctx context.Context, link string) error) ([]party, error) {
	cams := []string{camera, l.cam(1)}
	var link struct{ ID, URL string }
	err := l.owner.Do(ctx, "POST", "/api/v1/links", map[string]any{
		"kind": "share", "name": "Cut " + time.Now().Format("15:04:05.000"), "cameras": cams, "acknowledge_risk": true}, &link)
	if err != nil {
		return nil, fmt.Errorf("create link: %w", err)
	}
	l.later(func(ctx context.Context) error {
		if err := l.owner.Do(ctx, "DELETE", "/api/v1/links/"+link.ID, nil, nil); err != nil && !isStatus(err, 404) {
			return err
		}
		return nil
	})
	all, err := l.watch(ctx, n, func(ctx context.Context, i int) (watcher, error) {
		c, id, err := Guest(ctx, l.bases[i%len(l.bases)], link.URL)
		if err != nil {
			return nil, err
		}
		return asWatcher(OpenWall(ctx, c, "/g/"+id, cams[:1], 320, testpeer.Config{}))
	})
	if err != nil {
		return nil, err
	}
	return []party{{watchers: all, told: told, cut: func(ctx context.Context) error { return cut(ctx, link.ID) }}}, nil
}
