package archive

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"path"
	"time"
)

// removeOldest removes segments of the oldest day as long as more says so, and
// returns their bytes. The row that they are no more is written before the first
// file goes, so nothing is listed that is not there.
func (s *shelf) removeOldest(more func(r row, removed int64) bool) (int64, error) {
	s.write.Lock()
	defer s.write.Unlock()
	n, low, size, ok := s.oldestDay()
	if !ok {
		return 0, nil
	}
	t, err := s.table(n, size)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	removed, local, to := int64(0), int64(0), low
	for ; to < len(t.rows) && (t.rows[to].dropped || more(t.rows[to], removed)); to++ {
		r := t.rows[to]
		if r.dropped {
			continue
		}
		removed += r.bytes
		if !r.away {
			local += r.bytes
		}
	}
	if to == low {
		return 0, nil
	}
	if _, err := s.appendRow(n, row{kind: rowRemoving, name: int64(to)}, nil); err != nil {
		return 0, err
	}
	t.low = to
	s.mu.Lock()
	sum := sumUp(n, t)
	sum.size = size + rowSize
	s.days[n] = sum
	s.mu.Unlock()
	s.unlink(n, t.rows[low:to])
	s.d.used.Add(-local)
	if to == len(t.rows) && s.removeDay(n) {
		return removed, nil
	}
	if _, err := s.appendRow(n, row{kind: rowRemoved, name: int64(to)}, nil); err != nil {
		return removed, err
	}
	s.mu.Lock()
	sum.size += rowSize
	s.mu.Unlock()
	return removed, nil
}

// oldestDay is the day with the oldest footage in rows.
func (s *shelf) oldestDay() (n, low int, size int64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = math.MaxInt
	for i, d := range s.days {
		if d.bytes > 0 && i < n {
			n, low, size, ok = i, d.low, d.size, true
		}
	}
	return n, low, size, ok
}

// removeDay removes the folder of a day of which all is gone, unless a segment
// without a row is in it.
func (s *shelf) removeDay(n int) bool {
	s.mu.Lock()
	for _, f := range s.unlisted() {
		if f.day == n {
			s.mu.Unlock()
			return false
		}
	}
	delete(s.days, n)
	s.mu.Unlock()
	dir := s.dir(n)
	for _, name := range []string{fileFrags, fileIndex} {
		if err := s.d.root.Remove(path.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Warn("an index could not be removed", "camera", s.camera, "err", err)
		}
	}
	if err := s.d.root.Remove(dir); err != nil {
		s.log.Debug("a day's folder stays", "camera", s.camera, "err", err)
	}
	return true
}

// retainDisk removes the oldest footage of a disk, whoever's it is, until the
// reserve and the limit are kept.
func (a *Archive) retainDisk(ctx context.Context, d *disk) (total int64) {
	short := d.short()
	for total < short && ctx.Err() == nil {
		s := a.oldestShelf(d)
		if s == nil {
			break
		}
		n, err := s.dropOldest(func(removed int64) bool { return total+removed < short && removed < 256<<20 })
		if err != nil {
			a.cfg.Log.Warn("footage could not be removed to make room", "disk", d.cfg.Path, "err", err)
			break
		}
		if n == 0 {
			break
		}
		total += n
		a.metrics.removed.WithLabelValues("disk").Add(float64(n))
	}
	return total
}

func (a *Archive) oldestShelf(d *disk) *shelf {
	var found *shelf
	at := int64(math.MaxInt64)
	for _, s := range a.shelvesOn(d) {
		if first, ok := s.oldestLocal(); ok && first < at {
			found, at = s, first
		}
	}
	return found
}

// oldestLocal is when the oldest footage begins that is on the disk.
func (s *shelf) oldestLocal() (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := int64(0), false
	for _, d := range s.days {
		if d.local > 0 && (!ok || d.localFirst < found) {
			found, ok = d.localFirst, true
		}
	}
	return found, ok
}

// dropOldest makes room on the disk. Where nothing was moved to a bucket that is
// removeOldest; else what is still on the disk goes, and what is moved stays.
func (s *shelf) dropOldest(more func(removed int64) bool) (int64, error) {
	n, size, moved := s.localDay()
	if !moved {
		return s.removeOldest(func(_ row, removed int64) bool { return more(removed) })
	}
	s.write.Lock()
	defer s.write.Unlock()
	t, err := s.table(n, size)
	if err != nil {
		return 0, err
	}
	var gone []row
	var b []byte
	removed := int64(0)
	for _, r := range t.live() {
		if !r.away && more(removed) {
			gone = append(gone, r)
			b = row{kind: rowDropped, name: r.name}.append(b)
			removed += r.bytes
		}
	}
	if len(gone) == 0 {
		return 0, nil
	}
	if err := s.note(n, b); err != nil {
		return 0, err
	}
	s.unlink(n, gone)
	s.d.used.Add(-removed)
	return removed, nil
}

// localDay is the day with the oldest footage on the disk, and whether any on this
// shelf was moved.
func (s *shelf) localDay() (n int, size int64, moved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := int64(math.MaxInt64)
	for i, d := range s.days {
		if d.bytes > d.localBytes {
			moved = true
		}
		if d.local > 0 && d.localFirst < first {
			n, size, first = i, d.size, d.localFirst
		}
	}
	return n, size, moved
}

// note appends rows about segments that have one, and counts the day anew; write is held.
func (s *shelf) note(n int, rows []byte) error {
	s.mu.Lock()
	d := s.days[n]
	at := int64(0)
	if d != nil {
		at = d.size
	}
	s.mu.Unlock()
	if err := s.writeAt(path.Join(s.dir(n), fileIndex), rows, at); err != nil {
		return err
	}
	t, err := s.table(n, -1)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.days[n] = sumUp(n, t)
	return nil
}

// retainCamera keeps a camera within its age and its bytes.
func (a *Archive) retainCamera(ctx context.Context, camera string, p Policy) {
	shelves := a.shelvesOf(camera, "")
	if p.KeepDays > 0 {
		end := a.cfg.Clock.Now().Add(-time.Duration(p.KeepDays) * 24 * time.Hour).UnixMicro()
		for _, s := range shelves {
			for ctx.Err() == nil && a.drop(s, "age", func(r row, _ int64) bool { return r.to() <= end }) > 0 {
			}
		}
	}
	for p.KeepBytes > 0 && ctx.Err() == nil {
		total, oldest, at := int64(0), (*shelf)(nil), int64(math.MaxInt64)
		for _, s := range shelves {
			n, _, _ := s.totals()
			total += n
			if first, ok := s.oldest(); ok && first < at {
				oldest, at = s, first
			}
		}
		over := total - p.KeepBytes
		if over <= 0 || oldest == nil || a.drop(oldest, "bytes", func(_ row, removed int64) bool { return removed < over }) == 0 {
			return
		}
	}
}

func (a *Archive) drop(s *shelf, why string, more func(row, int64) bool) int64 {
	n, err := s.removeOldest(more)
	if err != nil {
		a.cfg.Log.Warn("old footage could not be removed", "camera", s.camera, "err", err)
		return 0
	}
	a.metrics.removed.WithLabelValues(why).Add(float64(n))
	return n
}
