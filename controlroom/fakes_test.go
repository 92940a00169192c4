package controlroom

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/sfu"
)

// The parts of a session that tests let fail on command. What they stand for is
// tried for real in the tests of the whole room.

type fakeLease struct {
	valid    atomic.Int64
	released atomic.Bool
	onEnd    func(authz.Decision)
	d        authz.Decision
}

func (l *fakeLease) ValidUntil() int64        { return l.valid.Load() }
func (l *fakeLease) Decision() authz.Decision { return l.d }
func (l *fakeLease) Release()                 { l.released.Store(true); l.valid.Store(0) }

// end is what the authority does when a decision changes.
func (l *fakeLease) end(d authz.Decision) {
	l.valid.Store(0)
	if !l.released.Load() {
		l.onEnd(d)
	}
}

type askKey struct {
	camera string
	act    authz.Action
}

type fakeDecider struct {
	mu     sync.Mutex
	rule   map[askKey]authz.Decision // absent: allowed for ActLive, else level_missing
	err    error
	asked  map[askKey]int
	leases map[askKey][]*fakeLease
	hook   func(camera string)
}

func newDecider() *fakeDecider {
	return &fakeDecider{rule: map[askKey]authz.Decision{}, asked: map[askKey]int{}, leases: map[askKey][]*fakeLease{}}
}

func (f *fakeDecider) subscribe(_ context.Context, _ authz.Subject, camera string, act authz.Action, onEnd func(authz.Decision)) (lease, authz.Decision, error) {
	f.mu.Lock()
	k := askKey{camera, act}
	f.asked[k]++
	d, ok := f.rule[k]
	err, hook := f.err, f.hook
	f.mu.Unlock()
	if hook != nil {
		hook(camera)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil:
		return nil, authz.Decision{}, err
	case !ok && act == authz.ActLive:
		d = authz.Decision{Allowed: true, Reason: authz.ReasonOK}
	case !ok:
		d = authz.Decision{Reason: authz.ReasonLevelMissing}
	}
	if !d.Allowed {
		return nil, d, nil
	}
	l := &fakeLease{onEnd: onEnd, d: d}
	l.valid.Store(math.MaxInt64)
	f.leases[k] = append(f.leases[k], l)
	return l, d, nil
}

func (f *fakeDecider) set(camera string, act authz.Action, d authz.Decision) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rule[askKey{camera, act}] = d
}

func (f *fakeDecider) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fakeDecider) count(camera string, act authz.Action) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[askKey{camera, act}]
}

func (f *fakeDecider) last(t *testing.T, camera string, act authz.Action) *fakeLease {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	ls := f.leases[askKey{camera, act}]
	if len(ls) == 0 {
		t.Fatalf("no lease for %s", camera)
	}
	return ls[len(ls)-1]
}

// held counts the leases nobody gave back.
func (f *fakeDecider) held() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, ls := range f.leases {
		for _, l := range ls {
			if !l.released.Load() {
				n++
			}
		}
	}
	return n
}

type fakeFleet struct {
	mu    sync.Mutex
	cams  map[string]ingest.Streams
	state map[string]ingest.CameraState
	holds map[string][2]int
	tries int
}

func newFleet(cams ...string) *fakeFleet {
	f := &fakeFleet{cams: map[string]ingest.Streams{}, state: map[string]ingest.CameraState{}, holds: map[string][2]int{}}
	for _, c := range cams {
		f.cams[c] = ingest.Streams{Video: [2]*sfu.Stream{new(sfu.Stream), new(sfu.Stream)}, Audio: new(sfu.Stream)}
		f.setStatus(c, ingest.Live, "")
	}
	return f
}

func (f *fakeFleet) setStatus(id string, s ingest.Status, r sfu.Reason) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := ingest.LayerState{Status: s, Reason: r}
	f.state[id] = ingest.CameraState{Layers: [2]ingest.LayerState{l, l}, Audio: true}
}

func (f *fakeFleet) Streams(id string) (ingest.Streams, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.cams[id]
	return s, ok
}

func (f *fakeFleet) State(id string) (ingest.CameraState, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.state[id]
	return s, ok
}

func (f *fakeFleet) Hold(id string, l ingest.Layer) func() {
	add := func(n int) {
		f.mu.Lock()
		defer f.mu.Unlock()
		h := f.holds[id]
		h[l] += n
		f.holds[id] = h
	}
	add(1)
	return sync.OnceFunc(func() { add(-1) })
}

func (f *fakeFleet) TryNow(string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tries++
}

func (f *fakeFleet) held(id string) [2]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.holds[id]
}

type fakePeer struct {
	mu       sync.Mutex
	mids     []sfu.Mid
	on       map[string]sfu.Subscription
	attached int
	wants    map[string]int
	ranks    map[string]int
	closed   bool
	last     atomic.Int64
	onState  func(sfu.PeerState)
	boom     bool
	sentMu   sync.Mutex
	sent     map[string]uint64
}

func newPeer(video int) *fakePeer {
	p := &fakePeer{on: map[string]sfu.Subscription{}, wants: map[string]int{}, ranks: map[string]int{}}
	for i := range video {
		p.mids = append(p.mids, sfu.Mid{ID: string(rune('0' + i)), Kind: sfu.Video})
	}
	p.mids = append(p.mids, sfu.Mid{ID: "a", Kind: sfu.Audio})
	return p
}

func (p *fakePeer) Renegotiate(string) (string, error) { return "answer", nil }

func (p *fakePeer) Mids() []sfu.Mid {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.boom {
		panic("a part fails")
	}
	return append([]sfu.Mid(nil), p.mids...)
}

func (p *fakePeer) Attach(mid string, s sfu.Subscription) error {
	p.mu.Lock()
	p.on[mid] = s
	p.wants[mid] = s.Want
	p.attached++
	n := uint32(p.attached)
	p.mu.Unlock()
	if s.Gate.ValidUntil() == 0 {
		return errors.New("attached without a right")
	}
	s.OnEvent(sfu.Event{Kind: sfu.EventFirst, FirstTS: n * 1000})
	return nil
}

func (p *fakePeer) Detach(mid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.on, mid)
}

func (p *fakePeer) rank(mid string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ranks[mid]
}

func (p *fakePeer) subscription(mid string) sfu.Subscription {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.on[mid]
}

func (p *fakePeer) SetRank(mid string, rank int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ranks[mid] = rank
}

func (p *fakePeer) SetWant(mid string, layer int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wants[mid] = layer
}

func (p *fakePeer) SentBytes() map[string]uint64 {
	p.sentMu.Lock()
	defer p.sentMu.Unlock()
	return maps.Clone(p.sent)
}

func (p *fakePeer) LastForwarded() int64 { return p.last.Load() }

// flow makes frames be forwarded for as long as the test takes.
func (p *fakePeer) flow() { p.last.Store(clock.Mono() + int64(time.Hour)) }

func (p *fakePeer) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

func (p *fakePeer) carries(mid string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.on[mid]
	return ok
}

func (p *fakePeer) count() (on, attached int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.on), p.attached
}

func (p *fakePeer) want(mid string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wants[mid]
}

type fakeDialer struct{ next func() *fakePeer }

func (d fakeDialer) newPeer(_ context.Context, cfg sfu.PeerConfig) (peer, string, error) {
	p := d.next()
	if p == nil {
		return nil, "", fault.New(fault.Malformed, fault.CodeBadSDP, "no")
	}
	p.onState = cfg.OnState
	return p, "answer", nil
}

// bench is a room of fakes with a clock that stands.
type testRoom struct {
	*Room
	decider *fakeDecider
	fleet   *fakeFleet
	clock   *clock.Fake
	peers   []*fakePeer
	size    int
}

func fakeRoom(t *testing.T, cams ...string) *testRoom {
	t.Helper()
	tr := &testRoom{decider: newDecider(), fleet: newFleet(cams...), clock: clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), size: 6}
	limits := Limits{}.withDefaults()
	m := newMetrics(nil)
	ctx, cancel := context.WithCancel(context.Background())
	log := slog.New(slog.DiscardHandler)
	tr.Room = &Room{
		trials:   sfu.NewTrials(nil),
		cfg:      Config{Limits: limits, Node: "test"},
		sessions: &registry{limits: limits, byID: map[string]*session{}},
		sockets:  &sockets{all: map[*Socket]bool{}},
		cameras:  &cameras{log: log, byID: map[string]*camera{}},
		ctx:      ctx, cancel: cancel,
	}
	tr.Room.deps = sessionDeps{decider: tr.decider, fleet: tr.fleet, names: func(id string) string { return "name of " + id },
		limits: limits, clock: tr.clock, log: log, metrics: m}
	tr.Room.dialer = fakeDialer{func() *fakePeer {
		p := newPeer(tr.size)
		tr.peers = append(tr.peers, p)
		return p
	}}
	t.Cleanup(tr.Close)
	return tr
}

var olena = authz.Subject{Kind: authz.AccountSubject, Account: "acct-olena", Login: "login-olena"}

func guest(n string) authz.Subject {
	return authz.Subject{Kind: authz.GuestSubject, Link: "link-1", Visit: "visit-" + n}
}

// open begins a session and returns it with its peer.
func (tr *testRoom) open(t *testing.T, sub authz.Subject, tiles ...TileWant) (*session, *fakePeer, Opened) {
	t.Helper()
	o, err := tr.Open(t.Context(), sub, OpenRequest{SDP: "offer", Version: 1, Tiles: tiles})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	s := tr.sessions.find(o.ID, sub)
	if s == nil {
		t.Fatal("the session is not registered")
	}
	return s, tr.peers[len(tr.peers)-1], o
}

// eventually polls until ok, with a deadline.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (s *session) at(cell int) TileState {
	for _, st := range s.snapshot() {
		if st.Cell == cell {
			return st
		}
	}
	return TileState{}
}

func cameraTiles(cams ...string) []TileWant {
	var out []TileWant
	for i, c := range cams {
		out = append(out, TileWant{Cell: i, Camera: c, Px: 400})
	}
	return out
}

func denied403(r authz.Reason) authz.Decision { return authz.Decision{Reason: r} }
