package archive

import (
	"bytes"
	"encoding/binary"

	"sightline/sfu"
)

// units takes a frame's RTP payloads apart into NAL units (RFC 6184, RFC 7798).
// They share one piece of fresh memory. What is cut short is left out.
func units(f sfu.Format, frame *sfu.Frame) [][]byte {
	head, fragment, aggregate := 1, byte(28), byte(24)
	kind := func(p []byte) byte { return p[0] & 0x1f }
	if f.Codec == sfu.H265 {
		head, fragment, aggregate = 2, 49, 48
		kind = func(p []byte) byte { return p[0] >> 1 & 0x3f }
	}
	buf := make([]byte, 0, frame.Size())
	var out [][]byte
	begin := -1 // of the unit that is put together
	end := func() {
		if begin >= 0 {
			out = append(out, buf[begin:len(buf):len(buf)])
			begin = -1
		}
	}
	for _, p := range frame.Payloads {
		if len(p) <= head {
			continue
		}
		switch kind(p) {
		case aggregate:
			end()
			for rest := p[head:]; len(rest) > 2; {
				n := int(binary.BigEndian.Uint16(rest))
				if n == 0 || n > len(rest)-2 {
					break
				}
				begin = len(buf)
				buf = append(buf, rest[2:2+n]...)
				end()
				rest = rest[2+n:]
			}
		case fragment:
			fu := p[head]
			if fu&0x80 != 0 {
				end()
				begin = len(buf)
				if head == 1 {
					buf = append(buf, p[0]&0xe0|fu&0x1f)
				} else {
					buf = append(buf, p[0]&0x81|fu&0x3f<<1, p[1])
				}
			}
			if begin >= 0 {
				buf = append(buf, p[head+1:]...)
			}
			if fu&0x40 != 0 {
				end()
			}
		default:
			end()
			begin = len(buf)
			buf = append(buf, p...)
			end()
		}
	}
	return out
}

// sets are the parameter sets in front of a key frame.
type sets struct{ vps, sps, pps []byte }

func (s sets) whole(c sfu.Codec) bool {
	return len(s.sps) > 3 && len(s.pps) > 0 && (c == sfu.H264 || len(s.vps) > 0)
}

// setsOf finds them; of several picture sets the first.
func setsOf(c sfu.Codec, nals [][]byte) (s sets) {
	for _, n := range nals {
		k := n[0] & 0x1f
		if c == sfu.H265 {
			k = n[0] >> 1 & 0x3f
		}
		switch {
		case c == sfu.H264 && k == 7, c == sfu.H265 && k == 33:
			s.sps = n
		case c == sfu.H264 && k == 8 && s.pps == nil, c == sfu.H265 && k == 34 && s.pps == nil:
			s.pps = n
		case c == sfu.H265 && k == 32:
			s.vps = n
		}
	}
	return s
}

// sample is a picture as MP4 has it: its units with their lengths in front, without
// the sets that the head of the file has.
func sample(nals [][]byte, s sets) []byte {
	n := 0
	for _, u := range nals {
		n += 4 + len(u)
	}
	b := make([]byte, 0, n)
	for _, u := range nals {
		if bytes.Equal(u, s.sps) || bytes.Equal(u, s.pps) || bytes.Equal(u, s.vps) {
			continue
		}
		b = binary.BigEndian.AppendUint32(b, uint32(len(u)))
		b = append(b, u...)
	}
	return b
}
