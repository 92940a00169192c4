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
	Span  Span          // pieces that meet it
	Wish  time.Duration // a piece ends at the first key frame after so long; 2 to 6 s
	Allow func(Span) bool
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
	c.Wish = min(max(c.Wish, pieceShort), pieceLong)
	runs := inRuns(list)
	out := make([]Piece, 0, c.about(runs))
	var own []group
	var before *Segment // of the last piece
	for _, s := range runs {
		own = c.groups(own[:0], s)
		for _, g := range own {
			at := len(out)
			out = c.allowed(out, s, g)
			for i := at; i < len(out); i++ {
				out[i].Break = i > 0 && !follows(&out[i-1], before, &out[i], s)
				before = s
			}
		}
	}
	return out
}

// about is how many pieces there will be, or a few more.
func (c *Cut) about(list []*Segment) int {
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

// groups adds a segment's pieces, by fragments, before rights are looked at. They
// depend on the segment and the wish alone, so that a growing list stays as it was.
func (c *Cut) groups(out []group, s *Segment) []group {
	frags := s.Fragments
	begin, length := 0, time.Duration(0)
	for i := 0; i < len(frags); {
		end, gop := i+1, frags[i].Duration
		for end < len(frags) && !frags[end].Key {
			gop += frags[end].Duration
			end++
		}
		if i > begin && (length >= c.Wish || length >= pieceShort && length+gop > pieceLong) {
			out = c.meets(out, frags, group{begin, i})
			begin, length = i, 0
		}
		length += gop
		i = end
	}
	if begin < len(frags) && (!s.Growing || !c.Open) {
		out = c.meets(out, frags, group{begin, len(frags)})
	}
	return out
}

// meets adds a group that meets the span, and does not wait for the edge.
func (c *Cut) meets(out []group, frags []Fragment, g group) []group {
	last := &frags[g.to-1]
	end := last.At.Add(last.Duration)
	if !end.After(c.Span.From) || !frags[g.from].At.Before(c.Span.To) || c.Open && !c.Edge.IsZero() && end.After(c.Edge) {
		return out
	}
	return append(out, g)
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
func follows(p *Piece, of *Segment, q *Piece, s *Segment) bool {
	if of.ID == s.ID {
		return p.Offset+p.Bytes == q.Offset
	}
	last := of.Fragments[len(of.Fragments)-1]
	return q.First && p.Offset+p.Bytes == last.Offset+last.Bytes && continues(of, s)
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
func inRuns(list []Segment) []*Segment {
	out := make([]*Segment, 0, len(list))
	over := false
	for i := range list {
		if len(list[i].Fragments) == 0 {
			continue
		}
		s := &list[i]
		over = over || len(out) > 0 && s.From.Before(out[len(out)-1].To) && !continues(out[len(out)-1], s)
		out = append(out, s)
	}
	if !over {
		return out
	}
	sorted := make([]*Segment, 0, len(out))
	for len(out) > 0 {
		run, rest := out[0], out[:0:0]
		sorted = append(sorted, run)
		for _, s := range out[1:] {
			if continues(run, s) {
				sorted = append(sorted, s)
				run = s
			} else {
				rest = append(rest, s)
			}
		}
		out = rest
	}
	return sorted
}
