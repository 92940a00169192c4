package archive

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"slices"
	"sync"

	"sightline/internal/fault"
)

// unit is one sample of a track: a picture, or a packet of sound.
type unit struct {
	size, span uint32 // bytes; units of the track's rate
	show       int32  // how much later than decoded it is shown
	key        bool
}

// stretch is what one fragment holds of one track: samples that lie behind each
// other in the file and in time.
type stretch struct {
	track  byte
	offset int64 // in the segment's file
	base   uint64
	units  []unit
}

// tailID is the uuid box behind a segment's last fragment: all its moofs in short,
// so that an export reads one place of a file and not sixty. What has none
// (still growing, cut short by a crash, of an older version) is read moof by moof.
var tailID = [16]byte{0x51, 0x2c, 0x0a, 0x8e, 0x6d, 0x13, 0x47, 0x95, 0xb0, 0x2f, 0x71, 0xd4, 0x3e, 0x9a, 0x05, 0xc8}

const (
	tailHead    = 8 + 16 + 8 // box, id, version and flags, checksum
	tailGuess   = 32 << 10   // read at first
	tailMost    = 8 << 20    // bytes
	moofGuess   = 8 << 10    // read at first: pictures and sound of a second
	unitsMost   = 1 << 20    // samples of one segment
	sizeMost    = 1<<31 - 1  // of one sample
	tailVersion = 1
)

// parseMoof reads the samples of a fragment; at is where its moof is in the file,
// size what the whole fragment may reach from there.
func parseMoof(moof []byte, at, size int64) ([]stretch, error) {
	var out []stretch
	bad := false
	children(moof[8:], func(kind string, traf []byte) bool {
		if kind != "traf" {
			return true
		}
		s, ok := parseTraf(traf, at, size)
		if bad = !ok; ok {
			out = append(out, s)
		}
		return ok
	})
	if bad || len(out) == 0 {
		return nil, errNotOurs
	}
	return out, nil
}

func parseTraf(traf []byte, at, size int64) (s stretch, ok bool) {
	based, run := false, false
	children(traf, func(kind string, b []byte) bool {
		switch {
		case kind == "tfhd" && len(b) >= 8 && b[7] < 8 && b[4]|b[5]|b[6] == 0:
			s.track = b[7]
		case kind == "tfdt" && len(b) >= 12 && b[0] == 1:
			s.base, based = binary.BigEndian.Uint64(b[4:]), true
		case kind == "trun":
			run = s.run(b, at, size)
		}
		return true
	})
	return s, based && run && s.track != 0
}

// run reads a track run as mediacommon writes them: with an offset, spans and sizes.
func (s *stretch) run(b []byte, at, size int64) bool {
	if len(b) < 12 {
		return false
	}
	flags := uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n := int64(binary.BigEndian.Uint32(b[4:]))
	s.offset = at + int64(int32(binary.BigEndian.Uint32(b[8:])))
	b = b[12:]
	step := int64(8)
	for _, bit := range []uint32{0x400, 0x800} {
		if flags&bit != 0 {
			step += 4
		}
	}
	if flags&^0xc00 != 0x301 || n == 0 || n > unitsMost || n*step > int64(len(b)) || s.offset < at {
		return false
	}
	s.units = make([]unit, n)
	end := s.offset
	for i := range s.units {
		u := unit{span: binary.BigEndian.Uint32(b), size: binary.BigEndian.Uint32(b[4:]), key: true}
		b = b[8:]
		if flags&0x400 != 0 {
			u.key = binary.BigEndian.Uint32(b)&(1<<16) == 0
			b = b[4:]
		}
		if flags&0x800 != 0 {
			u.show = int32(binary.BigEndian.Uint32(b))
			b = b[4:]
		}
		if end += int64(u.size); u.size > sizeMost || end > at+size {
			return false
		}
		s.units[i] = u
	}
	return true
}

// appendTail adds one fragment to a tail that is being gathered.
func appendTail(b []byte, list []stretch) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = append(b, s.track)
		b = binary.AppendUvarint(b, uint64(s.offset))
		b = binary.AppendUvarint(b, s.base)
		b = binary.AppendUvarint(b, uint64(len(s.units)))
		span, show := int64(0), int64(0)
		for _, u := range s.units {
			v := uint64(u.size) << 3
			if u.key {
				v |= 1
			}
			if int64(u.span) != span {
				v |= 2
			}
			if int64(u.show) != show {
				v |= 4
			}
			b = binary.AppendUvarint(b, v)
			if v&2 != 0 {
				b = binary.AppendVarint(b, int64(u.span)-span)
				span = int64(u.span)
			}
			if v&4 != 0 {
				b = binary.AppendVarint(b, int64(u.show)-show)
				show = int64(u.show)
			}
		}
	}
	return b
}

// tailBox makes the box of what appendTail gathered.
func tailBox(body []byte) []byte {
	b := make([]byte, 0, tailHead+len(body))
	b = binary.BigEndian.AppendUint32(b, uint32(tailHead+len(body)))
	b = append(append(b, "uuid"...), tailID[:]...)
	b = append(b, tailVersion, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(body, castagnoli))
	return append(b, body...)
}

// varints reads numbers one after the other; after a bad one all are 0.
type varints struct {
	b   []byte
	bad bool
}

func (v *varints) uint() uint64 {
	n, w := binary.Uvarint(v.b)
	if w <= 0 {
		v.bad, v.b = true, nil
		return 0
	}
	v.b = v.b[w:]
	return n
}

func (v *varints) int() int64 {
	n, w := binary.Varint(v.b)
	if w <= 0 {
		v.bad, v.b = true, nil
		return 0
	}
	v.b = v.b[w:]
	return n
}

// parseTail reads the fragments of a tail's body. It holds them to the file they
// are about: no sample reaches behind end.
func parseTail(body []byte, fragments int, end int64) ([][]stretch, bool) {
	v := &varints{b: body}
	out := make([][]stretch, 0, fragments)
	total := uint64(0)
	for range fragments {
		tracks := v.uint()
		if v.bad || tracks == 0 || tracks > 4 {
			return nil, false
		}
		list := make([]stretch, tracks)
		for i := range list {
			if !v.stretch(&list[i], &total, end) {
				return nil, false
			}
		}
		out = append(out, list)
	}
	return out, !v.bad && len(v.b) == 0
}

func (v *varints) stretch(s *stretch, total *uint64, end int64) bool {
	if len(v.b) == 0 {
		return false
	}
	s.track, v.b = v.b[0], v.b[1:]
	offset := v.uint()
	s.base = v.uint()
	n := v.uint()
	if *total += n; v.bad || n == 0 || *total > unitsMost || offset > uint64(end) {
		return false
	}
	s.offset = int64(offset)
	s.units = make([]unit, n)
	span, show, at := int64(0), int64(0), s.offset
	for i := range s.units {
		w := v.uint()
		if w&2 != 0 {
			span += v.int()
		}
		if w&4 != 0 {
			show += v.int()
		}
		if at += int64(w >> 3); v.bad || w>>3 > sizeMost || at > end || span < 0 || span > 1<<32-1 || show != int64(int32(show)) {
			return false
		}
		s.units[i] = unit{size: uint32(w >> 3), span: uint32(span), show: int32(show), key: w&1 != 0}
	}
	return true
}

// samples reads what the fragments of a segment hold, one list a fragment.
func (a *Archive) samples(ctx context.Context, s *Segment) ([][]stretch, error) {
	if !s.Growing && !s.Repaired {
		var out [][]stretch
		err := a.tail(ctx, s, func(body []byte) { out, _ = parseTail(body, len(s.Fragments), s.Bytes) })
		if err != nil || out != nil {
			return out, err
		}
	}
	out := make([][]stretch, 0, len(s.Fragments))
	buf := make([]byte, moofGuess)
	for _, f := range s.Fragments {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		list, err := a.fragment(ctx, s, f, &buf)
		if err != nil {
			return nil, err
		}
		out = append(out, list)
	}
	return out, nil
}

var tailBuffers = sync.Pool{New: func() any { b := make([]byte, tailGuess); return &b }}

// tail reads a segment's last box and calls use with its body, which stays the
// caller's. It does not where a segment has none, or a damaged one.
func (a *Archive) tail(ctx context.Context, s *Segment, use func(body []byte)) error {
	pooled := tailBuffers.Get().(*[]byte)
	defer tailBuffers.Put(pooled)
	b := *pooled
	n, err := a.ReadAt(ctx, s.Camera, s.ID, b, s.Bytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n < tailHead || string(b[4:8]) != "uuid" || [16]byte(b[8:24]) != tailID || b[24] != tailVersion {
		return nil
	}
	size := int64(binary.BigEndian.Uint32(b))
	if size < tailHead || size > tailMost {
		return nil
	}
	if size > int64(n) {
		b = append(slices.Clone(b[:n]), make([]byte, size-int64(n))...)
		if m, err := a.ReadAt(ctx, s.Camera, s.ID, b[n:], s.Bytes+int64(n)); m < len(b)-n {
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		}
	}
	body := b[tailHead:size]
	if crc32.Checksum(body, castagnoli) == binary.BigEndian.Uint32(b[28:]) {
		use(body)
	}
	return nil
}

// fragment reads one moof.
func (a *Archive) fragment(ctx context.Context, s *Segment, f Fragment, buf *[]byte) ([]stretch, error) {
	b := (*buf)[:min(int64(len(*buf)), f.Bytes)]
	if err := a.readFull(ctx, s, b, f.Offset); err != nil {
		return nil, err
	}
	if len(b) < prftBox+8 || string(b[prftBox+4:prftBox+8]) != "moof" {
		return nil, away(errNotOurs)
	}
	size := int64(binary.BigEndian.Uint32(b[prftBox:]))
	if size < 16 || size > maxMoof || prftBox+size > f.Bytes {
		return nil, away(errNotOurs)
	}
	if have := int64(len(b)); prftBox+size > have {
		more := make([]byte, prftBox+size)
		copy(more, b)
		if err := a.readFull(ctx, s, more[have:], f.Offset+have); err != nil {
			return nil, err
		}
		*buf, b = more, more
	}
	list, err := parseMoof(b[prftBox:prftBox+size], f.Offset+prftBox, f.Bytes-prftBox)
	if err != nil {
		return nil, away(err)
	}
	return list, nil
}

// readFull reads all of p, which the index says is there.
func (a *Archive) readFull(ctx context.Context, s *Segment, p []byte, off int64) error {
	n, err := a.ReadAt(ctx, s.Camera, s.ID, p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fault.Wrap(io.ErrUnexpectedEOF, fault.Conflict, CodeFootageGone, footageGone)
	}
	return err
}

// CodeFootageGone is why an export cannot go on: its footage was removed by age or
// for room while it ran.
const CodeFootageGone = "footage_gone"

const footageGone = "A part of this footage was removed meanwhile. Make a new export."

// remember keeps what a fragment that was just written holds, for the tail.
func (f *file) remember(b []byte) {
	if f.row.frags > 0 && f.tail == nil {
		return
	}
	if len(b) > prftBox+16 {
		if n := int64(binary.BigEndian.Uint32(b[prftBox:])); n >= 16 && prftBox+n <= int64(len(b)) {
			if list, err := parseMoof(b[prftBox:prftBox+n], f.row.bytes+prftBox, int64(len(b))-prftBox); err == nil {
				f.tail = appendTail(f.tail, list)
				return
			}
		}
	}
	f.tail = nil
}

// writeTail puts the tail behind the last fragment. Nothing rests on it: where it
// finds no room, the file ends where it ended.
func (f *file) writeTail() {
	if len(f.tail) == 0 || len(f.tail) > tailMost-tailHead {
		return
	}
	if _, err := f.f.WriteAt(tailBox(f.tail), f.row.bytes); err != nil {
		_ = f.f.Truncate(f.row.bytes)
	}
}
