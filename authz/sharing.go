package authz

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"sightline/internal/kv"
)

// Sharing is how much of a camera is given away, for the head of its dialog.
type Sharing struct {
	People int // rows of the table, in every state
	Links  int // not removed
	Groups int
}

// SharingOf counts what is given away of an own camera.
func (a *Authority) SharingOf(ctx context.Context, s Subject, camera string) (Sharing, error) {
	_, f, err := a.require(ctx, s, ActShare, Object{Camera: camera})
	if err != nil {
		return Sharing{}, err
	}
	v, err := a.read(ctx, nil, append(grantScans(camera), kv.Scan{Prefix: pLinkCamera + camera + "/"})...)
	if err != nil {
		return Sharing{}, err
	}
	return Sharing{People: len(v.scans[0]) + len(v.scans[1]), Links: len(v.scans[2]), Groups: len(f.Camera.Groups)}, nil
}

// Seen is what a person with a grant may do with a camera now, for its owner.
type Seen struct {
	Grant   Grant
	Zone    string // of the schedule
	Watch   Decision
	Actions map[Action]Decision // by what the levels and rights are about
}

// seenActions are what a grant can be about.
var seenActions = [...]Action{ActLive, ActArchive, ActNotices, ActDownload, ActSound, ActPTZ}

// SeeAs decides, for the owner of a camera, what the person of one of its grants
// sees of it now, by all his ways to it: what his own login would be answered. Watch is the first thing he may do now; when there is none, why
// not. An unknown grant is NotFound.
func (a *Authority) SeeAs(ctx context.Context, s Subject, camera, grant string) (Seen, error) {
	o := Object{Camera: camera}
	_, f, err := a.require(ctx, s, ActShare, o)
	if err != nil {
		return Seen{}, err
	}
	v, err := a.read(ctx, nil, grantScans(camera)...)
	if err != nil {
		return Seen{}, err
	}
	var g *Grant
	for _, val := range slices.Concat(v.scans...) {
		if r, err := decode[Grant](val.Data); err == nil && r.ID == grant {
			g = r
		}
	}
	if g == nil {
		return Seen{}, errNotFound()
	}
	out := Seen{Grant: *g, Zone: f.Camera.Zone, Actions: make(map[Action]Decision)}
	decide := func(act Action) Decision { return decideGrant(act, g, f.Camera, f.Account, f.Guard, v.now) } // who waits has no account yet
	if g.Account != "" {
		as := Subject{Kind: AccountSubject, Account: g.Account, Login: NewID()}
		if v, err = a.load(ctx, as, o); err != nil {
			return Seen{}, err
		}
		his := v.facts(as, o)
		if his.Account == nil {
			return Seen{}, errNotFound()
		}
		decide = func(act Action) Decision { return recipientOf(as, act, o, his, v.now).Decision }
	}
	for _, act := range seenActions {
		out.Actions[act] = decide(act)
	}
	out.Watch = out.Actions[ActLive]
	for _, act := range seenActions {
		if out.Actions[act].Allowed {
			out.Watch = out.Actions[act]
			break
		}
		if weight(out.Actions[act]) > weight(out.Watch) {
			out.Watch = out.Actions[act]
		}
	}
	return out, nil
}

// PersonSharing is everything an account shares with one person (spec 5.1).
type PersonSharing struct {
	Account     string // "" while it waits for the e-mail to be registered
	Name        string
	EmailMasked string
	Email       string // of who waits: the owner typed it in full
	Cameras     []SharedCamera
	Groups      []SharedGroup // in which the person is and the subject shares a camera
}

// SharedCamera is one grant of a person.
type SharedCamera struct {
	ID, Name, Grant string
	State           string
	Levels          Levels
	Until           time.Time
}

// SharedGroup is one group of a person, with his role.
type SharedGroup struct {
	ID, Name string
	Role     Role
}

// SharingByPerson lists everybody the subject shares cameras with, by grant or
// in a group, by name; who waits for a registration comes last.
func (a *Authority) SharingByPerson(ctx context.Context, s Subject) ([]PersonSharing, error) {
	_, f, err := a.require(ctx, s, ActSelf, Object{})
	if err != nil {
		return nil, err
	}
	cameras, err := a.camerasOwnedBy(ctx, s.Account)
	if err != nil {
		return nil, err
	}
	var scans []kv.Scan
	for _, c := range cameras {
		scans = append(scans, grantScans(c.ID)...)
	}
	var groups []string
	for _, g := range f.Account.Groups {
		if slices.ContainsFunc(cameras, func(c *Camera) bool { return c.InGroup(g) != nil }) {
			groups = append(groups, g)
			scans = append(scans, kv.Scan{Prefix: pPart + g + "/"})
		}
	}
	if len(scans) == 0 {
		return nil, nil
	}
	var keys []string
	for _, g := range groups {
		keys = append(keys, keyGroup(g), keyPart(g, s.Account))
	}
	v, err := a.read(ctx, keys, scans...)
	if err != nil {
		return nil, err
	}
	byWho := make(map[string]*PersonSharing)
	who := func(account, email string) *PersonSharing {
		p := byWho[account+email]
		if p == nil {
			p = &PersonSharing{Account: account, Email: email}
			byWho[account+email] = p
		}
		return p
	}
	for i, c := range cameras {
		for _, val := range slices.Concat(v.scans[2*i], v.scans[2*i+1]) {
			if g, err := decode[Grant](val.Data); err == nil {
				p := who(g.Account, g.Email)
				p.Cameras = append(p.Cameras, SharedCamera{c.ID, c.Name, g.ID, g.Shown(v.now), g.Levels, g.Until})
			}
		}
	}
	for i, id := range groups {
		g, mine := get[Group](v.get, keyGroup(id)), get[Participant](v.get, keyPart(id, s.Account))
		if g == nil || mine == nil || !roleMay(mine.Role, ActGroupShareOwn) {
			continue // nothing is shared there any more
		}
		for _, val := range v.scans[2*len(cameras)+i] {
			if p, err := decode[Participant](val.Data); err == nil && p.Account != s.Account {
				w := who(p.Account, "")
				w.Groups = append(w.Groups, SharedGroup{g.ID, g.Name, p.Role})
			}
		}
	}
	return a.named(ctx, byWho)
}

// named fills in names, drops accounts that are gone, and sorts.
func (a *Authority) named(ctx context.Context, byWho map[string]*PersonSharing) ([]PersonSharing, error) {
	var keys []string
	for _, p := range byWho {
		if p.Account != "" {
			keys = append(keys, keyAccount(p.Account))
		}
	}
	v, err := a.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	v.indexed()
	var out []PersonSharing
	for _, p := range byWho {
		if p.Account == "" {
			p.EmailMasked = MaskEmail(p.Email)
		} else if acc := get[Account](v.get, keyAccount(p.Account)); acc != nil {
			p.Name, p.EmailMasked = acc.Name, MaskEmail(acc.Email)
		} else {
			continue
		}
		out = append(out, *p)
	}
	slices.SortFunc(out, func(x, y PersonSharing) int {
		if w := cmp.Compare(len(x.Email), 0) - cmp.Compare(len(y.Email), 0); w != 0 {
			return w
		}
		return cmp.Or(strings.Compare(foldWords(x.Name), foldWords(y.Name)), strings.Compare(x.Email+x.Account, y.Email+y.Account))
	})
	return out, nil
}

// camerasOwnedBy reads an account's cameras in their order.
func (a *Authority) camerasOwnedBy(ctx context.Context, account string) ([]*Camera, error) {
	own, err := a.read(ctx, nil, kv.Scan{Prefix: pCamOwner + account + "/"})
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, id := range ownIDs(own.scans[0], account) {
		keys = append(keys, keyCamera(id))
	}
	v, err := a.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	var out []*Camera
	for _, k := range keys {
		if c := get[Camera](v.get, k); c != nil && c.Owner == account {
			out = append(out, c)
		}
	}
	return out, nil
}
