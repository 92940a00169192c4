package testcam

import "strings"

// glyphs is a 5x7 letter set for what a camera writes into its picture: rows
// from the top, one hex pair a row, bit 4 is the left column.
var glyphs = map[rune]string{
	'0': "0e11131519110e", '1': "040c040404040e", '2': "0e11010204081f", '3': "1f02040201110e", '4': "02060a121f0202",
	'5': "1f101e0101110e", '6': "0608101e11110e", '7': "1f010204080808", '8': "0e11110e11110e", '9': "0e11110f01020c",
	'A': "0e11111f111111", 'B': "1e11111e11111e", 'C': "0e11101010110e", 'D': "1c12111111121c", 'E': "1f10101e10101f",
	'F': "1f10101e101010", 'G': "0e11101711110f", 'H': "1111111f111111", 'I': "0e04040404040e", 'J': "0702020202120c",
	'K': "11121418141211", 'L': "1010101010101f", 'M': "111b1515111111", 'N': "11191513111111", 'O': "0e11111111110e",
	'P': "1e11111e101010", 'Q': "0e11111115120d", 'R': "1e11111e141211", 'S': "0f10100e01011e", 'T': "1f040404040404",
	'U': "1111111111110e", 'V': "11111111110a04", 'W': "1111111515150a", 'X': "11110a040a1111", 'Y': "11110a04040404",
	'Z': "1f01020408101f", ':': "000c0c000c0c00", '.': "00000000000c0c", '-': "0000001f000000", ' ': "00000000000000",
}

// text writes s in capitals with a dark edge; size is the pixels of one dot.
func (c *canvas) text(x, y, size int, s string) {
	for _, pass := range []struct {
		grow int
		v    byte
	}{{max(size/2, 1), 16}, {0, 215}} {
		cx := x
		for _, r := range strings.ToUpper(s) {
			g := glyphs[r]
			for row := 0; row*2 < len(g); row++ {
				bits := unhex(g[row*2])<<4 | unhex(g[row*2+1])
				for col := range 5 {
					if bits>>(4-col)&1 == 1 {
						px, py := cx+col*size, y+row*size
						c.gray(px-pass.grow, py-pass.grow, px+size+pass.grow, py+size+pass.grow, pass.v)
					}
				}
			}
			cx += 6 * size
		}
	}
}

func unhex(b byte) byte {
	if b >= 'a' {
		return b - 'a' + 10
	}
	return b - '0'
}
