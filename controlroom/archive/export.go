package archive

import (
	"context"
	"slices"
	"time"

	"sightline/internal/fault"
)

// ExportWant is a range of a camera's footage that somebody wants as a file.
type ExportWant struct {
	Camera string
	Layer  Layer // "" is main
	Span   Span  // what is to be shown
	// Open is what may be handed out, sorted and apart: nothing else is in the file,
	// not even hidden. It may reach further than Span: to be decoded, a picture needs
	// those since the key frame before it, and an edit list hides them.
	Open []Span
	Why  func(time.Time) string // why a moment is not open; nil: LeftClosed
}

// Reasons of a Left.
const (
	LeftNone   = "no_footage"    // nothing was recorded, or it is gone
	LeftClosed = "closed"        // not in ExportWant.Open
	LeftKey    = "key_frame"     // pictures that need one which is not in Open
	LeftCodec  = "codec_changed" // from here on the camera sent another codec: another file
)

// Left is a part of the wanted time that is not in the file.
type Left struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

const (
	leftMost     = 200                 // of these are named
	leadIn       = time.Minute         // how far before the wanted range Open counts
	ExportLonger = 31 * 24 * time.Hour // no export can be configured to be
	segmentsMost = 50_000              // of one export
	entriesMost  = 64                  // different heads of one export
)

// ExportLook is what an export would be, by the index alone.
type ExportLook struct {
	Layer   Layer
	Bytes   int64 // about
	Seconds float64
	From    time.Time // of what would be shown; zero where there is nothing
	To      time.Time
	Gaps    int
	Left    []Left
}

// Look tells what an export of a range would be. It reads the index only.
func (a *Archive) Look(ctx context.Context, w ExportWant) (ExportLook, error) {
	var out ExportLook
	list, err := a.exported(ctx, &w)
	if err != nil {
		return out, err
	}
	var shown []Span
	for i := range list {
		for _, f := range list[i].Fragments {
			s := Span{f.At, f.At.Add(f.Duration)}
			if within(w.Open, s, w.Span) {
				out.Bytes += f.Bytes
				shown = join(shown, meet(s, w.Span))
			}
		}
	}
	out.Layer, out.Left = w.Layer, w.left(shown, nil, time.Time{})
	out.From, out.To, out.Gaps, out.Seconds = sumSpans(shown)
	return out, nil
}

func sumSpans(list []Span) (from, to time.Time, gaps int, seconds float64) {
	if len(list) == 0 {
		return from, to, 0, 0
	}
	for _, s := range list {
		seconds += s.To.Sub(s.From).Seconds()
	}
	return list[0].From, list[len(list)-1].To, len(list) - 1, seconds
}

// within says whether something of s is wanted and open.
func within(open []Span, s, want Span) bool {
	if !s.From.Before(want.To) || !want.From.Before(s.To) {
		return false
	}
	for _, o := range open {
		if o.From.Before(s.To) && s.From.Before(o.To) {
			return true
		}
	}
	return false
}

func meet(s, t Span) Span {
	if s.From.Before(t.From) {
		s.From = t.From
	}
	if s.To.After(t.To) {
		s.To = t.To
	}
	return s
}

// join adds a span behind others; what is nearer than half a second is one.
func join(list []Span, s Span) []Span {
	if !s.From.Before(s.To) {
		return list
	}
	if n := len(list); n > 0 {
		if d := s.From.Sub(list[n-1].To); d <= joined*time.Microsecond && !s.From.Before(list[n-1].From) {
			if s.To.After(list[n-1].To) {
				list[n-1].To = s.To
			}
			return list
		}
	}
	return append(list, s)
}

// check fills in and refuses what cannot be meant.
func (w *ExportWant) check() error {
	if w.Layer == "" {
		w.Layer = Main
	}
	if w.Layer != Main && w.Layer != Sub {
		return fault.Field("layer", fault.CodeBadValue, "A layer is main or sub.")
	}
	if !w.Span.From.Before(w.Span.To) {
		return fault.Field("to", fault.CodeBadValue, "The end is after the beginning.")
	}
	if w.Span.To.Sub(w.Span.From) > ExportLonger {
		return fault.Field("to", fault.CodeTooLong, "That is too long for one file.")
	}
	return nil
}

// exported lists the segments of an export in the order of playing.
func (a *Archive) exported(ctx context.Context, w *ExportWant) ([]Segment, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	var out []Segment
	if len(w.Open) == 0 {
		return nil, nil
	}
	span := meet(w.Span, Span{w.Open[0].From, w.Open[len(w.Open)-1].To}) // nothing is told of what is not open
	for after := ""; span.From.Before(span.To); {
		page, err := a.Segments(ctx, w.Camera, w.Layer, span, 0, after)
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			if len(s.Fragments) > 0 {
				out = append(out, s)
			}
		}
		if len(out) > segmentsMost {
			return nil, fault.Field("to", fault.CodeTooLong, "That is too long for one file.")
		}
		if len(page) < maxList {
			break
		}
		after = page[len(page)-1].ID
	}
	return unwind(out), nil
}

// unwind puts segments that follow each other behind each other. They lie by wall
// clock; where that was set back, two recordings of one hour are interleaved.
func unwind(list []Segment) []Segment {
	overlap := false
	for i := 1; i < len(list) && !overlap; i++ {
		overlap = list[i].From.Before(list[i-1].To.Add(-step * time.Microsecond))
	}
	if !overlap {
		return list
	}
	var chains [][]Segment
	for _, s := range list {
		at := slices.IndexFunc(chains, func(c []Segment) bool {
			d := s.From.Sub(c[len(c)-1].To)
			return d >= -joined*time.Microsecond && (d <= joined*time.Microsecond || !overlaps(list, c[len(c)-1], s))
		})
		if at < 0 {
			chains = append(chains, nil)
			at = len(chains) - 1
		}
		chains[at] = append(chains[at], s)
	}
	return slices.Concat(chains...)
}

// overlaps says whether something else plays between the end of x and the beginning of y.
func overlaps(list []Segment, x, y Segment) bool {
	return slices.ContainsFunc(list, func(s Segment) bool {
		return s.ID != x.ID && s.ID != y.ID && s.From.Before(y.From) && x.To.Before(s.To)
	})
}

// left lists what of the wanted time is not shown, and why.
func (w *ExportWant) left(shown, keyless []Span, codec time.Time) []Left {
	var out []Left
	add := func(s Span, reason string) {
		if s.To.Sub(s.From) <= joined*time.Microsecond {
			return
		}
		if n := len(out); n > 0 && out[n-1].Reason == reason && !s.From.After(out[n-1].To) {
			out[n-1].To = s.To
			return
		}
		if len(out) < leftMost {
			out = append(out, Left{s.From, s.To, reason})
		}
	}
	for _, s := range minus(w.Span, shown) {
		closed := minus(s, w.Open)
		for _, o := range cutAt(minus(s, closed), codec) {
			switch {
			case !codec.IsZero() && !o.From.Before(codec):
				add(o, LeftCodec)
			case slices.ContainsFunc(keyless, func(k Span) bool { return k.From.Before(o.To) && o.From.Before(k.To) }):
				add(o, LeftKey)
			default:
				add(o, LeftNone)
			}
		}
		for _, c := range closed {
			add(c, w.why(c.From))
		}
	}
	slices.SortStableFunc(out, func(x, y Left) int { return x.From.Compare(y.From) })
	return out
}

// cutAt cuts the span that a moment is in.
func cutAt(list []Span, at time.Time) []Span {
	for i, s := range list {
		if s.From.Before(at) && at.Before(s.To) {
			out := slices.Insert(slices.Clone(list), i+1, Span{at, s.To})
			out[i].To = at
			return out
		}
	}
	return list
}

func (w *ExportWant) why(at time.Time) string {
	if w.Why == nil {
		return LeftClosed
	}
	return w.Why(at)
}

// minus is s without what is in list, in whatever order that is.
func minus(s Span, list []Span) []Span {
	list = slices.Clone(list)
	slices.SortFunc(list, func(x, y Span) int { return x.From.Compare(y.From) })
	var out []Span
	at := s.From
	for _, l := range list {
		if !l.To.After(at) {
			continue
		}
		if !l.From.Before(s.To) {
			break
		}
		if l.From.After(at) {
			out = append(out, Span{at, l.From})
		}
		at = l.To
	}
	if at.Before(s.To) {
		out = append(out, Span{at, s.To})
	}
	return out
}
