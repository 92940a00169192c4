package events

import (
	"math"
	"slices"
	"time"

	"sightline/sfu"
)

// picture is what the detector knows of one.
type picture struct {
	key   bool
	bytes int
	qp    int // quantiser of its first slice; -1: not known
}

// detector tells movement from what an encoder spends on its pictures: bytes
// times the step of its quantiser, which is how hard a picture was to foretell
// from the one before. An encoder that may vary its rate answers movement with
// bytes, one that may not with the quantiser. What is usual is the median of the
// last minutes, how far it strays the median distance from it, so that wind,
// rain and noise that last are usual after a while. Key frames tell nothing; the
// few most expensive pictures of a moment are left out, for a lamp that is
// switched changes one or two and movement many.
//
// It sees no picture: what is slow, small or far costs too little to be told
// from noise.
type detector struct {
	rule rule
	q    quantizer

	recent  [window]cost // ring of the newest pictures
	next, n int
	due     int64 // clock.Mono of the next sample
	qp      int   // the newest known quantiser; -1: none is told
	usual   [history]float32
	at, has int     // of usual
	middle  float64 // median of usual, log2
	stray   float64 // how far it strays
	judged  int     // samples since the median was taken
	over    int     // samples in a row that are too much
	moves   bool
	lasts   int // samples that it moves
	scratch []float32
}

type cost struct {
	mono int64
	v    float64
}

// rule is a sensitivity.
type rule struct {
	strays float64 // times the usual straying
	least  float64 // log2: 1 is twice what is usual
	row    int     // samples in a row
}

var motionRules = map[string]rule{
	MotionLow:    {strays: 6, least: 0.55, row: 4},
	MotionMedium: {strays: 4.5, least: 0.35, row: 3},
	MotionHigh:   {strays: 3.5, least: 0.25, row: 3},
}

const (
	window      = 64                            // pictures that are kept
	spread      = int64(800 * time.Millisecond) // that a sample is made of
	sampleEvery = int64(250 * time.Millisecond)
	history     = 480 // samples: two minutes
	learn       = 40  // samples before anything is told
	gapMost     = int64(5 * time.Second)
	strayLeast  = 0.05 // log2
	steady      = 120  // samples of movement after which it is looked at whether it is the new usual
	steadyMost  = 0.2  // log2: it is when it strays no more than this
	constant    = 48   // bytes of headers that say nothing
)

func newDetector(level string) *detector { return &detector{rule: motionRules[level], qp: -1} }

// frame takes one picture and reports whether something moves.
func (d *detector) frame(f sfu.Format, fr *sfu.Frame) bool {
	return d.take(fr.Mono, d.picture(f, fr))
}

// take is frame for a picture that was read.
func (d *detector) take(mono int64, p picture) bool {
	if d.n > 0 {
		last := d.recent[(d.next+window-1)%window].mono
		if mono-last > gapMost || mono < last { // another time: what was usual may not be
			d.forget()
		}
	}
	switch {
	case p.qp < 0: // one that could not be read
		p.qp = d.qp
	case d.qp < 0: // from now on it is known
		d.forget()
		fallthrough
	default:
		d.qp = p.qp
	}
	if p.key {
		return d.moves
	}
	v := float64(p.bytes + constant)
	if p.qp >= 0 {
		v *= math.Exp2(float64(p.qp-26) / 6)
	}
	d.recent[d.next] = cost{mono, v}
	d.next, d.n = (d.next+1)%window, min(d.n+1, window)
	if mono >= d.due {
		d.due = mono + sampleEvery
		d.sample(mono)
	}
	return d.moves
}

// forget begins anew.
func (d *detector) forget() {
	d.next, d.n, d.at, d.has, d.over, d.moves, d.judged, d.lasts = 0, 0, 0, 0, 0, false, 0, 0
}

// sample judges the newest moment.
func (d *detector) sample(mono int64) {
	d.scratch = d.scratch[:0]
	for i := range d.n {
		c := d.recent[(d.next+window-1-i)%window]
		if mono-c.mono > spread {
			break
		}
		d.scratch = append(d.scratch, float32(c.v))
	}
	if len(d.scratch) < 3 {
		return
	}
	slices.Sort(d.scratch)
	sum, most := 0.0, len(d.scratch)-max(1, len(d.scratch)/5)
	for _, v := range d.scratch[:most] {
		sum += float64(v)
	}
	now := math.Log2(sum / float64(most))
	if d.has >= learn {
		if d.judged == 0 {
			d.judge()
		}
		d.judged = (d.judged + 1) % 8
		if now-d.middle > max(d.rule.least, d.rule.strays*d.stray) {
			d.over = min(d.over+1, d.rule.row+2)
		} else {
			d.over = max(d.over-2, 0)
		}
		d.moves = d.over >= d.rule.row || d.moves && d.over > 0
	}
	d.usual[d.at] = float32(now)
	d.at, d.has = (d.at+1)%history, min(d.has+1, history)
	if !d.moves {
		d.lasts = 0
		return
	}
	if d.lasts++; d.lasts%steady == 0 {
		d.settle()
	}
}

// settle takes what has lasted for steady samples as usual when it is even: rain
// that began, a picture that got noisier. What walks about is not.
func (d *detector) settle() {
	newest := d.scratch[:0]
	for i := range steady {
		newest = append(newest, d.usual[(d.at+history-steady+i)%history])
	}
	d.scratch = newest
	if _, stray := median(slices.Clone(newest)); stray > steadyMost {
		return
	}
	d.at, d.has = copy(d.usual[:], newest), steady
	d.over, d.moves, d.judged = 0, false, 0
}

// judge takes what is usual anew.
func (d *detector) judge() {
	d.scratch = append(d.scratch[:0], d.usual[:d.has]...)
	d.middle, d.stray = median(d.scratch)
	d.stray = max(d.stray, strayLeast)
}

// median returns the median of s and the median distance from it, in units of a
// standard deviation. s is used up.
func median(s []float32) (middle, stray float64) {
	slices.Sort(s)
	middle = float64(s[len(s)/2])
	for i := range s {
		s[i] = float32(math.Abs(float64(s[i]) - middle))
	}
	slices.Sort(s)
	return middle, 1.4826 * float64(s[len(s)/2])
}

// picture reads what a frame tells.
func (d *detector) picture(f sfu.Format, fr *sfu.Frame) picture {
	p := picture{key: fr.Key, bytes: fr.Size(), qp: -1}
	if f.Codec == sfu.H264 {
		p.qp = d.q.payloads(fr.Payloads)
	}
	return p
}
