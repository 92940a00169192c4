package archive

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/fault"
	"sightline/internal/testcam"
)

func TestRecordsWhatCanBePlayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Segment: 3 * time.Second})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	began := time.Now()
	var list, all []Segment
	poll(t, 30*time.Second, "two segments of three seconds and one that grows, each going on from the other", func() bool {
		all = w.segments("gate")
		list = all[max(0, len(all)-3):]
		return len(list) == 3 && unbroken(list[:2], 2, 2*time.Second) == 0 && list[0].To.Sub(list[0].From) < 4*time.Second && // pictures come late on a busy machine
			list[2].Continues && list[2].Growing
	})
	consistent(t, all)
	if off := all[0].From.Sub(began); off < -time.Second || off > busy*10*time.Second {
		t.Errorf("it begins %v after it was asked for", off)
	}
	spans, err := w.a.Coverage(t.Context(), "gate", Main, Span{all[0].From.Add(-time.Hour), list[2].To})
	if err != nil || len(spans) == 0 || len(spans) > 1+breaks(all) || !spans[0].From.Equal(all[0].From) {
		t.Errorf("%+v %v", spans, err)
	}
	days, err := w.a.Days(t.Context(), "gate", time.UTC)
	if err != nil || len(days) == 0 || days[0].Date != all[0].From.Format(time.DateOnly) || days[0].Bytes == 0 {
		t.Errorf("%+v %v", days, err)
	}
	poll(t, 10*time.Second, "its status", func() bool {
		st := w.a.Status("gate")
		return st.Recording && st.Bytes > 0 && st.Error == "" && !st.Oldest.IsZero()
	})

	// What grows can be read as far as it is listed, and plays.
	grows := w.readAll(list[len(list)-1])
	if int64(len(grows)) < list[len(list)-1].Bytes {
		t.Errorf("%d bytes of %d", len(grows), list[len(list)-1].Bytes)
	}
	init, err := w.a.Init(t.Context(), "gate", list[0].Init)
	if err != nil || !bytes.HasPrefix(grows, init) {
		t.Errorf("the head is not that of the file: %v", err)
	}
	// Any fragments behind the head play, as a playlist has them.
	f := list[1].Fragments[len(list[1].Fragments)/2:]
	whole := w.readAll(list[1])
	part := filepath.Join(t.TempDir(), "part.mp4")
	if i := slices.IndexFunc(f, func(f Fragment) bool { return f.Key }); i < 0 {
		t.Error("no fragment in the second half begins with a key frame")
	} else if err := os.WriteFile(part, append(bytes.Clone(init), whole[f[i].Offset:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	decode(t, part)

	w.end()
	for _, f := range files(t, w.disk()) {
		decode(t, f)
	}
	if marks, _ := os.ReadDir(filepath.Join(w.disk(), dirOpen)); len(marks) != 0 {
		t.Errorf("%d segments are still open", len(marks))
	}
	w.start() // the second start lists the same (F25)
	again := w.segments("gate")
	if len(again) < len(all) || again[0].ID != all[0].ID || again[len(again)-1].Growing || again[len(again)-1].Repaired {
		t.Errorf("%+v", again)
	}
	consistent(t, again)
}

func (w *world) readAll(s Segment) []byte {
	w.t.Helper()
	var out []byte
	p := make([]byte, 4096)
	for {
		n, err := w.a.ReadAt(w.t.Context(), s.Camera, s.ID, p, int64(len(out)))
		out = append(out, p[:n]...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestSoundIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Segment: 2 * time.Second})
	w.camera("gate", clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond, Sound: testcam.PCMU}))
	w.record("gate", Policy{Sound: true})
	var list []Segment
	at := -1
	poll(t, 30*time.Second, "two whole segments with sound", func() bool {
		list = w.segments("gate")
		at = unbroken(list, 2, 1500*time.Millisecond)
		return at >= 0 && w.packets(list[at+1:at+2]) > int(list[at+1].To.Sub(list[at+1].From)/(40*time.Millisecond)) // of 20 ms each
	})
	consistent(t, list)
	if st := w.a.Status("gate"); st.Sound != "" {
		t.Errorf("%+v", st)
	}
	w.end()
	for _, f := range files(t, w.disk()) {
		decode(t, f)
	}
	s := list[at+1]
	name := filepath.Join(w.disk(), layerDir("gate", Main), s.From.Format(time.DateOnly))
	_, n, _, _ := parseSegmentID(s.ID)
	if sound, video := length(t, filepath.Join(name, fileName(n)), "a"), s.To.Sub(s.From); sound < video/2 || sound > video+2*time.Second { // pictures may come so late
		t.Errorf("%v of sound beside %v of pictures", sound, video)
	}
}

// Another picture size is another configuration: a segment and a head of its own.
func TestAnotherConfigurationIsAnotherSegment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	first := w.camera("gate", short(t))
	w.record("gate", Policy{})
	poll(t, 20*time.Second, "a fragment", func() bool { return len(w.segments("gate")) > 0 })
	first.Close()
	poll(t, 20*time.Second, "the end of it while the camera is away", func() bool {
		list := w.segments("gate")
		return !w.a.Status("gate").Recording && !list[len(list)-1].Growing
	})
	n := len(w.segments("gate"))
	w.camera("gate", clip(t, testcam.Spec{Seconds: 4, Width: 640, Height: 360, GOP: 500 * time.Millisecond}))
	poll(t, 20*time.Second, "a second segment", func() bool { return len(w.segments("gate")) > n })
	list := w.segments("gate")
	consistent(t, list)
	if list[n-1].Init == list[n].Init || list[n].Continues || len(heads(list)) != 2 {
		t.Errorf("%+v", list)
	}
	w.end()
	for _, f := range files(t, w.disk()) {
		decode(t, f)
	}
}

// H.265 and pictures that are sent in another order than they are shown.
func TestOtherCodings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Segment: 2 * time.Second})
	w.camera("h265", clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond, Codec: testcam.H265}))
	w.camera("reordered", clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second, BFrames: 2}))
	w.camera("aac", clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second, Sound: testcam.AAC}))
	for _, id := range []string{"h265", "reordered", "aac"} {
		w.record(id, Policy{Sound: true})
	}
	for _, id := range []string{"h265", "reordered", "aac"} {
		sound := id == "aac"
		var list []Segment
		poll(t, 30*time.Second, id+": segments that go on", func() bool {
			list = w.segments(id)
			n := len(list) - 1
			return n > 2 && list[n].Continues && list[n-1].Continues && list[n-1].Sound == sound
		})
		consistent(t, list)
	}
	w.end()
	for _, f := range files(t, w.disk()) {
		decode(t, f)
	}
}

// The wall clock steps: what is written keeps its time, a new segment has the new one.
func TestAStepOfTheClockIsANewSegment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	near := func(s Segment, at time.Time) bool { // of this time of the clock: the test takes minutes at most
		return s.From.Sub(at).Abs() < 10*time.Minute && s.To.Sub(at).Abs() < 10*time.Minute
	}
	var times []time.Time
	for _, by := range []time.Duration{0, time.Hour, -90 * time.Minute} {
		w.clock.shift(by)
		times = append(times, w.clock.Now())
		poll(t, 20*time.Second, "a segment of that time", func() bool {
			return slices.ContainsFunc(w.segments("gate"), func(s Segment) bool { return near(s, w.clock.Now()) })
		})
	}
	list := w.segments("gate") // by time: the last one written is the oldest
	consistent(t, list)
	for _, s := range list { // none is of two times
		if !slices.ContainsFunc(times, func(at time.Time) bool { return near(s, at) }) {
			t.Errorf("a segment from %v to %v", s.From, s.To)
		}
	}
	if spans, err := w.a.Coverage(t.Context(), "gate", Main, always()); err != nil || len(spans) < 3 || len(spans) > 1+breaks(w.segments("gate")) {
		t.Errorf("%+v %v", spans, err)
	}
}

func TestOnNoticeWithWhatCameBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.camera("gate", short(t))
	w.record("gate", Policy{Mode: ModeNotice, PreRoll: 3, PostRoll: 5})
	s, _ := w.fleet.Streams("gate")
	viewer := &live{} // it knows how late pictures come
	t.Cleanup(s.Video[ingest.Main].AddSink(viewer))
	poll(t, 30*time.Second, "five seconds in the ring", func() bool { return s.Video[1].Stats().Frames > 130 })
	if n := len(w.segments("gate")); n != 0 {
		t.Fatalf("%d segments before any notice", n)
	}
	at := time.Now()
	w.a.Notice("gate", at)
	poll(t, 20*time.Second, "recording", func() bool { return len(w.segments("gate")) > 0 })
	poll(t, 20*time.Second, "the end of it", func() bool {
		list := w.segments("gate")
		return time.Since(at) > 5*time.Second && !list[len(list)-1].Growing && !w.a.Status("gate").Recording
	})
	list := w.segments("gate")
	consistent(t, list)
	late := viewer.paused()
	if before := at.Sub(list[0].From); before < 2*time.Second-late || before > 4500*time.Millisecond+late {
		t.Errorf("it begins %v before the notice", before)
	}
	if after := list[len(list)-1].To.Sub(at); after < 4*time.Second-late || after > 8*time.Second+2*late {
		t.Errorf("it ends %v after the notice", after)
	}
}

// length is the time from the first to the last packet of a kind in a file.
func length(t *testing.T, file, kind string) time.Duration {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", kind, "-show_entries", "packet=pts_time", "-of", "csv=p=0", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	if len(lines) < 2 {
		t.Fatalf("%s has %d packets of %s", file, len(lines), kind)
	}
	at := func(line string) float64 {
		v, err := strconv.ParseFloat(strings.TrimRight(line, ","), 64)
		if err != nil {
			t.Fatalf("%q", line)
		}
		return v
	}
	return time.Duration((at(lines[len(lines)-1]) - at(lines[0])) * float64(time.Second))
}

func TestANoticeOfAnotherClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	w.record("gate", Policy{Mode: ModeNotice, PreRoll: 3, PostRoll: 5})
	r := w.a.recorder("gate")
	for _, off := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		w.a.Notice("gate", time.Now().Add(off))
		r.mu.Lock()
		if left := time.Until(r.notice); left > 5*time.Second || left < -6*time.Second {
			t.Errorf("%v off: it records for %v", off, left)
		}
		r.mu.Unlock()
	}
}

func TestOnSchedule(t *testing.T) {
	t.Parallel()
	p := Policy{Mode: ModeSchedule, Hours: &authz.Schedule{Intervals: []authz.Interval{{Day: time.Monday, From: 540, To: 600}}}}
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	monday := time.Date(2026, 11, 23, 9, 30, 0, 0, kyiv)
	if on, change := p.wants(monday, kyiv); !on || !change.Equal(monday.Add(30*time.Minute)) {
		t.Errorf("%v until %v", on, change)
	}
	if on, _ := p.wants(monday.Add(time.Hour), kyiv); on {
		t.Error("it records after the end")
	}
}

func TestPoliciesThatCannotBeMeant(t *testing.T) {
	t.Parallel()
	for _, p := range []Policy{{Mode: "sometimes"}, {Layer: "third"}, {Mode: ModeSchedule}, {PreRoll: 11}, {PostRoll: 1}, {KeepDays: -1}, {KeepBytes: 1}} {
		if _, err := p.Check(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if p, err := (Policy{}).Check(); err != nil || p.Mode != ModeOff || p.Layer != Main {
		t.Errorf("%+v %v", p, err)
	}
}

func TestDeleteLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Segment: 2 * time.Second})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	poll(t, 20*time.Second, "a closed segment", func() bool { return len(w.segments("gate")) > 1 })
	s := w.segments("gate")[0]
	if err := w.a.Delete(t.Context(), "gate"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.a.ReadAt(t.Context(), "gate", s.ID, make([]byte, 8), 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if _, err := w.a.Init(t.Context(), "gate", s.Init); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if n := len(w.segments("gate")); n != 0 || len(files(t, w.disk())) != 0 {
		t.Errorf("%d segments", n)
	}
	if d := w.a.Disks()[0]; d.Bytes != 0 {
		t.Errorf("%+v", d)
	}
}

// T30: no id leaves the disk's folder.
func TestIDsDoNotLeadOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	for _, id := range []string{"", ".", "..", "../x", "a/b", "a\\b", "%2e%2e", "a\x00", "Gate", "gate/../gate"} {
		if _, err := w.a.Segments(t.Context(), id, Main, always(), 0, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("camera %q: %v", id, err)
		}
		if _, err := w.a.Init(t.Context(), "gate", id); !fault.Is(err, fault.NotFound) {
			t.Errorf("init %q: %v", id, err)
		}
		if _, err := w.a.ReadAt(t.Context(), "gate", id, make([]byte, 1), 0); !fault.Is(err, fault.NotFound) {
			t.Errorf("segment %q: %v", id, err)
		}
		if err := w.a.Delete(t.Context(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("delete %q: %v", id, err)
		}
	}
}
