package sfu

import "time"

// The still gate of spec ruling 7: once per stillEvery a key frame, and up to
// trickleFrames after it within trickleFor, because a browser decodes a lone
// key frame without painting it.
const (
	trickleFrames = 20
	trickleFor    = 700 * time.Millisecond
	trickleStep   = int64(trickleFor) / (trickleFrames + 2)
)

// setStill goes over between live and stills.
func (d *downtrack) setStill(still bool, now int64) {
	a := d.att
	a.still, a.paused, a.resume, a.most = still, false, false, everything
	d.dropQueue()
	d.explain()
	a.phase = phaseWait
	if still {
		a.phase = phaseIdle
		a.nextStill = 0
		return
	}
	if l := d.lowest(now); l != nil && d.kind == Video {
		d.replay(l, now)
	}
}

// takeStill is take in ModeStill.
func (d *downtrack) takeStill(l *leg, f *Frame, ord uint64, now int64) {
	a := d.att
	if d.kind == Audio {
		return
	}
	if a.phase == phaseTrickle && int32(l.layer) == a.cur.Load() {
		if ord == a.cursor+1 && a.trickled <= trickleFrames && now-a.trickle0 < int64(trickleFor) && !f.Key {
			a.cursor = ord
			a.trickled++
			d.enqueue(item{f, ord})
		}
		return
	}
	if a.phase != phaseTrickle && now >= a.nextStill {
		if low := d.lowest(now); low != nil {
			d.startStill(low, now)
		}
	}
}

// startStill queues the picture that everybody is shown of this stream now.
func (d *downtrack) startStill(l *leg, now int64) {
	a := d.att
	items, next := l.s.still(now, int64(d.peer.engine.cfg.StillEvery), a.sub.Viewer)
	if len(items) == 0 {
		a.phase, a.nextStill = phaseIdle, next // the next key frame of any layer comes here again, or the first when a picture is due
		return
	}
	newest := items[len(items)-1].f
	if !d.enter(l, now, newest.TS) {
		return
	}
	a.announce = false
	a.nextStill = next
	d.trickle(items, now)
}

// trickle makes the pacer send these frames over trickleFor, then wait (live)
// or rest (stills).
func (d *downtrack) trickle(items []item, now int64) {
	a := d.att
	a.phase = phaseTrickle
	a.trickle0, a.trickled = now, len(items)
	a.cursor = items[len(items)-1].ord
	a.queue = append(a.queue[:0], items...)
	a.qbytes = 0
	for _, it := range items {
		a.qbytes += it.f.Size()
	}
	d.hist.reserve(len(items) + 64)
	d.peer.pacer.wake(d)
}

// trickleDone is called by the pacer when the queue of a trickle is empty.
func (d *downtrack) trickleDone(now int64) bool {
	a := d.att
	if a.still && a.trickled <= trickleFrames && now-a.trickle0 < int64(trickleFor) {
		return false // more frames may come
	}
	a.phase = phaseWait
	if a.still {
		a.phase = phaseIdle
	}
	return true
}
