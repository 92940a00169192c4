package archive

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/hlstest"
)

var updateGolden = flag.Bool("update", false, "write testdata/hls")

var noon = time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)

// made is a segment of so many groups of pictures: each of some fragments of a
// second, of 1000 bytes.
func made(from time.Time, init string, gops ...int) Segment {
	s := Segment{ID: fmt.Sprintf("main.%d.0123abcd", from.UnixMicro()), Layer: Main, From: from, To: from, Init: init}
	at := int64(100)
	for _, n := range gops {
		for i := range n {
			s.Fragments = append(s.Fragments, Fragment{Offset: at, Bytes: 1000, At: s.To, Duration: time.Second, Key: i == 0})
			at += 1000
			s.To = s.To.Add(time.Second)
		}
	}
	s.Bytes = at
	return s
}

// on is a segment that continues another one.
func on(before Segment, late time.Duration, gops ...int) Segment {
	s := made(before.To.Add(late), before.Init, gops...)
	s.Continues = true
	s.Media = before.Media + uint64(before.To.Sub(before.From).Microseconds()*videoRate/1e6)
	return s
}

func playlistOf(list []Segment, c Cut) *Playlist {
	return &Playlist{Pieces: Pieces(list, c), From: c.Span.From, Growing: c.Open, Ended: !c.Open}
}

func parsed(t *testing.T, p *Playlist) *hlstest.Playlist {
	t.Helper()
	text := p.Append(nil)
	out, err := hlstest.Parse(text)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return out
}

// The playlists of typical stretches, word by word.
func TestPlaylistGolden(t *testing.T) {
	a := made(noon, "00000000000000aa", 1, 1, 1, 1, 1)
	b := on(a, 15*time.Millisecond, 2, 2)
	other := made(b.To, "00000000000000bb", 4, 4, 4)
	late := made(other.To.Add(time.Hour), "00000000000000bb", 10)
	all := []Segment{a, b, other, late}
	wide := Span{noon.Add(-time.Hour), noon.Add(3 * time.Hour)}
	grow := on(a, 0, 1, 1, 1)
	grow.Growing = true
	hours := &authz.Schedule{Intervals: []authz.Interval{{Day: 6, From: 720, To: 735}}} // Saturday, noon to a quarter past
	for name, p := range map[string]*Playlist{
		"vod":     playlistOf(all, Cut{Span: wide}),
		"middle":  playlistOf(all, Cut{Span: Span{noon.Add(2500 * time.Millisecond), noon.Add(6 * time.Second)}}),
		"growing": playlistOf([]Segment{a, grow}, Cut{Span: Span{noon.Add(time.Second), wide.To}, Open: true}),
		"bounded": playlistOf(all, Cut{Span: wide, Allow: func(s Span) bool {
			return Covered(authz.Footage{From: noon.Add(6500 * time.Millisecond), Hours: hours, Zone: time.UTC}, s)
		}}),
		"delayed":   playlistOf(all, Cut{Span: wide, Edge: noon.Add(11 * time.Second), Allow: func(s Span) bool { return Covered(authz.Footage{To: noon.Add(11 * time.Second)}, s) }}),
		"wish-five": playlistOf(all, Cut{Span: wide, Wish: 5 * time.Second}),
	} {
		t.Run(name, func(t *testing.T) {
			parsed(t, p)
			file := filepath.Join("testdata", "hls", name+".m3u8")
			got := p.Append(nil)
			if *updateGolden {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Pieces begin with a key frame and are of 2 to 6 s where key frames let them.
func TestPiecesAreOfTwoToSixSeconds(t *testing.T) {
	for gop := 1; gop <= 12; gop++ {
		gops := make([]int, 60/gop)
		for i := range gops {
			gops[i] = gop
		}
		s := made(noon, "aa", gops...)
		for _, wish := range []time.Duration{0, 2 * time.Second, 4 * time.Second, 5 * time.Second, time.Hour} {
			pieces := Pieces([]Segment{s}, Cut{Span: Span{noon, noon.Add(time.Hour)}, Wish: wish})
			at, sum := s.Fragments[0].Offset, time.Duration(0)
			for i, p := range pieces {
				if p.Offset != at {
					t.Fatalf("gop %d s: piece %d begins at %d, not %d", gop, i, p.Offset, at)
				}
				if f := s.Touched(p.Offset, p.Offset+1); len(f) != 1 || !f[0].Key || !f[0].At.Equal(p.At) {
					t.Errorf("gop %d s: piece %d begins in %+v", gop, i, f)
				}
				if last := i == len(pieces)-1; (p.Duration < 2*time.Second && !last) || p.Duration > max(6, time.Duration(gop))*time.Second {
					t.Errorf("gop %d s, wish %v: a piece of %v", gop, wish, p.Duration)
				}
				at += p.Bytes
				sum += p.Duration
			}
			if at != s.Bytes || sum != s.To.Sub(s.From) {
				t.Errorf("gop %d s: the pieces end at %d of %d, and last %v", gop, at, s.Bytes, sum)
			}
		}
	}
}

// A list that grows is only ever appended to, fragment by fragment, also for who
// may see only what is a minute old.
func TestAGrowingPlaylistIsAppendedTo(t *testing.T) {
	for _, delay := range []time.Duration{0, 7 * time.Second} {
		var done []Segment
		var before *hlstest.Playlist
		segs := []Segment{made(noon, "aa", 1, 2, 3, 1, 1, 4, 1)}
		for _, gops := range [][]int{{2, 2, 2}, {6, 6}, {1, 1, 1, 1, 1}} {
			segs = append(segs, on(segs[len(segs)-1], 10*time.Millisecond, gops...))
		}
		segs = append(segs, made(segs[len(segs)-1].To.Add(30*time.Second), "bb", 3, 3, 3, 3, 3))
		for _, s := range segs {
			for n := 1; n <= len(s.Fragments); n++ {
				g := s
				g.Fragments, g.Growing = s.Fragments[:n], n < len(s.Fragments)
				last := g.Fragments[n-1]
				g.To, g.Bytes = last.At.Add(last.Duration), last.Offset+last.Bytes
				clock := g.To
				c := Cut{Span: Span{noon.Add(time.Second), noon.Add(time.Hour)}, Open: true}
				if delay > 0 {
					f := authz.Footage{To: clock.Add(-delay)}
					c.Edge, c.Allow = f.To, func(s Span) bool { return Covered(f, s) }
				}
				p := playlistOf(append(done[:len(done):len(done)], g), c)
				if len(p.Pieces) == 0 {
					continue
				}
				now := parsed(t, p)
				if before != nil {
					if err := now.Extends(before); err != nil {
						t.Fatalf("delay %v, after %s with %d fragments: %v", delay, s.ID, n, err)
					}
				}
				if end := now.Pieces[len(now.Pieces)-1]; delay > 0 && end.At.Add(end.Duration).After(clock.Add(-delay).Add(time.Millisecond)) {
					t.Fatalf("a piece to %v at %v", end.At.Add(end.Duration), clock)
				}
				before = now
			}
			done = append(done, s)
		}
		if n := len(before.Pieces); n < 15 {
			t.Errorf("delay %v: only %d pieces", delay, n)
		}
	}
}

// Two runs of footage that lie over each other, since the clock was set back, are
// played one after the other, with one discontinuity.
func TestRunsAreNotMixed(t *testing.T) {
	first := []Segment{made(noon, "aa", 5, 5)}
	for range 5 {
		first = append(first, on(first[len(first)-1], 0, 5, 5))
	}
	second := []Segment{made(noon.Add(35*time.Second), "aa", 5, 5)}
	for range 5 {
		second = append(second, on(second[len(second)-1], 0, 5, 5))
	}
	var list []Segment
	for i, j := 0, 0; i < len(first) || j < len(second); {
		if j == len(second) || i < len(first) && first[i].From.Before(second[j].From) {
			list, i = append(list, first[i]), i+1
		} else {
			list, j = append(list, second[j]), j+1
		}
	}
	p := playlistOf(list, Cut{Span: Span{noon, noon.Add(time.Hour)}})
	breaks := 0
	for _, q := range parsed(t, p).Pieces {
		if q.Discontinuity {
			breaks++
		}
	}
	if breaks != 1 || len(p.Pieces) != 24 {
		t.Errorf("%d pieces with %d discontinuities", len(p.Pieces), breaks)
	}
}

// Nothing that is not covered is ever in a piece, whatever the bounds.
func TestNothingUncoveredIsInAPiece(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 3, 28, 21, 0, 0, 0, time.UTC) // over the night on which the clock is set forward
	var list []Segment
	for i := range 12 * 60 {
		if i == 0 {
			list = append(list, made(start, "aa", 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4))
			continue
		}
		list = append(list, on(list[i-1], 3*time.Millisecond, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4))
	}
	hours := &authz.Schedule{Intervals: []authz.Interval{{Day: 0, From: 15, To: 45}, {Day: 0, From: 165, To: 255}, {Day: 0, From: 600, To: 615}}}
	for name, f := range map[string]authz.Footage{
		"from":    {From: start.Add(90*time.Minute + 1500*time.Millisecond)},
		"to":      {To: start.Add(3*time.Hour + 2500*time.Millisecond)},
		"hours":   {Hours: hours, Zone: zone},
		"all":     {From: start.Add(72 * time.Minute), To: start.Add(11 * time.Hour), Hours: hours, Zone: zone},
		"none":    {Hours: &authz.Schedule{}, Zone: zone},
		"no zone": {Hours: hours},
	} {
		frags := map[string]Segment{}
		want := time.Duration(0)
		for _, s := range list {
			frags[s.ID] = s
			for _, g := range s.Fragments {
				if Covered(f, g.Span()) {
					want += g.Duration
				}
			}
		}
		p := playlistOf(list, Cut{Span: Span{start.Add(-time.Hour), start.Add(24 * time.Hour)}, Wish: 5 * time.Second, Allow: func(s Span) bool { return Covered(f, s) }})
		got := time.Duration(0)
		for _, q := range p.Pieces {
			s := frags[q.Segment]
			touched := s.Touched(q.Offset, q.Offset+q.Bytes)
			for i, g := range touched {
				if !Covered(f, g.Span()) {
					t.Fatalf("%s: a piece at %v has %v", name, q.At, g.At)
				}
				got += g.Duration
				if i == 0 && !g.Key {
					t.Fatalf("%s: a piece begins without a key frame", name)
				}
			}
		}
		if len(p.Pieces) > 0 {
			parsed(t, p)
		}
		if got > want || want-got > 20*time.Second {
			t.Errorf("%s: %v of %v", name, got, want)
		}
		spans, sum := Within(f, []Span{{start, list[len(list)-1].To}}), time.Duration(0)
		for _, s := range spans {
			if !Covered(f, s) {
				t.Errorf("%s: %v is said to be within", name, s)
			}
			sum += s.To.Sub(s.From)
		}
		if d := (sum - want).Abs(); d > 10*time.Second {
			t.Errorf("%s: spans of %v, fragments of %v", name, sum, want)
		}
	}
}

// What a range of bytes touches.
func TestTouched(t *testing.T) {
	s := made(noon, "aa", 2, 2) // fragments at 100, 1100, 2100, 3100
	for _, c := range []struct {
		from, to int64
		want     string
	}{
		{0, 1, "[0]"}, {0, 100, "[0]"}, {0, 101, "[0]"}, {100, 1100, "[0]"}, {99, 1101, "[0 1]"}, {1099, 1101, "[0 1]"}, {1100, 1101, "[1]"},
		{0, 4100, "[0 1 2 3]"}, {4099, 4100, "[3]"}, {4100, 5000, "[]"}, {2100, 2100, "[]"}, {0, 0, "[]"},
	} {
		var got []int
		for _, f := range s.Touched(c.from, c.to) {
			got = append(got, int((f.Offset-100)/1000))
		}
		if text := fmt.Sprint(got); text != c.want {
			t.Errorf("%d to %d touches %s, want %s", c.from, c.to, text, c.want)
		}
	}
}
