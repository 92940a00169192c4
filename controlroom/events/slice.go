package events

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// quantizer reads how coarsely H.264 pictures are quantised: pic_init_qp of the
// picture parameter set and slice_qp_delta of a picture's first slice (ITU-T
// H.264, 7.3.2.2 and 7.3.3). An encoder that holds a constant rate answers
// movement there, and not with more bytes.
type quantizer struct {
	sps h264.SPS
	ok  bool // sps is known
	pps map[uint32]pictureSet
}

// pictureSet is what slices need of a picture parameter set.
type pictureSet struct {
	cabac, fieldOrder, weighted, redundant bool
	bipred, refs0, refs1                   uint32
	qp                                     int32
}

const maxPictureSets = 16

// unit takes one NAL unit, or the beginning of one, and returns the quantiser of
// a slice (0 to 51); known is false for everything else.
func (q *quantizer) unit(nal []byte) (qp int, known bool) {
	if len(nal) < 4 {
		return 0, false
	}
	switch nal[0] & 0x1f {
	case 7:
		q.ok = q.sps.Unmarshal(nal) == nil
	case 8:
		b := bits{b: h264.EmulationPreventionRemove(nal[1:])}
		id, set := b.pictureSet()
		if !b.short && id < 256 && (len(q.pps) < maxPictureSets || q.has(id)) {
			if q.pps == nil {
				q.pps = map[uint32]pictureSet{}
			}
			q.pps[id] = set
		}
	case 1, 5:
		if q.ok {
			return q.slice(nal[0], h264.EmulationPreventionRemove(nal[1:min(len(nal), 96)]))
		}
	}
	return 0, false
}

func (q *quantizer) has(id uint32) bool {
	_, ok := q.pps[id]
	return ok
}

func (b *bits) pictureSet() (id uint32, p pictureSet) {
	id = b.ue()
	b.ue()
	p.cabac, p.fieldOrder = b.flag(), b.flag()
	if b.ue() != 0 { // slice groups: of no camera
		b.short = true
		return id, p
	}
	p.refs0, p.refs1 = b.ue()+1, b.ue()+1
	p.weighted, p.bipred = b.flag(), b.u(2)
	p.qp = 26 + b.se()
	b.se()
	b.se()
	b.u(2)
	p.redundant = b.flag()
	return id, p
}

const (
	sliceP = 0
	sliceB = 1
	sliceI = 2
)

// slice reads a slice header up to its quantiser.
func (q *quantizer) slice(header byte, data []byte) (int, bool) {
	b := bits{b: data}
	b.ue() // first_mb_in_slice
	kind := b.ue() % 5
	p, ok := q.pps[b.ue()]
	if !ok || kind > sliceI {
		return 0, false
	}
	field := q.number(&b, header&0x1f == 5, p)
	if p.redundant {
		b.ue()
	}
	if kind == sliceB {
		b.flag()
	}
	if kind != sliceI && b.flag() {
		p.refs0 = b.ue() + 1
		if kind == sliceB {
			p.refs1 = b.ue() + 1
		}
	} else if field {
		p.refs0, p.refs1 = 2*p.refs0, 2*p.refs1
	}
	if kind != sliceI {
		b.reorder()
		if kind == sliceB {
			b.reorder()
		}
	}
	if kind == sliceP && p.weighted || kind == sliceB && p.bipred == 1 {
		q.weights(&b, kind, p)
	}
	if header&0x60 != 0 {
		b.marking(header&0x1f == 5)
	}
	if p.cabac && kind != sliceI {
		b.ue()
	}
	qp := p.qp + b.se()
	if b.short || qp < 0 || qp > 51 {
		return 0, false
	}
	return int(qp), true
}

// number passes frame number and order count; it reports whether it is a field.
func (q *quantizer) number(b *bits, idr bool, p pictureSet) (field bool) {
	if q.sps.SeparateColourPlaneFlag {
		b.u(2)
	}
	b.u(int(q.sps.Log2MaxFrameNumMinus4&15) + 4)
	if !q.sps.FrameMbsOnlyFlag {
		if field = b.flag(); field {
			b.flag()
		}
	}
	if idr {
		b.ue()
	}
	switch {
	case q.sps.PicOrderCntType == 0:
		b.u(int(q.sps.Log2MaxPicOrderCntLsbMinus4&15) + 4)
		if p.fieldOrder && !field {
			b.se()
		}
	case q.sps.PicOrderCntType == 1 && !q.sps.DeltaPicOrderAlwaysZeroFlag:
		b.se()
		if p.fieldOrder && !field {
			b.se()
		}
	}
	return field
}

// reorder passes one ref_pic_list_modification.
func (b *bits) reorder() {
	if !b.flag() {
		return
	}
	for !b.short && b.ue() != 3 {
		b.ue()
	}
}

// weights passes pred_weight_table.
func (q *quantizer) weights(b *bits, kind uint32, p pictureSet) {
	colour := q.sps.ChromaFormatIdc != 0 || q.sps.ProfileIdc < 100 // absent: 4:2:0
	b.ue()
	if colour {
		b.ue()
	}
	list := func(n uint32) {
		for range min(n, 32) {
			if b.flag() {
				b.se()
				b.se()
			}
			if colour && b.flag() {
				for range 4 {
					b.se()
				}
			}
		}
	}
	list(p.refs0)
	if kind == sliceB {
		list(p.refs1)
	}
}

// marking passes dec_ref_pic_marking.
func (b *bits) marking(idr bool) {
	if idr {
		b.u(2)
		return
	}
	if !b.flag() {
		return
	}
	for !b.short {
		op := b.ue()
		switch op {
		case 0:
			return
		case 3:
			b.ue()
			b.ue()
		case 5:
		default:
			b.ue()
		}
	}
}

// bits reads bits; short says that there were too few, and reads are 0 from then on.
type bits struct {
	b     []byte
	at    int
	short bool
}

func (b *bits) u(n int) uint32 {
	if b.at+n > 8*len(b.b) || b.short {
		b.short = true
		return 0
	}
	var v uint32
	for range n {
		v = v<<1 | uint32(b.b[b.at>>3]>>(7-b.at&7)&1)
		b.at++
	}
	return v
}

func (b *bits) flag() bool { return b.u(1) != 0 }

// ue is an Exp-Golomb code (9.1).
func (b *bits) ue() uint32 {
	zeros := 0
	for !b.short && b.u(1) == 0 {
		if zeros++; zeros > 31 {
			b.short = true
		}
	}
	return 1<<zeros - 1 + b.u(zeros)
}

func (b *bits) se() int32 {
	v := b.ue()
	if v&1 != 0 {
		return int32(v/2) + 1
	}
	return -int32(v / 2)
}

// payloads takes the RTP payloads of a picture (RFC 6184) and returns the
// quantiser of its first slice, -1 when it is not told.
func (q *quantizer) payloads(all [][]byte) int {
	for _, p := range all {
		if len(p) < 4 {
			continue
		}
		switch kind := p[0] & 0x1f; kind {
		case 24: // several units
			for rest := p[1:]; len(rest) > 2; {
				n := int(rest[0])<<8 | int(rest[1])
				if n == 0 || n > len(rest)-2 {
					break
				}
				if qp, ok := q.unit(rest[2 : 2+n]); ok {
					return qp
				}
				rest = rest[2+n:]
			}
		case 28: // a piece of one
			if p[1]&0x80 == 0 { // not its first
				continue
			}
			var head [96]byte
			head[0] = p[0]&0xe0 | p[1]&0x1f
			n := copy(head[1:], p[2:])
			if qp, ok := q.unit(head[:1+n]); ok {
				return qp
			}
		default:
			if qp, ok := q.unit(p); ok {
				return qp
			}
		}
	}
	return -1
}
