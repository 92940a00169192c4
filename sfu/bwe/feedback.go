package bwe

import (
	"encoding/binary"
	"errors"
)

// Result is what became of one packet.
type Result struct {
	Seq     uint64
	Sent    int64 // ns
	Arrived int64 // ns of the receiver's own clock; meaningless when Lost
	Size    int   // bytes
	Probe   uint8
	Blurred bool // Sent is not to be trusted
	Lost    bool // not there when the feedback was made; it may still come, and is told again then
}

// ErrFeedback is returned for feedback that cannot be read.
var ErrFeedback = errors.New("bwe: unreadable transport-wide feedback")

// maxReported is how many packets one feedback may speak of: more is nonsense.
const maxReported = 8192

// Read takes one RTCP transport-wide feedback packet
// (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1), header
// included, and appends what it tells about packets of h to dst, in their
// order. What was told before is left out. It allocates nothing when dst has room.
func (h *History) Read(b []byte, now int64, dst []Result) ([]Result, error) {
	if len(b) < 20 || h.recs == nil {
		return dst, ErrFeedback
	}
	count := int(binary.BigEndian.Uint16(b[14:]))
	if count == 0 || count > maxReported {
		return dst, ErrFeedback
	}
	chunks := b[20:]
	n, used := 0, 0
	for n < count { // where the times begin
		if len(chunks) < used+2 {
			return dst, ErrFeedback
		}
		n += statuses(binary.BigEndian.Uint16(chunks[used:]))
		used += 2
	}
	r := reader{h: h, now: now, deltas: chunks[used:], at: h.reference(b) * 64e6, dst: dst}
	first := h.unwrap(binary.BigEndian.Uint16(b[12:]))
	i := 0
	for c := 0; c < used; c += 2 {
		chunk := binary.BigEndian.Uint16(chunks[c:])
		for k := 0; k < statuses(chunk) && i < count; k++ {
			if !r.packet(first+uint64(i), symbol(chunk, k)) {
				return r.dst, ErrFeedback
			}
			i++
		}
	}
	return r.dst, nil
}

// reference unwraps the 24 bits of reference time.
func (h *History) reference(b []byte) int64 {
	v := int64(b[16])<<16 | int64(b[17])<<8 | int64(b[18])
	if !h.heard {
		h.heard, h.ref = true, v
		return v
	}
	d := (v - h.ref) & (1<<24 - 1)
	if d >= 1<<23 {
		d -= 1 << 24
	}
	v = h.ref + d
	if d > 0 {
		h.ref = v
	}
	return v
}

// statuses is how many packets a chunk speaks of.
func statuses(chunk uint16) int {
	switch {
	case chunk>>15 == 0: // run length
		return max(1, int(chunk&0x1fff)) // a run of nothing must not hold up the reader
	case chunk>>14 == 2: // one bit each
		return 14
	}
	return 7
}

// symbol is the k-th status of a chunk: 0 lost, 1 small delta, 2 large delta.
func symbol(chunk uint16, k int) uint16 {
	switch {
	case chunk>>15 == 0:
		return chunk >> 13 & 3
	case chunk>>14 == 2:
		return chunk >> (13 - k) & 1
	}
	return chunk >> (12 - 2*k) & 3
}

// reader walks the packets of one feedback.
type reader struct {
	h      *History
	now    int64
	at     int64 // arrival of the packet before, ns
	deltas []byte
	dst    []Result
}

// packet takes the next packet's status; false when its time is missing.
func (r *reader) packet(seq uint64, sym uint16) bool {
	const unit = 250_000 // ns
	switch sym {
	case 1:
		if len(r.deltas) < 1 {
			return false
		}
		r.at += int64(r.deltas[0]) * unit
		r.deltas = r.deltas[1:]
	case 2:
		if len(r.deltas) < 2 {
			return false
		}
		r.at += int64(int16(binary.BigEndian.Uint16(r.deltas))) * unit
		r.deltas = r.deltas[2:]
	case 3:
		return false
	}
	rec := r.h.at(seq)
	if rec == nil {
		return true
	}
	mark, state := rec.state&blurred, rec.state&^blurred
	if state == arrivedState || sym == 0 && state == lostState {
		return true
	}
	rec.state = arrivedState | mark
	if sym == 0 {
		rec.state = lostState | mark
	}
	r.dst = append(r.dst, Result{Seq: seq, Sent: r.h.time(*rec, r.now), Arrived: r.at, Size: int(rec.size), Probe: rec.probe, Blurred: mark != 0, Lost: sym == 0})
	return true
}
