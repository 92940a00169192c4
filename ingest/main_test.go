package ingest

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/clock"
	"sightline/internal/secret"
	"sightline/internal/testcam"
	"sightline/internal/testpeer"
	"sightline/sfu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick are waits short enough for tests; what a busy machine might meet is not.
var quick = Timing{
	Handshake: time.Minute, MediaSilence: 10 * time.Second, KeySilence: 30 * time.Second, Offline: 2 * time.Second,
	RetryFirst: 50 * time.Millisecond, RetryMax: 400 * time.Millisecond, RetryLogin: 30 * time.Second,
}

// pauses tells what the machine stood still from now on.
func pauses(t *testing.T) *testpeer.Pauses {
	t.Helper()
	w := testpeer.NewPauses()
	t.Cleanup(w.Close)
	return w
}

// when is the time of a clock.Mono that has passed.
func when(mono int64) time.Time { return time.Now().Add(-time.Duration(clock.Mono() - mono)) }

// told is what a fleet tells of a layer: a status that lasts for a moment only is in it.
type told struct {
	mu   sync.Mutex
	list []LayerState
}

func follow(t *testing.T, f *Fleet, id string, l Layer) *told {
	t.Helper()
	k := &told{}
	t.Cleanup(f.Watch(func(of string, s CameraState) {
		if of == id {
			k.mu.Lock()
			k.list = append(k.list, s.Layers[l])
			k.mu.Unlock()
		}
	}))
	return k
}

// next waits for a status after the one returned before.
func (k *told) next(t *testing.T, want Status, limit time.Duration) (s LayerState) {
	t.Helper()
	eventually(t, limit, "the layer is told as "+string(want), func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		for i := range k.list {
			if s = k.list[i]; s.Status == want {
				k.list = k.list[i+1:]
				return true
			}
		}
		return false
	})
	return s
}

func loopGuard() *Guard {
	return NewGuard(GuardConfig{Loopback: true, OwnAddrs: func() []netip.Addr { return nil }})
}

func newFleet(t *testing.T, tm Timing) *Fleet {
	t.Helper()
	f := New(Config{Guard: loopGuard(), Timing: tm, MainLinger: 300 * time.Millisecond})
	t.Cleanup(f.Close)
	return f
}

func newCam(t *testing.T, cfg testcam.Config) *testcam.Camera {
	t.Helper()
	c, err := testcam.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func clip(t *testing.T, s testcam.Spec) *testcam.Clip {
	t.Helper()
	c, err := testcam.Make(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// short is the usual clip: half a second between key frames.
func short(t *testing.T) *testcam.Clip {
	return clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond})
}

func sourceOf(id string, c *testcam.Camera) Source {
	return Source{ID: id, Main: c.Main(), Enabled: true}
}

func withLogin(s Source, user, password string) Source {
	s.User, s.Password = user, secret.New(password)
	return s
}

// busy is what a loaded machine is given: limits are this many times as long.
const busy = 4

// eventually polls until ok or the time is over.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(busy * limit)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", busy*limit, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (f *Fleet) layer(id string, l Layer) LayerState {
	s, _ := f.State(id)
	return s.Layers[l]
}

func (f *Fleet) status(id string, l Layer) Status { return f.layer(id, l).Status }

func waitStatus(t *testing.T, f *Fleet, id string, l Layer, want Status, limit time.Duration) LayerState {
	t.Helper()
	deadline := time.Now().Add(busy * limit)
	for {
		s, _ := f.State(id)
		if s.Layers[l].Status == want {
			return s.Layers[l]
		}
		if time.Now().After(deadline) {
			t.Fatalf("camera %s %v is %+v, want %s within %v", id, l, s.Layers[l], want, limit)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// waitOffline waits until a layer is offline and says why: a busy machine may
// have called it offline before it knew.
func waitOffline(t *testing.T, f *Fleet, id string, l Layer, says string, limit time.Duration) (s LayerState) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("camera %s %v is %+v", id, l, s)
		}
	}()
	eventually(t, limit, "offline, and says "+says, func() bool {
		s = f.layer(id, l)
		return s.Status == Offline && strings.Contains(s.Detail, says)
	})
	return s
}

// taken is a sink that keeps what it gets.
type taken struct {
	mu     sync.Mutex
	frames []sfu.Frame
	format sfu.Format
	late   time.Duration // longest from arrival to here
	pause  time.Duration // longest between two, where counted
	closed bool
}

func (k *taken) lateness() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.late
}

func (k *taken) longest() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pause
}

func take(t *testing.T, s *sfu.Stream) *taken {
	k := &taken{}
	t.Cleanup(s.AddSink(k))
	return k
}

func (k *taken) Frame(f sfu.Format, fr *sfu.Frame) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.format = f
	k.frames = append(k.frames, *fr)
	k.late = max(k.late, time.Duration(clock.Mono()-fr.Mono))
}

func (k *taken) Closed() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
}

func (k *taken) ended() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closed
}

func (k *taken) all() []sfu.Frame {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]sfu.Frame(nil), k.frames...)
}

func (k *taken) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.frames)
}

func (k *taken) wait(t *testing.T, n int, limit time.Duration) []sfu.Frame {
	t.Helper()
	eventually(t, limit, "enough frames", func() bool { return k.count() >= n })
	return k.all()
}

func testcamConfig(t *testing.T) testcam.Config { return testcam.Config{Main: short(t)} }
