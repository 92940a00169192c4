package archive

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"

	"sightline/internal/fault"
)

// recorded makes an archive with a few real segments that records no more.
func recordedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, Config{Segment: 2 * time.Second})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	poll(t, 30*time.Second, "segments", func() bool { return len(w.segments("gate")) > 3 })
	w.end()
	w.start()
	return w
}

func TestRebuildEqualsTheOriginal(t *testing.T) {
	t.Parallel()
	w := recordedWorld(t)
	list := w.segments("gate")
	before := w.rows()
	if err := w.a.Rebuild(t.Context(), "gate"); err != nil {
		t.Fatal(err)
	}
	if after := w.rows(); !bytes.Equal(before, after) || len(before) == 0 {
		t.Errorf("%d bytes of rows, %d before", len(after), len(before))
	}
	// Gone altogether, or damaged, they come back at the next start.
	for _, hurt := range []func(name string, b []byte) error{
		func(name string, _ []byte) error { return os.Remove(name) },
		func(name string, b []byte) error {
			b[min(1, len(b)/rowSize-1)*rowSize+9]++
			return os.WriteFile(name, b, 0o600)
		}, // a day may have one row
	} {
		w.end()
		for _, name := range w.indexes() {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := hurt(name, b); err != nil {
				t.Fatal(err)
			}
		}
		w.start()
		again := w.segments("gate")
		if !slices.EqualFunc(list, again, func(a, b Segment) bool {
			return a.ID == b.ID && a.From.Equal(b.From) && a.To.Equal(b.To) && slices.Equal(a.Fragments, b.Fragments)
		}) {
			t.Errorf("%+v\nis not\n%+v", again, list)
		}
		if after := w.rows(); !bytes.Equal(before, after) {
			t.Error("other rows than before")
		}
	}
}

func (w *world) indexes() []string {
	w.t.Helper()
	out, err := filepath.Glob(filepath.Join(w.disk(), dirCams, "*", "*", "*", fileIndex))
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// rows are all rows of the disk.
func (w *world) rows() (out []byte) {
	w.t.Helper()
	for _, name := range w.indexes() {
		for _, file := range []string{name, filepath.Join(filepath.Dir(name), fileFrags)} {
			b, err := os.ReadFile(file)
			if err != nil {
				w.t.Fatal(err)
			}
			out = append(out, b...)
		}
	}
	return out
}

func TestATornAppendIsOverwritten(t *testing.T) {
	t.Parallel()
	w := recordedWorld(t)
	list := w.segments("gate")
	w.end()
	for _, name := range w.indexes() {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(make([]byte, 100))
		f.Close()
	}
	w.start()
	if got := w.segments("gate"); len(got) != len(list) {
		t.Fatalf("%d segments of %d", len(got), len(list))
	}
	w.record("gate", Policy{})
	poll(t, 30*time.Second, "a segment more", func() bool {
		got := w.segments("gate")
		return len(got) > len(list)+1
	})
	consistent(t, w.segments("gate"))
}

func TestPagesOfSegments(t *testing.T) {
	t.Parallel()
	w := recordedWorld(t)
	list := w.segments("gate")
	after := ""
	for i := range list {
		page, err := w.a.Segments(t.Context(), "gate", Main, always(), 1, after)
		if err != nil || len(page) != 1 || page[0].ID != list[i].ID {
			t.Fatalf("%+v %v", page, err)
		}
		after = page[0].ID
	}
	if page, err := w.a.Segments(t.Context(), "gate", Main, always(), 1, after); err != nil || len(page) != 0 {
		t.Errorf("%+v %v", page, err)
	}
	if _, err := w.a.Segments(t.Context(), "gate", Main, always(), 1, "x"); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	mid := Span{list[1].From.Add(time.Millisecond), list[1].To.Add(-time.Millisecond)}
	if page, err := w.a.Segments(t.Context(), "gate", Main, mid, 0, ""); err != nil || len(page) != 1 || page[0].ID != list[1].ID {
		t.Errorf("%+v %v", page, err)
	}
	if spans, err := w.a.Coverage(t.Context(), "gate", Main, mid); err != nil || len(spans) != 1 || spans[0] != mid {
		t.Errorf("%+v %v", spans, err)
	}
}

// Retention by age and by bytes: the oldest goes, its bytes with it, and a day's
// folder with its last segment. A crash between row and file is made good.
func TestRetention(t *testing.T) {
	t.Parallel()
	w := recordedWorld(t)
	list := w.segments("gate")
	total := int64(0)
	for _, s := range list {
		total += s.Bytes
	}
	w.a.retainCamera(t.Context(), "gate", Policy{KeepBytes: total - list[0].Bytes})
	got := w.segments("gate")
	if len(got) != len(list)-1 || got[0].ID != list[1].ID || len(files(t, w.disk())) != len(got) {
		t.Fatalf("%+v", got)
	}
	if _, err := w.a.ReadAt(t.Context(), "gate", list[0].ID, make([]byte, 8), 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if d := w.a.Disks()[0]; d.Bytes != total-list[0].Bytes || w.a.Status("gate").Bytes != d.Bytes {
		t.Errorf("%+v, %d of %d", d, list[0].Bytes, total)
	}
	w.end()
	w.start()
	if again := w.segments("gate"); len(again) != len(got) {
		t.Errorf("%d segments after a start", len(again))
	}
	w.clock.shift(25 * time.Hour)
	w.a.retainCamera(t.Context(), "gate", Policy{KeepDays: 1})
	if left := w.segments("gate"); len(left) != 0 || len(w.indexes()) != 0 || len(files(t, w.disk())) != 0 {
		t.Errorf("%+v", left)
	}
	if d := w.a.Disks()[0]; d.Bytes != 0 {
		t.Errorf("%+v", d)
	}
}

// Days are the zone's: one that begins at a quarter to the hour, too.
func TestDaysAreTheZones(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	day := dayOf(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC).UnixMicro())
	at := filepath.Join(dir, layerDir("gate", Main), dayName(day))
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	var index []byte
	for i, clock := range []time.Duration{18*time.Hour + 14*time.Minute, 18*time.Hour + 15*time.Minute, 23 * time.Hour} {
		from := int64(day)*wholeDay + clock.Microseconds()
		index = row{kind: rowSegment, name: from, from: from, span: 30e6, bytes: int64(i+1) << 20}.append(index)
	}
	if err := os.WriteFile(filepath.Join(at, fileIndex), index, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: dir}}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for zone, want := range map[string][]Day{
		"UTC":                 {{"2026-03-10", 6 << 20}},
		"Asia/Kathmandu":      {{"2026-03-10", 1 << 20}, {"2026-03-11", 5 << 20}},
		"America/Los_Angeles": {{"2026-03-10", 6 << 20}},
		"Pacific/Kiritimati":  {{"2026-03-11", 6 << 20}},
	} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.Days(t.Context(), "gate", loc); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %+v %v", zone, got, err)
		}
	}
}

func FuzzIndex(f *testing.F) {
	r := row{kind: rowSegment, frags: 2, name: 5, from: 5, span: 10, head: 20, bytes: 30}
	gone := row{kind: rowRemoving, name: 1}
	f.Add(r.append(nil))
	f.Add(gone.append(r.append(r.append(nil))))
	f.Add(append(r.append(nil), 1, 2, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		tab := parseTable(b)
		if tab.low > len(tab.rows) || tab.whole > len(b) || tab.bad < 0 || len(tab.rows) > len(b)/rowSize {
			t.Fatalf("%+v", tab)
		}
		for _, r := range tab.live() {
			if back, ok := parseRow(r.append(nil)); !ok || back != r {
				t.Fatalf("%+v comes back as %+v", r, back)
			}
		}
		sumUp(0, tab)
		parseFrag(b)
	})
}

func FuzzScan(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x08ftyp\x00\x00\x00\x08moov"), int64(16))
	b := appendHead([]byte("\x00\x00\x00\x08ftyp\x00\x00\x00\x08moov"), 1, 77)
	f.Add(appendPrft(b, 88, 99), int64(100))
	part := fmp4.Part{Tracks: []*fmp4.PartTrack{
		{ID: videoTrack, BaseTime: 900, Samples: []*fmp4.Sample{{Duration: 3600, Payload: []byte("key")}, {Duration: 3600, IsNonSyncSample: true, PTSOffset: 9, Payload: []byte("next")}}},
		{ID: soundTrack, BaseTime: 480, Samples: []*fmp4.Sample{{Duration: 960, Payload: []byte("sound")}}},
	}}
	var buf seekablebuffer.Buffer
	if err := part.Marshal(&buf); err != nil {
		f.Fatal(err)
	}
	whole := append(appendPrft(b, 88, 900), buf.Bytes()...)
	if s, err := scan(bytes.NewReader(whole), int64(len(whole))); err != nil || s.row.bytes != int64(len(whole)) || s.row.span != 80_000 || s.row.media != 900 || s.frags[0].flags != flagKey {
		f.Fatalf("%+v %v", s, err)
	}
	f.Add(whole, int64(len(whole)))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		s, err := scan(bytes.NewReader(b), min(max(size, 0), int64(len(b))))
		if err == nil && (s.row.bytes > int64(len(b)) || int(s.row.frags) != len(s.frags)) {
			t.Fatalf("%+v", s.row)
		}
		for _, f := range s.frags {
			if int64(f.offset)+int64(f.bytes) > int64(len(b)) {
				t.Fatalf("%+v", f)
			}
		}
	})
}

func TestNTPComesBack(t *testing.T) {
	t.Parallel()
	for _, us := range []int64{0, 1, 999_999, 1_000_000, 1_795_000_000_123_457, 1_795_000_000_999_999} {
		if got := fromNTP(ntp(us)); got != us {
			t.Errorf("%d comes back as %d", us, got)
		}
	}
}
