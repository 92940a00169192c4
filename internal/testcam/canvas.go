package testcam

import (
	"image"
	"image/color"
)

// canvas is one picture in planar 4:2:0, the form the encoder takes. Drawing is
// clipped to it. Coordinates are pixels of the picture.
type canvas struct {
	w, h    int
	y, u, v []byte // luma, and chroma of half the width and height
	buf     []byte // the three planes in one
}

func newCanvas(w, h int) *canvas {
	n := w * h
	c := &canvas{w: w, h: h, buf: make([]byte, n+n/2)}
	c.y, c.u, c.v = c.buf[:n], c.buf[n:n+n/4], c.buf[n+n/4:]
	for i := range c.u {
		c.u[i], c.v[i] = 128, 128
	}
	return c
}

// fromImage makes a canvas of an image whose size is even.
func fromImage(img image.Image) *canvas {
	b := img.Bounds()
	c := newCanvas(b.Dx(), b.Dy())
	for y := range c.h {
		for x := range c.w {
			r, g, bl, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			yy, cb, cr := color.RGBToYCbCr(byte(r>>8), byte(g>>8), byte(bl>>8))
			c.y[y*c.w+x] = studio(yy)
			if x&1 == 0 && y&1 == 0 {
				i := y/2*(c.w/2) + x/2
				c.u[i], c.v[i] = cb, cr
			}
		}
	}
	return c
}

// studio maps full-range luma to 16..235.
func studio(y byte) byte { return byte(16 + int(y)*219/255) }

// ink is a colour in the canvas's own space.
type ink struct{ y, u, v byte }

func rgb(r, g, b byte) ink {
	y, u, v := color.RGBToYCbCr(r, g, b)
	return ink{studio(y), u, v}
}

func mix(a, b byte, t float64) byte { return byte(float64(a) + (float64(b)-float64(a))*t) }

// put blends ink into one pixel.
func (c *canvas) put(x, y int, k ink, t float64) {
	if x < 0 || y < 0 || x >= c.w || y >= c.h || t <= 0 {
		return
	}
	if t > 1 {
		t = 1
	}
	i := y*c.w + x
	c.y[i] = mix(c.y[i], k.y, t)
	if x&1 == 0 && y&1 == 0 {
		j := y/2*(c.w/2) + x/2
		c.u[j], c.v[j] = mix(c.u[j], k.u, t), mix(c.v[j], k.v, t)
	}
}

// gray sets a rectangle to one luma without colour.
func (c *canvas) gray(x0, y0, x1, y1 int, v byte) {
	for y := max(y0, 0); y < min(y1, c.h); y++ {
		for x := max(x0, 0); x < min(x1, c.w); x++ {
			c.y[y*c.w+x] = v
			j := y/2*(c.w/2) + x/2
			c.u[j], c.v[j] = 128, 128
		}
	}
}

type point struct{ x, y float64 }

// poly fills a convex or concave polygon (even-odd) with soft left and right edges.
func (c *canvas) poly(k ink, t float64, pts ...point) {
	lo, hi := pts[0].y, pts[0].y
	for _, p := range pts {
		lo, hi = min(lo, p.y), max(hi, p.y)
	}
	var xs []float64
	for y := max(int(lo), 0); y <= min(int(hi), c.h-1); y++ {
		fy := float64(y) + .5
		xs = xs[:0]
		for i, a := range pts {
			b := pts[(i+1)%len(pts)]
			if (a.y <= fy) != (b.y <= fy) {
				xs = append(xs, a.x+(fy-a.y)/(b.y-a.y)*(b.x-a.x))
			}
		}
		for i := 1; i < len(xs); i++ {
			for j := i; j > 0 && xs[j] < xs[j-1]; j-- {
				xs[j], xs[j-1] = xs[j-1], xs[j]
			}
		}
		for i := 0; i+1 < len(xs); i += 2 {
			for x := int(xs[i]); float64(x) < xs[i+1]; x++ {
				cover := min(float64(x+1), xs[i+1]) - max(float64(x), xs[i])
				c.put(x, y, k, t*cover)
			}
		}
	}
}

func (c *canvas) box(k ink, t, x0, y0, x1, y1 float64) {
	c.poly(k, t, point{x0, y0}, point{x1, y0}, point{x1, y1}, point{x0, y1})
}

// blob fills an ellipse; soft is the share of the radius that fades out.
func (c *canvas) blob(k ink, t, cx, cy, rx, ry, soft float64) {
	for y := int(cy - ry); y <= int(cy+ry); y++ {
		for x := int(cx - rx); x <= int(cx+rx); x++ {
			dx, dy := (float64(x)+.5-cx)/rx, (float64(y)+.5-cy)/ry
			d := dx*dx + dy*dy
			if d >= 1 {
				continue
			}
			a := 1.0
			if soft > 0 && d > (1-soft)*(1-soft) {
				a = (1 - d) / (1 - (1-soft)*(1-soft))
			}
			c.put(x, y, k, t*a)
		}
	}
}

// light adds a round glow to luma and pulls the colour towards k.
func (c *canvas) light(k ink, strength, cx, cy, rx, ry float64) {
	for y := max(int(cy-ry), 0); y <= min(int(cy+ry), c.h-1); y++ {
		for x := max(int(cx-rx), 0); x <= min(int(cx+rx), c.w-1); x++ {
			dx, dy := (float64(x)-cx)/rx, (float64(y)-cy)/ry
			d := 1 - dx*dx - dy*dy
			if d <= 0 {
				continue
			}
			a := strength * d * d
			i := y*c.w + x
			c.y[i] = byte(min(float64(c.y[i])+a*float64(k.y), 235))
			if x&1 == 0 && y&1 == 0 {
				j := y/2*(c.w/2) + x/2
				c.u[j], c.v[j] = mix(c.u[j], k.u, a*.7), mix(c.v[j], k.v, a*.7)
			}
		}
	}
}
