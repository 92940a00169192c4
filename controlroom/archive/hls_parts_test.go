package archive

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// odd writes a day's index of segments that are cut in many ways: key frames here
// and there, gaps, and a clock that was set back for an hour.
func odd(t *testing.T, dir string, r *rand.Rand) Span {
	t.Helper()
	begin := time.Now().Add(-72 * time.Hour).Truncate(24 * time.Hour).UnixMicro()
	index, rows := map[int][]byte{}, map[int][]byte{}
	at, media := begin+20*3600e6, uint64(0)
	for i := range 600 {
		switch i {
		case 200:
			at += 30e6
		case 400:
			at -= 3600e6
		}
		day := dayOf(at)
		s := row{kind: rowSegment, name: at, from: at, head: 1000, bytes: 1000, media: media, first: uint32(len(rows[day]) / fragSize)}
		if i%200 != 0 && i%33 != 0 {
			s.flags = flagContinues
		}
		for n := range 1 + r.IntN(60) {
			f := fragRow{offset: uint32(s.bytes), bytes: uint32(1000 + r.IntN(100000)), at: s.span, span: uint32(100_000 + r.IntN(900_000))}
			if n == 0 || r.IntN(3) > 0 {
				f.flags = flagKey
			}
			rows[day] = f.append(rows[day])
			s.bytes += int64(f.bytes)
			s.span += f.span
			s.frags++
		}
		index[day] = s.append(index[day])
		at += int64(s.span)
		media += uint64(s.span) * 9 / 100
	}
	for day := range index {
		in := filepath.Join(dir, layerDir("gate", Main), dayName(day))
		if err := os.MkdirAll(in, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{fileIndex: index[day], fileFrags: rows[day]} {
			if err := os.WriteFile(filepath.Join(in, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return Span{micros(begin + 20*3600e6), micros(at)}
}

// Pieces of what is remembered are those of the fragments, whoever asks.
func TestPiecesOfTheArchiveAreThoseOfItsFragments(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	span := odd(t, dir, r)
	a, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: dir}}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for round := range 300 {
		long := span.To.Sub(span.From)
		from := span.From.Add(time.Duration(r.Int64N(int64(long))) - time.Minute)
		c := Cut{Span: Span{from, from.Add(time.Duration(r.Int64N(int64(long)) >> r.IntN(8)))}, Wish: time.Duration(r.IntN(7)) * time.Second}
		if round == 0 {
			c.Span = span
		}
		switch round % 4 {
		case 1: // from a moment on
			edge := span.From.Add(time.Duration(r.Int64N(int64(long))))
			c.Allow = func(s Span) bool { return !s.From.Before(edge) }
		case 2: // every other quarter hour
			c.Allow = func(s Span) bool {
				q := s.From.Truncate(30 * time.Minute)
				return !s.To.After(q.Add(15 * time.Minute))
			}
		case 3:
			c.Open, c.Edge = true, span.From.Add(time.Duration(r.Int64N(int64(long))))
		}
		var list []Segment
		for after := ""; ; after = list[len(list)-1].ID {
			page, err := a.Segments(t.Context(), "gate", Main, c.Span, 100, after)
			if err != nil {
				t.Fatal(err)
			}
			if list = append(list, page...); len(page) < 100 {
				break
			}
		}
		want := Pieces(list, c)
		for range 2 {
			got, err := a.Pieces(t.Context(), "gate", Main, c)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("round %d: %v: %d pieces, not %d:\n%s", round, err, len(got), len(want), differ(got, want))
			}
		}
	}
	if n := a.parts.bytes; n == 0 || n > partsMost {
		t.Errorf("%d bytes are remembered", n)
	}
	before, err := a.Segments(t.Context(), "gate", Main, span, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	// What retention removed is in no list, remembered or not.
	day := filepath.Join(dir, layerDir("gate", Main), dayName(dayOf(span.From.UnixMicro())))
	index, err := os.ReadFile(filepath.Join(day, fileIndex))
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	if err := os.WriteFile(filepath.Join(day, fileIndex), row{kind: rowRemoved, name: 5}.append(index), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: dir}}})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	all, err := b.Pieces(t.Context(), "gate", Main, Cut{Span: span})
	list, err2 := b.Segments(t.Context(), "gate", Main, span, 0, "")
	if err != nil || err2 != nil || len(list) != len(before)-5 || !slices.Equal(all, Pieces(list, Cut{Span: span})) {
		t.Errorf("%d segments: %v, %v", len(list), err, err2)
	}
}

func differ(got, want []Piece) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("%d: %+v\nnot %+v", i, got[i], want[i])
		}
	}
	return ""
}

// What is remembered has a bound, and the day that was asked for last stays.
func TestRememberedPartsAreBounded(t *testing.T) {
	t.Parallel()
	var c partsCache
	for day := range 100 {
		p := &parts{}
		p.add(1, 1, make([]part, 1<<16))
		c.put(partsKey{day: day}, p)
		if c.bytes > partsMost || len(c.kept) != c.order.Len() {
			t.Fatalf("%d bytes in %d of %d", c.bytes, len(c.kept), c.order.Len())
		}
	}
	if c.get(partsKey{day: 99}) == nil || c.get(partsKey{day: 0}) != nil {
		t.Error("the oldest stayed")
	}
	c.put(partsKey{day: 99}, &parts{})
	if p := c.get(partsKey{day: 99}); p == nil || p.size() != 0 {
		t.Error("it was not replaced")
	}
}
