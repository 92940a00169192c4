package archive

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"slices"
	"sync"
	"syscall"
)

// shelf is one layer of one camera on one disk: days of segments and the rows
// about them. Reads take mu for a moment and never wait for a write.
type shelf struct {
	d      *disk
	camera string
	layer  Layer
	log    *slog.Logger

	write sync.Mutex // one change of the files at a time; before mu

	mu      sync.Mutex
	loaded  bool
	days    map[int]*day
	growing *file
	pending []*file // closed, their rows found no room yet
}

// day is what a day's index adds up to.
type day struct {
	size     int64 // bytes of the index that count
	rows     int   // of segments, removed ones too
	low      int   // so many are no more
	frags    uint32
	bytes    int64
	first    int64 // least From of what is there, microseconds
	last     int64 // largest To
	quarters [96]uint32

	local      int   // how many are on the disk
	localBytes int64 // and their bytes
	localFirst int64 // least From of them
}

func (s *shelf) dir(d int) string { return path.Join(layerDir(s.camera, s.layer), dayName(d)) }

// load reads the indexes once. A day whose index is damaged or missing is made
// anew from its files. Called without locks.
func (s *shelf) load() error {
	if s.isLoaded() { // readers do not wait for a write
		return nil
	}
	s.write.Lock()
	defer s.write.Unlock()
	if s.isLoaded() {
		return nil
	}
	days, err := s.dayDirs()
	if err != nil {
		return err
	}
	sums := map[int]*day{}
	used := int64(0)
	for _, n := range days {
		t, err := s.table(n, -1)
		if err == nil && t.bad > 0 || errors.Is(err, fs.ErrNotExist) {
			s.log.Warn("the index of a day is damaged and made anew", "camera", s.camera, "layer", s.layer, "day", dayName(n))
			s.d.incomplete.Store(true) // what is in the bucket is found again by itself
			_ = s.d.root.Remove(fileBucket)
			if err = s.rebuild(n); err == nil {
				t, err = s.table(n, -1)
			}
		}
		if err != nil {
			return err
		}
		if t.half {
			s.unlink(n, t.rows[:t.low])
		}
		sums[n] = sumUp(n, t)
		used += sums[n].localBytes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.days, s.loaded = sums, true
	s.d.used.Add(used)
	return nil
}

func (s *shelf) isLoaded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loaded
}

// dayDirs are the days there are folders of.
func (s *shelf) dayDirs() ([]int, error) {
	entries, err := readDir(s.d.root, layerDir(s.camera, s.layer))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []int
	for _, e := range entries {
		if n, ok := parseDay(e.Name()); ok && e.IsDir() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

func readDir(root *os.Root, dir string) ([]fs.DirEntry, error) {
	f, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

// table reads a day's index up to size bytes; -1: all of it.
func (s *shelf) table(n int, size int64) (table, error) {
	defer s.d.busy()()
	f, err := s.d.root.Open(path.Join(s.dir(n), fileIndex))
	if err != nil {
		return table{}, err
	}
	defer f.Close()
	if size < 0 {
		st, err := f.Stat()
		if err != nil {
			return table{}, err
		}
		size = st.Size()
	}
	b := make([]byte, min(size, maxIndex))
	got, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return table{}, err
	}
	return parseTable(b[:got]), nil
}

const maxIndex = 64 << 20 // bytes: a million segments a day

func sumUp(n int, t table) *day {
	d := &day{size: int64(t.whole)}
	d.low = t.low
	for _, r := range t.rows {
		d.rows++
		d.frags = max(d.frags, r.first+r.frags)
	}
	for _, r := range t.live() {
		d.add(n, r)
	}
	return d
}

// add counts a segment that is there.
func (d *day) add(n int, r row) {
	if d.bytes == 0 || r.from < d.first {
		d.first = r.from
	}
	d.last = max(d.last, r.to())
	d.bytes += r.bytes
	if !r.away {
		if d.local == 0 || r.from < d.localFirst {
			d.localFirst = r.from
		}
		d.local++
		d.localBytes += r.bytes
	}
	d.quarters[quarter(n, r)] += uint32(r.bytes >> 10)
}

// quarter is the quarter hour of its day a segment began in.
func quarter(n int, r row) int {
	const q = 15 * 60 * 1e6
	return int(min(max((r.from-int64(n)*96*q)/q, 0), 95))
}

// appendRows adds rows of segments behind those there are; w is held.
func (s *shelf) appendRow(n int, r row, frags []fragRow) (row, error) {
	s.mu.Lock()
	d := s.days[n]
	if d == nil {
		d = &day{}
	}
	at, first := d.size, d.frags
	s.mu.Unlock()
	dir := s.dir(n)
	if r.kind == rowSegment {
		r.first, r.frags = first, uint32(len(frags))
		var b []byte
		for _, f := range frags {
			b = f.append(b)
		}
		if err := s.writeAt(path.Join(dir, fileFrags), b, int64(first)*fragSize); err != nil {
			return r, err
		}
	}
	return r, s.writeAt(path.Join(dir, fileIndex), r.append(nil), at)
}

// writeAt puts bytes at the end that counts, over what a crash may have left
// there, synced. On a full disk the ballast makes room.
func (s *shelf) writeAt(name string, b []byte, at int64) error {
	err := s.writeOnce(name, b, at)
	if errors.Is(err, syscall.ENOSPC) && s.d.dropBallast() {
		err = s.writeOnce(name, b, at)
	}
	return err
}

func (s *shelf) writeOnce(name string, b []byte, at int64) error {
	defer s.d.busy()()
	f, err := s.d.root.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() > at {
		if err := f.Truncate(at); err != nil {
			return err
		}
	}
	if _, err := f.WriteAt(b, at); err != nil {
		return errors.Join(err, f.Truncate(at)) // what is torn and stays is overwritten the next time
	}
	return f.Sync()
}

// counted makes a row that was written visible.
func (s *shelf) counted(n int, r row) {
	d := s.days[n]
	if d == nil {
		d = &day{}
		s.days[n] = d
	}
	d.size += rowSize
	d.rows++
	d.frags = r.first + r.frags
	d.add(n, r)
}

// unlink removes files of segments, and has what is in the bucket removed there.
func (s *shelf) unlink(n int, rows []row) {
	var away []string
	for _, r := range rows {
		if r.away {
			away = append(away, s.objectName(n, r.name))
			continue
		}
		if err := s.d.root.Remove(path.Join(s.dir(n), fileName(r.name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Warn("footage could not be removed", "camera", s.camera, "err", err)
		}
	}
	if err := s.d.doom(away); err != nil {
		s.log.Warn("footage stays in the bucket", "camera", s.camera, "err", err)
	}
}

// oldest is when the oldest footage there begins, microseconds; false when there is none.
func (s *shelf) oldest() (int64, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := int64(0), false
	for _, d := range s.days {
		if d.bytes > 0 && (!ok || d.first < found) {
			found, ok = d.first, true
		}
	}
	return found, ok
}

// totals are the bytes there, and the time they are from and to.
func (s *shelf) totals() (bytes, first, last int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.days {
		if d.bytes > 0 && (first == 0 || d.first < first) {
			first = d.first
		}
		bytes += d.bytes
		last = max(last, d.last)
	}
	for _, f := range s.unlisted() {
		bytes += f.row.bytes
		if first == 0 || f.row.from < first {
			first = f.row.from
		}
		last = max(last, f.row.to())
	}
	return bytes, first, last
}

// unlisted are the segments without a row: closed ones that wait, then the one
// that grows; mu is held.
func (s *shelf) unlisted() []*file {
	out := slices.Clone(s.pending)
	if s.growing != nil {
		out = append(out, s.growing)
	}
	return out
}

// dayNumbers are the days of which there is footage in rows, sorted.
func (s *shelf) dayNumbers() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.days))
}
