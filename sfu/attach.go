package sfu

import (
	"time"

	"sightline/internal/clock"
)

// stallAfter is how long a layer may send nothing before its sibling takes over.
const stallAfter = int64(2 * time.Second)

// attach replaces what the downtrack carries; nil takes everything off.
func (d *downtrack) attach(s *Subscription) {
	var a *attachment
	if s != nil {
		a = &attachment{sub: *s, want: s.Want, rank: s.Rank, most: everything, attached: clock.Mono()}
		a.cur.Store(-1)
		a.ev.fn = s.OnEvent
		for i, st := range s.Layers {
			if st != nil {
				a.legs = append(a.legs, &leg{d: d, a: a, s: st, layer: i})
			}
		}
	}
	d.swap(a)
	if a != nil {
		a.ev.flush()
	}
}

// swap puts a in the place of what was attached.
func (d *downtrack) swap(a *attachment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old := d.att; old != nil {
		for _, l := range old.legs {
			l.s.removeLeg(l)
		}
	}
	d.hist.clear()
	d.att = a
	d.lastRestart = 0
	d.stats.FirstAfter = 0
	if a == nil {
		return
	}
	for _, l := range a.legs {
		l.s.addLeg(l)
	}
	d.begin(clock.Mono())
}

// connected begins what was attached before the connection stood.
func (d *downtrack) connected() {
	if a := d.beginNow(); a != nil {
		a.ev.flush()
	}
}

func (d *downtrack) beginNow() *attachment {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := clock.Mono()
	if a := d.att; a != nil && a.cut && !a.paused && a.phase == phaseWait && now < a.sub.Gate.ValidUntil() {
		if l := a.leg(int(a.cur.Load())); l != nil { // the path is back: do not wait for a key frame
			d.replay(l, now)
		}
	}
	d.begin(now)
	return d.att
}

// fallBehind stops sending after the path refused a packet: what is missing
// would only break the picture. The next key frame, or the path's return, ends it.
func (d *downtrack) fallBehind() {
	d.peer.counts.drops.Add(1)
	d.dropQueue()
	d.att.phase = phaseWait
	d.att.cut = true
}

// comeBack starts again after fallBehind, by a replay as soon as the path has
// room; where nothing can be replayed, with the next key frame.
func (d *downtrack) comeBack(l *leg, now int64) {
	a := d.att
	if now < a.retry {
		return
	}
	a.retry = now + int64(200*time.Millisecond)
	if a.paused || !d.peer.clear() {
		return
	}
	a.cut = false
	d.replay(l, now)
	if a.phase == phaseCatch {
		d.peer.counts.restarts.Add(1)
	}
}

// begin starts the attachment if the connection stands: with a replay of what
// is cached, else by waiting for a key frame.
func (d *downtrack) begin(now int64) {
	a := d.att
	if a == nil || a.started || !d.peer.ready.Load() {
		return
	}
	a.started = true
	if now >= a.sub.Gate.ValidUntil() {
		d.end()
		return
	}
	d.explain()
	a.still = a.sub.Budget != nil && a.sub.Budget.Mode() == ModeStill
	l := d.lowest(now)
	if l == nil {
		return
	}
	if d.kind == Audio {
		return // starts with the next packet
	}
	if a.still {
		d.startStill(l, now)
		return
	}
	d.replay(l, now)
}

// usable is the payload type for a layer, false when its format is not known
// or not agreed on this m-line.
func (d *downtrack) usable(l *leg) (agreed, Format, bool) {
	f := l.s.format.Load()
	if f == nil {
		return agreed{}, Format{}, false
	}
	pt, ok := pick(d.codecs, *f)
	return pt, *f, ok
}

// lowest is the layer to start with: the lowest usable that has frames now,
// else the lowest usable.
func (d *downtrack) lowest(now int64) *leg {
	var some *leg
	for _, l := range d.att.legs {
		if _, _, ok := d.usable(l); !ok {
			continue
		}
		if some == nil {
			some = l
		}
		if last := l.s.last.Load(); last != 0 && now-last < stallAfter {
			return l
		}
	}
	return some
}

// target is the layer to go to: the highest usable one not above what is wanted
// and what the path has room for, else the lowest usable.
func (d *downtrack) target() *leg {
	var t *leg
	for _, l := range d.att.legs {
		if _, _, ok := d.usable(l); ok && (t == nil || l.layer <= min(d.att.want, d.att.most)) {
			t = l
		}
	}
	return t
}

func (a *attachment) leg(layer int) *leg {
	for _, l := range a.legs {
		if l.layer == layer {
			return l
		}
	}
	return nil
}

// shouldSwitch says whether a key frame of this layer, which is not the current
// one, is where the downtrack goes over.
func (d *downtrack) shouldSwitch(layer int, now int64) bool {
	a := d.att
	l := a.leg(layer)
	if _, _, ok := d.usable(l); !ok {
		return false
	}
	cur := a.leg(int(a.cur.Load()))
	if cur == nil {
		return true
	}
	if t := d.target(); t == l {
		return true
	}
	return now-cur.s.last.Load() > stallAfter
}

// switchTo goes over to a layer, from this frame on.
func (d *downtrack) switchTo(l *leg, f *Frame, ord uint64, now int64) {
	a := d.att
	if !d.enter(l, f.Mono, f.TS) {
		return
	}
	if a.bframes {
		d.stepOver([]item{{f, ord}})
	}
	a.cursor = ord
	a.phase = phaseLive
	d.sendLive(f, ord, now)
}

// enter makes l the current layer; frame TS ts arrived at mono.
func (d *downtrack) enter(l *leg, mono int64, ts uint32) bool {
	a := d.att
	pt, f, ok := d.usable(l)
	if !ok {
		return false
	}
	d.dropQueue()
	a.cut = false
	d.countChange(int(a.cur.Load()), l.layer)
	rate := int64(f.ClockRate)
	if rate <= 0 {
		rate = 90000
	}
	d.clock.restart(mono, rate)
	a.pt = pt
	a.bframes = f.BFrames
	a.off = d.clock.at(mono) - ts
	a.announce = a.begun && a.cur.Load() != int32(l.layer)
	a.cur.Store(int32(l.layer))
	d.stats.Layer = l.layer
	d.explain()
	return true
}

// replay starts a layer with the cached frames from its newest key frame on,
// or leaves it waiting for one.
func (d *downtrack) replay(l *leg, now int64) {
	a := d.att
	_, f, ok := d.usable(l)
	if !ok || a.paused {
		return
	}
	items, last := l.s.ring.gop(a.queue[:0:0], now, 0)
	if len(items) == 0 {
		d.peer.counts.misses.Add(1)
		return
	}
	newest := items[len(items)-1].f
	if !d.enter(l, newest.Mono, newest.TS) {
		return
	}
	if f.BFrames {
		d.stepOver(items)
	}
	d.peer.counts.hits.Add(1)
	d.stats.Replays++
	a.cursor = last
	a.phase = phaseCatch
	a.delayZero = now + int64(time.Second)
	d.hist.reserve(len(items) + 64)
	for _, it := range items {
		a.queue = append(a.queue, it)
		a.qbytes += it.f.Size()
	}
	d.peer.pacer.wake(d)
}

// stepOver moves the timeline forward so far that none of these frames lies
// before what was sent. Frames with B-frames between them keep the distances
// they came with, since those say in which order they are shown: their replay
// cannot be squeezed into the time it takes, so the clock jumps instead. The
// viewer's decoder catches up as it does with any late frames.
func (d *downtrack) stepOver(items []item) {
	if d.stats.Packets == 0 {
		return
	}
	low := items[0].f.TS
	for _, it := range items {
		if int32(it.f.TS-low) < 0 {
			low = it.f.TS
		}
	}
	const step = 3000 // a frame at 30 fps
	if over := int32(d.lastTS + step - (low + d.att.off)); over > 0 {
		d.clock.base += uint32(over)
		d.att.off += uint32(over)
	}
}

// restart begins the current layer again after its decoder or its path lost
// the thread, at most once per restartEvery.
func (d *downtrack) restart(now int64) bool {
	a := d.att
	if a == nil || a.still || a.phase != phaseLive || d.kind != Video || now-d.lastRestart < int64(restartEvery) {
		return false
	}
	l := a.leg(int(a.cur.Load()))
	if l == nil {
		return false
	}
	d.lastRestart = now
	d.replay(l, now)
	return true
}

const restartEvery = 2 * time.Second

// setWant changes the wanted layer. The change comes with a key frame of the
// layer, or with a replay where that is much sooner.
func (d *downtrack) setWant(layer int) {
	if a := d.setWantNow(layer, clock.Mono()); a != nil {
		a.ev.flush()
	}
}

func (d *downtrack) setWantNow(layer int, now int64) *attachment {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.att
	if a == nil {
		return nil
	}
	a.want = layer
	if a.phase == phaseLive {
		d.follow(now)
	}
	return a
}

// setRank changes the importance of what is attached; false when it was so already.
func (d *downtrack) setRank(rank int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.att == nil || d.att.rank == rank {
		return false
	}
	d.att.rank = rank
	return true
}

// replaySooner says whether catching up from the cached key frame of l shows
// its picture at least a second before its next key frame would.
func (d *downtrack) replaySooner(l *leg, now int64) bool {
	m := l.s.ring.meter()
	every := m.keyInterval()
	if every == 0 || m.lastKey == 0 || now-m.lastFrame > stallAfter {
		return false
	}
	wait := every - (now - m.lastKey)
	items, _ := l.s.ring.gop(nil, now, 0)
	if len(items) == 0 {
		return false
	}
	bytes := 0
	for _, it := range items {
		bytes += it.f.Size()
	}
	spare := d.peer.pacer.tileRate(m.bitrate()) - m.bitrate()
	if spare <= 0 {
		return false
	}
	return wait > int64(bytes)*8e9/int64(spare)+int64(time.Second)
}

// explain tells why the source cannot be shown, when that changed.
func (d *downtrack) explain() {
	a := d.att
	known, fits, bframes := 0, 0, false
	for _, l := range a.legs {
		if l.s.format.Load() == nil {
			continue
		}
		known++
		if _, f, ok := d.usable(l); ok {
			fits++
			bframes = bframes || f.BFrames && int32(l.layer) == a.cur.Load()
		}
	}
	why, layer := Reason(""), max(0, int(a.cur.Load()))
	switch {
	case known > 0 && known == len(a.legs) && fits == 0:
		why = ReasonCodecUnsupported
	case a.paused, a.resume: // until its first picture is on its way
		why, layer = ReasonLowBandwidth, -1
	case bframes:
		why = ReasonBFrames
	case d.reduced():
		why = ReasonLowBandwidth
	}
	if off := layer < 0; why != a.told || off != a.toldOff {
		a.told, a.toldOff = why, off
		a.ev.push(Event{Kind: EventReason, Reason: why, Layer: layer})
	}
}
