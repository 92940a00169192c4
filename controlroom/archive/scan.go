package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

const (
	videoTrack = 1
	soundTrack = 2
	videoRate  = 90000

	maxMoof = 4 << 20 // bytes; ours are a few KB
	maxHead = 64 << 10
)

// headID is the uuid box behind a segment's moov. It says what the index says of
// the segment and the media does not: version, flags, and the wall clock at the
// first picture in Unix microseconds.
var headID = [16]byte{0x9e, 0x4d, 0x1b, 0x53, 0x7a, 0x20, 0x4c, 0x1e, 0x8f, 0x36, 0x52, 0xc1, 0x0d, 0x6b, 0xe7, 0x44}

const (
	headBox   = 8 + 16 + 1 + 1 + 2 + 8
	headFlags = 8 + 16 + 1 // where the flags are
)

func appendHead(b []byte, flags byte, from int64) []byte {
	b = binary.BigEndian.AppendUint32(b, headBox)
	b = append(append(b, "uuid"...), headID[:]...)
	b = append(b, 1, flags, 0, 0)
	return binary.BigEndian.AppendUint64(b, uint64(from))
}

// prftBox is the size of a producer reference time box (ISO/IEC 14496-12 8.16.5):
// the wall clock, in NTP's format, of the first picture of the moof behind it.
const prftBox = 32

func appendPrft(b []byte, us int64, media uint64) []byte {
	b = binary.BigEndian.AppendUint32(b, prftBox)
	b = append(b, "prft"...)
	b = append(b, 1, 0, 0, 24) // version 1; the time of capture, as far as it is known
	b = binary.BigEndian.AppendUint32(b, videoTrack)
	b = binary.BigEndian.AppendUint64(b, ntp(us))
	return binary.BigEndian.AppendUint64(b, media)
}

const ntpEpoch = 2208988800 // seconds from 1900 to 1970

func ntp(us int64) uint64 {
	sec, rest := us/1e6, us%1e6
	return uint64(sec+ntpEpoch)<<32 | (uint64(rest)<<32+1e6-1)/1e6 // rounded up, so that it comes back
}

func fromNTP(v uint64) int64 {
	return (int64(v>>32)-ntpEpoch)*1e6 + int64((v&0xffffffff)*1e6>>32)
}

// scanned is what a segment's file says of itself.
type scanned struct {
	row   row
	frags []fragRow
	init  []byte // ftyp and moov
}

var errNotOurs = errors.New("archive: not a segment of ours")

// scan reads a segment's file up to its last whole fragment: boxes' heads and
// moofs, no pictures. row.bytes is where the last whole fragment ends. The file
// is not trusted: whatever is in it, scan ends and takes little memory.
func scan(r io.ReaderAt, size int64) (scanned, error) {
	var s scanned
	at, err := s.header(r, size)
	if err != nil {
		return s, err
	}
	s.row.kind, s.row.head, s.row.bytes = rowSegment, uint32(at), at
	var begin uint64 // media time of the first picture
	for at < size {
		f, media, next, ok := scanFragment(r, at, size)
		if !ok {
			break
		}
		if len(s.frags) == 0 {
			begin, s.row.media = media, media
		}
		if media < begin || len(s.frags) >= 1<<16 {
			break
		}
		since := (media - begin) * 1e6 / videoRate
		if since+uint64(f.span) > 1<<32-1 {
			break
		}
		f.at = uint32(since)
		s.frags = append(s.frags, f)
		s.row.span = f.at + f.span
		s.row.bytes, at = next, next
	}
	s.row.frags = uint32(len(s.frags))
	return s, nil
}

// box reads a box's head at a place. Sizes of 0 and 1 are not written by us.
func box(r io.ReaderAt, at, size int64) (kind string, n int64, ok bool) {
	var b [8]byte
	if size-at < 8 {
		return "", 0, false
	}
	if _, err := r.ReadAt(b[:], at); err != nil {
		return "", 0, false
	}
	n = int64(binary.BigEndian.Uint32(b[:]))
	return string(b[4:]), n, n >= 8 && n <= size-at
}

// header reads ftyp, moov and our uuid box; it returns where they end.
func (s *scanned) header(r io.ReaderAt, size int64) (int64, error) {
	at := int64(0)
	for _, want := range []string{"ftyp", "moov"} {
		kind, n, ok := box(r, at, size)
		if !ok || kind != want || at+n > maxHead {
			return 0, errNotOurs
		}
		at += n
	}
	s.init = make([]byte, at)
	if _, err := r.ReadAt(s.init, 0); err != nil {
		return 0, err
	}
	var b [headBox]byte
	kind, n, ok := box(r, at, size)
	if !ok || kind != "uuid" || n != headBox {
		return 0, errNotOurs
	}
	if _, err := r.ReadAt(b[:], at); err != nil {
		return 0, err
	}
	if !bytes.Equal(b[8:24], headID[:]) || b[24] != 1 {
		return 0, errNotOurs
	}
	s.row.flags = b[headFlags]
	s.row.from = int64(binary.BigEndian.Uint64(b[28:]))
	s.row.init = initHash(s.init)
	return at + n, nil
}

// scanFragment reads the prft, moof and mdat at a place; ok is false where they
// are not all there.
func scanFragment(r io.ReaderAt, at, size int64) (f fragRow, media uint64, next int64, ok bool) {
	kind, prft, ok := box(r, at, size)
	if !ok || kind != "prft" || prft != prftBox || at > 1<<32-1 {
		return f, 0, 0, false
	}
	kind, moof, ok := box(r, at+prft, size)
	if !ok || kind != "moof" || moof > maxMoof {
		return f, 0, 0, false
	}
	kind, mdat, ok := box(r, at+prft+moof, size)
	if !ok || kind != "mdat" || prft+moof+mdat > 1<<32-1 {
		return f, 0, 0, false
	}
	b := make([]byte, moof)
	if _, err := r.ReadAt(b, at+prft); err != nil {
		return f, 0, 0, false
	}
	media, span, key, ok := moofTimes(b)
	if !ok {
		return f, 0, 0, false
	}
	f = fragRow{offset: uint32(at), bytes: uint32(prft + moof + mdat), span: uint32(span * 1e6 / videoRate)}
	if key {
		f.flags = flagKey
	}
	return f, media, at + prft + moof + mdat, true
}

// children calls each for the boxes in b until it returns false.
func children(b []byte, each func(kind string, body []byte) bool) {
	for len(b) >= 8 {
		n := int(binary.BigEndian.Uint32(b))
		if n < 8 || n > len(b) || !each(string(b[4:8]), b[8:n]) {
			return
		}
		b = b[n:]
	}
}

// moofTimes is when the pictures of a moof begin and how long they are, in
// 1/90000 s, and whether the first is a key frame.
func moofTimes(moof []byte) (base, span uint64, key, ok bool) {
	children(moof[8:], func(kind string, traf []byte) bool {
		if kind != "traf" {
			return true
		}
		track := uint32(0)
		haveBase, haveRun := false, false
		var b, s uint64
		var k bool
		children(traf, func(kind string, body []byte) bool {
			switch {
			case kind == "tfhd" && len(body) >= 8:
				track = binary.BigEndian.Uint32(body[4:])
			case kind == "tfdt" && len(body) >= 12 && body[0] == 1:
				b, haveBase = binary.BigEndian.Uint64(body[4:]), true
			case kind == "trun":
				s, k, haveRun = runTimes(body)
			}
			return true
		})
		if track == videoTrack && haveBase && haveRun {
			base, span, key, ok = b, s, k, true
		}
		return !ok
	})
	return base, span, key, ok && span < 4000*videoRate
}

// runTimes adds up a track run's durations.
func runTimes(b []byte) (span uint64, key, ok bool) {
	if len(b) < 8 {
		return 0, false, false
	}
	flags := uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	count := int(binary.BigEndian.Uint32(b[4:]))
	b = b[8:]
	for _, bit := range []uint32{0x01, 0x04} { // offset of the data, flags of the first
		if flags&bit != 0 {
			if len(b) < 4 {
				return 0, false, false
			}
			b = b[4:]
		}
	}
	step, flagsAt := 0, -1
	for _, bit := range []uint32{0x100, 0x200, 0x400, 0x800} {
		if flags&bit != 0 {
			if bit == 0x400 {
				flagsAt = step
			}
			step += 4
		}
	}
	if flags&0x100 == 0 || count <= 0 || count > len(b)/step {
		return 0, false, false
	}
	key = flagsAt < 0 || binary.BigEndian.Uint32(b[flagsAt:])&(1<<16) == 0
	for i := range count {
		span += uint64(binary.BigEndian.Uint32(b[i*step:]))
	}
	return span, key, true
}
