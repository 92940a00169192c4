package events

import (
	"math"
	"slices"
)

// Size of the grey picture that is looked at.
const (
	eyeWidth  = 160
	eyeHeight = 90
	eyePixels = eyeWidth * eyeHeight
)

// scene knows what a camera usually shows, and tells what moves in it: what
// neither the usual nor the picture before shows at its place.
//
// A picture is compared by what each place differs from its surroundings, times a
// gain that is fitted around it: so a lamp, a cloud or an exposure that adapts
// changes nothing. How far a place usually strays is learned, and what strays
// everywhere at once (rain, a noisy night) raises what counts at once. Something
// that changes on the line of something that always does is a clock's.
//
// Not safe for concurrent use.
type scene struct {
	rule sceneRule
	seen int // pictures since it began to learn

	usual  []float32 // contrast to its surroundings
	stray  []float32 // how far it strays, smoothed
	before []float32 // what the picture before differed
	raw    []float32 // the picture before, smoothed
	busy   []float32 // share of pictures in which it changed much

	*canvas
}

// canvas is what judging a picture needs meanwhile. Scenes that are judged on one
// goroutine share one.
type canvas struct {
	sum, sum2                     []float64 // integrals
	x, r, s, d, now, sorted, wide []float32
	mask                          []uint8
	stack                         []int32
}

func newCanvas() *canvas {
	f := func() []float32 { return make([]float32, eyePixels) }
	const corner = (eyeWidth + 1) * (eyeHeight + 1)
	return &canvas{sum: make([]float64, corner), sum2: make([]float64, corner), x: f(), r: f(), s: f(), d: f(), now: f(), sorted: f(), wide: f(), mask: make([]uint8, eyePixels)}
}

// sceneRule is a sensitivity.
type sceneRule struct {
	strays float32 // times what a place usually strays
	least  float32 // grey levels, smoothed
	area   int     // pixels that hang together
}

var sceneRules = map[string]sceneRule{
	MotionLow:    {strays: 6, least: 9, area: 48},
	MotionMedium: {strays: 5, least: 6, area: 9},
	MotionHigh:   {strays: 4, least: 4, area: 6},
}

const (
	sceneLearn  = 10   // pictures before anything is told
	sceneMemory = 30   // pictures over which the usual is taken
	around      = 8    // pixels on each side that are the surroundings
	gainLeast   = 0.3  // of a light that changes
	gainMost    = 3    //
	mostOfAll   = 0.55 // of the picture that differs: another scene, or another light
	muchChange  = 9    // grey levels to the picture before
	oftenBusy   = 0.35
	mostLit     = 0.35 // of it that got lighter or darker: a lamp
	litChange   = 5    // grey levels to the picture before
	lineHeight  = 9    // pixels of a line of text at most
)

func newScene(level string, c *canvas) *scene {
	f := func() []float32 { return make([]float32, eyePixels) }
	return &scene{rule: sceneRules[level], usual: f(), stray: f(), before: f(), raw: f(), busy: f(), canvas: c}
}

// look takes the next picture, eyePixels bytes, and reports whether something moves.
func (c *scene) look(pic []byte) bool {
	for i, v := range pic {
		c.now[i] = float32(v)
	}
	c.contrast(c.now, c.x)
	smooth(c.now, c.d) // c.now: what is left of the noise
	copy(c.now, c.d)
	c.seen++
	if c.seen == 1 {
		copy(c.usual, c.x)
		copy(c.raw, c.now)
		for i := range c.stray {
			c.stray[i], c.before[i], c.busy[i] = 2, 0, 0
		}
		return false
	}
	c.differ()
	for i := range c.d {
		c.d[i] = abs(c.r[i] - c.before[i])
	}
	copy(c.before, c.r)
	smooth(c.d, c.sorted)
	copy(c.d, c.sorted)
	for i, v := range c.r {
		c.sorted[i] = abs(v)
	}
	smooth(c.sorted, c.s)
	some := c.sorted[:0]
	for i := 0; i < eyePixels; i += 7 { // for a median it is enough
		some = append(some, c.s[i])
	}
	slices.Sort(some)
	everywhere := some[len(some)/2]
	widen(c.stray, c.wide, c.sorted)
	differs, lit := 0, 0
	for i := range c.mask {
		least := max(c.rule.least, c.rule.strays*max(c.wide[i], everywhere))
		c.mask[i] = 0
		if c.s[i] > least {
			differs++
			if c.d[i] > 0.7*least {
				c.mask[i] = 1
			}
		}
		v := c.s[i]
		if c.seen > sceneLearn {
			v = min(v, least)
		}
		n := float32(50) // it falls slowly
		if v > c.stray[i] {
			n = 10
		}
		c.stray[i] += (v - c.stray[i]) / min(n, float32(c.seen))
		if abs(c.now[i]-c.raw[i]) > litChange {
			lit++
		}
		b := float32(0)
		if abs(c.now[i]-c.raw[i]) > muchChange {
			b = 1
		}
		c.busy[i] += (b - c.busy[i]) / 20
		n = float32(min(c.seen, sceneMemory))
		if c.mask[i] != 0 && c.seen > sceneLearn {
			n = 2 * sceneMemory
		}
		c.usual[i] += (c.x[i] - c.usual[i]) / n
	}
	c.raw, c.now = c.now, c.raw
	if float64(differs) > mostOfAll*eyePixels {
		c.forget()
		return false
	}
	return c.seen > sceneLearn && lit < mostLit*eyePixels && c.found()
}

// forget begins to learn anew.
func (c *scene) forget() { c.seen = 0 }

// contrast makes out what each place differs from its surroundings.
func (c *scene) contrast(in, out []float32) {
	integrate(in, nil, c.sum)
	for y := range eyeHeight {
		for x := range eyeWidth {
			v, n := box(c.sum, x, y)
			i := y*eyeWidth + x
			out[i] = in[i] - float32(v/n)
		}
	}
}

// differ makes r what x differs from the usual, in the light of now.
func (c *scene) differ() {
	integrate(c.x, c.usual, c.sum)
	integrate(c.usual, c.usual, c.sum2)
	for y := range eyeHeight {
		for x := range eyeWidth {
			both, n := box(c.sum, x, y)
			own, _ := box(c.sum2, x, y)
			g := (both + 4*n) / (own + 4*n)
			i := y*eyeWidth + x
			c.r[i] = c.x[i] - float32(min(max(g, gainLeast), gainMost))*c.usual[i]
		}
	}
}

// found looks for enough that hangs together, and is no clock's.
func (c *scene) found() bool {
	var lines [eyeHeight]bool
	for y := range eyeHeight {
		n := 0
		for _, b := range c.busy[y*eyeWidth : (y+1)*eyeWidth] {
			if b > oftenBusy {
				n++
			}
		}
		lines[y] = n > 0
	}
	for y := 0; y < eyeHeight; {
		if !lines[y] {
			y++
			continue
		}
		to := y
		for to < eyeHeight && lines[to] {
			to++
		}
		if to-y > lineHeight {
			for ; y < to; y++ {
				lines[y] = false
			}
		}
		y = to
	}
	text := func(y int) bool {
		return lines[y] || y > 0 && lines[y-1] || y+1 < eyeHeight && lines[y+1]
	}
	for i := range c.mask {
		if c.mask[i] != 1 {
			continue
		}
		area, out := 0, false
		c.stack = append(c.stack[:0], int32(i))
		c.mask[i] = 2
		for len(c.stack) > 0 {
			p := int(c.stack[len(c.stack)-1])
			c.stack = c.stack[:len(c.stack)-1]
			area++
			px, py := p%eyeWidth, p/eyeWidth
			out = out || !text(py)
			for ny := max(py-1, 0); ny <= min(py+1, eyeHeight-1); ny++ {
				for nx := max(px-1, 0); nx <= min(px+1, eyeWidth-1); nx++ {
					if q := ny*eyeWidth + nx; c.mask[q] == 1 {
						c.mask[q] = 2
						c.stack = append(c.stack, int32(q))
					}
				}
			}
		}
		if area >= c.rule.area && out {
			return true
		}
	}
	return false
}

func abs(v float32) float32 { return float32(math.Abs(float64(v))) }

// integrate sums a, or a times b, from the top left corner.
func integrate(a, b []float32, sum []float64) {
	const w = eyeWidth + 1
	for y := range eyeHeight {
		row := 0.0
		for x := range eyeWidth {
			v := float64(a[y*eyeWidth+x])
			if b != nil {
				v *= float64(b[y*eyeWidth+x])
			}
			row += v
			sum[(y+1)*w+x+1] = sum[y*w+x+1] + row
		}
	}
}

// box is the sum of the surroundings of a place, and how many they are.
func box(sum []float64, x, y int) (v, n float64) {
	const w = eyeWidth + 1
	x0, y0, x1, y1 := max(x-around, 0), max(y-around, 0), min(x+around+1, eyeWidth), min(y+around+1, eyeHeight)
	return sum[y1*w+x1] - sum[y0*w+x1] - sum[y1*w+x0] + sum[y0*w+x0], float64((x1 - x0) * (y1 - y0))
}

// smooth is the mean of three by three.
func smooth(in, out []float32) {
	for y := range eyeHeight {
		y0, y1 := max(y-1, 0), min(y+1, eyeHeight-1)
		for x := range eyeWidth {
			x0, x1 := max(x-1, 0), min(x+1, eyeWidth-1)
			var v float32
			for yy := y0; yy <= y1; yy++ {
				for xx := x0; xx <= x1; xx++ {
					v += in[yy*eyeWidth+xx]
				}
			}
			out[y*eyeWidth+x] = v / float32((y1-y0+1)*(x1-x0+1))
		}
	}
}

// widen is the most of what lies at most two pixels away.
func widen(in, out, scratch []float32) {
	for y := range eyeHeight {
		for x := range eyeWidth {
			v := in[y*eyeWidth+x]
			for k := max(x-2, 0); k <= min(x+2, eyeWidth-1); k++ {
				v = max(v, in[y*eyeWidth+k])
			}
			scratch[y*eyeWidth+x] = v
		}
	}
	for y := range eyeHeight {
		for x := range eyeWidth {
			v := scratch[y*eyeWidth+x]
			for k := max(y-2, 0); k <= min(y+2, eyeHeight-1); k++ {
				v = max(v, scratch[k*eyeWidth+x])
			}
			out[y*eyeWidth+x] = v
		}
	}
}
