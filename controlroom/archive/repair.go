package archive

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
)

// repair finishes what a crash left open on a disk: every marked file is cut
// after its last whole fragment and listed. Nothing else is looked at. It returns
// how many there were.
func (a *Archive) repair(d *disk) (int, error) {
	marks, err := readDir(d.root, dirOpen)
	if err != nil {
		return 0, err
	}
	for _, m := range marks {
		camera, layer, name, ok := parseMark(m.Name())
		if !ok {
			continue
		}
		s := a.shelf(d, camera, layer)
		if err := s.repair(name); err != nil {
			return len(marks), err
		}
		if err := d.root.Remove(path.Join(dirOpen, m.Name())); err != nil {
			return len(marks), err
		}
	}
	return len(marks), nil
}

func (s *shelf) repair(name int64) error {
	s.write.Lock()
	defer s.write.Unlock()
	n := dayOf(name)
	file := path.Join(s.dir(n), fileName(name))
	sc, err := s.cut(file, true)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if errors.Is(err, errNotOurs) || err == nil && len(sc.frags) == 0 {
		return s.d.root.Remove(file) // not one picture was written whole
	}
	if err != nil {
		return err
	}
	t, err := s.table(n, -1)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if slices.ContainsFunc(t.rows, func(r row) bool { return r.name == name }) {
		return nil // the crash came between its row and its mark
	}
	s.mu.Lock()
	if s.days == nil {
		s.days = map[int]*day{}
	}
	s.days[n] = sumUp(n, t) // where the next row goes; load counts anew
	s.mu.Unlock()
	sc.row.name = name
	_, err = s.appendRow(n, sc.row, sc.frags)
	return err
}

// cut reads a segment's file and, told so, cuts it after its last whole fragment.
func (s *shelf) cut(file string, truncate bool) (scanned, error) {
	f, err := s.d.root.OpenFile(file, os.O_RDWR, 0o600)
	if err != nil {
		return scanned{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return scanned{}, err
	}
	sc, err := scan(f, st.Size())
	if err != nil || !truncate {
		return sc, err
	}
	sc.row.flags |= flagRepaired
	if _, err := f.WriteAt([]byte{sc.row.flags}, int64(sc.row.head)-headBox+headFlags); err != nil {
		return sc, err
	}
	if err := f.Truncate(sc.row.bytes); err != nil {
		return sc, err
	}
	return sc, f.Sync()
}

// rebuild makes a day's index from the segments themselves, in the order of their
// names. write is held.
func (s *shelf) rebuild(n int) error {
	entries, err := readDir(s.d.root, s.dir(n))
	if err != nil {
		return err
	}
	s.mu.Lock()
	open := map[int64]bool{}
	for _, f := range s.unlisted() {
		open[f.row.name] = f.day == n
	}
	s.mu.Unlock()
	var names []int64
	for _, e := range entries {
		if name, ok := parseFile(e.Name()); ok && !open[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var index, frags []byte
	count := uint32(0)
	for _, name := range names {
		sc, err := s.cut(path.Join(s.dir(n), fileName(name)), false)
		if err != nil || len(sc.frags) == 0 {
			s.log.Warn("a file among the footage is not a segment and is left alone", "camera", s.camera, "day", dayName(n), "file", name, "err", err)
			continue
		}
		r := sc.row
		r.name, r.first = name, count
		index = r.append(index)
		for _, f := range sc.frags {
			frags = f.append(frags)
		}
		count += r.frags
		if err := s.keepInit(r.init, sc.init); err != nil {
			return err
		}
	}
	if err := s.d.root.Remove(path.Join(s.dir(n), fileIndex)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // without one the day is made anew at the next start, should this not come to its end
	}
	if err := s.d.put(path.Join(s.dir(n), fileFrags), frags); err != nil {
		return err
	}
	return s.d.put(path.Join(s.dir(n), fileIndex), index)
}
