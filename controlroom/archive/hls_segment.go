package archive

import (
	"context"
	"errors"
	"io/fs"
)

// Segment finds one segment by its id, with its fragments. fault.NotFound when
// there is none of the camera. Like all reads it opens no footage: one index of
// a day and the rows of its fragments.
func (a *Archive) Segment(ctx context.Context, camera, id string) (Segment, error) {
	if err := checkCamera(camera); err != nil {
		return Segment{}, err
	}
	layer, name, disk, ok := parseSegmentID(id)
	if !ok || segmentID(layer, name, disk) != id {
		return Segment{}, notFound()
	}
	if err := ctx.Err(); err != nil {
		return Segment{}, err
	}
	for _, s := range a.shelvesOf(camera, layer) {
		if s.d.id == disk && s.d.stuck() {
			return Segment{}, away(errHung)
		}
		if s.d.id == disk {
			out, err := s.byName(name)
			if errors.Is(err, fs.ErrNotExist) {
				err = notFound()
			}
			if err != nil {
				return Segment{}, away(err)
			}
			return out, nil
		}
	}
	return Segment{}, notFound()
}

// byName finds a segment; fs.ErrNotExist when it is not there.
func (s *shelf) byName(name int64) (Segment, error) {
	if err := s.load(); err != nil {
		return Segment{}, err
	}
	n := dayOf(name)
	size := int64(-1)
	s.mu.Lock()
	for _, f := range s.unlisted() {
		if f.row.name == name && f.row.frags > 0 {
			l := listed{s: s, day: f.day, row: f.row, frags: f.frags, open: f == s.growing}
			s.mu.Unlock()
			return l.segment(appendFrags(nil, l.frags, l.row.from)), nil
		}
	}
	if d := s.days[n]; d != nil {
		size = d.size
	}
	s.mu.Unlock()
	if size < 0 {
		return Segment{}, fs.ErrNotExist
	}
	t, err := s.table(n, size)
	if err != nil {
		return Segment{}, err
	}
	for _, r := range t.live() {
		if r.name == name {
			l := listed{s: s, day: n, row: r}
			frags, err := l.readFrags()
			if err != nil {
				return Segment{}, err
			}
			return l.segment(appendFrags(make([]Fragment, 0, len(frags)), frags, l.row.from)), nil
		}
	}
	return Segment{}, fs.ErrNotExist
}
