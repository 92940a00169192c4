package gallery

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"net/netip"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/authz"
	"sightline/ingest/intake"
	"sightline/internal/blob"
	"sightline/internal/blob/dirblob"
	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

func TestMain(m *testing.M) {
	if child() {
		return
	}
	goleak.VerifyTestMain(m)
}

// world is a store with an authority and a gallery that runs.
type world struct {
	store   kv.Store
	blobs   blob.Store
	auth    *authz.Authority
	gallery *Gallery
}

func onBoth(t *testing.T, cfg Config, test func(*testing.T, *world)) {
	t.Run("bolt", func(t *testing.T) { test(t, newWorld(t, bolt(t, t.TempDir()), cfg)) })
	t.Run("redis", func(t *testing.T) {
		s, err := rediskv.Open(t.Context(), redistest.Start(t).URL(), rediskv.Config{Timeout: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, newWorld(t, s, cfg))
	})
}

func bolt(t testing.TB, dir string) kv.Store {
	t.Helper()
	s, err := boltkv.Open(t.Context(), filepath.Join(dir, "store"), boltkv.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newWorld(t *testing.T, s kv.Store, cfg Config) *world {
	t.Helper()
	w := newStill(t, s, cfg)
	w.run(t, w.gallery)
	return w
}

// patience is for calls of the store: a busy machine is no fault of the gallery's.
const patience = 20 * time.Second

// newStill is newWorld whose gallery does nothing by itself.
func newStill(t *testing.T, s kv.Store, cfg Config) *world {
	t.Helper()
	w := &world{store: s}
	if err := event.Register(t.Context(), s, kv.Control, "test"); err != nil { // told looks at what was said: it is not trimmed
		t.Fatal(err)
	}
	box, err := seal.New(seal.Key{ID: "k1", Secret: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	plans := authz.DefaultPlans()
	plans[authz.PlanMini] = authz.PlanRules{Originals: 10_000}
	w.auth = authz.New(authz.Config{Store: s, Seal: box, Node: "n", Timeout: patience, Plans: plans})
	if w.blobs = cfg.Blobs; w.blobs == nil {
		if w.blobs, err = dirblob.Open(filepath.Join(t.TempDir(), "images")); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.blobs.Close() })
	}
	if cfg.CameraRate == 0 {
		cfg.CameraRate = 10_000
	}
	cfg.Store, cfg.Blobs, cfg.Authority, cfg.Call = s, w.blobs, w.auth, patience
	if w.gallery, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { w.auth.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	w.poll(t, "the authority is ready", func() bool { return w.auth.Ready() == nil })
	return w
}

// run lets a gallery work until the test is over.
func (w *world) run(t *testing.T, g *Gallery) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { g.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
}

func (w *world) poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("waited 40 s: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func (w *world) person(t *testing.T, name string, plan authz.Plan) authz.Subject {
	t.Helper()
	pass, email := secret.New("correct horse "+name), name+"@example.org"
	if _, err := w.auth.AddAccount(t.Context(), authz.Operator, authz.NewAccount{Email: email, Plan: plan,
		Profile: authz.Profile{Name: name, Password: pass, Language: "en", Zone: "Europe/Kyiv"}}); err != nil {
		t.Fatal(err)
	}
	l, err := w.auth.SignIn(t.Context(), email, pass, authz.Client{IP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	return l.Subject
}

func (w *world) camera(t *testing.T, s authz.Subject, name string) string {
	t.Helper()
	c, err := w.auth.CreateCamera(t.Context(), s, authz.CameraSpec{Name: name, Zone: "UTC", Kind: authz.CameraStill})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// group is a new group of owner with these members.
func (w *world) group(t *testing.T, owner authz.Subject, name string, members ...authz.Subject) string {
	t.Helper()
	g, err := w.auth.CreateGroup(t.Context(), owner, name)
	if err != nil {
		t.Fatal(err)
	}
	code, err := w.auth.CreateShareCode(t.Context(), owner, g.Group.ID, authz.RoleMember, 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if _, err := w.auth.JoinGroup(t.Context(), m, code.Code.Reveal()); err != nil {
			t.Fatal(err)
		}
	}
	return g.Group.ID
}

func (w *world) share(t *testing.T, owner authz.Subject, group, camera string) {
	t.Helper()
	if _, err := w.auth.ShareInGroup(t.Context(), owner, group, camera, false); err != nil {
		t.Fatal(err)
	}
}

// send hands an image in and fails the test when it is refused.
func (w *world) send(t *testing.T, camera string, data []byte) string {
	t.Helper()
	r, err := w.gallery.Accept(t.Context(), intake.Arrival{Camera: camera, Data: data, Via: intake.ViaHTTP})
	if err != nil {
		t.Fatal(err)
	}
	return r.Image
}

func (w *world) list(t *testing.T, s authz.Subject, q Query) []Image {
	t.Helper()
	p, err := w.gallery.List(t.Context(), s, q)
	if err != nil {
		t.Fatal(err)
	}
	return p.Images
}

func (w *world) usage(t *testing.T, s authz.Subject) Usage {
	t.Helper()
	u, err := w.gallery.Usage(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// files is how many blobs there are.
func (w *world) files(t *testing.T) int {
	t.Helper()
	n := 0
	if err := w.blobs.List(t.Context(), "", func(blob.Info) bool { n++; return true }); err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) batch(t *testing.T, s authz.Subject, do Do, ids ...string) {
	t.Helper()
	done, failed, err := w.gallery.Batch(t.Context(), s, ids, do, "")
	if err != nil || len(failed) > 0 || len(done) != len(ids) {
		t.Fatalf("%s: %d of %d done, %v, %v", do, len(done), len(ids), failed, err)
	}
}

// tick waits until the store's clock shows another millisecond: images of one are
// in no order.
func (w *world) tick(t *testing.T) {
	t.Helper()
	now := func() int64 {
		snap, err := w.store.Read(t.Context(), kv.Control, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return snap.Now.UnixMilli()
	}
	for was := now(); now() == was; {
	}
}

// alike is pic of one length for all n up to 65,535.
func alike(t testing.TB, n int) []byte {
	t.Helper()
	b := pic(t, n)
	return append(b, make([]byte, 1000-len(b))...) // behind its end: stored as it is
}

// pic is the n-th of many different pictures, about 1 KB.
func pic(t testing.TB, n int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 32, 24))
	for i := range 16 {
		if n>>i&1 == 1 {
			for y := range 6 {
				for x := range 8 {
					img.SetGray(i%4*8+x, i/4*6+y, color.Gray{255})
				}
			}
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// stepped is a clock that a test moves.
type stepped struct {
	clock.Clock
	by time.Duration
}

func (c *stepped) Now() time.Time { return c.Clock.Now().Add(c.by) }

// rows reads all records of an account.
func (w *world) rows(t *testing.T, account string) map[string]row {
	t.Helper()
	out := map[string]row{}
	from := ""
	for {
		snap, err := w.store.Read(t.Context(), kv.Bulk(account), nil, []kv.Scan{{Prefix: pRow, From: from}})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range snap.Scans[0] {
			r, err := parseRow(v)
			if err != nil {
				t.Fatal(err)
			}
			out[v.Key[len(pRow):]] = r
		}
		if len(snap.Scans[0]) < kv.MaxScan {
			return out
		}
		from = snap.Scans[0][kv.MaxScan-1].Key + "\x00"
	}
}

// sumsAreRight compares what is counted with what is there.
func (w *world) sumsAreRight(t *testing.T, account string) {
	t.Helper()
	want := sums{Cameras: map[string]tally{}, Senders: map[string]tally{}}
	days := map[string]int{}
	for _, r := range w.rows(t, account) {
		want.count(r, 1)
		days[r.Day]++
	}
	snap, err := w.store.Read(t.Context(), kv.Bulk(account), []string{kSums}, []kv.Scan{{Prefix: pDay}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseSums(snap.Values[0])
	if err != nil || got.Used != want.Used || got.Count != want.Count || len(got.Cameras) != len(want.Cameras) || len(got.Senders) != len(want.Senders) {
		t.Errorf("counted %d images of %d bytes, there are %d of %d (%v)", got.Count, got.Used, want.Count, want.Used, err)
	}
	for _, v := range snap.Scans[0] {
		day := v.Key[len(pDay):]
		if string(v.Data) != strconv.Itoa(days[day]) {
			t.Errorf("%s has %s images, there are %d", day, v.Data, days[day])
		}
	}
}
