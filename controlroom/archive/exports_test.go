package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/testcam"
)

// taken is an archive with footage, and exports of it.
type taken struct {
	*world
	cfg  ExportsConfig
	e    *Exports
	stop context.CancelFunc
	over chan struct{}
}

func newTaken(t *testing.T, cfg ExportsConfig, spec testcam.Spec, seconds int) *taken {
	t.Helper()
	w := newWorld(t, Config{Segment: 2 * time.Second})
	spec.Seconds, spec.GOP = 4, 500*time.Millisecond
	if spec.Width == 0 {
		spec.Width, spec.Height = 320, 180
	}
	w.camera("gate", clip(t, spec))
	w.record("gate", Policy{Sound: spec.Sound != ""})
	poll(t, 60*time.Second, "segments", func() bool {
		list := w.segments("gate")
		return len(list) > seconds/2 && list[len(list)-1].To.Sub(list[0].From) > time.Duration(seconds)*time.Second && (spec.Sound == "" || w.packets(list) >= 20*seconds)
	})
	tool := find(t)
	if cfg.Folder == "" {
		cfg.Folder = t.TempDir()
	}
	cfg.Tool, cfg.Clock = tool, w.clock
	x := &taken{world: w, cfg: cfg}
	x.begin()
	t.Cleanup(func() { x.endExports() })
	return x
}

func (x *taken) begin() {
	x.t.Helper()
	x.cfg.Archive = x.a
	e, err := NewExports(x.cfg)
	if err != nil {
		x.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	x.e, x.stop, x.over = e, stop, make(chan struct{})
	go func() { e.Run(ctx); close(x.over) }()
}

func (x *taken) endExports() {
	if x.e != nil {
		x.stop()
		<-x.over
		x.e.Close()
		x.e = nil
	}
}

// fill takes the places of watermarks: none is made until empty gives them back.
func (x *taken) fill() (empty func()) {
	e := x.e
	for range cap(e.marking) {
		e.marking <- struct{}{}
	}
	return func() {
		for range cap(e.marking) {
			<-e.marking
		}
		e.poke()
	}
}

func (x *taken) ask(account string) ExportAsk {
	list := x.segments("gate")
	s := Span{list[0].From, list[len(list)-1].To}
	return ExportAsk{Account: account, CameraName: "Парадні двері / 2", Zone: time.UTC, Mark: "Anna Коваль",
		ExportWant: ExportWant{Camera: "gate", Layer: Main, Span: s, Open: []Span{s}}}
}

func (x *taken) create(a ExportAsk) Export {
	x.t.Helper()
	out, err := x.e.Create(x.t.Context(), a)
	if err != nil {
		x.t.Fatal(err)
	}
	return out
}

func (x *taken) read(account, id string) []byte {
	x.t.Helper()
	f, err := x.e.Open(x.t.Context(), account, id)
	if err != nil {
		x.t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f.Reader(0, f.Size))
	if err != nil || int64(len(b)) != f.Size {
		x.t.Fatalf("%d of %d bytes: %v", len(b), f.Size, err)
	}
	return b
}

func TestExportsAreKept(t *testing.T) {
	t.Parallel()
	x := newTaken(t, ExportsConfig{}, testcam.Spec{Sound: testcam.PCMU}, 6)
	anna, bert := authz.NewID(), authz.NewID()
	made := x.create(x.ask(anna))
	if made.State != ExportReady || made.Bytes == 0 || !strings.HasPrefix(made.Name, "парадні-двері-2_") || made.Gaps > breaks(x.segments("gate")) {
		t.Errorf("%+v", made)
	}
	whole := x.read(anna, made.ID)
	if int64(len(whole)) != made.Bytes {
		t.Errorf("%d bytes, not %d", len(whole), made.Bytes)
	}
	if _, err := x.e.Get(bert, made.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's: %v", err)
	}
	if list := x.e.List(bert); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	second := x.create(x.ask(anna))
	if list := x.e.List(anna); len(list) != 2 || list[0].ID != second.ID {
		t.Errorf("%+v", list)
	}
	if err := x.e.Note(anna, made.ID); err != nil {
		t.Error(err)
	}

	// A restart of the server changes no byte of it.
	x.endExports()
	x.world.end()
	x.world.start()
	x.begin()
	again, err := x.e.Get(anna, made.ID)
	if err != nil || !again.Noted || again.Tag != made.Tag {
		t.Errorf("%+v %v", again, err)
	}
	if !bytes.Equal(x.read(anna, made.ID), whole) {
		t.Error("after a restart the bytes are others")
	}

	// What is removed ends at once, and counts for the day.
	f, err := x.e.Open(t.Context(), anna, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.e.Delete(anna, made.ID); err != nil {
		t.Fatal(err)
	}
	<-f.Done()
	if _, err := f.Reader(0, 10).Read(make([]byte, 5)); fault.Code(err) != CodeExportEnded {
		t.Errorf("%v", err)
	}
	f.Close()
	if _, err := x.e.Open(t.Context(), anna, made.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if l := x.e.Limits(anna); l.BytesLeft != x.e.cfg.DayBytes-2*made.Bytes && l.BytesLeft != x.e.cfg.DayBytes-made.Bytes-second.Bytes {
		t.Errorf("%d bytes are left", l.BytesLeft)
	}

	// After a day they are gone.
	x.clock.shift(25 * time.Hour)
	x.e.poke()
	poll(t, 5*time.Second, "it is over", func() bool { return len(x.e.List(anna)) == 0 })
	poll(t, 5*time.Second, "no file stays", func() bool {
		left, err := os.ReadDir(x.cfg.Folder)
		return err == nil && len(left) == 0
	})
}

func TestExportsHaveLimits(t *testing.T) {
	t.Parallel()
	x := newTaken(t, ExportsConfig{DayTime: 25 * time.Second, Longest: 8 * time.Second, Marked: 3 * time.Second}, testcam.Spec{}, 12)
	anna := authz.NewID()
	ask := x.ask(anna)
	code := func(a ExportAsk) string {
		_, err := x.e.Create(t.Context(), a)
		return fault.Code(err)
	}
	if c := code(ask); c != CodeExportLong {
		t.Errorf("an export of %v: %q", ask.Span.To.Sub(ask.Span.From), c)
	}
	ask.Span.To = ask.Span.From.Add(6 * time.Second)
	marked := ask
	marked.Watermark = true
	if c := code(marked); c != CodeExportLong {
		t.Errorf("a watermark of 6 s: %q", c)
	}
	one, two := x.create(ask), x.create(ask)
	if c := code(ask); c != CodeExportHours {
		t.Errorf("the third: %q", c)
	}
	other := ask
	other.Account = authz.NewID()
	three := x.create(other)
	four := x.create(other)
	other.Account = anna
	f1, err1 := x.e.Open(t.Context(), anna, one.ID)
	f2, err2 := x.e.Open(t.Context(), anna, two.ID)
	f3, err3 := x.e.Open(t.Context(), anna, one.ID) // a second connection of the same
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	f1.Close()
	f1.Close()
	f2.Close()
	f3.Close()
	x.clock.shift(25 * time.Hour) // the day is over
	if l := x.e.Limits(anna); l.HoursLeft != l.Hours {
		t.Errorf("%+v", l)
	}
	_, _ = three, four
}

func TestExportsRunTwoAtOnce(t *testing.T) {
	t.Parallel()
	x := newTaken(t, ExportsConfig{}, testcam.Spec{}, 4)
	anna := authz.NewID()
	var files []*ExportFile
	for range 2 {
		f, err := x.e.Open(t.Context(), anna, x.create(x.ask(anna)).ID)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	third := x.create(x.ask(anna))
	if _, err := x.e.Open(t.Context(), anna, third.ID); fault.Code(err) != CodeExportBusy || !fault.Is(err, fault.RateLimited) {
		t.Errorf("a third: %v", err)
	}
	bert := authz.NewID()
	f, err := x.e.Open(t.Context(), bert, x.create(x.ask(bert)).ID)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	files[0].Close()
	f, err = x.e.Open(t.Context(), anna, third.ID)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	files[1].Close()
}

// Retention is told, and never changes what a file is.
func TestExportOfFootageThatGoes(t *testing.T) {
	t.Parallel()
	x := newTaken(t, ExportsConfig{}, testcam.Spec{Kbits: 2000}, 8)
	anna := authz.NewID()
	made := x.create(x.ask(anna))
	f, err := x.e.Open(t.Context(), anna, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := f.Reader(0, f.Size)
	if _, err := io.ReadFull(r, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if n, err := x.a.shelvesOf("gate", Main)[0].removeOldest(func(row, int64) bool { return true }); n == 0 || err != nil {
		t.Fatal(n, err)
	}
	n, err := io.Copy(io.Discard, r)
	if n+100 >= made.Bytes || fault.Code(err) != CodeFootageGone {
		t.Errorf("%d of %d bytes, %v", n+100, made.Bytes, err)
	}
	if _, err := x.e.Open(t.Context(), anna, made.ID); !fault.Is(err, fault.Conflict) || fault.Code(err) != CodeFootageGone {
		t.Errorf("%v", err)
	}
	if now, err := x.e.Get(anna, made.ID); err != nil || now.State != ExportFailed || now.Error != CodeFootageGone {
		t.Errorf("%+v %v", now, err)
	}
}

func TestExportWithAWatermark(t *testing.T) {
	t.Parallel()
	x := newTaken(t, ExportsConfig{}, testcam.Spec{Sound: testcam.AAC, Width: 640, Height: 360}, 6)
	anna := authz.NewID()
	ask := x.ask(anna)
	same := ask
	ask.Watermark = true
	x.fill() // it waits
	made := x.create(ask)
	if made.State != ExportWaiting {
		t.Errorf("%+v", made)
	}
	if _, err := x.e.Open(t.Context(), anna, made.ID); fault.Code(err) != CodeExportNotReady {
		t.Errorf("%v", err)
	}
	x.endExports() // it is begun again by the next start
	x.begin()
	poll(t, 120*time.Second, "the watermark", func() bool {
		now, err := x.e.Get(anna, made.ID)
		if err != nil || now.State == ExportFailed {
			t.Fatalf("%+v %v", now, err)
		}
		return now.State == ExportReady
	})
	file := filepath.Join(t.TempDir(), "marked.mp4")
	if err := os.WriteFile(file, x.read(anna, made.ID), 0o600); err != nil {
		t.Fatal(err)
	}
	clean0(t, file)
	// The strip is dark, and other in the next second.
	first, later := strip(t, file, 0.5), strip(t, file, 3.5)
	if first == later || first == "" {
		t.Error("the strip does not change")
	}
	left, err := os.ReadDir(x.cfg.Folder)
	if err != nil || len(left) != 2 { // record and file
		t.Errorf("%v %v", left, err)
	}
	// What is in the plain file of the same range is in it too.
	plain := filepath.Join(t.TempDir(), "plain.mp4")
	if err := os.WriteFile(plain, x.read(anna, x.create(same).ID), 0o600); err != nil {
		t.Fatal(err)
	}
	video := probe(t, file, "v")
	if got, want := len(video), len(probe(t, plain, "v")); got < want-2 || got > want+2 {
		t.Errorf("%d of %d pictures", got, want)
	}
	got, want := len(probe(t, file, "a")), 0
	for _, p := range probe(t, plain, "a") { // sound goes on to the last picture, which may last long
		if float64(p.pts)/48000 <= float64(video[len(video)-1].pts)/90000 {
			want++
		}
	}
	if want == 0 || got < want/4 { // a converter that catches up puts packets closer than ffmpeg writes them
		t.Errorf("%d of %d packets of sound", got, want)
	}
}

// strip is the place of the strip, as text.
func strip(t *testing.T, file string, at float64) string {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-ss", strconv.FormatFloat(at, 'f', 2, 64), "-i", file, "-frames:v", "1",
		"-vf", "crop=200:12:8:ih-24", "-f", "rawvideo", "-pix_fmt", "gray", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// clean0 decodes a file that others wrote.
func clean0(t *testing.T, file string) {
	t.Helper()
	decode(t, file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if m, d := bytes.Index(b, []byte("moov")), bytes.Index(b, []byte("mdat")); m < 0 || d < m {
		t.Errorf("moov at %d, mdat at %d", m, d)
	}
}

func TestExportName(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 3, 0, 0, time.UTC)
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Front door":            "front-door",
		"  ../../etc/passwd":    "etc-passwd",
		"a\"; rm -rf / \r\n: b": "a-rm-rf-b",
		"Двір №2":               "двір-2",
		"??? ":                  "camera",
		"مدخل":                  "مدخل",
		strings.Repeat("x", 99): strings.Repeat("x", 60),
	} {
		if got := ExportName(name, at, kyiv); got != want+"_2026-11-22_14-03-00.mp4" {
			t.Errorf("%q is called %q", name, got)
		}
	}
}
