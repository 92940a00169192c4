package controlroom_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/ingest"
	"sightline/internal/ffmpeg"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/internal/seal"
	"sightline/internal/secret"
	"sightline/internal/testcam"
	"sightline/internal/testpeer"
	"sightline/sfu"
)

// node is one server's authority, ingest, media engine and control room, all real.
type node struct {
	store  kv.Store
	auth   *authz.Authority
	fleet  *ingest.Fleet
	engine *sfu.Engine
	room   *controlroom.Room
	reg    *prometheus.Registry
}

// storeWait is what a store call may take beside other tests.
const storeWait = 20 * time.Second

// stores runs a test on both stores.
func stores(t *testing.T, f func(t *testing.T, open func(t *testing.T) kv.Store)) {
	t.Run("bolt", func(t *testing.T) {
		s, err := boltkv.Open(t.Context(), filepath.Join(t.TempDir(), "store"), boltkv.Config{Timeout: storeWait})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		f(t, func(*testing.T) kv.Store { return s })
	})
	t.Run("redis", func(t *testing.T) {
		srv := redistest.Start(t)
		f(t, func(t *testing.T) kv.Store {
			s, err := rediskv.Open(t.Context(), srv.URL(), rediskv.Config{Timeout: storeWait})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		})
	})
}

func newNode(t *testing.T, store kv.Store, name string) *node {
	t.Helper()
	return newNodeWith(t, store, authz.Config{Node: name, Timeout: storeWait})
}

func newNodeWith(t *testing.T, store kv.Store, cfg authz.Config) *node {
	t.Helper()
	box, err := seal.New(seal.Key{ID: "k1", Secret: [32]byte{3}})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{store: store, reg: prometheus.NewRegistry()}
	cfg.Store, cfg.Seal, cfg.DataDir = store, box, t.TempDir()
	n.auth = authz.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); n.auth.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	poll(t, 5*time.Second, "the authority is ready", func() bool { return n.auth.Ready() == nil })

	guard := ingest.NewGuard(ingest.GuardConfig{Loopback: true, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	n.fleet = ingest.New(ingest.Config{Guard: guard, Timing: ingest.Timing{RetryFirst: 100 * time.Millisecond, RetryMax: 500 * time.Millisecond, MediaSilence: 30 * time.Second}})
	t.Cleanup(n.fleet.Close)
	n.engine, err = sfu.NewEngine(sfu.EngineConfig{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.engine.Close() })
	tool, err := ffmpeg.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n.room, err = controlroom.New(controlroom.Config{Store: store, Authority: n.auth, Fleet: n.fleet, Engine: n.engine,
		Guard: guard, Seal: box, Node: cfg.Node, Limits: controlroom.Limits{Decision: storeWait}, FFmpeg: tool, Registerer: n.reg})
	if err != nil {
		t.Fatal(err)
	}
	n.room.PatientStills()
	t.Cleanup(n.room.Close)
	if err := n.room.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n
}

// person makes an account and signs it in.
func (n *node) person(t *testing.T, email string) authz.Subject {
	t.Helper()
	pass := secret.New("correct horse " + email)
	_, err := n.auth.AddAccount(t.Context(), authz.Operator, authz.NewAccount{Email: email, Plan: authz.PlanPro,
		Profile: authz.Profile{Name: email, Password: pass, Language: "en", Zone: "UTC"}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := n.auth.SignIn(t.Context(), email, pass, authz.Client{IP: netip.MustParseAddr("127.0.0.1"), Browser: "Test"})
	if err != nil {
		t.Fatal(err)
	}
	return l.Subject
}

func str(s string) *string { return &s }

// rtsp starts a real camera with both layers.
func rtsp(t *testing.T) *testcam.Camera {
	t.Helper()
	clip, err := testcam.TestClip(4, 320, 180, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	cam, err := testcam.New(testcam.Config{Main: clip, Sub: clip, User: "admin", Password: "geheim"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cam.Close)
	return cam
}

// camera adds a camera to an account.
func (n *node) camera(t *testing.T, sub authz.Subject, name string, cam *testcam.Camera) controlroom.Camera {
	t.Helper()
	pass := secret.New("geheim")
	c, err := n.room.CreateCamera(t.Context(), sub, controlroom.CameraInput{Name: &name, Main: str(cam.Main()), Sub: str(cam.Sub()),
		User: str("admin"), Password: &pass})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// warm waits until the cameras' sub layers are live on this node.
func (n *node) warm(t *testing.T, cams ...controlroom.Camera) {
	t.Helper()
	for _, c := range cams {
		poll(t, 20*time.Second, c.Name+" is live", func() bool {
			st, ok := n.fleet.State(c.ID)
			return ok && st.Layers[ingest.Sub].Status == ingest.Live
		})
	}
}

// share grants the live level to an account and accepts it for it.
func (n *node) share(t *testing.T, owner, to authz.Subject, email, camera string) {
	t.Helper()
	table, err := n.auth.Access(t.Context(), owner, camera)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.auth.SaveAccess(t.Context(), owner, camera, table.Version,
		[]authz.GrantEdit{{Email: email, Levels: authz.LevelOnline}}); err != nil {
		t.Fatal(err)
	}
	offers, err := n.auth.Offers(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range offers {
		if o.Camera.ID == camera {
			if err := n.auth.AcceptOffer(t.Context(), to, o.Grant.ID); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("no offer arrived")
}

// revoke ends all grants of a camera.
func (n *node) revoke(t *testing.T, owner authz.Subject, camera string) {
	t.Helper()
	table, err := n.auth.Access(t.Context(), owner, camera)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.auth.SaveAccess(t.Context(), owner, camera, table.Version, nil); err != nil {
		t.Fatal(err)
	}
}

// visit makes a share link and a guest of it.
func (n *node) visit(t *testing.T, owner authz.Subject, cams ...string) (authz.LinkView, authz.Subject) {
	t.Helper()
	l, err := n.auth.CreateLink(t.Context(), owner, authz.NewLink{Kind: authz.LinkShare, Name: "Yard " + authz.NewID(), Cameras: cams, RiskAcknowledged: true})
	if err != nil {
		t.Fatal(err)
	}
	id, ticket, err := n.auth.Exchange(t.Context(), l.Secret, authz.Subject{})
	if err != nil {
		t.Fatal(err)
	}
	g, _, _, err := n.auth.Visit(t.Context(), id, ticket, secret.String{}, authz.Client{IP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	return l, g
}

// viewer is a screen: a viewing session, a pion peer and a socket that remembers
// the last state of every cell.
type viewer struct {
	id   string
	peer *testpeer.Peer
	*tab
}

func (n *node) watch(t *testing.T, sub authz.Subject, cams ...string) *viewer {
	t.Helper()
	v := &viewer{}
	var err error
	v.peer, err = testpeer.Join(t.Context(), testpeer.Config{Video: max(len(cams), 2), Audio: true,
		Exchange: func(ctx context.Context, offer string) (string, error) {
			o, err := n.room.Open(ctx, sub, controlroom.OpenRequest{SDP: offer, Version: 1, Tiles: tiles(cams...)})
			v.id = o.ID
			return o.SDP, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.peer.Close)
	v.tab = n.connect(t, sub, v.id)
	return v
}

func tiles(cams ...string) []controlroom.TileWant {
	out := []controlroom.TileWant{}
	for i, c := range cams {
		out = append(out, controlroom.TileWant{Cell: i, Camera: c, Px: 320})
	}
	return out
}

// tab is a client's half of a socket.
type tab struct {
	*controlroom.Socket
	heardAll chan struct{} // closed when there is nothing more to hear
	mu       sync.Mutex
	tiles    map[int]controlroom.TileState
	seqs     []uint64
	texts    []map[string]any
}

func (n *node) connect(t *testing.T, sub authz.Subject, viewing string) *tab {
	t.Helper()
	s, err := n.room.Connect(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	b := &tab{Socket: s, heardAll: make(chan struct{}), tiles: map[int]controlroom.TileState{}}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(b.heardAll)
		for {
			text, ok := s.Next(ctx)
			if !ok {
				return
			}
			b.take(text)
		}
	}()
	t.Cleanup(func() { cancel(); s.Close(); <-b.heardAll })
	b.say(t, fmt.Sprintf(`{"type":"hello","viewing":%q}`, viewing))
	return b
}

// over waits until the server has ended the socket and everything it said before
// was taken.
func (b *tab) over(t *testing.T) {
	t.Helper()
	within(t, "the end of the socket", b.Done())
	within(t, "the last of what the socket says", b.heardAll)
}

func (b *tab) take(text []byte) {
	var m map[string]any
	var tile controlroom.TileState
	var whole struct {
		Seq   uint64                  `json:"seq"`
		Tiles []controlroom.TileState `json:"tiles"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		panic(err)
	}
	json.Unmarshal(text, &whole)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.texts = append(b.texts, m)
	switch m["type"] {
	case "tile":
		json.Unmarshal(text, &tile)
		b.tiles[tile.Cell] = tile
		b.seqs = append(b.seqs, whole.Seq)
	case "tiles":
		b.tiles = map[int]controlroom.TileState{}
		for _, t := range whole.Tiles {
			b.tiles[t.Cell] = t
		}
		b.seqs = append(b.seqs, whole.Seq)
	}
}

func (b *tab) say(t *testing.T, text string) {
	t.Helper()
	b.Receive(t.Context(), []byte(text))
}

func (b *tab) want(t *testing.T, version int, w []controlroom.TileWant) {
	t.Helper()
	list, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	b.say(t, fmt.Sprintf(`{"type":"tiles","version":%d,"tiles":%s}`, version, list))
}

func (b *tab) cell(n int) controlroom.TileState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tiles[n]
}

// heard counts the messages of a kind for which all given fields hold.
func (b *tab) heard(kind string, fields ...any) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, m := range b.texts {
		ok := m["type"] == kind
		for i := 0; i+1 < len(fields); i += 2 {
			ok = ok && fmt.Sprint(m[fields[i].(string)]) == fmt.Sprint(fields[i+1])
		}
		if ok {
			n++
		}
	}
	return n
}

func (b *tab) dump() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out, _ := json.Marshal(b.texts)
	return string(out)
}

// frames of the mid so far.
func (v *viewer) frames(mid string) uint64 {
	for _, s := range v.peer.Stats() {
		if s.Mid == mid {
			return s.Frames
		}
	}
	return 0
}

// flows waits until the cell is live and new frames come on its mid, and returns it.
func (v *viewer) flows(t *testing.T, cell int) (mid string) {
	t.Helper()
	before := uint64(0)
	poll(t, 10*time.Second, fmt.Sprintf("frames on cell %d", cell), func() bool {
		c := v.cell(cell)
		if c.State != controlroom.StateLive || c.Mid == "" {
			mid = ""
			return false
		}
		n := v.frames(c.Mid)
		if c.Mid != mid {
			mid, before = c.Mid, n
		}
		return n > before+5
	})
	return mid
}

// silentAfter waits until nothing comes on the mid any more, seen at looks and
// not by the clock, which goes on while this process does not. It returns how
// long after start the last packet was.
func (v *viewer) silentAfter(t *testing.T, mid string, start time.Time) time.Duration {
	t.Helper()
	var last time.Time
	quiet := 0
	poll(t, 10*time.Second, "silence on "+mid, func() bool {
		was := last
		for _, s := range v.peer.Stats() {
			if s.Mid == mid {
				last = s.LastPacket
			}
		}
		if quiet++; !last.Equal(was) {
			quiet = 0
		}
		return quiet > 100
	})
	return last.Sub(start)
}

// busy is what a loaded machine is given: limits are this many times as long.
const busy = 6

func poll(t *testing.T, d time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(busy * d)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// within waits for a channel to be closed.
func within(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(busy * 10 * time.Second):
		t.Fatalf("never: %s", what)
	}
}

// bolt is a fresh store for tests that do not depend on which it is.
func bolt(t *testing.T) kv.Store {
	t.Helper()
	s, err := boltkv.Open(t.Context(), filepath.Join(t.TempDir(), "store"), boltkv.Config{Timeout: storeWait})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
