package archive

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"sightline/ingest"
	"sightline/internal/fault"
	"sightline/internal/testcam"
	"sightline/sfu"
)

// alarms keeps what an archive says of its disks.
type alarms struct {
	mu   sync.Mutex
	list []Alarm
}

func (a *alarms) add(al Alarm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, al)
}

// last is the newest alarm's reason; "" without one.
func (a *alarms) last() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.list) == 0 {
		return ""
	}
	return a.list[len(a.list)-1].Reason
}

// of says whether something was said of a disk.
func (a *alarms) of(disk string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.list, func(al Alarm) bool { return al.Disk == disk })
}

// small is a real file system of so many bytes.
func small(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("this test mounts a small tmpfs and needs to be root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// live counts what a viewer gets beside the recording.
type live struct {
	mu     sync.Mutex
	frames int
	pause  int64
	last   int64
}

func (l *live) Frame(_ sfu.Format, fr *sfu.Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last != 0 {
		l.pause = max(l.pause, fr.Mono-l.last)
	}
	l.frames, l.last = l.frames+1, fr.Mono
}

func (l *live) Closed() {}

// paused is the longest pause between two pictures.
func (l *live) paused() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Duration(l.pause)
}

// watched is a viewer of a recorded camera, and one of a camera beside it that is
// not recorded: it pauses where the machine does.
type watched struct{ gate, beside live }

func (w *world) watch(t *testing.T) *watched {
	t.Helper()
	v := &watched{}
	w.camera("beside", short(t))
	for id, l := range map[string]*live{"gate": &v.gate, "beside": &v.beside} {
		streams, _ := w.fleet.Streams(id)
		t.Cleanup(streams.Video[ingest.Main].AddSink(l))
	}
	return v
}

// flows holds that a recording did not hold up live.
func (v *watched) flows(t *testing.T) {
	t.Helper()
	if gate, beside := v.gate.paused(), v.beside.paused(); gate > 2*time.Second+beside {
		t.Errorf("live paused %v, beside it %v", gate, beside)
	}
}

// F14: others fill the disk. Live goes on, the alarm is there within 2 s, nothing
// torn is listed, and recording goes on by itself when there is room.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	dir := small(t, "64m")
	var said alarms
	w := newWorld(t, Config{Disks: []Disk{{Path: dir}}, Reserve: 4 << 20, Segment: 2 * time.Second, Alarm: said.add})
	w.camera("gate", short(t))
	viewer := w.watch(t)
	w.record("gate", Policy{})
	poll(t, 20*time.Second, "a closed segment", func() bool { return len(w.segments("gate")) > 1 })
	filler := filepath.Join(dir, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil; {
		_, err = f.Write(make([]byte, 64<<10))
	}
	f.Close()
	full := time.Now()
	poll(t, 4*time.Second, "the alarm", func() bool { return said.last() == AlarmFull })
	t.Logf("the alarm came after %v", time.Since(full))
	poll(t, 4*time.Second, "it says so", func() bool {
		st := w.a.Status("gate")
		return !st.Recording && st.Error == AlarmFull && st.Gaps > 0
	})
	if s := w.a.Disks()[0]; s.State != AlarmFull {
		t.Errorf("%+v", s)
	}
	consistent(t, w.segments("gate"))
	viewer.gate.mu.Lock()
	before := viewer.gate.frames
	viewer.gate.mu.Unlock()
	poll(t, 5*time.Second, "live goes on", func() bool {
		viewer.gate.mu.Lock()
		defer viewer.gate.mu.Unlock()
		return viewer.gate.frames > before+50
	})
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	freed := time.Now()
	poll(t, 10*time.Second, "recording again", func() bool { return w.a.Status("gate").Recording && said.last() == AlarmOver })
	t.Logf("it recorded again after %v", time.Since(freed))
	n := len(w.segments("gate"))
	poll(t, 10*time.Second, "a segment more", func() bool { return len(w.segments("gate")) > n })
	viewer.flows(t)
	w.end()
	for _, f := range files(t, dir) {
		decode(t, f)
	}
	w.start()
	consistent(t, w.segments("gate"))
	if marks, _ := os.ReadDir(filepath.Join(dir, dirOpen)); len(marks) != 0 {
		t.Errorf("%d segments are still open", len(marks))
	}
}

// A disk that its own footage fills is a ring: the oldest makes room, without an alarm.
func TestOwnFootageMakesRoom(t *testing.T) {
	t.Parallel()
	var said alarms
	w := newWorld(t, Config{Disks: []Disk{{Path: t.TempDir(), Limit: 500 << 10}}, Segment: 2 * time.Second, Alarm: said.add})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	poll(t, 20*time.Second, "the first segment", func() bool { return len(w.segments("gate")) > 1 })
	first := w.segments("gate")[0]
	poll(t, 40*time.Second, "its end", func() bool { return w.segments("gate")[0].ID != first.ID })
	consistent(t, w.segments("gate")[1:])
	poll(t, 10*time.Second, "no more files than are listed", func() bool { return len(files(t, w.disk())) <= len(w.segments("gate"))+1 })
	poll(t, 10*time.Second, "its limit", func() bool { d := w.a.Disks()[0]; return d.Bytes <= 800<<10 && d.State == "ok" })
	if said.last() != "" {
		t.Errorf("it said %q", said.last())
	}
}

// With a second disk a camera goes on there at its next key frame.
func TestAnotherDiskTakesOver(t *testing.T) {
	t.Parallel()
	dir := small(t, "16m")
	w := newWorld(t, Config{Disks: []Disk{{Path: dir}, {Path: t.TempDir(), Limit: 2 << 20}}, Reserve: 2 << 20, Segment: 2 * time.Second})
	w.camera("gate", clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond}))
	w.record("gate", Policy{})
	poll(t, 20*time.Second, "recording", func() bool { return w.a.Status("gate").Recording })
	was := w.a.Status("gate").Disk
	for _, d := range w.a.disks {
		if d.cfg.Path == was {
			d.fail(syscall.EIO)
		}
	}
	poll(t, 20*time.Second, "the other disk", func() bool {
		st := w.a.Status("gate")
		return st.Recording && st.Disk != was
	})
	poll(t, 20*time.Second, "footage of both", func() bool {
		return len(files(t, w.cfg.Disks[0].Path)) > 0 && len(files(t, w.cfg.Disks[1].Path)) > 0
	})
	consistent(t, w.segments("gate"))
	if n := w.a.Status("gate").Gaps; n != 0 {
		t.Errorf("%d gaps", n)
	}
}

// One disk of two cannot be opened at the start: the other records, and it is said.
func TestADiskThatIsNotThere(t *testing.T) {
	t.Parallel()
	var said alarms
	gone := filepath.Join(t.TempDir(), "gone")
	if err := os.WriteFile(gone, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, Config{Disks: []Disk{{Path: gone}, {Path: t.TempDir()}}, Alarm: said.add})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	poll(t, 20*time.Second, "footage on the other", func() bool { return len(w.segments("gate")) > 0 && said.last() == AlarmFailed })
	if d := w.a.Disks(); len(d) != 2 || d[0].State != AlarmFailed || d[1].State != "ok" {
		t.Errorf("%+v", d)
	}
	if _, err := New(Config{Sources: w.fleet, Disks: []Disk{{Path: gone}}}); err == nil {
		t.Error("without any disk it starts")
	}
}

// A disk that does not come back for longer than the ring reaches: live does not
// wait, memory does not grow, and the gap is there to see.
func TestASlowDiskIsAGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Disks: []Disk{{Path: device(t)}}})
	w.camera("gate", short(t))
	viewer := w.watch(t)
	w.record("gate", Policy{})
	poll(t, 20*time.Second, "a fragment", func() bool { return len(w.segments("gate")) > 0 })
	thaw := freeze(t, w.disk())
	poll(t, 10*time.Second, "the alarm", func() bool { return w.a.Disks()[0].State == AlarmFailed })
	poll(t, 10*time.Second, "the camera to say so", func() bool {
		st := w.a.Status("gate")
		return !st.Recording && st.Error == AlarmFailed
	})
	timer := time.NewTimer(ringAge)
	<-timer.C
	thaw()
	gap := func(list []Segment) bool {
		for i := 1; i < len(list); i++ {
			if !list[i].Continues && list[i].From.Sub(list[i-1].To) > 3*time.Second {
				return true
			}
		}
		return false
	}
	poll(t, 20*time.Second, "a segment behind the gap", func() bool { return gap(w.segments("gate")) })
	poll(t, 20*time.Second, "that it records", func() bool { return w.a.Status("gate").Recording })
	list := w.segments("gate")
	consistent(t, list)
	if spans, err := w.a.Coverage(t.Context(), "gate", Main, Span{list[0].From, list[len(list)-1].To}); err != nil || len(spans) < 2 || len(spans) > 1+breaks(list) {
		t.Errorf("%+v %v", spans, err)
	}
	if st := w.a.Status("gate"); st.Gaps == 0 {
		t.Errorf("%+v", st)
	}
	viewer.flows(t)
}

// Reads beside a segment that grows and retention that takes the oldest: what is
// listed is there whole, or is gone altogether.
func TestReadsBesideRetention(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Disks: []Disk{{Path: t.TempDir(), Limit: 300 << 10}}, Segment: time.Second})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	poll(t, 20*time.Second, "segments", func() bool { return len(w.segments("gate")) > 2 })
	first := w.segments("gate")[0].ID
	read, gone := 0, 0
	poll(t, 40*time.Second, "retention", func() bool {
		list := w.segments("gate")
		consistent(t, list)
		for _, s := range list {
			for _, f := range []Fragment{s.Fragments[0], s.Fragments[len(s.Fragments)-1]} {
				p := make([]byte, f.Bytes)
				n, err := w.a.ReadAt(t.Context(), s.Camera, s.ID, p, f.Offset)
				switch {
				case fault.Is(err, fault.NotFound):
					gone++
				case n < len(p):
					t.Fatalf("%d bytes of %+v: %v", n, f, err)
				case string(p[4:8]) != "prft":
					t.Fatalf("%q begins %+v", p[:8], f)
				default:
					read++
				}
			}
		}
		return list[0].ID != first && read > 200
	})
	t.Logf("%d fragments read, %d gone meanwhile", read, gone)
}
