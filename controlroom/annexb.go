package controlroom

import "sightline/sfu"

// AnnexB appends a frame to dst as a byte stream with start codes: the NAL units
// its RTP payloads carry (RFC 6184 and RFC 7798: single units, aggregates and
// fragments). What is cut short ends the unit it is in.
func AnnexB(dst []byte, f sfu.Format, frame *sfu.Frame) []byte {
	head, kind := 1, h264Unit
	if f.Codec == sfu.H265 {
		head, kind = 2, h265Unit
	}
	for _, p := range frame.Payloads {
		if len(p) <= head {
			continue
		}
		switch kind(p) {
		case unitAggregate:
			for rest := p[head:]; len(rest) > 2; {
				n := int(rest[0])<<8 | int(rest[1])
				if n == 0 || n > len(rest)-2 {
					break
				}
				dst = append(append(dst, 0, 0, 0, 1), rest[2:2+n]...)
				rest = rest[2+n:]
			}
		case unitFragment:
			fu := p[head]
			if fu&0x80 != 0 {
				dst = append(dst, 0, 0, 0, 1)
				if head == 1 {
					dst = append(dst, p[0]&0xe0|fu&0x1f)
				} else {
					dst = append(dst, p[0]&0x81|fu&0x3f<<1, p[1])
				}
			}
			dst = append(dst, p[head+1:]...)
		default:
			dst = append(append(dst, 0, 0, 0, 1), p...)
		}
	}
	return dst
}

type unitKind uint8

const (
	unitSingle unitKind = iota
	unitAggregate
	unitFragment
)

func h264Unit(p []byte) unitKind {
	switch p[0] & 0x1f {
	case 24:
		return unitAggregate
	case 28:
		return unitFragment
	}
	return unitSingle
}

func h265Unit(p []byte) unitKind {
	switch p[0] >> 1 & 0x3f {
	case 48:
		return unitAggregate
	case 49:
		return unitFragment
	}
	return unitSingle
}
