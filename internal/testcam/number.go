package testcam

// Every picture carries its number in the loop as a strip of 24 blocks along
// the bottom edge, so that a test can read which frame was painted: two marks
// (light, dark), 16 bits with the highest first, 4 bits of checksum (the sum of
// the number's four nibbles), two marks (dark, light). A light block is a 1.
//
// The strip begins one block from the left edge; a block is 1/80 of the width
// wide and 1/90 of the height high; the strip stands half a block above the
// bottom edge. Read the middle of each block and compare it with the mean of
// the marks. web tests use the same geometry.
const (
	numberBlocks = 24
	numberLight  = 210
	numberDark   = 22
)

func numberBits(n int) uint32 {
	n &= 0xffff
	sum := (n&15 + n>>4&15 + n>>8&15 + n>>12&15) & 15
	return 0b10<<22 | uint32(n)<<6 | uint32(sum)<<2 | 0b01
}

// blockAt returns the rectangle of block i in a picture of w x h.
func blockAt(i, w, h int) (x0, y0, x1, y1 int) {
	bh := h / 90
	y0 = h - bh - bh/2
	return (i + 1) * w / 80, y0, (i + 2) * w / 80, y0 + bh
}

func drawNumber(c *canvas, n int) {
	bits := numberBits(n)
	for i := range numberBlocks {
		v := byte(numberDark)
		if bits>>(numberBlocks-1-i)&1 == 1 {
			v = numberLight
		}
		x0, y0, x1, y1 := blockAt(i, c.w, c.h)
		c.gray(x0, y0, x1, y1, v)
	}
}

// ReadNumber reads the number out of a luma plane; false when there is none.
func ReadNumber(luma []byte, stride, w, h int) (int, bool) {
	var v [numberBlocks]int
	for i := range v {
		x0, y0, x1, y1 := blockAt(i, w, h)
		v[i] = int(luma[(y0+y1)/2*stride+(x0+x1)/2])
	}
	light, dark := (v[0]+v[23])/2, (v[1]+v[22])/2
	if light-dark < 60 {
		return 0, false
	}
	mid := (light + dark) / 2
	bits := uint32(0)
	for _, x := range v {
		bits <<= 1
		if x > mid {
			bits |= 1
		}
	}
	n := int(bits >> 6 & 0xffff)
	return n, numberBits(n) == bits
}
