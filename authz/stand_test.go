package authz

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onBoth runs a test on the embedded store and on a real Redis.
func onBoth(t *testing.T, fn func(t *testing.T, store kv.Store)) {
	t.Run("bolt", func(t *testing.T) { fn(t, openBolt(t, t.TempDir())) })
	t.Run("redis", func(t *testing.T) { fn(t, openRedis(t, redistest.Start(t).URL(), t.Name())) })
}

// patient is how long the stores of tests wait for a disk or a machine that is busy.
const patient = 30 * time.Second

func openBolt(t testing.TB, dir string) kv.Store {
	t.Helper()
	s, err := boltkv.Open(context.Background(), dir, boltkv.Config{Timeout: patient})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openRedis(t testing.TB, url, prefix string) kv.Store {
	t.Helper()
	s, err := rediskv.Open(context.Background(), url, rediskv.Config{Prefix: prefix + ":", Timeout: patient})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// wire is a store whose line can be cut, and whose hints can be lost.
type wire struct {
	kv.Store
	down    atomic.Bool
	last    atomic.Bool // the line is cut once the next commit is done
	deaf    atomic.Bool
	reads   atomic.Int64 // of stand.ctx
	refused atomic.Int64
}

func (w *wire) no() error {
	if w.down.Load() {
		w.refused.Add(1)
		return kv.Unavailable(fmt.Errorf("the line is cut"))
	}
	return nil
}

func (w *wire) Read(ctx context.Context, sp kv.Space, keys []string, scans []kv.Scan) (kv.Snapshot, error) {
	if err := w.no(); err != nil {
		return kv.Snapshot{}, err
	}
	if ctx.Value(ofTest{}) != nil {
		w.reads.Add(1)
	}
	return w.Store.Read(ctx, sp, keys, scans)
}

func (w *wire) Commit(ctx context.Context, txn kv.Txn) (kv.Commit, error) {
	if err := w.no(); err != nil {
		return kv.Commit{}, err
	}
	c, err := w.Store.Commit(ctx, txn)
	if err == nil && w.last.CompareAndSwap(true, false) {
		w.down.Store(true)
	}
	return c, err
}

func (w *wire) Changes(ctx context.Context, after uint64, limit int) (kv.Changes, error) {
	if err := w.no(); err != nil {
		return kv.Changes{}, err
	}
	return w.Store.Changes(ctx, after, limit)
}

func (w *wire) Watch(ctx context.Context, sp kv.Space) <-chan struct{} {
	if w.deaf.Load() {
		ch := make(chan struct{})
		context.AfterFunc(ctx, func() { close(ch) })
		return ch
	}
	return w.Store.Watch(ctx, sp)
}

// stand is an authority on a store, with people and cameras to try things on.
type stand struct {
	*Authority
	t     testing.TB
	store kv.Store
	stop  context.CancelFunc
	done  chan struct{}
}

// testBox seals with a fixed key, so that several nodes read each other.
func testBox(t testing.TB) *seal.Box {
	t.Helper()
	b, err := seal.New(seal.Key{ID: "test", Secret: [32]byte{1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// newStand makes an authority with a cheap password hash; it does not run yet.
func newStand(t testing.TB, store kv.Store, change ...func(*Config)) *stand {
	t.Helper()
	cfg := Config{Store: store, Seal: testBox(t), Timeout: patient, NewPlan: PlanPro}
	for _, f := range change {
		f(&cfg)
	}
	s := &stand{Authority: New(cfg), t: t, store: store}
	s.hasher.params = argonParams{64, 1, 1}
	s.hasher.dummy = s.hasher.phc(make([]byte, saltLen), make([]byte, tagLen))
	return s
}

// run starts the node's loop and waits until it has confirmed once.
func (s *stand) run() *stand {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan struct{})
	go func() {
		defer close(s.done)
		_ = s.Run(ctx)
	}()
	s.t.Cleanup(s.halt)
	s.until("ready", func() bool { return s.Ready() == nil })
	return s
}

// index makes the index of people that a node's upkeep else commits some time after
// its start: for tests to which a commit that is not theirs matters.
func (s *stand) index() {
	s.t.Helper()
	if err := s.indexPeople(s.ctx()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) halt() {
	if s.stop != nil {
		s.stop()
		<-s.done
	}
}

// until polls a condition with a deadline.
func (s *stand) until(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	s.t.Fatalf("not %s in time", what)
}

const goodPassword = "a long walk home"

func profile(name string) Profile {
	return Profile{Name: name, Password: secret.New(goodPassword), Language: "en", Zone: "Europe/Kyiv"}
}

// person makes an account through the operator and signs it in.
func (s *stand) person(name string) NewLogin {
	s.t.Helper()
	email := strings.ToLower(name) + "@example.org"
	if _, err := s.AddAccount(s.ctx(), Operator, NewAccount{Email: email, Profile: profile(name)}); err != nil {
		s.t.Fatalf("add %s: %v", name, err)
	}
	return s.signIn(email)
}

func (s *stand) signIn(email string) NewLogin {
	s.t.Helper()
	l, err := s.SignIn(s.ctx(), email, secret.New(goodPassword), Client{IP: netip.MustParseAddr("192.0.2.7"), Browser: "Firefox"})
	if err != nil {
		s.t.Fatalf("sign in %s: %v", email, err)
	}
	return l
}

// ofTest marks what a test asks for itself, beside what a node does by itself.
type ofTest struct{}

func (s *stand) ctx() context.Context { return context.WithValue(context.Background(), ofTest{}, true) }

func (s *stand) camera(of Subject, name string) Camera {
	s.t.Helper()
	c, err := s.CreateCamera(s.ctx(), of, CameraSpec{Name: name, Sound: true})
	if err != nil {
		s.t.Fatalf("camera %s: %v", name, err)
	}
	return c
}

// give saves one accepted grant beside what is there.
func (s *stand) give(owner Subject, camera string, to NewLogin, levels Levels, until time.Time) Grant {
	s.t.Helper()
	t, err := s.Access(s.ctx(), owner, camera)
	if err != nil {
		s.t.Fatal(err)
	}
	rows := keep(t)
	rows = append(rows, GrantEdit{Email: to.Account.Email, Levels: levels, Until: until})
	if t, err = s.SaveAccess(s.ctx(), owner, camera, t.Version, rows); err != nil {
		s.t.Fatalf("save: %v", err)
	}
	for _, r := range t.Rows {
		if r.Grant.Account == to.Account.ID {
			if err := s.AcceptOffer(s.ctx(), to.Subject, r.Grant.ID); err != nil {
				s.t.Fatalf("accept: %v", err)
			}
			return r.Grant
		}
	}
	s.t.Fatal("the offer is not in the table")
	return Grant{}
}

func keep(t AccessTable) (rows []GrantEdit) {
	for _, r := range t.Rows {
		rows = append(rows, GrantEdit{GrantID: r.Grant.ID, Levels: r.Grant.Levels, Schedule: r.Grant.Schedule, Until: r.Grant.Until})
	}
	return rows
}

func (s *stand) shareLink(owner Subject, name string, cameras ...string) LinkView {
	s.t.Helper()
	l, err := s.CreateLink(s.ctx(), owner, NewLink{Kind: LinkShare, Name: name, Cameras: cameras, RiskAcknowledged: true})
	if err != nil {
		s.t.Fatalf("link: %v", err)
	}
	return l
}

// guest exchanges a link's secret and begins a visit.
func (s *stand) guest(l LinkView) (Subject, secret.String, VisitInfo) {
	s.t.Helper()
	id, tick, err := s.Exchange(s.ctx(), l.Secret, Subject{})
	if err != nil || id != l.Link.ID {
		s.t.Fatalf("exchange: %q %v", id, err)
	}
	sub, cookie, info, err := s.Visit(s.ctx(), id, tick, secret.String{}, Client{IP: netip.MustParseAddr("203.0.113.9"), Browser: "Chrome"})
	if err != nil {
		s.t.Fatalf("visit: %v", err)
	}
	return sub, cookie, info
}

// wantCode fails unless err carries the kind and code.
func wantCode(t testing.TB, err error, kind fault.Kind, code string) {
	t.Helper()
	if !fault.Is(err, kind) || fault.Code(err) != code {
		t.Fatalf("got %v (%s), want %s", err, fault.Code(err), code)
	}
}

// wantDecision checks one live decision.
func (s *stand) wantDecision(sub Subject, act Action, camera string, want Reason) Decision {
	s.t.Helper()
	d, err := s.Check(s.ctx(), sub, act, Object{Camera: camera})
	if err != nil || d.Reason != want {
		s.t.Fatalf("%v %s: got %s (%v), want %s", sub.Kind, act, d.Reason, err, want)
	}
	return d
}

func startRedis(t testing.TB) string { return redistest.Start(t).URL() }
