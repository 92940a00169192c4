package bwe

import (
	"cmp"
	"slices"
)

// Paused is the layer of a tile that is not sent.
const Paused = -1

// Hysteresis of the allocation.
const (
	raiseRoom = 1.15 // a raise needs this much of its cost, so that it is not taken back at once
	holdMin   = int64(4e9)
	holdMax   = int64(20e9)
	pausedMax = int64(6e9)  // nobody looks at a paused picture: it may come and go sooner than a layer
	heldWell  = int64(30e9) // a raise that lasts so long was right
	// A layer is cut at once, but a picture goes only when room has been short
	// for so long: a cut of layers may yet make it.
	pauseAfter = int64(400e6)
)

// Tile is one picture of a connection, as the allocation sees it. The caller
// keeps it from one call to the next and sets the first group of fields;
// Allocate sets Layer and keeps its own notes in the rest.
type Tile struct {
	Rank int   // the higher the more important; equals in the order given
	Want int   // highest layer wanted, an index of Bits
	Bits []int // what each layer costs, low to high, bit/s

	Layer int // what is to be sent, Paused when nothing

	hold   int64 // not raised before
	wait   int64 // hold after the next cut
	raised int64 // when it was last raised
	short  int64 // since when there is no room for its lowest layer, 0: there is
	placed bool  // was allocated before
}

// Plan is what an allocation adds up to, bit/s.
type Plan struct {
	Used   int // by what is sent
	Wanted int // by all tiles at the layers they want
	Next   int // in all, with the next raise; 0 when there is none to be had now
	Held   bool
}

// Allocate divides rate. Every tile gets its lowest layer first, in order of
// importance; what does not fit is paused. Then tiles are raised in the same
// order. With sure false the rate is only assumed: then nobody is paused by it.
// Nobody is raised for 4 s after a cut, and for twice as long each time a raise
// did not last 30 s; what was paused waits likewise, by itself, and 6 s at most.
func Allocate(tiles []*Tile, rate int, sure bool, now int64) Plan {
	order := slices.Clone(tiles)
	slices.SortStableFunc(order, func(a, b *Tile) int { return cmp.Compare(b.Rank, a.Rank) })
	left := rate
	got := make([]int, len(order))
	for i, t := range order {
		got[i] = Paused
		if len(t.Bits) == 0 {
			continue
		}
		need := t.Bits[0]
		back := t.placed && t.Layer == Paused
		if back {
			need = int(raiseRoom * float64(need))
		}
		fits := need <= left && (!back || now >= t.hold)
		if fits {
			t.short = 0
		} else if t.short == 0 {
			t.short = now
		}
		if fits || !sure || t.placed && !back && now-t.short < pauseAfter {
			got[i] = 0
			left -= t.Bits[0]
		}
	}
	raise(order, got, left, now)
	p := Plan{}
	for i, t := range order {
		t.settle(got[i], now)
		if t.Layer >= 0 {
			p.Used += t.Bits[t.Layer]
		}
		if n := len(t.Bits); n > 0 {
			p.Wanted += t.Bits[min(max(t.Want, 0), n-1)]
		}
	}
	p.next(order, now)
	return p
}

// raise gives what is left to higher layers, one step a round, so that nobody
// gets two steps before everybody could have one.
func raise(order []*Tile, got []int, left int, now int64) {
	hold := heldTill(order)
	for again := true; again; {
		again = false
		for i, t := range order {
			l := got[i] + 1
			if got[i] == Paused || l > min(t.Want, len(t.Bits)-1) {
				continue
			}
			more := t.Bits[l] - t.Bits[l-1]
			need := more
			if t.Layer < l || !t.placed {
				if now < hold {
					continue
				}
				need = int(raiseRoom * float64(more))
			}
			if need <= left {
				got[i] = l
				left -= more
				again = true
			}
		}
	}
}

// heldTill is when tiles that are sent may be raised: where one raise did not
// last, another tile's would not either.
func heldTill(tiles []*Tile) int64 {
	hold := int64(0)
	for _, t := range tiles {
		if t.Layer != Paused {
			hold = max(hold, t.hold)
		}
	}
	return hold
}

// settle takes the new layer over and notes what it means for later.
func (t *Tile) settle(l int, now int64) {
	was, first := t.Layer, !t.placed
	t.Layer, t.placed = l, true
	wish := min(t.Want, len(t.Bits)-1)
	switch {
	case first:
		t.wait = holdMin
		if l < wish {
			return
		}
		t.raised = now
	case l > was:
		t.raised = now
	case l < was && l < wish: // cut for want of room
		if now-t.raised > heldWell {
			t.wait = holdMin
		}
		t.hold = now + t.wait
		if l == Paused {
			t.hold = now + min(t.wait, pausedMax)
		}
		t.wait = min(2*t.wait, holdMax)
	}
}

// next finds the raise that would come next, if it may come now.
func (p *Plan) next(order []*Tile, now int64) {
	hold := heldTill(order)
	for _, t := range order {
		if len(t.Bits) == 0 || t.Layer >= min(t.Want, len(t.Bits)-1) {
			continue
		}
		if now < t.hold || t.Layer != Paused && now < hold {
			p.Held = true
			if t.Layer != Paused {
				continue
			}
			// The path may well be asked meanwhile: a paused picture comes back as soon as it may.
		}
		more := t.Bits[t.Layer+1]
		if t.Layer >= 0 {
			more -= t.Bits[t.Layer]
		}
		p.Next = p.Used + int(raiseRoom*float64(more)) + 1
		return
	}
}
