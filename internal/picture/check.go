package picture

import (
	"fmt"

	"sightline/internal/fault"
)

// Size is width and height in pixels, as stored (before EXIF orientation).
type Size struct{ W, H int }

// Check says whether data is one whole JPEG that our decoder takes and that is
// no bomb: it walks the markers and decodes nothing (≤ 10 ms for 10 MB).
// Errors: too_large, bad_image.
func Check(data []byte) (Size, error) {
	if len(data) > MaxBytes {
		return Size{}, fault.Newf(fault.TooLarge, fault.CodeTooLarge, "A picture is at most %d MB.", MaxBytes>>20)
	}
	var size Size
	var wrong error
	scans, tables := 0, 0
	_, err := walk(data, func(s segment) bool {
		switch {
		case frame(s.mark):
			if size != (Size{}) {
				wrong = bad("The picture is damaged: it has two frames.")
				return false
			}
			size, wrong = header(s)
		case s.mark == markSOS:
			scans++
			if size == (Size{}) || len(s.data) < 6 {
				wrong = bad("The picture is damaged.")
			}
			if scans > maxScans {
				wrong = bad("The picture has too many scans.")
			}
		default:
			if tables++; tables > maxSegments {
				wrong = bad("The picture is damaged: it has too many segments.")
			}
		}
		return wrong == nil
	})
	switch {
	case wrong != nil:
		return Size{}, wrong
	case err != nil:
		return Size{}, err
	case scans == 0:
		return Size{}, bad("The picture is empty.")
	}
	return size, nil
}

// A progressive picture has some ten scans, each a pass over all its pixels; a
// thousand of them are an attack on the decoder.
const (
	maxScans    = 64
	maxSegments = 4096
)

// header reads a frame header (B.2.2): what Go's decoder takes, within limits.
func header(s segment) (Size, error) {
	if s.mark > 0xc2 {
		return Size{}, bad("This kind of JPEG is not supported. Send a baseline or progressive one.")
	}
	if len(s.data) < 6 {
		return Size{}, bad("The picture is damaged.")
	}
	size := Size{H: int(s.data[1])<<8 | int(s.data[2]), W: int(s.data[3])<<8 | int(s.data[4])}
	parts := int(s.data[5])
	switch {
	case s.data[0] != 8:
		return Size{}, bad("A picture has 8 bits a colour.")
	case size.W == 0 || size.H == 0:
		return Size{}, bad("The picture has no size.")
	case size.W*size.H > MaxPixels:
		return Size{}, fault.New(fault.TooLarge, fault.CodeTooLarge,
			fmt.Sprintf("A picture has at most %d megapixels; this one says %d x %d.", MaxPixels/1_000_000, size.W, size.H))
	case parts != 1 && parts != 3 && parts != 4 || len(s.data) != 6+3*parts:
		return Size{}, bad("The picture is damaged.")
	}
	return size, nil
}
