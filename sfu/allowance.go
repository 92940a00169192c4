package sfu

import (
	"math"

	"sightline/sfu/bwe"
)

// everything is the allowance of a tile that may have what it wants.
const everything = math.MaxInt

// tileState is a downtrack as the allocation sees it. Guarded by bandwidth.mu.
type tileState struct {
	*bwe.Tile
	of   *attachment // whom the notes in Tile are about
	legs []int       // layers, by index of Bits
}

// tileNow brings d.tile up to date and says whether it takes part: it carries
// live video that this connection can show. Called with bandwidth.mu held.
func (d *downtrack) tileNow(limited bool, now int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.att
	if a == nil || !a.started || a.still || a.phase == phaseEnded {
		d.tile.of = nil
		return false
	}
	if d.tile.of != a {
		d.tile = tileState{Tile: &bwe.Tile{}, of: a, legs: d.tile.legs}
	}
	t := &d.tile
	t.Bits, t.legs, t.Want, t.Rank = t.Bits[:0], t.legs[:0], 0, a.rank
	for _, l := range a.legs {
		if _, _, ok := d.usable(l); !ok {
			continue
		}
		bits := l.s.ring.average() * streamCost / 100
		if flows := now-l.s.last.Load() < stallAfter; !flows || bits == 0 {
			if len(t.Bits) == 0 || !limited { // nothing is known of it, so nothing is kept from it
				continue
			}
			bits = max(bits, guessedMain)
		}
		if n := len(t.Bits); n > 0 && bits < t.Bits[n-1] {
			bits = t.Bits[n-1]
		}
		t.Bits, t.legs = append(t.Bits, bits), append(t.legs, l.layer)
		if l.layer <= a.want {
			t.Want = len(t.Bits) - 1
		}
	}
	return len(t.Bits) > 0
}

// allow takes over what the allocation gives this tile: the layer by its index,
// or bwe.Paused. It returns the attachment whose events are to be flushed.
func (d *downtrack) allow(index int, now int64) *attachment {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.att
	if a == nil || a != d.tile.of || a.still || a.phase == phaseEnded || now >= a.sub.Gate.ValidUntil() {
		return nil
	}
	most := everything
	if index >= 0 && index < d.tile.Want {
		most = d.tile.legs[index]
	}
	switch paused := index < 0; {
	case paused && !a.paused:
		d.pause()
	case !paused && a.paused:
		a.paused, a.resume, a.most = false, true, most
		d.changes("resume", whyBandwidth)
		if l := d.lowest(now); l != nil {
			a.phase = phaseWait
			d.replay(l, now)
		}
	case most != a.most:
		a.most = most
		d.follow(now)
	default:
		return nil
	}
	d.explain()
	return a
}

// pause stops a tile that the path has no room for.
func (d *downtrack) pause() {
	a := d.att
	d.dropQueue()
	a.paused, a.resume, a.cut = true, false, false
	a.phase = phaseWait
	d.changes("pause", whyBandwidth)
}

// follow goes to the wanted layer where that need not wait for its key frame:
// down at once while the path is full, up where a replay is much sooner.
func (d *downtrack) follow(now int64) {
	a := d.att
	if a.still || a.paused || !d.peer.ready.Load() || now >= a.sub.Gate.ValidUntil() {
		return
	}
	t, cur := d.target(), a.cur.Load()
	switch {
	case t == nil || cur < 0 || int32(t.layer) == cur:
	case int32(t.layer) < cur && int(cur) > a.most:
		d.replay(t, now)
	case a.phase == phaseLive && d.replaySooner(t, now):
		d.replay(t, now)
	}
}

// reduced says whether a layer that is wanted, and that the source has, is kept
// from this tile.
func (d *downtrack) reduced() bool {
	a := d.att
	for _, l := range a.legs {
		if l.layer <= a.want && l.layer > a.most {
			if _, _, ok := d.usable(l); ok {
				return true
			}
		}
	}
	return false
}
