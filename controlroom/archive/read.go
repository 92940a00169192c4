package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"sightline/internal/fault"
)

const (
	joined   = 500_000      // microseconds: two segments this near are one span
	daysBack = 1            // a segment reaches at most into the next day
	maxDays  = 400          // of one request
	wholeDay = 86400 * 1e6  // microseconds
	skew     = 2 * 60 * 1e6 // how far a segment's name may be from its time, beside a step of the clock
	maxList  = 2000         // segments of one page
)

// listed is a segment found by a read.
type listed struct {
	s     *shelf
	day   int
	row   row
	frags []fragRow // of one without a row of its own
	open  bool
}

// find collects the segments of a camera and layer that meet a span, by time.
func (a *Archive) find(ctx context.Context, camera string, layer Layer, span Span) ([]listed, error) {
	if err := checkCamera(camera); err != nil {
		return nil, err
	}
	from, to := span.From.UnixMicro(), span.To.UnixMicro()
	if from >= to {
		return nil, nil
	}
	if to-from > maxDays*wholeDay {
		return nil, fault.Field("to", fault.CodeTooLong, "Ask for at most 400 days at once.")
	}
	var out []listed
	for _, s := range a.shelvesOf(camera, layer) {
		if s.d.stuck() {
			continue // nobody waits for it; what the other disks have is there
		}
		if err := s.load(); err != nil {
			return nil, away(err)
		}
		found, err := s.find(ctx, from, to)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortFunc(out, func(x, y listed) int { return cmpRow(x.row, y.row) })
	return out, nil
}

func cmpRow(x, y row) int {
	switch {
	case x.from != y.from && x.from < y.from, x.from == y.from && x.name < y.name:
		return -1
	case x.from == y.from && x.name == y.name:
		return 0
	}
	return 1
}

func (s *shelf) find(ctx context.Context, from, to int64) ([]listed, error) {
	var out []listed
	s.mu.Lock()
	for _, f := range s.unlisted() {
		if f.row.frags > 0 && f.row.from < to && f.row.to() > from {
			out = append(out, listed{s: s, day: f.day, row: f.row, frags: f.frags, open: f == s.growing})
		}
	}
	sizes := map[int]int64{}
	for n, d := range s.days {
		if d.bytes > 0 && d.first < to && d.last > from {
			sizes[n] = d.size
		}
	}
	s.mu.Unlock()
	for _, n := range slices.Sorted(maps.Keys(sizes)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t, err := s.table(n, sizes[n])
		if errors.Is(err, fs.ErrNotExist) {
			continue // retention was here meanwhile
		}
		if err != nil {
			return nil, away(err)
		}
		for _, r := range t.live() {
			if r.from < to && r.to() > from {
				out = append(out, listed{s: s, day: n, row: r})
			}
		}
	}
	return out, nil
}

// Days lists the days of a zone on which there is footage of a camera, of either
// layer, oldest first. It reads no file but at the first call after the start.
func (a *Archive) Days(ctx context.Context, camera string, zone *time.Location) ([]Day, error) {
	if err := checkCamera(camera); err != nil {
		return nil, err
	}
	sums := map[string]int64{}
	for _, s := range a.shelvesOf(camera, "") {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.load(); err != nil {
			return nil, away(err)
		}
		s.sumDays(zone, sums)
	}
	out := make([]Day, 0, len(sums))
	for _, date := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, Day{Date: date, Bytes: sums[date]})
	}
	return out, nil
}

// sumDays adds what lies on the shelf by local day. A zone's day can begin in any
// quarter hour.
func (s *shelf) sumDays(zone *time.Location, sums map[string]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, d := range s.days {
		begin := time.Unix(int64(n)*86400, 0).In(zone)
		date, until := "", 0
		for q, kib := range d.quarters {
			if q >= until || date == "" {
				at := begin.Add(time.Duration(q) * 15 * time.Minute)
				date = at.Format(time.DateOnly)
				until = q + 1
				if same := begin.Add(95 * 15 * time.Minute); same.Format(time.DateOnly) == date {
					until = 96
				}
			}
			if kib > 0 {
				sums[date] += int64(kib) << 10
			}
		}
	}
	for _, f := range s.unlisted() {
		if f.row.frags > 0 {
			sums[micros(f.row.from).In(zone).Format(time.DateOnly)] += f.row.bytes
		}
	}
}

// Coverage lists the spans of s in which there is footage, joined where one
// segment follows another within half a second. Spans are cut to s.
func (a *Archive) Coverage(ctx context.Context, camera string, layer Layer, s Span) ([]Span, error) {
	found, err := a.find(ctx, camera, layer, s)
	if err != nil {
		return nil, err
	}
	var out []Span
	for _, l := range found {
		at, end := micros(l.row.from), micros(l.row.to())
		if at.Before(s.From) {
			at = s.From
		}
		if end.After(s.To) {
			end = s.To
		}
		if n := len(out); n > 0 && at.Sub(out[n-1].To) <= joined*time.Microsecond {
			if end.After(out[n-1].To) {
				out[n-1].To = end
			}
			continue
		}
		out = append(out, Span{at, end})
	}
	return out, nil
}

// Segments lists the segments that meet s, by time, with their fragments: at most
// limit (0, or more than 2000: 2000) of those behind the one with id after ("":
// from the first). An after that is gone goes on where it was.
func (a *Archive) Segments(ctx context.Context, camera string, layer Layer, s Span, limit int, after string) ([]Segment, error) {
	found, err := a.find(ctx, camera, layer, s)
	if err != nil {
		return nil, err
	}
	if limit <= 0 || limit > maxList {
		limit = maxList
	}
	if after != "" {
		found, err = behind(found, after)
		if err != nil {
			return nil, err
		}
	}
	return segments(ctx, found[:min(limit, len(found))])
}

// behind cuts a list after an id.
func behind(found []listed, after string) ([]listed, error) {
	_, name, _, ok := parseSegmentID(after)
	if !ok {
		return nil, fault.Field("after", fault.CodeBadValue, "That is not a segment.")
	}
	for i, l := range found {
		if l.id() == after {
			return found[i+1:], nil
		}
	}
	i, _ := slices.BinarySearchFunc(found, name, func(l listed, name int64) int {
		if l.row.from <= name {
			return -1
		}
		return 1
	})
	return found[i:], nil
}

func (l *listed) id() string { return segmentID(l.s.layer, l.row.name, l.s.d.id) }

// segment is a row with its fragments.
func (l *listed) segment(frags []Fragment) Segment {
	r := &l.row
	return Segment{
		ID: l.id(), Camera: l.s.camera, Layer: l.s.layer, From: micros(r.from), To: micros(r.to()),
		Init: hashName(r.init), Bytes: r.bytes, Media: r.media,
		Continues: r.flags&flagContinues != 0, Sound: r.flags&flagSound != 0, Repaired: r.flags&flagRepaired != 0,
		Growing: l.open, Fragments: frags,
	}
}

// Init returns ftyp and moov, as players want them before the fragments.
func (a *Archive) Init(_ context.Context, camera, hash string) ([]byte, error) {
	if err := checkCamera(camera); err != nil {
		return nil, err
	}
	if !initID.MatchString(hash) {
		return nil, notFound()
	}
	for _, d := range a.disks {
		b, err := d.root.ReadFile(initPath(camera, hash))
		if err == nil {
			return bytes.Clone(b), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, away(err)
		}
	}
	return nil, notFound()
}

// ReadAt reads a segment's file like an io.ReaderAt: io.EOF with what there is
// where it ends, also where a growing one ends now. fault.NotFound when retention
// removed it, or it never was.
func (a *Archive) ReadAt(ctx context.Context, camera, segment string, p []byte, off int64) (int, error) {
	if err := checkCamera(camera); err != nil {
		return 0, err
	}
	layer, name, id, ok := parseSegmentID(segment)
	if !ok || off < 0 {
		return 0, notFound()
	}
	for _, s := range a.shelvesOf(camera, layer) {
		if s.d.id == id && s.d.stuck() {
			return 0, away(errHung)
		}
		if s.d.id == id {
			n, err := s.readAt(name, p, off)
			if a.cfg.Bucket != nil && fault.Is(err, fault.NotFound) {
				return a.readAway(ctx, s, name, p, off)
			}
			return n, err
		}
	}
	return 0, notFound()
}

func (s *shelf) readAt(name int64, p []byte, off int64) (int, error) {
	limit := int64(-1)
	s.mu.Lock()
	for _, f := range s.unlisted() {
		if f.row.name == name {
			limit = f.row.bytes
		}
	}
	s.mu.Unlock()
	f, err := s.d.root.Open(path.Join(s.dir(dayOf(name)), fileName(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, notFound()
	}
	if err != nil {
		return 0, away(err)
	}
	defer f.Close()
	if limit >= 0 { // what is behind it is being written
		if off >= limit {
			return 0, io.EOF
		}
		if int64(len(p)) > limit-off {
			n, err := f.ReadAt(p[:limit-off], off)
			if err == nil {
				err = io.EOF
			}
			return n, err
		}
	}
	return f.ReadAt(p, off)
}

func away(err error) error {
	var known *fault.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeBusy, "The footage cannot be read now. Try again.")
}
