package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// made is a picture of w x h: red above, blue below, a green corner at the top left.
func made(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{200, 20, 20, 255}
			if y >= h/2 {
				c = color.RGBA{20, 20, 200, 255}
			}
			if x < w/4 && y < h/4 {
				c = color.RGBA{20, 200, 20, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// with puts segments behind SOI.
func with(data []byte, segments ...[]byte) []byte {
	out := append([]byte{}, data[:2]...)
	for _, s := range segments {
		out = append(out, s...)
	}
	return append(out, data[2:]...)
}

func seg(mark byte, payload []byte) []byte {
	n := len(payload) + 2
	return append([]byte{0xff, mark, byte(n >> 8), byte(n)}, payload...)
}

// entry is one field of a TIFF directory.
type entry struct {
	tag, kind uint16
	count     uint32
	value     []byte // inline when ≤ 4 bytes, else put behind the directories
}

func ascii(tag uint16, s string) entry {
	return entry{tag, 2, uint32(len(s) + 1), append([]byte(s), 0)}
}

func short(tag, v uint16) entry {
	return entry{tag, 3, 1, []byte{byte(v), byte(v >> 8), 0, 0}}
}

func degrees(tag uint16, d, m, s uint32) entry {
	var b []byte
	for _, v := range []uint32{d, m, s} {
		b = binary.LittleEndian.AppendUint32(b, v)
		b = binary.LittleEndian.AppendUint32(b, 1)
	}
	return entry{tag, 5, 3, b}
}

// exifSeg is an APP1 with the main directory, an EXIF and a GPS one.
func exifSeg(main, exif, gps []entry) []byte {
	const base = 8
	size := func(e []entry) int { return 2 + 12*len(e) + 4 }
	main = append(main, entry{0x8769, 4, 1, nil}, entry{0x8825, 4, 1, nil})
	exifAt := base + size(main)
	gpsAt := exifAt + size(exif)
	restAt := gpsAt + size(gps)
	main[len(main)-2].value = binary.LittleEndian.AppendUint32(nil, uint32(exifAt))
	main[len(main)-1].value = binary.LittleEndian.AppendUint32(nil, uint32(gpsAt))
	var out, rest []byte
	out = append(out, 'I', 'I', 42, 0, base, 0, 0, 0)
	for _, dir := range [][]entry{main, exif, gps} {
		out = binary.LittleEndian.AppendUint16(out, uint16(len(dir)))
		for _, e := range dir {
			out = binary.LittleEndian.AppendUint16(out, e.tag)
			out = binary.LittleEndian.AppendUint16(out, e.kind)
			out = binary.LittleEndian.AppendUint32(out, e.count)
			if len(e.value) <= 4 {
				out = append(out, append(append([]byte{}, e.value...), 0, 0, 0, 0)[:4]...)
				continue
			}
			out = binary.LittleEndian.AppendUint32(out, uint32(restAt+len(rest)))
			rest = append(rest, e.value...)
		}
		out = append(out, 0, 0, 0, 0)
	}
	return seg(markAPP1, append([]byte("Exif\x00\x00"), append(out, rest...)...))
}

// trail is what a trail camera writes, lying on its side as orientation says.
func trail(orientation uint16) []byte {
	return exifSeg(
		[]entry{ascii(0x010f, "Trailmaker"), ascii(0x0110, "TM-4 \x01Pro"), short(0x0112, orientation)},
		[]entry{ascii(0x9003, "2026:03:29 05:04:03"), ascii(0x9011, "+03:00")},
		[]entry{ascii(1, "N"), degrees(2, 50, 27, 0), ascii(3, "E"), degrees(4, 30, 31, 24)},
	)
}
