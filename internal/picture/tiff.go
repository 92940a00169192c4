package picture

import (
	"encoding/binary"
	"math"
	"strings"
)

// tiff reads the few fields of an EXIF block that are wanted (CIPA DC-008,
// TIFF 6.0). It follows offsets inside the block only, allocates for nothing but
// the strings it returns and looks at three directories at most. goexif was
// tried first: one wrong count makes it ask for 48 GB.
type tiff struct {
	data  []byte
	order binary.ByteOrder
}

// Directories and fields.
const (
	tagMake        = 0x010f
	tagModel       = 0x0110
	tagOrientation = 0x0112
	tagDateTime    = 0x0132
	tagExifDir     = 0x8769
	tagGPSDir      = 0x8825
	tagOriginal    = 0x9003
	tagDigitized   = 0x9004
	tagOffset      = 0x9011
	tagLatRef      = 1
	tagLat         = 2
	tagLonRef      = 3
	tagLon         = 4

	typeASCII    = 2
	typeShort    = 3
	typeLong     = 4
	typeRational = 5

	maxFields = 256 // of one directory
	maxWords  = 64  // characters of a text
)

// field is one entry of a directory: type, count and where its value begins.
type field struct {
	kind  uint16
	count uint32
	value []byte // of exactly the size kind and count say; nil when that is outside the block
}

// newTIFF reads the header; ok is false when it is none.
func newTIFF(data []byte) (t tiff, first uint32, ok bool) {
	if len(data) < 8 {
		return tiff{}, 0, false
	}
	switch string(data[:4]) {
	case "II*\x00":
		t.order = binary.LittleEndian
	case "MM\x00*":
		t.order = binary.BigEndian
	default:
		return tiff{}, 0, false
	}
	t.data = data
	return t, t.order.Uint32(data[4:]), true
}

// dir reads the fields of the directory at an offset; the first of a tag counts.
func (t tiff) dir(at uint32) map[uint16]field {
	if uint64(at)+2 > uint64(len(t.data)) {
		return nil
	}
	rest := t.data[at+2:]
	n := min(int(t.order.Uint16(t.data[at:])), maxFields, len(rest)/12)
	fields := make(map[uint16]field, n)
	for i := range n {
		e := rest[12*i : 12*i+12]
		tag := t.order.Uint16(e)
		if _, twice := fields[tag]; !twice {
			fields[tag] = t.field(e)
		}
	}
	return fields
}

func (t tiff) field(e []byte) field {
	f := field{kind: t.order.Uint16(e[2:]), count: t.order.Uint32(e[4:])}
	var size uint64
	switch f.kind {
	case typeASCII:
		size = 1
	case typeShort:
		size = 2
	case typeLong:
		size = 4
	case typeRational:
		size = 8
	default:
		return f
	}
	size *= uint64(f.count)
	if size <= 4 {
		f.value = e[8 : 8+size]
		return f
	}
	if at := uint64(t.order.Uint32(e[8:])); at+size <= uint64(len(t.data)) {
		f.value = t.data[at : at+size]
	}
	return f
}

// words is a text without control characters, cut to 64 characters.
func (f field) words() string {
	if f.kind != typeASCII {
		return ""
	}
	text, _, _ := strings.Cut(string(f.value[:min(len(f.value), 4*maxWords)]), "\x00")
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "")))
	if r := []rune(text); len(r) > maxWords {
		text = string(r[:maxWords])
	}
	return text
}

// number is the first integer of a field; 0 when it has none.
func (t tiff) number(f field) uint32 {
	switch {
	case f.kind == typeShort && len(f.value) >= 2:
		return uint32(t.order.Uint16(f.value))
	case f.kind == typeLong && len(f.value) >= 4:
		return t.order.Uint32(f.value)
	}
	return 0
}

// degrees reads three rationals: degrees, minutes and seconds.
func (t tiff) degrees(f field) float64 {
	if f.kind != typeRational || len(f.value) < 24 {
		return math.NaN()
	}
	part := func(i int) float64 {
		return float64(t.order.Uint32(f.value[8*i:])) / float64(t.order.Uint32(f.value[8*i+4:])) // 0/0 is NaN, and is refused
	}
	return part(0) + part(1)/60 + part(2)/3600
}
