package picture

import "bytes"

// Markers of ITU T.81, table B.1.
const (
	markSOF0 = 0xc0 // frame headers are C0-CF but C4, C8 and CC
	markDHT  = 0xc4
	markJPG  = 0xc8
	markDAC  = 0xcc
	markRST0 = 0xd0
	markRST7 = 0xd7
	markSOI  = 0xd8
	markEOI  = 0xd9
	markSOS  = 0xda
	markAPP0 = 0xe0
	markAPP1 = 0xe1
	markAPPE = 0xee // APP14: Adobe's colour transform, needed to decode
	markAPPF = 0xef
	markCOM  = 0xfe
	markTEM  = 0x01
)

// segment is one marker of a file with what belongs to it.
type segment struct {
	mark byte
	from int    // offset of the 0xff
	data []byte // payload without marker and length; nil for markers without
	to   int    // offset behind it; for SOS behind its entropy-coded data
}

// walk calls each for every segment from SOI to EOI and returns the offset
// behind EOI. It allocates nothing and reads each byte once. Entropy-coded data
// belongs to its SOS. each returns false to stop.
func walk(data []byte, each func(segment) bool) (end int, err error) {
	if len(data) < 4 || data[0] != 0xff || data[1] != markSOI {
		return 0, bad("This is not a JPEG picture.")
	}
	if !each(segment{mark: markSOI, from: 0, to: 2}) {
		return 2, nil
	}
	for i := 2; ; {
		from := i
		for i < len(data) && data[i] == 0xff { // fill bytes may stand before a marker (B.1.1.2)
			i++
		}
		if i >= len(data) {
			return 0, bad("The picture ends too early. Send the whole file.")
		}
		if i == from {
			return 0, bad("The picture is damaged.")
		}
		s := segment{mark: data[i], from: i - 1}
		i++
		switch {
		case s.mark == markEOI:
			s.to = i
			each(s)
			return i, nil
		case s.mark == 0 || s.mark == markSOI:
			return 0, bad("The picture is damaged.")
		case s.mark == markTEM || s.mark >= markRST0 && s.mark <= markRST7:
			s.to = i
		default:
			if i+2 > len(data) {
				return 0, bad("The picture ends too early. Send the whole file.")
			}
			n := int(data[i])<<8 | int(data[i+1])
			if n < 2 || i+n > len(data) {
				return 0, bad("The picture ends too early. Send the whole file.")
			}
			s.data = data[i+2 : i+n]
			i += n
			if s.mark == markSOS {
				i = scan(data, i)
			}
			s.to = i
		}
		if !each(s) {
			return i, nil
		}
	}
}

// scan returns the offset of the first marker behind entropy-coded data, which
// is everything but 0xff, stuffed 0xff00 and restart markers.
func scan(data []byte, i int) int {
	for i+1 < len(data) {
		n := bytes.IndexByte(data[i:len(data)-1], 0xff)
		if n < 0 {
			break
		}
		i += n
		switch m := data[i+1]; {
		case m == 0xff: // fill: the next one may be the marker's
			i++
		case m == 0 || m >= markRST0 && m <= markRST7:
			i += 2
		default:
			return i
		}
	}
	return len(data)
}

// frame reports whether mark begins a frame header.
func frame(mark byte) bool {
	return mark >= markSOF0 && mark <= 0xcf && mark != markDHT && mark != markJPG && mark != markDAC
}
