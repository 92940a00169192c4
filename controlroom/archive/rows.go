package archive

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"time"
)

// The index of a day is two files of fixed rows beside its segments, little
// endian, each row with a checksum of its own. Rows are only ever appended.
//
//	index      one row a segment, and one for each step of retention
//	fragments  one row a fragment, in the order of the segments
const (
	rowSize  = 64
	fragSize = 24

	rowVersion = 1

	rowSegment  = 1
	rowRemoving = 2 // the first mark rows of segments are no more; their files are being removed
	rowRemoved  = 3 // and now they are
	rowMoved    = 4 // the segment of this name is in the bucket
	rowDropped  = 5 // the segment of this name is no more: it made room before it was moved

	flagContinues = 1 << 0
	flagSound     = 1 << 1
	flagRepaired  = 1 << 2

	flagKey = 1 << 0 // of a fragment
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// row is one line of an index. Times are Unix microseconds.
type row struct {
	kind  byte
	flags byte
	frags uint32 // how many fragments
	name  int64  // of the file, or of a retention row how many segments it is about
	from  int64
	span  uint32 // microseconds
	head  uint32 // bytes before the first fragment
	bytes int64
	media uint64
	init  [8]byte
	first uint32 // its first fragment's row

	away    bool // a rowMoved says so
	dropped bool // a rowDropped says so
}

func (r row) append(b []byte) []byte {
	at := len(b)
	b = append(b, r.kind, r.flags)
	b = binary.LittleEndian.AppendUint16(b, rowVersion)
	b = binary.LittleEndian.AppendUint32(b, r.frags)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.name))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.from))
	b = binary.LittleEndian.AppendUint32(b, r.span)
	b = binary.LittleEndian.AppendUint32(b, r.head)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.bytes))
	b = binary.LittleEndian.AppendUint64(b, r.media)
	b = append(b, r.init[:]...)
	b = binary.LittleEndian.AppendUint32(b, r.first)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[at:], castagnoli))
}

// parseRow reads one row; false when it is torn, damaged or of another version.
func parseRow(b []byte) (r row, ok bool) {
	if len(b) < rowSize || crc32.Checksum(b[:rowSize-4], castagnoli) != binary.LittleEndian.Uint32(b[rowSize-4:]) {
		return row{}, false
	}
	if binary.LittleEndian.Uint16(b[2:]) != rowVersion || b[0] < rowSegment || b[0] > rowDropped {
		return row{}, false
	}
	r = row{
		kind: b[0], flags: b[1],
		frags: binary.LittleEndian.Uint32(b[4:]),
		name:  int64(binary.LittleEndian.Uint64(b[8:])),
		from:  int64(binary.LittleEndian.Uint64(b[16:])),
		span:  binary.LittleEndian.Uint32(b[24:]),
		head:  binary.LittleEndian.Uint32(b[28:]),
		bytes: int64(binary.LittleEndian.Uint64(b[32:])),
		media: binary.LittleEndian.Uint64(b[40:]),
		first: binary.LittleEndian.Uint32(b[56:]),
	}
	copy(r.init[:], b[48:])
	return r, r.bytes >= 0 && r.name >= 0
}

func (r row) to() int64 { return r.from + int64(r.span) }

// table is what an index says.
type table struct {
	rows  []row // of all segments, removed ones too, in the order of writing
	low   int   // so many of them are no more
	half  bool  // the files of the last step of retention may still be there
	whole int   // bytes of the file that are sound; what follows is torn
	drops bool  // some are dropped
	hint  int
	bad   int // damaged rows in between: the index has to be made anew
}

// live are the rows of segments that are there.
func (t *table) live() []row {
	rows := t.rows[t.low:]
	if !t.drops {
		return rows
	}
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.dropped })
}

// named is the place of a segment among the rows, -1 when there is none. They are
// asked for in about the order of the rows.
func (t *table) named(name int64) int {
	if t.hint < len(t.rows) && t.rows[t.hint].name == name {
		t.hint++
		return t.hint - 1
	}
	for i := len(t.rows) - 1; i >= 0; i-- {
		if t.rows[i].name == name {
			t.hint = i + 1
			return i
		}
	}
	return -1
}

// parseTable reads an index. Damage never hides what is sound around it.
func parseTable(b []byte) table {
	t := table{rows: make([]row, 0, len(b)/rowSize)}
	for at := 0; at+rowSize <= len(b); at += rowSize {
		r, ok := parseRow(b[at:])
		if !ok {
			t.bad++
			continue
		}
		t.whole = at + rowSize
		switch r.kind {
		case rowSegment:
			t.rows = append(t.rows, r)
		case rowRemoving, rowRemoved:
			if r.name <= int64(len(t.rows)) {
				t.low = max(t.low, int(r.name))
			}
			t.half = r.kind == rowRemoving
		case rowMoved:
			if i := t.named(r.name); i >= 0 {
				t.rows[i].away = true
			}
		case rowDropped:
			if i := t.named(r.name); i >= 0 {
				t.rows[i].dropped, t.drops = true, true
			}
		}
	}
	if n := (len(b) - t.whole) / rowSize; n > 0 { // damage at the end is a torn append
		t.bad -= n
	}
	return t
}

// fragRow is one line of a table of fragments.
type fragRow struct {
	offset, bytes uint32
	at, span      uint32 // microseconds since the segment's beginning; how long
	flags         byte
}

func (f fragRow) append(b []byte) []byte {
	at := len(b)
	b = binary.LittleEndian.AppendUint32(b, f.offset)
	b = binary.LittleEndian.AppendUint32(b, f.bytes)
	b = binary.LittleEndian.AppendUint32(b, f.at)
	b = binary.LittleEndian.AppendUint32(b, f.span)
	b = append(b, f.flags, 0, 0, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[at:], castagnoli))
}

func parseFrag(b []byte) (f fragRow, ok bool) {
	if len(b) < fragSize || crc32.Checksum(b[:fragSize-4], castagnoli) != binary.LittleEndian.Uint32(b[fragSize-4:]) {
		return fragRow{}, false
	}
	return fragRow{
		offset: binary.LittleEndian.Uint32(b), bytes: binary.LittleEndian.Uint32(b[4:]),
		at: binary.LittleEndian.Uint32(b[8:]), span: binary.LittleEndian.Uint32(b[12:]), flags: b[16],
	}, true
}

func micros(us int64) time.Time { return time.UnixMicro(us).UTC() }
