package sfu

import (
	"sightline/internal/clock"
	"slices"
)

// backlog is what a downtrack still has to send.
type backlog struct {
	bytes   int
	next    int   // of its next frame, about
	due     int64 // trickle: when its next frame may leave
	trickle bool
	live    bool // a live frame: it goes before replays
}

// sourceRate is the bit rate of the layer being sent.
func (d *downtrack) sourceRate() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.att == nil {
		return 0
	}
	l := d.att.leg(int(d.att.cur.Load()))
	if l == nil {
		return 0
	}
	m := l.s.ring.meter()
	return m.bitrate()
}

// sendsLarge says whether the queue is a large live frame.
func (d *downtrack) sendsLarge() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.att != nil && d.att.live
}

// backlog tells the pacer what is left; false takes the downtrack off its list.
func (d *downtrack) backlog(t *paced, now int64) (backlog, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.att
	if a == nil {
		return backlog{}, false
	}
	switch a.phase {
	case phaseCatch:
		if a.qpos >= len(a.queue) {
			return backlog{}, false
		}
		return backlog{bytes: a.qbytes, next: a.queue[a.qpos].f.Size(), live: a.live}, true
	case phaseTrickle:
		if a.qpos >= len(a.queue) {
			return backlog{due: a.trickle0 + int64(trickleFor), trickle: true}, !d.trickleDone(now)
		}
		due := a.trickle0 + int64(t.sent)*trickleStep
		if a.part > 0 {
			due = now
		}
		return backlog{bytes: a.qbytes, trickle: true, due: due}, true
	}
	return backlog{}, false
}

// pump sends up to budget bytes of the queue, whole packets, and says whether
// more is waiting. ahead is what other tiles send first.
func (d *downtrack) pump(t *paced, budget, ahead int, now int64) (n int, more bool) {
	d.mu.Lock()
	a := d.att
	if a == nil {
		d.mu.Unlock()
		return 0, false
	}
	defer a.ev.flush()
	defer d.mu.Unlock()
	if a.phase != phaseCatch && a.phase != phaseTrickle || a.qpos >= len(a.queue) {
		return 0, false
	}
	if now >= a.sub.Gate.ValidUntil() {
		d.end()
		return 0, false
	}
	if a.sub.Budget != nil {
		if still := a.sub.Budget.Mode() == ModeStill; still != a.still {
			d.setStill(still, now)
			return 0, a.phase == phaseCatch
		}
	}
	if a.phase == phaseCatch && !a.live && t.sent == 0 && a.part == 0 && a.qpos == 0 {
		d.skipIfSooner(ahead, now)
	}
	for a.qpos < len(a.queue) && n < max(budget, 1) {
		it := a.queue[a.qpos]
		if a.part == 0 {
			ts := d.timestamp(it.f)
			if !a.natural() {
				ts = d.clock.at(clock.Mono())
				if d.stats.Packets > 0 && int32(ts-d.lastTS) <= 0 {
					ts = d.lastTS + 1
				}
			}
			d.beginFrame(it.f, it.ord, ts, now)
		}
		to := a.part
		for to < len(it.f.Payloads) && n < max(budget, 1) {
			n += len(it.f.Payloads[to])
			to++
		}
		_, ok := d.burst(it.f, a.part, to)
		a.part = to
		t.last = now
		if !ok {
			d.fallBehind()
			return n, false
		}
		if to < len(it.f.Payloads) {
			return n, true
		}
		d.endFrame(it.f, now)
		a.queue[a.qpos] = item{}
		a.qpos++
		a.part = 0
		a.qbytes -= it.f.Size()
		t.sent++
		if !a.still {
			d.peer.forwarded.Store(now)
		}
		if a.phase == phaseTrickle {
			return n, true
		}
		if t.sent == leadFrames {
			break
		}
	}
	if a.qpos < len(a.queue) {
		return n, true
	}
	a.queue, a.qpos = a.queue[:0], 0
	if a.phase == phaseCatch { // the newest frame is sent: live from here
		a.phase = phaseLive
		a.queue = nil
		if !a.live {
			a.delayZero = max(a.delayZero, now)
		}
		a.live = false
	}
	return n, a.phase == phaseTrickle
}

// skipIfSooner turns a replay that would take longer than the next key frame
// into a still: the key frame and a few frames after it, then the next key frame.
func (d *downtrack) skipIfSooner(ahead int, now int64) {
	a := d.att
	l := a.leg(int(a.cur.Load()))
	m := l.s.ring.meter()
	every := m.keyInterval()
	if every == 0 {
		return
	}
	pc := &d.peer.pacer
	wait := every - (now - m.lastKey)
	spare := pc.tileRate(m.bitrate()) - m.bitrate()
	if spare <= 0 {
		spare = 1
	}
	took := int64(a.qbytes)*8e9/int64(spare) + int64(ahead)*8e9/int64(pc.pace.PeerBits)
	if wait <= 0 || took < wait || wait > skipWithin {
		return // rather old pictures that move, until the key frame comes, than one that stands
	}
	d.peer.counts.skips.Add(1)
	items := slices.Clone(a.queue[:min(len(a.queue), trickleFrames+1)])
	d.dropQueue()
	d.trickle(items, now)
}
