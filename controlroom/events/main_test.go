package events

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder notes what an archive would be told.
type recorder struct {
	mu sync.Mutex
	at map[string][]time.Time
}

func (r *recorder) Notice(camera string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = map[string][]time.Time{}
	}
	r.at[camera] = append(r.at[camera], at)
}

func (r *recorder) told(camera string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.at[camera])
}

// patience is what a call to the store may take beside other tests.
const patience = time.Minute

// quick ends events a hundred times sooner than people want.
func quick(store kv.Store) Config {
	return Config{Store: store, Silence: 300 * time.Millisecond, Hold: 3 * time.Second, Rate: 1000, Timeout: patience}
}

func onBolt(t testing.TB) kv.Store {
	t.Helper()
	s, err := boltkv.Open(t.Context(), filepath.Join(t.TempDir(), "store"), boltkv.Config{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func onRedis(t testing.TB) kv.Store {
	t.Helper()
	s, err := rediskv.Open(t.Context(), redistest.Start(t).URL(), rediskv.Config{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func onBoth(t *testing.T, test func(t *testing.T, store kv.Store)) {
	t.Parallel()
	t.Run("bolt", func(t *testing.T) { t.Parallel(); test(t, onBolt(t)) })
	t.Run("redis", func(t *testing.T) { t.Parallel(); test(t, onRedis(t)) })
}

// node runs events of a store; kill ends it as the loss of power would.
type node struct {
	*Events
	rec  *recorder
	kill context.CancelFunc
}

func start(t testing.TB, cfg Config) *node {
	t.Helper()
	n := &node{rec: &recorder{}}
	cfg.Recorder = n.rec
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	n.Events = e
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = e.Run(ctx) }()
	n.kill = sync.OnceFunc(func() {
		e.mu.Lock()
		e.running = map[place]*running{} // what it knew is gone with it
		e.mu.Unlock()
		cancel()
		<-done
	})
	t.Cleanup(func() { cancel(); <-done })
	return n
}

func report(t testing.TB, n *node, r Report) {
	t.Helper()
	if r.Source == "" {
		r.Source = FromHook
	}
	if err := n.Report(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func list(t testing.TB, n *node, camera string) []Event {
	t.Helper()
	out, err := n.List(t.Context(), camera, time.Time{}, time.Time{}, MaxPage, "")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func poll(t testing.TB, what string, cond func() bool) {
	t.Helper()
	pollFor(t, 40*time.Second, what, cond)
}

func pollFor(t testing.TB, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s", limit, what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

// fed is what the feed of camera events tells.
func fed(t testing.TB, store kv.Store) (out []event.CameraEvent) {
	t.Helper()
	all, err := event.Recent(t.Context(), store, event.CameraEvents, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if ev, ok := e.Event.(event.CameraEvent); ok {
			out = append(out, ev)
		}
	}
	return out
}

// made is a new camera's id; its record is there, as the authority would write it.
func made(t testing.TB, store kv.Store) string {
	t.Helper()
	id := authz.NewID()
	if _, err := store.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control,
		Writes: []kv.Write{{Key: authz.CameraPrefix + id, Data: []byte("{}")}}}); err != nil {
		t.Fatal(err)
	}
	return id
}
