package ingest

import (
	"bytes"

	"sightline/sfu"
)

var longStartCode = []byte{0, 0, 0, 1}

// packet is one RTP packet of a track as it came from a camera. Payload belongs
// to the receiver of the callback only during the call.
type packet struct {
	Seq     uint16
	TS      uint32
	Marker  bool
	Payload []byte
	Mono    int64 // clock.Mono of arrival
	Own     own   // what the camera says of when its picture was taken, at the end of one
}

// depacketizer turns RTP payloads into NAL units (RFC 6184 and RFC 7798). It
// keeps nothing but a fragmented unit under way. Not safe for concurrent use.
type depacketizer struct {
	h265 bool

	started bool
	seq     uint16
	late    int    // packets in a row that came too late
	frag    []byte // fragmented unit under way
	inFrag  bool
	fragTS  uint32

	lost   uint64 // packets missing by sequence number
	broken uint64 // packets that made no sense
}

// seqResync is after how many late packets in a row a camera is believed to
// have started its numbers anew.
const seqResync = 16

// order judges the packet's number: use is false for duplicates and packets
// that come too late; gap reports that packets before this one are missing.
func (d *depacketizer) order(seq uint16) (use, gap bool) {
	if !d.started {
		d.started, d.seq = true, seq
		return true, false
	}
	step := seq - d.seq
	if step == 0 {
		return false, false
	}
	if step > 0x8000 {
		if d.late++; d.late < seqResync {
			return false, false
		}
		step = 2 // started anew: something is missing, nobody knows how much
	}
	d.late = 0
	d.seq = seq
	if step > 1 {
		d.lost += uint64(step - 1)
		d.inFrag = false
	}
	return true, step > 1
}

// push takes one packet order has let through and calls emit for each complete
// NAL unit in it. The units are only valid during emit.
func (d *depacketizer) push(p packet, emit func(nal []byte)) {
	if d.inFrag && p.TS != d.fragTS {
		d.inFrag = false // a fragment without an end
		d.broken++
	}
	ok := false
	if bytes.HasPrefix(p.Payload, startCode) || bytes.HasPrefix(p.Payload, longStartCode) {
		d.inFrag = false
		emit(p.Payload) // a byte stream put into RTP as it was: split by the caller
		return
	}
	if d.h265 {
		ok = d.push265(p, emit)
	} else {
		ok = d.push264(p, emit)
	}
	if !ok {
		d.broken++
		d.inFrag = false
	}
}

func (d *depacketizer) push264(p packet, emit func([]byte)) bool {
	b := p.Payload
	if len(b) < 1 || b[0]&0x80 != 0 {
		return false
	}
	switch t := b[0] & 31; {
	case t >= 1 && t <= 23:
		d.inFrag = false
		emit(b)
		return true
	case t == 24: // STAP-A
		d.inFrag = false
		return aggregate(b[1:], emit)
	case t == 28: // FU-A
		if len(b) < 3 {
			return false
		}
		return d.fragment(p.TS, b[1], []byte{b[0]&0xe0 | b[1]&31}, b[2:], emit)
	}
	return false // STAP-B, MTAP and FU-B need interleaving, which nobody negotiated
}

func (d *depacketizer) push265(p packet, emit func([]byte)) bool {
	b := p.Payload
	if len(b) < 3 || b[0]&0x80 != 0 {
		return false
	}
	switch t := b[0] >> 1 & 63; {
	case t < 48:
		d.inFrag = false
		emit(b)
		return true
	case t == 48: // AP
		d.inFrag = false
		return aggregate(b[2:], emit)
	case t == 49: // FU
		if len(b) < 4 {
			return false
		}
		return d.fragment(p.TS, b[2], []byte{b[0]&0x81 | b[2]&63<<1, b[1]}, b[3:], emit)
	}
	return false
}

// aggregate emits the units of an aggregation packet: each with its size in 16 bits.
func aggregate(b []byte, emit func([]byte)) bool {
	any := false
	for len(b) >= 2 {
		n := int(b[0])<<8 | int(b[1])
		b = b[2:]
		if n == 0 {
			continue // padding of some encoders
		}
		if n > len(b) {
			return false
		}
		emit(b[:n])
		any = true
		b = b[n:]
	}
	return any && len(b) == 0
}

// fragment takes one piece of a fragmented unit; flags carries S in bit 7 and E in bit 6.
func (d *depacketizer) fragment(ts uint32, flags byte, head, body []byte, emit func([]byte)) bool {
	if flags&0x80 != 0 {
		d.frag = append(append(d.frag[:0], head...), body...)
		d.inFrag, d.fragTS = true, ts
	} else {
		if !d.inFrag {
			return true // its beginning was lost: counted there
		}
		if len(d.frag)+len(body) > maxNAL {
			return false
		}
		d.frag = append(d.frag, body...)
	}
	if flags&0x40 != 0 {
		d.inFrag = false
		emit(d.frag)
		if cap(d.frag) > 1<<20 {
			d.frag = nil // one huge picture does not keep its memory
		}
	}
	return true
}

func newDepacketizer(c sfu.Codec) *depacketizer { return &depacketizer{h265: c == sfu.H265} }
