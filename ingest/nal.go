package ingest

import "bytes"

// Limits on what one camera may send (threat T41).
const (
	maxNAL      = 4 << 20 // bytes of one NAL unit
	maxUnit     = 6 << 20 // bytes of one access unit
	maxUnitNALs = 512
	maxSet      = 1024 // bytes of a parameter set
	maxSets     = 8    // picture parameter sets kept
	maxSide     = 8192 // pixels
)

var startCode = []byte{0, 0, 1}

// splitGlued calls each for every NAL unit in b. Inside a NAL unit the bytes
// 00 00 01 cannot occur, so where they do, a camera has glued several units
// into one, or left the start code in front.
func splitGlued(b []byte, each func(nal []byte)) {
	for {
		i := bytes.Index(b, startCode)
		if i < 0 {
			break
		}
		if head := bytes.TrimRight(b[:i], "\x00"); len(head) > 0 {
			each(head)
		}
		b = b[i+3:]
	}
	if len(b) > 0 {
		each(b)
	}
}

// bitReader reads a raw byte sequence payload with emulation prevention bytes
// left out. Reads past the end yield zeros and set over.
type bitReader struct {
	b     []byte
	pos   int // bits
	zeros int
	over  bool
}

func (r *bitReader) bit() uint {
	if r.pos&7 == 0 {
		i := r.pos >> 3
		if i < len(r.b) && r.b[i] == 3 && r.zeros >= 2 {
			r.pos += 8
			r.zeros = 0
			i++
		}
		if i < len(r.b) {
			if r.b[i] == 0 {
				r.zeros++
			} else {
				r.zeros = 0
			}
		}
	}
	i := r.pos >> 3
	if i >= len(r.b) {
		r.over = true
		return 0
	}
	v := uint(r.b[i]>>(7-r.pos&7)) & 1
	r.pos++
	return v
}

// golomb reads an unsigned Exp-Golomb number of at most 31 bits.
func (r *bitReader) golomb() uint {
	n := 0
	for r.bit() == 0 {
		if n++; n > 31 || r.over {
			r.over = true
			return 0
		}
	}
	v := uint(1)
	for range n {
		v = v<<1 | r.bit()
	}
	return v - 1
}
