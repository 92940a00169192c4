package authz

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

// How many of each there are: few, so that things meet.
const (
	someGuys  = 4
	someCams  = 4
	someCrews = 2
	someLinks = 3
	someTours = 4
)

// step is one operation: a kind and what it picks its things with. It is taken
// modulo what there is, so that a sequence stays one when steps are left out.
type step struct {
	kind       string
	p, q, c, g int
	x          int
}

func (s step) String() string {
	return fmt.Sprintf("{%q, %d, %d, %d, %d, %d}", s.kind, s.p, s.q, s.c, s.g, s.x)
}

// arena is the service with two nodes on one store, beside the model.
type arena struct {
	*model
	nodes  [2]*stand
	leap   *leapClock // nil where the store's clock cannot be set
	leapt  time.Duration
	ids    map[string]string // "cam 1", "group 0", "grant 1/2" …
	logins map[[2]int]NewLogin
	codes  map[[2]int]string // group, role rank
	guests map[int]Subject
	views  map[int]LinkView
	leases []*held
	fresh  int // for names that are not taken
	rng    *rand.Rand
}

// held is a running subscription.
type held struct {
	l     *Lease
	node  int
	who   string
	still func() verdictOf
}

var errSkipped = errors.New("there is nothing to do it with")

func newArena(t testing.TB, store kv.Store, leap *leapClock) *arena {
	a := &arena{leap: leap, ids: map[string]string{}, logins: map[[2]int]NewLogin{}, codes: map[[2]int]string{}, guests: map[int]Subject{}, views: map[int]LinkView{},
		rng: rand.New(rand.NewPCG(3, 3))}
	for i := range a.nodes {
		a.nodes[i] = newStand(t, store, func(c *Config) {
			c.Node = fmt.Sprintf("n%d", i)
			if leap != nil {
				c.Clock = leap
			}
		}).run()
	}
	v, err := a.nodes[0].read(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a.model = newModel(v.now)
	if err := a.setUp(); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *arena) setUp() error {
	for p := range someGuys {
		if err := a.enrol(p); err != nil {
			return err
		}
	}
	return nil
}

func (a *arena) stop() {
	for _, n := range a.nodes {
		n.halt()
	}
}

// enrol makes a person's account and signs him in twice.
func (a *arena) enrol(p int) error {
	n := a.nodes[0]
	email := fmt.Sprintf("guy%d@example.org", p)
	if _, err := n.AddAccount(n.ctx(), Operator, NewAccount{Email: email, Profile: profile(fmt.Sprintf("Guy %d", p)), Plan: PlanPro}); err != nil {
		return err
	}
	a.people[p] = &mPerson{}
	for l := range 2 {
		if err := a.signIn(n, p, l); err != nil {
			return err
		}
	}
	return nil
}

func (a *arena) signIn(n *stand, p, l int) error {
	login, err := n.SignIn(n.ctx(), fmt.Sprintf("guy%d@example.org", p), secret.New(goodPassword), Client{IP: netip.MustParseAddr("192.0.2.7")})
	if err == nil {
		a.logins[[2]int{p, l}] = login
		a.people[p].logins[l] = true
	}
	return err
}

func (a *arena) me(p int) Subject { return a.logins[[2]int{p, 0}].Subject }

// cam is a camera's id; one of nobody while it is not there.
func (a *arena) id(kind string, n int) string {
	k := fmt.Sprintf("%s %d", kind, n)
	if a.ids[k] == "" {
		a.ids[k] = NewID()
	}
	return a.ids[k]
}

// do takes one step in both worlds. The error says how they differ; errSkipped
// that the step makes no sense now.
func (a *arena) do(s step) error {
	rightful := s.g/8%4 > 0
	s.p, s.q, s.c, s.g = s.p%someGuys, s.q%someGuys, s.c%someCams, s.g%someCrews
	if rightful {
		s.p = a.rightful(s)
	}
	n := a.nodes[s.x%2]
	try := steps[s.kind]
	if try == nil {
		return fmt.Errorf("no step %q", s.kind)
	}
	want, err := try(a, n, s)
	if errors.Is(err, errSkipped) {
		return nil
	}
	if want != (err == nil) {
		return fmt.Errorf("%v: the model says that it succeeds: %v; the service: %v", s, want, err)
	}
	if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Internal) || fault.Is(err, fault.Unknown) {
		return fmt.Errorf("%v: %v", s, err)
	}
	if err := a.swept(); err != nil {
		return err
	}
	return a.compare(s)
}

// rightful is somebody who may do the step, mostly: else it would be refused in
// three cases of four.
func (a *arena) rightful(s step) int {
	switch s.kind {
	case "switch", "give", "revoke", "share", "unshare", "link", "delete camera":
		if c := a.cams[s.c]; c != nil {
			return c.owner
		}
	case "pause", "resume", "link's cameras", "link's dates", "remove link":
		if l := a.links[s.c%someLinks]; l != nil {
			return l.owner
		}
	case "code", "role", "put out", "delete group":
		if g := a.groups[s.g]; g != nil {
			for p := range someGuys {
				if g.roles[p] == RoleAdministrator {
					return p
				}
			}
		}
	}
	return s.p
}

// swept waits until the sweeper has removed what ended parents left.
func (a *arena) swept() error {
	for end := time.Now().Add(40 * time.Second); ; time.Sleep(time.Millisecond) {
		v, err := a.nodes[0].read(context.Background(), nil, kv.Scan{Prefix: pSweep})
		if err != nil {
			return err
		}
		if len(v.scans[0]) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("marks of ended parents stay: %v", v.scans[0][0].Key)
		}
	}
}

var personActs = []Action{ActSee, ActLive, ActArchive, ActDownload, ActNotices, ActImages, ActManage, ActShare, ActLink}
var guestActs = []Action{ActVisit, ActSee, ActLive, ActImages, ActArchive, ActManage}

// compare asks both worlds a sample of all questions there are, and looks at
// every running subscription.
func (a *arena) compare(s step) error {
	for range questions {
		n := a.nodes[a.rng.IntN(2)]
		cam := a.rng.IntN(someCams)
		if v := a.rng.IntN(2 * someTours); a.visits[v] != nil {
			act := guestActs[a.rng.IntN(len(guestActs))]
			o := Object{Camera: a.id("cam", cam)}
			if act == ActVisit {
				o = Object{Link: a.guests[v].Link}
			}
			if err := a.equal(n, a.guests[v], act, o, a.guest(v, act, cam)); err != nil {
				return fmt.Errorf("after %v: guest %d %s cam %d: %w", s, v, act, cam, err)
			}
			continue
		}
		p, l := a.rng.IntN(someGuys), a.rng.IntN(2)
		login, known := a.logins[[2]int{p, l}]
		if !known {
			continue
		}
		act := personActs[a.rng.IntN(len(personActs))]
		if err := a.equal(n, login.Subject, act, Object{Camera: a.id("cam", cam)}, a.person(p, l, act, cam)); err != nil {
			return fmt.Errorf("after %v: guy %d (login %d) %s cam %d: %w", s, p, l, act, cam, err)
		}
	}
	return a.leasesAgree(s)
}

func (a *arena) equal(n *stand, s Subject, act Action, o Object, want verdictOf) error {
	d, err := n.Check(n.ctx(), s, act, o)
	if err != nil {
		return err
	}
	got := no
	switch {
	case d.Allowed:
		got = yes
	case d.Invisible:
		got = hidden
	}
	if got != want {
		return fmt.Errorf("the model says %s, the service %s (%s)", want, got, d.Reason)
	}
	return nil
}

// cutBy is how long the other node of a busy machine may take to cut; a lease that
// it renews lives on for ever. How soon it is on an idle one is measured elsewhere.
const cutBy = 20 * time.Second

// leasesAgree: what the model denies has ended at once on the node of the
// change, and soon on the other; what it allows goes on.
func (a *arena) leasesAgree(s step) error {
	end := time.Now().Add(cutBy)
	for _, h := range a.leases {
		n := a.nodes[h.node]
		alive := func() bool { return h.l.ValidUntil() > n.node.mono() }
		switch want := h.still(); {
		case want == yes && !alive():
			return fmt.Errorf("after %v: the picture of %s on node %d ended, and nothing ended it", s, h.who, h.node)
		case want != yes && h.node == s.x%2 && s.kind != "clock" && alive():
			return fmt.Errorf("after %v: the picture of %s goes on on the node of the change", s, h.who)
		case want != yes:
			for alive() {
				if time.Now().After(end) {
					return fmt.Errorf("after %v: the picture of %s goes on on node %d after %v", s, h.who, h.node, cutBy)
				}
				time.Sleep(time.Millisecond)
			}
		}
	}
	a.leases = slices.DeleteFunc(a.leases, func(h *held) bool { return h.still() != yes })
	return nil
}

// orphans checks that nothing in the store names what is gone (R24).
func (a *arena) orphans() error {
	v, err := a.nodes[0].read(context.Background(), nil, kv.Scan{Prefix: pGrant}, kv.Scan{Prefix: pGrantOf}, kv.Scan{Prefix: pLink}, kv.Scan{Prefix: pPart})
	if err != nil {
		return err
	}
	for i, want := range []int{len(a.grants), len(a.grants), len(a.links), a.participants()} {
		if got := len(v.scans[i]); got != want {
			var keys []string
			for _, val := range v.scans[i] {
				keys = append(keys, val.Key)
			}
			return fmt.Errorf("%d records, the model has %d: %s", got, want, strings.Join(keys, " "))
		}
	}
	return nil
}

func (m *model) participants() (n int) {
	for _, g := range m.groups {
		n += len(g.roles)
	}
	return n
}
