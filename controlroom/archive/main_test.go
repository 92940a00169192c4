package archive

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/ingest"
	"sightline/internal/ffmpeg"
	"sightline/internal/testcam"
	"sightline/sfu"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		recordForEver()
		return
	}
	goleak.VerifyTestMain(m)
}

// ringAge is how far the streams of tests reach back.
const ringAge = 6 * time.Second

// quick are waits short enough for tests.
var quick = ingest.Timing{
	Handshake: 5 * time.Second, MediaSilence: 2 * time.Second, KeySilence: 15 * time.Second, Offline: 2 * time.Second,
	RetryFirst: 50 * time.Millisecond, RetryMax: 400 * time.Millisecond, RetryLogin: 30 * time.Second,
}

func newFleet() *ingest.Fleet { return fleetWith(nil) }

func fleetWith(tool *ffmpeg.Tool) *ingest.Fleet { return fleetRing(tool, ringAge) }

func fleetRing(tool *ffmpeg.Tool, ringAge time.Duration) *ingest.Fleet {
	return ingest.New(ingest.Config{
		FFmpeg: tool,
		Stream: sfu.StreamConfig{RingAge: ringAge},
		Guard:  ingest.NewGuard(ingest.GuardConfig{Loopback: true, OwnAddrs: func() []netip.Addr { return nil }}),
		Timing: quick, MainLinger: 300 * time.Millisecond,
	})
}

// shifted is the machine's clock, and so much later.
type shifted struct {
	mu  sync.Mutex
	off time.Duration
}

func (c *shifted) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.off)
}

func (c *shifted) shift(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.off += by
}

// world is an archive with real cameras.
type world struct {
	t     *testing.T
	fleet *ingest.Fleet
	clock *shifted
	cfg   Config
	a     *Archive
	stop  context.CancelFunc
	ended chan struct{}
}

func newWorld(t *testing.T, cfg Config) *world {
	t.Helper()
	return newWorldRing(t, cfg, ringAge)
}

// finding is held while ffmpeg is asked for its version: sixteen at once are late
// on a busy machine.
var finding sync.Mutex

func find(t *testing.T) *ffmpeg.Tool {
	t.Helper()
	finding.Lock()
	defer finding.Unlock()
	tool, err := ffmpeg.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

// newWorldRing is newWorld whose streams reach back so far.
func newWorldRing(t *testing.T, cfg Config, ring time.Duration) *world {
	t.Helper()
	w := &world{t: t, fleet: fleetRing(find(t), ring), // the tool makes Opus of AAC
		clock: &shifted{}, cfg: cfg}
	t.Cleanup(w.fleet.Close)
	if len(cfg.Disks) == 0 {
		w.cfg.Disks = []Disk{{Path: t.TempDir()}}
	}
	if w.cfg.Reserve == 0 {
		w.cfg.Reserve = 1 << 20
	}
	w.cfg.Sources, w.cfg.Clock = w.fleet, w.clock
	w.start()
	t.Cleanup(func() { w.end() })
	return w
}

func (w *world) start() {
	w.t.Helper()
	a, err := New(w.cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	w.a, w.stop, w.ended = a, stop, make(chan struct{})
	go func() { a.Run(ctx); close(w.ended) }()
}

func (w *world) end() {
	if w.a != nil {
		w.stop()
		<-w.ended
		w.a.Close()
		w.a = nil
	}
}

// camera starts a real RTSP camera that the fleet pulls.
func (w *world) camera(id string, clip *testcam.Clip) *testcam.Camera {
	w.t.Helper()
	c, err := testcam.New(testcam.Config{Main: clip})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(c.Close)
	w.fleet.Set(ingest.Source{ID: id, Main: c.Main(), Enabled: true})
	return c
}

func (w *world) record(id string, p Policy) {
	w.t.Helper()
	if p.Mode == "" {
		p.Mode = ModeContinuous
	}
	if err := w.a.SetPolicy(id, p, time.UTC); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) segments(id string) []Segment {
	w.t.Helper()
	out, err := w.a.Segments(w.t.Context(), id, Main, always(), 0, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func always() Span {
	return Span{time.Now().Add(-100 * 24 * time.Hour), time.Now().Add(100 * 24 * time.Hour)}
}

// busy is what a loaded machine is given: limits are this many times as long.
const busy = 4

func poll(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(busy * limit)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", busy*limit, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func clip(t *testing.T, s testcam.Spec) *testcam.Clip {
	t.Helper()
	c, err := testcam.Make(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func short(t *testing.T) *testcam.Clip {
	return clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond})
}

// decode runs ffmpeg over a file, any complaint is a failure. Pictures are timed on
// the file's own scale, not rounded to 25 a second.
func decode(t *testing.T, file string) {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-xerror", "-i", file, "-enc_time_base", "-1", "-f", "null", "-").CombinedOutput()
	// Of pictures out of order two may be shown at one time when the machine was
	// held up; the decoder takes both, ffmpeg's muxer remarks on it.
	said := slices.DeleteFunc(strings.Split(strings.TrimSpace(string(out)), "\n"), func(l string) bool {
		return l == "" || strings.Contains(l, "non monotonically increasing dts")
	})
	if err != nil || len(said) > 0 {
		t.Errorf("%s does not decode: %v\n%s", filepath.Base(file), err, out)
	}
}

// files are all segments on a disk.
func files(t *testing.T, disk string) []string {
	t.Helper()
	out, err := filepath.Glob(filepath.Join(disk, dirCams, "*", "*", "*", "*"+fileMedia))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// consistent checks what must hold for any list of segments.
func consistent(t *testing.T, list []Segment) {
	t.Helper()
	list = unwind(slices.Clone(list)) // what a late disk had taken twice is two runs
	for i, s := range list {
		if !s.From.Before(s.To) || len(s.Fragments) == 0 {
			t.Errorf("segment %s lasts from %v to %v with %d fragments", s.ID, s.From, s.To, len(s.Fragments))
			continue
		}
		if !s.Fragments[0].Key || !s.Fragments[0].At.Equal(s.From) {
			t.Errorf("segment %s begins at %v with %+v", s.ID, s.From, s.Fragments[0])
		}
		end := s.Fragments[0].Offset
		for _, f := range s.Fragments {
			if f.Duration <= 0 || f.Offset != end {
				t.Errorf("segment %s has the fragment %+v where %d begins", s.ID, f, end)
			}
			end = f.Offset + f.Bytes
		}
		if end != s.Bytes {
			t.Errorf("segment %s has %d bytes, its fragments end at %d", s.ID, s.Bytes, end)
		}
		if i > 0 && s.Continues && (s.From.Sub(list[i-1].To).Abs() > 25*time.Millisecond || s.Init != list[i-1].Init) { // of the first, retention may have removed what it continues
			t.Errorf("segment %s continues none: it begins %v behind %s, heads %s and %s", s.ID, s.From.Sub(list[i-1].To), list[i-1].ID, s.Init, list[i-1].Init)
		}
	}
}

// breaks is how often a list does not go on: where a machine was held up for a
// second or two, too.
func breaks(list []Segment) (n int) {
	for _, s := range list[min(1, len(list)):] {
		if !s.Continues {
			n++
		}
	}
	return n
}

// unbroken is where so many closed segments begin that go on, each at least so
// long; -1: there are none (yet).
func unbroken(list []Segment, n int, least time.Duration) int {
	in := 0
	for i, s := range list {
		switch {
		case s.Growing || s.To.Sub(s.From) < least:
			in = 0
		case in > 0 && s.Continues:
			in++
		default:
			in = 1
		}
		if in == n {
			return i + 1 - n
		}
	}
	return -1
}

// heads are the segments with which another configuration begins.
func heads(list []Segment) (out []Segment) {
	for i, s := range list {
		if i == 0 || s.Init != list[i-1].Init {
			out = append(out, s)
		}
	}
	return out
}

// packets is how many of sound are in closed segments.
func (w *world) packets(list []Segment) (n int) {
	w.t.Helper()
	for _, s := range list {
		if s.Growing || !s.Sound {
			continue
		}
		tables, err := w.a.samples(w.t.Context(), &s)
		if err != nil {
			w.t.Fatal(err)
		}
		n += len(flatten(nil, tables, soundTrack))
	}
	return n
}

func (w *world) disk() string { return w.cfg.Disks[0].Path }

func say(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }
