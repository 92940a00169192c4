package archive

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"

	"sightline/internal/clock"
)

// file is a segment that is written, or was and waits for its row. One
// recorder writes it; row and frags are read under the shelf's mu.
type file struct {
	s      *shelf
	f      *os.File
	day    int
	mark   string
	row    row // bytes, span and frags as far as the file can be read
	frags  []fragRow
	synced int64  // clock.Mono of the last sync
	tail   []byte // its moofs in short, see tailID
}

// create begins a segment. First comes the mark that it is open, then the file
// with its heads: a start after a crash looks at marked files only.
func (s *shelf) create(r row, init []byte) (*file, error) {
	defer s.d.busy()()
	if err := s.keepInit(r.init, init); err != nil {
		return nil, err
	}
	r.kind = rowSegment
	for {
		f, err := s.createOne(r, init)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		r.name++ // the clock was here before
	}
}

func (s *shelf) createOne(r row, init []byte) (*file, error) {
	f := &file{s: s, day: dayOf(r.name), row: r, mark: path.Join(dirOpen, markName(s.camera, s.layer, r.name)), synced: clock.Mono()}
	if err := s.d.root.MkdirAll(s.dir(f.day), 0o700); err != nil {
		return nil, err
	}
	if err := s.d.syncDir(layerDir(s.camera, s.layer)); err != nil {
		return nil, err
	}
	name := path.Join(s.dir(f.day), fileName(r.name))
	if _, err := s.d.root.Lstat(name); err == nil {
		return nil, fs.ErrExist
	}
	if err := s.d.root.WriteFile(f.mark, nil, 0o600); err != nil {
		return nil, err
	}
	var err error
	if f.f, err = s.d.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
		return nil, errors.Join(err, s.d.root.Remove(f.mark))
	}
	head := appendHead(init[:len(init):len(init)], r.flags, r.from)
	if _, err := f.f.Write(head); err != nil {
		f.drop()
		return nil, err
	}
	for _, dir := range []string{dirOpen, s.dir(f.day)} { // after a power cut the mark and the file are there
		if err := s.d.syncDir(dir); err != nil {
			f.drop()
			return nil, err
		}
	}
	f.row.head, f.row.bytes = uint32(len(head)), int64(len(head))
	s.d.used.Add(f.row.bytes)
	s.mu.Lock()
	s.growing = f
	s.mu.Unlock()
	return f, nil
}

// keepInit keeps ftyp and moov under their hash.
func (s *shelf) keepInit(hash [8]byte, init []byte) error {
	name := initPath(s.camera, hashName(hash))
	if _, err := s.d.root.Lstat(name); err == nil {
		return nil
	}
	if err := s.d.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	return s.d.put(name, init)
}

// append writes one fragment. After an error the file ends where it ended before.
func (f *file) append(b []byte, fr fragRow, syncAfter int64) error {
	done := f.s.d.busy()
	defer done()
	_, err := f.f.WriteAt(b, f.row.bytes)
	if now := clock.Mono(); err == nil && now-f.synced >= syncAfter {
		f.synced = now
		err = datasync(f.f)
	}
	if err != nil {
		return errors.Join(err, f.f.Truncate(f.row.bytes))
	}
	f.remember(b)
	f.s.d.used.Add(int64(len(b)))
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	fr.offset, fr.bytes = uint32(f.row.bytes), uint32(len(b))
	f.frags = append(f.frags, fr)
	f.row.frags++
	f.row.bytes += int64(len(b))
	f.row.span = fr.at + fr.span
	return nil
}

// close ends the segment: its bytes are on the disk, then its rows, then the mark
// goes. Where rows find no room the segment stays readable and waits for retry.
func (f *file) close() error {
	defer f.s.d.busy()()
	if f.row.frags == 0 {
		f.drop()
		return nil
	}
	f.writeTail()
	err := datasync(f.f)
	if cerr := f.f.Close(); err == nil {
		err = cerr
	}
	f.s.write.Lock()
	defer f.s.write.Unlock()
	if err != nil {
		f.wait()
		return err
	}
	return f.list()
}

// list writes the rows of a closed segment; the shelf's write is held.
func (f *file) list() error {
	r, err := f.s.appendRow(f.day, f.row, f.frags)
	if err != nil {
		f.wait()
		return err
	}
	s := f.s
	s.mu.Lock()
	f.gone()
	s.counted(f.day, r)
	s.mu.Unlock()
	return s.d.root.Remove(f.mark)
}

// wait keeps a closed segment among those without rows.
func (f *file) wait() {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	f.gone()
	f.s.pending = append(f.s.pending, f)
}

// gone takes it off the lists of what has no rows; mu is held.
func (f *file) gone() {
	s := f.s
	if s.growing == f {
		s.growing = nil
	}
	for i, p := range s.pending {
		if p == f {
			s.pending = append(s.pending[:i:i], s.pending[i+1:]...)
			break
		}
	}
}

// drop removes a segment in which there is nothing.
func (f *file) drop() {
	f.f.Close()
	f.s.mu.Lock()
	if f.s.growing == f {
		f.s.growing = nil
		f.s.d.used.Add(-f.row.bytes)
	}
	f.s.mu.Unlock()
	if err := f.s.d.root.Remove(path.Join(f.s.dir(f.day), fileName(f.row.name))); err == nil {
		_ = f.s.d.root.Remove(f.mark) // what stays is looked at by the next start
	}
}

// retry lists closed segments whose rows found no room.
func (s *shelf) retry() {
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.Lock()
	waiting := append([]*file(nil), s.pending...)
	s.mu.Unlock()
	for _, f := range waiting {
		if err := f.list(); err != nil {
			s.d.fail(err)
			return
		}
	}
}

func datasync(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
