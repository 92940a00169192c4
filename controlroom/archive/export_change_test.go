package archive

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/testcam"
)

// A camera that changes its picture stays in one file, with a head for each; one
// that changes its codec begins another file, and is said to.
func TestExportOverAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{})
	for i, spec := range []testcam.Spec{{Width: 320, Height: 180}, {Width: 640, Height: 360}, {Width: 320, Height: 180, Codec: testcam.H265}} {
		spec.Seconds, spec.GOP = 4, 500*time.Millisecond
		c, err := testcam.New(testcam.Config{Main: clip(t, spec)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		w.fleet.Set(ingest.Source{ID: "gate", Main: c.Main(), Enabled: true})
		if i == 0 {
			w.record("gate", Policy{})
		}
		poll(t, 60*time.Second, "a segment more", func() bool {
			list := w.segments("gate")
			return len(heads(list)) == i+1 && len(list[len(list)-1].Fragments) > 3
		})
	}
	w.end()
	w.start()
	list := w.segments("gate")
	codec := heads(list)[2].From
	of := slices.IndexFunc(list, func(s Segment) bool { return s.From.Equal(codec) }) // two, where nothing held the machine up
	c, file := w.exportOf(all("gate"))
	clean(t, file)
	if n := len(probe(t, file, "v")); len(c.Segments) != of || n != shownPictures(t, file) {
		t.Errorf("%d segments, %d pictures", len(c.Segments), n)
	}
	if c.Width != 640 || c.Height != 360 {
		t.Errorf("it is %d x %d", c.Width, c.Height)
	}
	last := c.Left[len(c.Left)-1]
	if last.Reason != LeftCodec || !last.From.Equal(codec) || !c.Rest.From.Equal(codec) {
		t.Errorf("left out %+v, the rest is %+v, the codec changed at %v", c.Left, c.Rest, codec)
	}
	rest := all("gate")
	rest.Span = c.Rest
	if c, file := w.exportOf(rest); len(c.Segments) != len(list)-of || !c.Rest.From.IsZero() {
		t.Errorf("the rest has %d segments and leaves %+v", len(c.Segments), c.Rest)
	} else {
		clean(t, file)
	}

	tool := find(t)
	x := &taken{world: w, cfg: ExportsConfig{Folder: t.TempDir(), Tool: tool, Clock: w.clock}}
	x.begin()
	defer x.endExports()
	ask := x.ask(authz.NewID())
	ask.Watermark = true
	made := x.create(ask)
	poll(t, 120*time.Second, "the watermark", func() bool {
		now, err := x.e.Get(ask.Account, made.ID)
		if err != nil || now.State == ExportFailed {
			t.Fatalf("%+v %v", now, err)
		}
		return now.State == ExportReady
	})
	marked := filepath.Join(t.TempDir(), "marked.mp4")
	if err := os.WriteFile(marked, x.read(ask.Account, made.ID), 0o600); err != nil {
		t.Fatal(err)
	}
	clean0(t, marked)
}

// After the clock was set back there are two recordings of one hour: both are in
// the file, one after the other.
func TestExportUnwindsTheClock(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 3, 1, 12, 0, s, 0, time.UTC) }
	seg := func(id string, from, to int) Segment { return Segment{ID: id, From: at(from), To: at(to)} }
	order := ""
	for _, s := range unwind([]Segment{seg("a", 0, 10), seg("b", 10, 20), seg("p", 13, 23), seg("c", 20, 30), seg("q", 23, 33), seg("d", 30, 36), seg("r", 33, 40)}) {
		order += s.ID
	}
	if order != "abcdpqr" {
		t.Errorf("they play as %s", order)
	}
}
