package archive

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/testcam"
)

// probed is what ffprobe says of a sample.
type probed struct {
	pts, dts, size int64
	key            bool
}

// probe lists a file's samples of a kind of track, on 1/90000 s for pictures.
func probe(t *testing.T, file, kind string) []probed {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", kind, "-show_entries", "packet=pts,dts,size,flags", "-of", "csv=p=0", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffprobe %s: %v %s", file, err, out)
	}
	var list []probed
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if f[0] == "" || f[0] == "New Extradata" { // of a sample with another head
			continue
		}
		if len(f) < 4 {
			t.Fatalf("ffprobe says %q", line)
		}
		var p probed
		p.pts, _ = strconv.ParseInt(f[0], 10, 64)
		p.dts, _ = strconv.ParseInt(f[1], 10, 64)
		p.size, _ = strconv.ParseInt(f[2], 10, 64)
		p.key = strings.HasPrefix(f[3], "K")
		list = append(list, p)
	}
	return list
}

// exportOf computes an export and writes it to a file.
func (w *world) exportOf(want ExportWant) (*cut, string) {
	w.t.Helper()
	c, err := w.a.cut(w.t.Context(), want)
	if err != nil {
		w.t.Fatal(err)
	}
	name := filepath.Join(w.t.TempDir(), "export.mp4")
	if err := os.WriteFile(name, w.exportBytes(c, want.Camera), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return c, name
}

func (w *world) layout(c *cut, camera string) *layout {
	w.t.Helper()
	f, err := os.Create(filepath.Join(w.t.TempDir(), "layout"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { f.Close() })
	if err := writeLayout(f, c); err != nil {
		w.t.Fatal(err)
	}
	l, err := readLayout(w.a, camera, f)
	if err != nil {
		w.t.Fatal(err)
	}
	if l.size != c.size() {
		w.t.Fatalf("a layout of %d bytes, not %d", l.size, c.size())
	}
	return l
}

func (w *world) exportBytes(c *cut, camera string) []byte {
	w.t.Helper()
	l := w.layout(c, camera)
	b, err := io.ReadAll(l.reader(w.t.Context(), 0, l.size))
	if err != nil || int64(len(b)) != l.size {
		w.t.Fatalf("%d of %d bytes: %v", len(b), l.size, err)
	}
	return b
}

// all is everything, open to everybody.
func all(camera string) ExportWant {
	s := Span{time.Now().Add(-24 * time.Hour), time.Now().Add(24 * time.Hour)}
	return ExportWant{Camera: camera, Layer: Main, Span: s, Open: []Span{s}}
}

// clean decodes a file and checks that its boxes are in the order for playing
// while it comes, and that every byte belongs to a box.
func clean(t *testing.T, file string) {
	t.Helper()
	decode(t, file)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for at := 0; at < len(b); {
		n := int(binary.BigEndian.Uint32(b[at:]))
		if n == 1 {
			n = int(binary.BigEndian.Uint64(b[at+8:]))
		}
		kinds = append(kinds, string(b[at+4:at+8]))
		if at += n; n < 8 || at > len(b) {
			t.Fatalf("a box of %d bytes at %d of %d", n, at-n, len(b))
		}
	}
	if !slices.Equal(kinds, []string{"ftyp", "moov", "mdat"}) {
		t.Errorf("the boxes are %v", kinds)
	}
}

func TestExportIsWhatWasRecorded(t *testing.T) {
	t.Parallel()
	for _, spec := range []testcam.Spec{
		{},
		{Sound: testcam.PCMU},
		{Sound: testcam.AAC, BFrames: 2},
		{Codec: testcam.H265, Sound: testcam.AAC},
	} {
		t.Run(fmt.Sprintf("%s%d%s", spec.Codec, spec.BFrames, spec.Sound), func(t *testing.T) {
			t.Parallel()
			spec.Seconds, spec.Width, spec.Height, spec.GOP = 4, 320, 180, 500*time.Millisecond
			w := newWorld(t, Config{Segment: 2 * time.Second})
			w.camera("gate", clip(t, spec))
			w.record("gate", Policy{Sound: spec.Sound != ""})
			poll(t, 60*time.Second, "segments", func() bool {
				list := w.segments("gate")
				return len(list) >= 5 && (spec.Sound == "" || w.packets(list) > 200) // what makes Opus may begin late
			})
			c, _ := w.exportOf(all("gate")) // while the last one grows
			if len(c.Segments) < 5 {
				t.Errorf("%d segments", len(c.Segments))
			}
			w.end()
			w.start()
			whole, file := w.exportOf(all("gate"))
			clean(t, file)
			compare(t, w, whole, file)
			if spec.Sound != "" {
				heard(t, w, file)
			}
		})
	}
}

// compare holds an export of everything to the segments' files.
func compare(t *testing.T, w *world, c *cut, file string) {
	t.Helper()
	got := probe(t, file, "v")
	var want []probed
	left, holes := time.Duration(0), 0               // the index tells where a busy machine has left something out
	list := unwind(slices.Clone(w.segments("gate"))) // what a late disk had taken twice plays one after the other
	for i, s := range list {
		if i > 0 {
			d := s.From.Sub(list[i-1].To)
			left += d
			if d.Abs() > 20*time.Millisecond { // half a picture
				holes++
			}
		}
		part := filepath.Join(t.TempDir(), "segment.mp4")
		if err := os.WriteFile(part, w.readAll(s), 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, probe(t, part, "v")...) // each file's times begin where its first tfdt says
	}
	if len(got) != len(want) {
		t.Fatalf("%d pictures, not %d", len(got), len(want))
	}
	breaks := 0
	for i := range got {
		g, x := got[i], want[i]
		if g.size != x.size || g.key != x.key || g.pts-g.dts != x.pts-x.dts {
			t.Fatalf("picture %d is %+v, not %+v", i, g, x)
		}
		if i > 0 && g.dts-got[i-1].dts != x.dts-want[i-1].dts {
			breaks++
		}
	}
	if breaks > 1+holes { // where sound begins, a segment begins on a line of its own
		t.Errorf("%d times the distance of pictures is not that of the source", breaks)
	}
	if d := (list[len(list)-1].To.Sub(list[0].From) - left).Seconds() - c.Seconds; d > 0.5 || d < -0.5 { // the first pictures may come late
		t.Errorf("from %v to %v it plays %v s", c.From, c.To, c.Seconds)
	}
}

// heard checks that sound is there, goes with the pictures, and has no holes.
func heard(t *testing.T, w *world, file string) {
	t.Helper()
	sound, video := probe(t, file, "a"), probe(t, file, "v")
	if len(sound) < 100 {
		t.Fatalf("%d packets of sound", len(sound))
	}
	for i := 1; i < len(sound); i++ {
		if d := sound[i].dts - sound[i-1].dts; d <= 0 || d > 48000/4 {
			t.Errorf("packet %d of sound comes %d after the one before", i, d)
		}
	}
	rate, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "stream=sample_rate", "-of", "csv=p=0", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	r, _ := strconv.ParseFloat(strings.TrimSpace(string(rate)), 64)
	end := float64(sound[len(sound)-1].pts)/r - float64(video[len(video)-1].pts)/90000
	long := float64(video[len(video)-1].pts-video[0].pts) / 90000
	if end > 0.3 || end < -long/2 { // what was on its way at the end is not in it
		t.Errorf("sound ends %.3f s after the pictures", end)
	}
}

// A range begins at the wanted moment though pictures need the key frame before
// it, and ends at the wanted one; and what may not be seen is not in the file.
func TestExportOfARange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Segment: 4 * time.Second})
	w.camera("gate", clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 2 * time.Second, Sound: testcam.PCMU}))
	w.record("gate", Policy{Sound: true})
	at := -1 // of three whole segments that go on, behind another one
	poll(t, 90*time.Second, "segments", func() bool {
		list := w.segments("gate")
		at = unbroken(list[min(1, len(list)):], 3, 3500*time.Millisecond) + 1
		return at > 0
	})
	w.end()
	w.start()
	list := w.segments("gate")
	begin := list[at].From.Add(1300 * time.Millisecond)
	want := ExportWant{Camera: "gate", Span: Span{begin, begin.Add(5200 * time.Millisecond)}}

	t.Run("hidden lead", func(t *testing.T) {
		want := want
		want.Open = []Span{{list[0].From, list[len(list)-1].To}}
		c, file := w.exportOf(want)
		clean(t, file)
		if d := c.Seconds - 5.2; d > 0.001 || d < -0.001 {
			t.Errorf("it plays %v s", c.Seconds)
		}
		if len(c.Left) != 0 || !c.From.Equal(begin) || !c.Spans[0].From.Equal(list[at].From) {
			t.Errorf("from %v, samples from %v, left out %v", c.From, c.Spans[0].From, c.Left)
		}
		all := probe(t, file, "v")
		hidden := 0
		for _, p := range all {
			if p.pts < 0 {
				hidden++
			}
		}
		if n, want := shownPictures(t, file), len(all)-hidden; hidden < 10 || n < want-2 || n > want+2 {
			t.Errorf("%d pictures are shown of %d, %d are before the beginning", n, len(all), hidden)
		}
	})
	t.Run("closed before", func(t *testing.T) { // nothing from before the moment that somebody may see
		want := want
		want.Open = []Span{{begin, list[len(list)-1].To}}
		c, file := w.exportOf(want)
		clean(t, file)
		if c.Spans[0].From.Before(begin) || len(c.Left) != 1 || c.Left[0].Reason != LeftKey || !c.Left[0].From.Equal(begin) {
			t.Errorf("samples from %v, open from %v, left out %+v", c.Spans[0].From, begin, c.Left)
		}
		if c.From.Sub(begin) > 2*time.Second {
			t.Errorf("it begins %v late", c.From.Sub(begin))
		}
	})
	t.Run("closed after", func(t *testing.T) {
		want := want
		edge := begin.Add(3 * time.Second)
		want.Open = []Span{{list[0].From, edge}}
		c, file := w.exportOf(want)
		clean(t, file)
		last := c.Spans[len(c.Spans)-1].To
		if last.Sub(edge) > 40*time.Millisecond || edge.Sub(last) > 40*time.Millisecond {
			t.Errorf("samples to %v, open to %v", last, edge)
		}
		if len(c.Left) != 1 || c.Left[0].Reason != LeftClosed || c.Left[0].From.Sub(edge).Abs() > 50*time.Millisecond || !c.Left[0].To.Equal(want.Span.To) {
			t.Errorf("left out %+v", c.Left)
		}
		w.onlyOpen(c, want)
	})
	t.Run("closed between", func(t *testing.T) {
		want := want
		want.Open = []Span{{list[0].From, begin.Add(time.Second)}, {begin.Add(2500 * time.Millisecond), list[len(list)-1].To}}
		c, file := w.exportOf(want)
		clean(t, file)
		w.onlyOpen(c, want)
		if len(c.Spans) != 2 || len(c.Left) < 1 || c.Left[0].Reason != LeftClosed {
			t.Errorf("spans %v, left out %+v", c.Spans, c.Left)
		}
	})
	t.Run("nothing open", func(t *testing.T) {
		want := want
		_, err := w.a.cut(t.Context(), want)
		if !fault.Is(err, fault.Conflict) || fault.Code(err) != CodeNoFootage {
			t.Errorf("%v", err)
		}
	})
	t.Run("look", func(t *testing.T) {
		want := want
		want.Open = []Span{{list[0].From, list[len(list)-1].To}}
		c, _ := w.exportOf(want)
		l, err := w.a.Look(t.Context(), want)
		if err != nil || l.Seconds < 5.1 || l.Seconds > 5.3 || float64(l.Bytes) < 0.7*float64(c.size()) || float64(l.Bytes) > 1.6*float64(c.size()) {
			t.Errorf("%+v of %d bytes: %v", l, c.size(), err)
		}
	})
}

// onlyOpen holds every byte of an export to what may be seen: it finds the sample
// each piece is part of.
func (w *world) onlyOpen(c *cut, want ExportWant) {
	w.t.Helper()
	all := map[string]Segment{}
	for _, s := range w.segments(want.Camera) {
		all[s.ID] = s
	}
	for _, p := range c.pieces {
		s := all[c.Segments[p.segment]]
		tables, err := w.a.samples(w.t.Context(), &s)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, f := range flatten(nil, tables, videoTrack) {
			if f.offset+int64(f.size) <= int64(p.offset) || f.offset >= int64(p.offset)+int64(p.bytes) {
				continue
			}
			at := wall(&s, f.at)
			if !slices.ContainsFunc(want.Open, func(o Span) bool { return !at.Before(o.From) && at.Before(o.To) }) {
				w.t.Errorf("the picture of %v is in the file", at)
			}
		}
		for _, f := range flatten(nil, tables, soundTrack) {
			if f.offset+int64(f.size) <= int64(p.offset) || f.offset >= int64(p.offset)+int64(p.bytes) {
				continue
			}
			at := wall(&s, f.at*videoRate/8000)
			if !slices.ContainsFunc(want.Open, func(o Span) bool { return !at.Before(o.From) && at.Before(o.To) }) {
				w.t.Errorf("the sound of %v is in the file", at)
			}
		}
	}
}

// shownPictures counts what a player shows.
func shownPictures(t *testing.T, file string) int {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(out)))
	return n
}

// Any range of an export has the bytes of the whole.
func TestExportByRanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Segment: 2 * time.Second})
	w.camera("gate", clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond, Sound: testcam.PCMU, Kbits: 2000}))
	w.record("gate", Policy{Sound: true})
	poll(t, 60*time.Second, "segments", func() bool { return len(w.segments("gate")) >= 4 })
	c, err := w.a.cut(t.Context(), all("gate"))
	if err != nil {
		t.Fatal(err)
	}
	whole := w.exportBytes(c, "gate") // it grows meanwhile, and stays the same
	l := w.layout(c, "gate")
	for range 300 {
		from := rand.Int64N(l.size)
		to := from + rand.Int64N(min(l.size-from, 300_000)+1)
		b, err := io.ReadAll(l.reader(t.Context(), from, to))
		if err != nil || !bytes.Equal(b, whole[from:to]) {
			t.Fatalf("bytes %d to %d are not those of the whole: %v", from, to, err)
		}
	}
	if _, err := l.reader(cancelled(), 0, l.size).Read(make([]byte, 10)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func cancelled() context.Context {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	return ctx
}

// What a segment's tail says is what its moofs say; a damaged one is not believed.
func TestExportReadsTails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Config{Segment: 2 * time.Second})
	w.camera("gate", clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: 500 * time.Millisecond, Sound: testcam.PCMU, BFrames: 2}))
	w.record("gate", Policy{Sound: true})
	poll(t, 60*time.Second, "segments", func() bool { return len(w.segments("gate")) >= 3 })
	w.end()
	w.start()
	s := w.segments("gate")[1]
	var tail [][]stretch
	var whole *sums
	err := w.a.tail(t.Context(), &s, func(body []byte) {
		tail, _ = parseTail(body, len(s.Fragments), s.Bytes)
		whole = parseSums(body, len(s.Fragments), s.Bytes)
	})
	if err != nil || len(tail) != len(s.Fragments) {
		t.Fatalf("a tail of %d fragments, not %d: %v", len(tail), len(s.Fragments), err)
	}
	s.Repaired = true // read moof by moof
	moofs, err := w.a.samples(t.Context(), &s)
	if err != nil || fmt.Sprint(moofs) != fmt.Sprint(tail) {
		t.Fatalf("the tail says\n%v\nnot\n%v: %v", tail, moofs, err)
	}
	if whole == nil || !slices.Equal(flats(whole.video, 0), unfixed(moofs, videoTrack)) || !slices.Equal(flats(whole.sound, 0), unfixed(moofs, soundTrack)) {
		t.Fatalf("in sum the tail says %v", whole)
	}
	s.Repaired = false
	name := filepath.Join(w.disk(), layerDir("gate", Main), s.From.Format(time.DateOnly), fileName(s.From.UnixMicro()))
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{1, 2, 3}, s.Bytes+tailHead+20); err != nil {
		t.Fatal(err)
	}
	again, err := w.a.samples(t.Context(), &s)
	if err != nil || fmt.Sprint(moofs) != fmt.Sprint(again) {
		t.Errorf("with a damaged tail: %v", err)
	}
}

func FuzzTail(f *testing.F) {
	f.Add(appendTail(nil, []stretch{{track: 1, offset: 5, base: 7, units: []unit{{size: 3, span: 4, show: -1, key: true}, {size: 2, span: 4}}}}), 1)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if list, ok := parseTail(b, max(0, min(n, 100)), 1000); ok {
			for _, frag := range list {
				for _, s := range frag {
					end := s.offset
					for _, u := range s.units {
						end += int64(u.size)
					}
					if end > 1000 {
						t.Errorf("samples reach to %d", end)
					}
				}
			}
		}
		if len(b) > 8 {
			_, _ = parseMoof(b, 0, int64(len(b)))
			_, _ = parseExportHead(b)
		}
	})
}
