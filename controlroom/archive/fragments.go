package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"
	"time"
)

// fragTable is a part of one day's table of fragments: all that a list of segments
// needs of it, read at once.
type fragTable struct {
	s      *shelf
	day    int
	lo, hi int64 // rows
	b      *[]byte
	gone   bool // retention was here meanwhile
}

// fragBuffers hold what is read of tables: a day is two megabytes.
var fragBuffers = sync.Pool{New: func() any { return new([]byte) }}

// segments gives listed segments their fragments. Each day's table is read once,
// and the fragments of all lie in one piece of memory. Segments of a day that is
// gone are left out.
func segments(ctx context.Context, found []listed) ([]Segment, error) {
	tables := fragTables(found)
	defer freeTables(tables)
	for i := range tables {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := tables[i].read(); err != nil {
			return nil, away(err)
		}
	}
	total := 0
	for i := range found {
		total += max(len(found[i].frags), int(found[i].row.frags))
	}
	slab := make([]Fragment, 0, total)
	out := make([]Segment, 0, len(found))
	var t *fragTable
	var rows []fragRow
	for i := range found {
		l := &found[i]
		at := len(slab)
		if l.frags != nil {
			slab = appendFrags(slab, l.frags, l.row.from)
		} else {
			if t == nil || t.s != l.s || t.day != l.day {
				t = tableOf(tables, l)
			}
			if t.gone {
				continue
			}
			ok := false
			if rows, ok = t.rows(rows[:0], &l.row); !ok {
				return nil, away(io.ErrUnexpectedEOF)
			}
			slab = appendFrags(slab, rows, l.row.from)
		}
		out = append(out, l.segment(slab[at:len(slab):len(slab)]))
	}
	return out, nil
}

// fragTables says what of which tables a list needs.
func fragTables(found []listed) []fragTable {
	var out []fragTable
	var t *fragTable
	for i := range found {
		l := &found[i]
		if l.frags != nil {
			continue
		}
		if t == nil || t.s != l.s || t.day != l.day {
			if t = tableOf(out, l); t == nil {
				out = append(out, fragTable{s: l.s, day: l.day, lo: int64(l.row.first)})
				t = &out[len(out)-1]
			}
		}
		t.lo = min(t.lo, int64(l.row.first))
		t.hi = max(t.hi, int64(l.row.first)+int64(l.row.frags))
	}
	return out
}

func tableOf(tables []fragTable, l *listed) *fragTable {
	i := slices.IndexFunc(tables, func(t fragTable) bool { return t.s == l.s && t.day == l.day })
	if i < 0 {
		return nil
	}
	return &tables[i]
}

// read fills the table. One that is shorter than its index says is an error.
func (t *fragTable) read() error {
	defer t.s.d.busy()()
	f, err := t.s.d.root.Open(path.Join(t.s.dir(t.day), fileFrags))
	if errors.Is(err, fs.ErrNotExist) {
		t.gone = true
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() < t.hi*fragSize {
		return io.ErrUnexpectedEOF
	}
	t.b = fragBuffers.Get().(*[]byte)
	n := int((t.hi - t.lo) * fragSize)
	*t.b = slices.Grow((*t.b)[:0], n)[:n]
	_, err = io.ReadFull(io.NewSectionReader(f, t.lo*fragSize, int64(n)), *t.b)
	return err
}

// free gives what was read back.
func (t *fragTable) free() {
	if t.b != nil {
		fragBuffers.Put(t.b)
		t.b = nil
	}
}

func freeTables(tables []fragTable) {
	for i := range tables {
		tables[i].free()
	}
}

// rows adds the rows of a segment's fragments; false where one is damaged.
func (t *fragTable) rows(out []fragRow, r *row) ([]fragRow, bool) {
	at := (int64(r.first) - t.lo) * fragSize
	for b := (*t.b)[at : at+int64(r.frags)*fragSize]; len(b) > 0; b = b[fragSize:] {
		f, ok := parseFrag(b)
		if !ok {
			return out, false
		}
		out = append(out, f)
	}
	return out, true
}

func appendFrags(out []Fragment, frags []fragRow, from int64) []Fragment {
	begin := micros(from)
	for i := range frags {
		out = append(out, Fragment{})
		frags[i].fragment(&out[len(out)-1], begin)
	}
	return out
}

// readFrags reads the rows of its own fragments.
func (l listed) readFrags() ([]fragRow, error) {
	t := fragTable{s: l.s, day: l.day, lo: int64(l.row.first), hi: int64(l.row.first) + int64(l.row.frags)}
	defer t.free()
	if err := t.read(); err != nil {
		return nil, err
	}
	if t.gone {
		return nil, fs.ErrNotExist
	}
	out, ok := t.rows(make([]fragRow, 0, l.row.frags), &l.row)
	if !ok {
		return nil, io.ErrUnexpectedEOF
	}
	return out, nil
}

// fragment says what a row does; begin is its segment's.
func (f *fragRow) fragment(out *Fragment, begin time.Time) {
	out.Offset, out.Bytes, out.Key = int64(f.offset), int64(f.bytes), f.flags&flagKey != 0
	out.At, out.Duration = begin.Add(time.Duration(f.at)*time.Microsecond), time.Duration(f.span)*time.Microsecond
}
