package ingest

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/clock"
	"sightline/internal/secret"
	"sightline/internal/testcam"
	"sightline/sfu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick are waits short enough for tests.
var quick = Timing{
	Handshake: 5 * time.Second, MediaSilence: 2 * time.Second, KeySilence: 15 * time.Second, Offline: 2 * time.Second,
	RetryFirst: 50 * time.Millisecond, RetryMax: 400 * time.Millisecond, RetryLogin: 30 * time.Second,
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

func (f *Fleet) status(id string, l Layer) Status {
	s, _ := f.State(id)
	return s.Layers[l].Status
}

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
