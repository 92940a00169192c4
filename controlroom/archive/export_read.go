package archive

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"sort"

	"sightline/internal/fault"
)

// layout is where the bytes of an export lie: its boxes in a file of ours, the
// media in the segments. It holds 20 bytes for each second of footage.
type layout struct {
	a        *Archive
	camera   string
	segments []string
	pieces   []piece
	ends     []int64 // where each piece ends in the export
	head     *os.File
	headAt   int64 // in that file
	headSize int64
	sum      uint32 // of the boxes
	size     int64
}

// layoutMagic begins the file of a layout: segments, pieces, and the boxes, which
// are its end, and have no limit but what a day of footage makes.
const layoutMagic = "SLX1"

// writeLayout writes what a later process serves the same bytes from.
func writeLayout(f *os.File, c *cut) error {
	b := make([]byte, 28, 28+len(c.Segments)*48+len(c.pieces)*12+4)
	copy(b, layoutMagic)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(c.Segments)))
	binary.LittleEndian.PutUint32(b[8:], uint32(len(c.pieces)))
	binary.LittleEndian.PutUint64(b[16:], uint64(len(c.head)))
	binary.LittleEndian.PutUint32(b[24:], c.sum)
	for _, s := range c.Segments {
		b = append(b, byte(len(s)))
		b = append(b, s...)
	}
	binary.LittleEndian.PutUint32(b[12:], uint32(len(b)))
	for _, p := range c.pieces {
		b = binary.LittleEndian.AppendUint32(b, p.segment)
		b = binary.LittleEndian.AppendUint32(b, p.offset)
		b = binary.LittleEndian.AppendUint32(b, p.bytes)
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if _, err := f.Write(b); err != nil {
		return err
	}
	_, err := f.Write(c.head)
	return err
}

// whole says whether the boxes are as they were written: nothing was forced to the
// disk, so that an export begins at once.
func (l *layout) whole() bool {
	sum := crc32.New(castagnoli)
	_, err := io.Copy(sum, io.NewSectionReader(l.head, l.headAt, l.headSize))
	return err == nil && sum.Sum32() == l.sum
}

// readLayout opens what writeLayout wrote; it takes the file over.
func readLayout(a *Archive, camera string, f *os.File) (*layout, error) {
	var top [28]byte
	if _, err := f.ReadAt(top[:], 0); err != nil || string(top[:4]) != layoutMagic {
		return nil, errNotOurs
	}
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	segments, pieces := int64(binary.LittleEndian.Uint32(top[4:])), int64(binary.LittleEndian.Uint32(top[8:]))
	at, head := int64(binary.LittleEndian.Uint32(top[12:])), int64(binary.LittleEndian.Uint64(top[16:]))
	end := at + 12*pieces + 4
	if at < 28 || segments > at || head < 0 || end+head != st.Size() {
		return nil, errNotOurs
	}
	b := make([]byte, end)
	if _, err := f.ReadAt(b, 0); err != nil {
		return nil, err
	}
	if crc32.Checksum(b[:end-4], castagnoli) != binary.LittleEndian.Uint32(b[end-4:]) {
		return nil, errNotOurs
	}
	l := &layout{a: a, camera: camera, head: f, headAt: end, headSize: head, size: head, sum: binary.LittleEndian.Uint32(top[24:])}
	for s := b[28:at]; len(s) > 0 && len(s) > int(s[0]); s = s[1+int(s[0]):] {
		l.segments = append(l.segments, string(s[1:1+int(s[0])]))
	}
	if int64(len(l.segments)) != segments {
		return nil, errNotOurs
	}
	l.pieces, l.ends = make([]piece, pieces), make([]int64, pieces)
	for i := range l.pieces {
		r := b[at+12*int64(i):]
		p := piece{binary.LittleEndian.Uint32(r), binary.LittleEndian.Uint32(r[4:]), binary.LittleEndian.Uint32(r[8:])}
		if int64(p.segment) >= segments {
			return nil, errNotOurs
		}
		l.size += int64(p.bytes)
		l.pieces[i], l.ends[i] = p, l.size
	}
	return l, nil
}

// mark is what the bytes of a layout are known by: the same mark, the same bytes.
func (c *cut) mark() string {
	b := make([]byte, 0, 12+48*len(c.Segments)+12*len(c.pieces))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(c.head)))
	b = binary.LittleEndian.AppendUint32(b, c.sum)
	for _, s := range c.Segments {
		b = append(append(b, s...), 0)
	}
	for _, p := range c.pieces {
		b = binary.LittleEndian.AppendUint32(b, p.segment)
		b = binary.LittleEndian.AppendUint32(b, p.offset)
		b = binary.LittleEndian.AppendUint32(b, p.bytes)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// readAhead is how much of a segment is read at once.
const readAhead = 1 << 20

// layoutReader reads an export from a place on. It is for one goroutine.
type layoutReader struct {
	ctx  context.Context
	l    *layout
	at   int64
	end  int64
	next int // piece
	buf  []byte
	seg  uint32
	from int64 // of buf in the segment
	have int
}

// reader reads [off, end) of the export.
func (l *layout) reader(ctx context.Context, off, end int64) *layoutReader {
	r := &layoutReader{ctx: ctx, l: l, at: off, end: min(end, l.size)}
	r.next = sort.Search(len(l.ends), func(i int) bool { return l.ends[i] > off })
	return r
}

// Read gives what there is. fault.Conflict when footage was removed meanwhile.
func (r *layoutReader) Read(p []byte) (int, error) {
	if r.at >= r.end {
		return 0, io.EOF
	}
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	p = p[:min(int64(len(p)), r.end-r.at)]
	l := r.l
	if r.at < l.headSize {
		n, err := l.head.ReadAt(p[:min(int64(len(p)), l.headSize-r.at)], l.headAt+r.at)
		r.at += int64(n)
		if n > 0 {
			err = nil
		}
		return n, err
	}
	for l.ends[r.next] <= r.at {
		r.next++
	}
	q := l.pieces[r.next]
	in := r.at - (l.ends[r.next] - int64(q.bytes)) // of the piece
	at := int64(q.offset) + in                     // in the segment
	if q.segment != r.seg || at < r.from || at >= r.from+int64(r.have) {
		if err := r.fill(q.segment, at); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.buf[at-r.from:r.have])
	if rest := int64(q.bytes) - in; int64(n) > rest {
		n = int(rest)
	}
	r.at += int64(n)
	return n, nil
}

// fill reads on in a segment, as far as the export needs it.
func (r *layoutReader) fill(seg uint32, at int64) error {
	last := int64(0)
	for i := r.next; i < len(r.l.pieces) && r.l.pieces[i].segment == seg && i < r.next+4096; i++ {
		q := r.l.pieces[i]
		if e := int64(q.offset) + int64(q.bytes); int64(q.offset) < at+readAhead {
			last = max(last, min(e, at+readAhead))
		}
		if r.l.ends[i] >= r.end {
			break
		}
	}
	n := last - at
	if int64(cap(r.buf)) < n {
		r.buf = make([]byte, readAhead)
	}
	got, err := r.l.a.ReadAt(r.ctx, r.l.camera, r.l.segments[seg], r.buf[:n], at)
	if got == 0 {
		r.have = 0
		if err == nil || errors.Is(err, io.EOF) || fault.Is(err, fault.NotFound) {
			return fault.Wrap(io.ErrUnexpectedEOF, fault.Conflict, CodeFootageGone, footageGone)
		}
		return err
	}
	r.buf, r.seg, r.from, r.have = r.buf[:cap(r.buf)], seg, at, got
	return nil
}
