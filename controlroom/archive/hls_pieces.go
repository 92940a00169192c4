package archive

import (
	"slices"
	"time"
)

const (
	pieceShort = 2 * time.Second // a piece is not shorter, but where its segment ends
	pieceLong  = 6 * time.Second // and not longer, but where key frames are further apart
	// mediaSlack is how far media time may be off where a segment continues another.
	mediaSlack = videoRate / 10
)

// Piece is a part of one segment that a player fetches with one request: some
// fragments, of which the first begins with a key frame.
type Piece struct {
	Segment  string
	Init     string
	Offset   int64
	Bytes    int64
	At       time.Time
	Duration time.Duration
	Break    bool // it does not go on where the piece before it ends
	First    bool // of its segment
}

// Cut says how segments are cut into pieces.
type Cut struct {
	Span  Span            // pieces that meet it
	Wish  time.Duration   // a piece ends at the first key frame after so long; 2 to 6 s
	Allow func(Span) bool // nil: everything. What it allows of a span, it allows of every part of that
	// Edge is the end of what may be seen, when there is one that moves on. While
	// the footage grows, what reaches beyond it waits.
	Edge time.Time
	// Open: more will come, and what has been handed out is not cut otherwise
	// later: a piece that is not whole yet waits.
	Open bool
}

// Pieces cuts a list of segments, sorted by time as Archive.Segments returns them.
// It is a pure function. Of what is not allowed nothing is in a piece.
func Pieces(list []Segment, c Cut) []Piece {
	runs := make([]cuttable, 0, len(list))
	for i := range list {
		if s := &list[i]; len(s.Fragments) > 0 {
			last := s.Fragments[len(s.Fragments)-1]
			runs = append(runs, cuttable{Segment: s, end: last.Offset + last.Bytes})
		}
	}
	return c.pieces(runs)
}

// cuttable is a segment that may be known by its parts alone.
type cuttable struct {
	*Segment
	end   int64  // where its last fragment ends
	parts []part // all of it may be seen, and is cut so; nil: by its fragments
}

func (c *Cut) pieces(list []cuttable) []Piece {
	c.Wish = wishOf(c.Wish)
	runs := inRuns(list)
	out := make([]Piece, 0, c.about(runs))
	var own []group
	var before *cuttable // of the last piece
	for i := range runs {
		s := &runs[i]
		at := len(out)
		if s.parts != nil {
			out = c.whole(out, s)
		} else {
			own = c.groups(own[:0], s.Segment)
			for _, g := range own {
				out = c.allowed(out, s.Segment, g)
			}
		}
		for j := at; j < len(out); j++ {
			out[j].Break = j > 0 && !follows(&out[j-1], before, &out[j], s)
			before = s
		}
	}
	return out
}

func wishOf(wish time.Duration) time.Duration { return min(max(wish, pieceShort), pieceLong) }

// about is how many pieces there will be, or a few more.
func (c *Cut) about(list []cuttable) int {
	n := 0
	for _, s := range list {
		n += int(s.To.Sub(s.From)/c.Wish) + 1
	}
	return n
}

// Touched are the fragments of a segment that a range of its bytes reaches into;
// what is before the first fragment belongs to it. from is inclusive, to exclusive.
func (s *Segment) Touched(from, to int64) []Fragment {
	a, _ := slices.BinarySearchFunc(s.Fragments, from, func(f Fragment, at int64) int {
		if f.Offset+f.Bytes <= at {
			return -1
		}
		return 1
	})
	b, _ := slices.BinarySearchFunc(s.Fragments, to, func(f Fragment, at int64) int {
		if f.Offset < at {
			return -1
		}
		return 1
	})
	if to > 0 && b == 0 {
		b = 1
	}
	return s.Fragments[min(a, len(s.Fragments)):min(max(a, b), len(s.Fragments))]
}

// Span is the time of a fragment.
func (f Fragment) Span() Span { return Span{f.At, f.At.Add(f.Duration)} }

// group is a run of fragments of one segment: from, to are their numbers.
type group struct{ from, to int }

// groups adds a segment's pieces that meet the span, by fragments, before rights
// are looked at.
func (c *Cut) groups(out []group, s *Segment) []group {
	frags := s.Fragments
	return slices.DeleteFunc(groupsOf(out, frags, c.Wish, !s.Growing || !c.Open), func(g group) bool {
		last := &frags[g.to-1]
		return !c.meet(frags[g.from].At, last.At.Add(last.Duration))
	})
}

// framed is a fragment, or its row.
type framed interface {
	length() time.Duration
	key() bool
}

func (f Fragment) length() time.Duration { return f.Duration }
func (f Fragment) key() bool             { return f.Key }
func (f fragRow) length() time.Duration  { return time.Duration(f.span) * time.Microsecond }
func (f fragRow) key() bool              { return f.flags&flagKey != 0 }

// groupsOf adds how a segment is cut into pieces; rest: the last one too, which may
// still grow. That depends on the segment and the wish alone, so that a growing list
// stays as it was.
func groupsOf[F framed](out []group, frags []F, wish time.Duration, rest bool) []group {
	begin, length := 0, time.Duration(0)
	for i := 0; i < len(frags); {
		end, gop := i+1, frags[i].length()
		for end < len(frags) && !frags[end].key() {
			gop += frags[end].length()
			end++
		}
		if i > begin && (length >= wish || length >= pieceShort && length+gop > pieceLong) {
			out = append(out, group{begin, i})
			begin, length = i, 0
		}
		length += gop
		i = end
	}
	if begin < len(frags) && rest {
		out = append(out, group{begin, len(frags)})
	}
	return out
}

func (c *Cut) meet(from, to time.Time) bool {
	return to.After(c.Span.From) && from.Before(c.Span.To) && (!c.Open || c.Edge.IsZero() || !to.After(c.Edge))
}

// allowed adds the parts of a group that may be seen: each begins with a key frame.
func (c *Cut) allowed(out []Piece, s *Segment, g group) []Piece {
	for i := g.from; i < g.to; {
		j := i
		for j < g.to && (c.Allow == nil || c.Allow(s.Fragments[j].Span())) {
			j++
		}
		if j > i {
			first, last := &s.Fragments[i], &s.Fragments[j-1]
			out = append(out, Piece{Segment: s.ID, Init: s.Init, Offset: first.Offset, Bytes: last.Offset + last.Bytes - first.Offset,
				At: first.At, Duration: last.At.Add(last.Duration).Sub(first.At), First: i == 0})
		}
		for i = max(j, i+1); i < g.to && !s.Fragments[i].Key; { // on with the next key frame
			i++
		}
	}
	return out
}

// follows says whether q goes on where p ends.
func follows(p *Piece, of *cuttable, q *Piece, s *cuttable) bool {
	if of.ID == s.ID {
		return p.Offset+p.Bytes == q.Offset
	}
	return q.First && p.Offset+p.Bytes == of.end && continues(of.Segment, s.Segment)
}

// continues says whether s goes on where before ends. Continues alone does not
// say that it is before's continuation.
func continues(before, s *Segment) bool {
	if !s.Continues || before.Init != s.Init || before.Layer != s.Layer || s.From.Sub(before.To).Abs() > 2*slew*time.Microsecond {
		return false
	}
	end := before.Media + uint64(before.To.Sub(before.From).Microseconds()*videoRate/1e6)
	return s.Media < end+mediaSlack && end < s.Media+mediaSlack
}

// inRuns puts segments one after the other that continue each other. They are so
// already, but where the clock was set back and two runs lie over each other.
func inRuns(list []cuttable) []cuttable {
	over := false
	for i := 1; i < len(list) && !over; i++ {
		over = list[i].From.Before(list[i-1].To) && !continues(list[i-1].Segment, list[i].Segment)
	}
	if !over {
		return list
	}
	sorted := make([]cuttable, 0, len(list))
	for len(list) > 0 {
		run, rest := list[0], list[:0:0]
		sorted = append(sorted, run)
		for _, s := range list[1:] {
			if continues(run.Segment, s.Segment) {
				sorted = append(sorted, s)
				run = s
			} else {
				rest = append(rest, s)
			}
		}
		list = rest
	}
	return sorted
}
