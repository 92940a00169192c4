package archive

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A segment that is taken whole adds what its samples would add one by one.
func TestSumsAreTheirSamples(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 2000 {
		frags := 1 + r.IntN(5)
		list, end := someStretches(r, frags)
		var body []byte
		for _, f := range list {
			body = appendTail(body, f)
		}
		read, ok := parseTail(body, frags, end)
		if !ok || fmt.Sprint(read) != fmt.Sprint(list) {
			t.Fatalf("round %d: the tail is not read", round)
		}
		s := parseSums(body, frags, end)
		if s == nil {
			t.Fatalf("round %d: no sums", round)
		}
		if s2 := parseSums(body, frags, end-1); s2 != nil {
			t.Fatalf("round %d: a sample reaches behind the end", round)
		}
		if s2 := parseSums(body[:len(body)-1], frags, end); s2 != nil {
			t.Fatalf("round %d: a tail cut short is believed", round)
		}
		for _, c := range []struct {
			track byte
			sums  []sum
		}{{videoTrack, s.video}, {soundTrack, s.sound}} {
			raw := unfixed(list, c.track)
			if got := flats(c.sums, 0); !slices.Equal(got, raw) {
				t.Fatalf("round %d: track %d has\n%v\nnot\n%v", round, c.track, got, raw)
			}
			one, all := &exportTrack{rate: 48000, sound: c.track == soundTrack}, &exportTrack{rate: 48000, sound: c.track == soundTrack}
			for _, tr := range []*exportTrack{one, all} { // behind another one
				tr.add(unit{size: 7, span: 900, key: true}, raw[0].at+41-900+int64(round%5))
			}
			for _, f := range raw {
				one.add(f.unit, f.at+41)
			}
			for i := range c.sums {
				all.sum(&c.sums[i], c.sums[i].at+41)
			}
			if !bytes.Equal(one.sizes.appendTo(nil), all.sizes.appendTo(nil)) {
				t.Fatalf("round %d: other sizes", round)
			}
			one.sizes, all.sizes = gathered{}, gathered{}
			if a, b := fmt.Sprintf("%+v", *one), fmt.Sprintf("%+v", *all); a != b {
				t.Fatalf("round %d: tables\n%s\nnot\n%s", round, b, a)
			}
		}
		most := int64(0)
		video := flatten(nil, list, videoTrack)
		for _, u := range video {
			most = max(most, u.at+int64(u.show)+int64(u.span))
		}
		last := video[len(video)-1]
		if s.late != most || s.from != video[0].at || s.to != last.at+int64(last.span) || s.show != int64(video[0].show) || s.pictures != len(video) {
			t.Fatalf("round %d: %d %d %d %d, not %d %d", round, s.late, s.from, s.to, s.show, most, video[0].at)
		}
	}
}

// unfixed are the samples as the stretches say them.
func unfixed(list [][]stretch, track byte) (out []flat) {
	for i, f := range list {
		for _, s := range f {
			if s.track != track {
				continue
			}
			at, offset := int64(s.base), s.offset
			for _, u := range s.units {
				out = append(out, flat{u, at, offset, int32(i)})
				at, offset = at+int64(u.span), offset+int64(u.size)
			}
		}
	}
	return out
}

func someStretches(r *rand.Rand, frags int) (list [][]stretch, end int64) {
	at, heard, offset := int64(90000+r.IntN(1000)), int64(48000+r.IntN(1000)), int64(1000)
	for range frags {
		v, a := stretch{track: videoTrack, offset: offset, base: uint64(at)}, stretch{track: soundTrack, base: uint64(heard)}
		for i := range 1 + r.IntN(30) {
			u := unit{size: uint32(r.IntN(40000)), span: 3600, key: i == 0}
			if r.IntN(10) == 0 {
				u.span = uint32(r.IntN(9000) + 1)
			}
			if r.IntN(4) == 0 {
				u.show = int32(r.IntN(9000) - 1000)
			}
			if r.IntN(1000) == 0 {
				u.size = 1<<31 - 1
			}
			v.units = append(v.units, u)
			offset += int64(u.size)
			at += int64(u.span)
		}
		at += int64(r.IntN(3)) // the next fragment may begin a little later
		a.offset = offset
		for range 1 + r.IntN(60) {
			u := unit{size: uint32(r.IntN(300)), span: 960, key: true}
			a.units = append(a.units, u)
			offset += int64(u.size)
			heard += 960
		}
		heard += int64(r.IntN(5) - 2) // two clocks
		end = offset
		offset += 1000
		list = append(list, []stretch{v, a})
	}
	return list, end
}

// What is taken whole and what is put together sample by sample are the same file.
func TestExportOfWholeSegmentsIsThatOfTheirSamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	span := sparse(t, dir, 30, true)
	a, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: dir}}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	minute := func(n float64) time.Time { return span.From.Add(time.Duration(n * float64(time.Minute))) }
	for name, w := range map[string]ExportWant{
		"all":             {Span: span, Open: []Span{span}},
		"from the middle": {Span: Span{minute(3.4), minute(20.7)}, Open: []Span{span}},
		"with a gap":      {Span: span, Open: []Span{{minute(0), minute(7.3)}, {minute(9.2), minute(25)}}},
	} {
		w.Camera, w.Layer = "gate", Main
		whole, err := a.cut(t.Context(), w)
		if err != nil {
			t.Fatal(name, err)
		}
		plain, err := a.cutWith(t.Context(), w, true)
		if err != nil {
			t.Fatal(name, err)
		}
		if whole.mark() != plain.mark() || !bytes.Equal(whole.head, plain.head) || !slices.Equal(whole.pieces, plain.pieces) || fmt.Sprint(whole.Spans, whole.Left, whole.Seconds) != fmt.Sprint(plain.Spans, plain.Left, plain.Seconds) {
			t.Errorf("%s: %d bytes of boxes and %d pieces, not %d and %d", name, len(whole.head), len(whole.pieces), len(plain.head), len(plain.pieces))
		}
	}
	// Without a minute in the middle sound ends with the pictures before it.
	day := filepath.Join(dir, layerDir("gate", Main), dayName(dayOf(span.From.UnixMicro())))
	index, err := os.ReadFile(filepath.Join(day, fileIndex))
	if err != nil {
		t.Fatal(err)
	}
	name := minute(12).UnixMicro()
	if err := os.WriteFile(filepath.Join(day, fileIndex), row{kind: rowDropped, name: name}.append(index), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Close()
	b, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: dir}}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	w := ExportWant{Camera: "gate", Layer: Main, Span: span, Open: []Span{span}}
	whole, err := b.cut(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := b.cutWith(t.Context(), w, true)
	if err != nil || whole.mark() != plain.mark() || len(whole.Shown) != 2 {
		t.Errorf("with a gap: %v, %v", whole.Shown, err)
	}
}
