package events

import (
	"context"
	"sync"
	"testing"
	"time"

	"sightline/ingest"
	"sightline/internal/event"
	"sightline/internal/kv"
)

// sight is a fleet of one camera that a test makes see and not see.
type sight struct {
	mu     sync.Mutex
	camera string
	status ingest.Status
	fn     func(string, ingest.CameraState)
}

func (s *sight) state() ingest.CameraState {
	var c ingest.CameraState
	c.Layers[ingest.Main].Status = s.status
	return c
}

func (s *sight) set(status ingest.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
	if s.fn != nil {
		s.fn(s.camera, s.state())
	}
}

func (s *sight) State(id string) (ingest.CameraState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state(), id == s.camera
}

func (s *sight) Watch(fn func(string, ingest.CameraState)) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fn = fn
	fn(s.camera, s.state())
	return func() {}
}

func (s *sight) Streams(string) (ingest.Streams, bool)      { return ingest.Streams{}, false }
func (s *sight) Hold(string, ingest.Layer) (release func()) { return func() {} }

// What is seen by one node is not lost; lost and back are told once, and a start
// is neither.
func TestLostOnAllNodes(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		cam := made(t, store)
		nodes, eyes := [2]*node{}, [2]*sight{}
		for i := range nodes {
			eyes[i] = &sight{camera: cam, status: ingest.Connecting}
			cfg := quick(store)
			cfg.Fleet, cfg.LostAfter, cfg.BackAfter, cfg.Settle = eyes[i], 400*time.Millisecond, 200*time.Millisecond, time.Hour
			nodes[i] = start(t, cfg)
		}
		kinds := func() (all []string) {
			for _, e := range list(t, nodes[0], cam) {
				all = append(all, e.Kind)
			}
			return all
		}
		told := func(lost bool) func() bool {
			return func() bool {
				snap, err := nodes[0].read(t.Context(), []string{pState + cam})
				if err != nil {
					t.Fatal(err)
				}
				c, ok := parse[connection](snap.Values[0])
				return ok && c.Lost == lost
			}
		}
		seen := func(n int) func() bool {
			return func() bool {
				snap, err := nodes[0].read(t.Context(), nil, kv.Scan{Prefix: pNode})
				if err != nil {
					t.Fatal(err)
				}
				at := 0
				for _, v := range snap.Scans[0] {
					if w, ok := parse[viewed](v); ok {
						at += len(w.Live)
					}
				}
				return at == n
			}
		}
		eyes[0].set(ingest.Live)
		eyes[1].set(ingest.Live)
		poll(t, "the first pictures to be noted", told(false))
		poll(t, "both nodes to say what they see", seen(2))
		eyes[0].set(ingest.Offline)
		poll(t, "one node to say that it sees nothing", seen(1))
		<-time.After(time.Second) // more than twice LostAfter: long enough to be wrong
		if k := kinds(); len(k) != 0 {
			t.Fatalf("one node sees it, and told is %v", k)
		}
		eyes[1].set(ingest.Offline)
		poll(t, "it to be lost", told(true))
		eyes[0].set(ingest.Live)
		poll(t, "it to be back", told(false))
		if k := kinds(); len(k) != 2 || k[0] != Back || k[1] != Lost {
			t.Errorf("told is %v", k)
		}
		eyes[0].set(ingest.Idle)
		eyes[1].set(ingest.Idle)
		<-time.After(time.Second)
		if k := kinds(); len(k) != 2 {
			t.Errorf("of a camera that is switched off %v is told", k)
		}
	})
}

// deaf is a store whose hints are all lost.
type deaf struct{ kv.Store }

func (deaf) Watch(context.Context, kv.Space) <-chan struct{} { return make(chan struct{}) }

// A node that has not heard what another one sees looks before it tells.
func TestLostIsNotToldUnheard(t *testing.T) {
	t.Parallel()
	store := onBolt(t)
	cam := made(t, store)
	begin := func(s kv.Store) *sight {
		eye := &sight{camera: cam, status: ingest.Live}
		cfg := quick(s)
		cfg.Fleet, cfg.LostAfter, cfg.BackAfter, cfg.Settle = eye, 400*time.Millisecond, 200*time.Millisecond, time.Hour
		start(t, cfg)
		return eye
	}
	views := func(n int) func() bool {
		return func() bool {
			snap, err := store.Read(t.Context(), event.CameraEvents, []string{pState + cam}, []kv.Scan{{Prefix: pNode}})
			if err != nil {
				t.Fatal(err)
			}
			return len(snap.Scans[0]) == n && snap.Values[0].Exists()
		}
	}
	eye := begin(deaf{store})
	poll(t, "its view", views(1))
	begin(store)
	poll(t, "the other's view", views(2))
	eye.set(ingest.Offline)
	<-time.After(time.Second) // more than twice LostAfter: long enough to be wrong
	if got := fed(t, store); len(got) != 0 {
		t.Errorf("the other node sees it, and told is %+v", got)
	}
}
