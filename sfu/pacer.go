package sfu

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sightline/internal/clock"
)

// Pace bounds the catch-up of newly attached sources, per peer. Zero values
// take the defaults named.
type Pace struct {
	TileBits int // highest catch-up rate of one tile, bit/s; default 20 Mbit/s
	PeerBits int // highest rate of all tiles of a peer while any catches up; default 60 Mbit/s
}

const (
	paceTick    = 2 * time.Millisecond
	longTick    = int64(30 * time.Millisecond)
	bucketBytes = 12_000 // beside 5 ms of the rate
	leadFrames  = 3      // every tile gets these before one is sent to its end
	tileGap     = int64(50 * time.Millisecond)
	lanFactor   = 10 // times the stream's rate on private networks, the path unknown
	wanFactor   = 3
	lanFloor    = 8_000_000 // bit/s
	wanFloor    = 2_000_000
	blindBytes  = 32 << 10  // a queue on the way takes so much whatever its rate is
	blindRate   = 4_000_000 // bit/s from there until the first packets have told of the path
	skipWithin  = int64(2e9)
	slowGap     = int64(200e6) // loss reported within this is of one event
	slowFor     = int64(500e6) // a halving is taken back after this
	frameFactor = 150          // percent of a measured estimate at which a large frame leaves
)

// pacer sends the queues of a peer's catching downtracks at a bounded rate. Its
// goroutine lives only while there is something to send.
type pacer struct {
	p      *Peer
	pace   Pace
	factor int
	floor  int

	active atomic.Bool  // the goroutine runs: live packets are counted in spent
	spent  atomic.Int64 // payload bytes sent beside the pacer
	slower atomic.Int32 // halvings after reported loss
	slowed atomic.Int64 // when that last changed

	mu      sync.Mutex
	list    []*paced
	repairs []repair // packets to be sent again, oldest first
	probing probing
	stopped bool
	kick    chan struct{} // capacity 1
	done    sync.WaitGroup
}

// paced is one downtrack in the pacer's hands. Used by its goroutine only.
type paced struct {
	d      *downtrack
	bucket float64 // bytes this tile may send now
	rate   float64 // it is refilled at, bytes a ns
	last   int64   // when it last sent
	sent   int     // frames sent since it joined
}

func (p *pacer) init(peer *Peer, pace Pace) {
	if pace.TileBits <= 0 {
		pace.TileBits = 20_000_000
	}
	if pace.PeerBits <= 0 {
		pace.PeerBits = 60_000_000
	}
	p.p, p.pace = peer, pace
	p.kick = make(chan struct{}, 1)
	p.factor, p.floor = wanFactor, wanFloor
}

// path tells where the peer is: on private networks catch-up may be quicker. It
// says whether this is one.
func (p *pacer) path(remote netip.Addr) bool {
	a := remote.Unmap()
	private := a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
	if private {
		p.mu.Lock()
		p.factor, p.floor = lanFactor, lanFloor
		p.mu.Unlock()
	}
	return private
}

// peerRate is what all packets of the peer may take while any is paced, bit/s.
func (p *pacer) peerRate() int {
	rate, sure := p.p.band.estimated()
	switch {
	case rate == 0:
		return p.pace.PeerBits
	case sure:
		return rate * 100 / streamCost // what is counted here is payload
	}
	rate = min(rate, p.pace.PeerBits)
	if !p.p.band.known.Load() && p.p.counts.bytes.Load() > blindBytes {
		return min(rate, blindRate)
	}
	return rate
}

// frameRate is how fast a large live frame may leave, bit/s.
func (p *pacer) frameRate() int {
	if rate, sure := p.p.band.estimated(); sure {
		return rate * frameFactor / 100
	}
	return 2 * p.pace.PeerBits
}

// tooLarge says whether a live frame of so many bytes has to be paced: at once
// go two trains and what the path takes in 5 ms.
func (p *pacer) tooLarge(size int) bool {
	return size > bucketBytes+p.frameRate()/8/200 && size > batchBytes/2
}

// tileRate is the catch-up rate for a stream of this bit rate.
func (p *pacer) tileRate(bits int) int {
	p.mu.Lock()
	factor, floor := p.factor, p.floor
	p.mu.Unlock()
	r := min(max(bits*factor, floor), p.pace.TileBits)
	if _, sure := p.p.band.estimated(); sure { // what is left goes to the smallest backlog: it is gone soonest
		return max(min(r, bits+int(p.p.band.spare.Load())), bits+bits/10)
	}
	return max(r>>p.slower.Load(), bits+bits/2)
}

// spend counts payload bytes that left beside the pacer.
func (p *pacer) spend(n int) {
	if p.active.Load() {
		p.spent.Add(int64(n))
	}
}

// congested halves the catch-up rate for a while after loss was reported, as
// long as nothing better is known of the path. Called on the peer's RTCP reader.
func (p *pacer) congested() {
	now := clock.Mono()
	if p.active.Load() && p.slower.Load() < 4 && now-p.slowed.Load() > slowGap {
		p.slower.Add(1)
		p.slowed.Store(now)
	}
}

// quicken takes one halving back when no more loss was reported. Called on the
// pacer's goroutine.
func (p *pacer) quicken(now int64) {
	if n := p.slower.Load(); n > 0 && now-p.slowed.Load() > slowFor && p.slower.CompareAndSwap(n, n-1) {
		p.slowed.Store(now)
	}
}

// wake makes sure that d's queue is being sent. Called with d locked.
func (p *pacer) wake(d *downtrack) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	if !slices.ContainsFunc(p.list, func(x *paced) bool { return x.d == d }) {
		p.list = append(p.list, &paced{d: d})
	}
	p.begin()
}

// begin makes sure that the goroutine runs. Called with mu held.
func (p *pacer) begin() {
	if p.active.Load() {
		select {
		case p.kick <- struct{}{}:
		default:
		}
		return
	}
	p.active.Store(true)
	p.spent.Store(0)
	p.done.Add(1)
	go p.run()
}

// stop ends the goroutine and waits for it.
func (p *pacer) stop() {
	p.mu.Lock()
	p.stopped = true
	p.list, p.repairs, p.probing = nil, nil, probing{}
	p.mu.Unlock()
	select {
	case p.kick <- struct{}{}:
	default:
	}
	p.done.Wait()
}

func (p *pacer) run() {
	defer p.done.Done()
	defer p.p.guard("pacer")
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	bucket, again, last := float64(bucketBytes), float64(bucketBytes), clock.Mono()
	for {
		list, some := p.snapshot()
		if !some {
			return
		}
		now := clock.Mono()
		p.quicken(now)
		bytesPerNs := float64(p.peerRate()) / 8e9
		more := float64(now-last)*bytesPerNs - float64(p.spent.Swap(0))
		bucket = min(max(bucket+more, -2*bucketBytes), bucketBytes+5e6*bytesPerNs)
		if len(list) > 0 { // what is new must not wait for all that was lost
			more /= 2
		}
		again = min(max(again+more, -bucketBytes), bucketBytes)
		bucket -= p.repairAll(&again, now)
		p.probeStep(now)
		for _, t := range list {
			t.refill(p, now, last)
		}
		last = now
		sleep := p.round(list, &bucket, now)
		if soon := p.nextDue(again, bytesPerNs); soon > 0 && (sleep <= 0 || soon < sleep) {
			sleep = soon
		}
		if sleep <= 0 {
			continue
		}
		timer.Reset(time.Duration(sleep))
		select {
		case <-timer.C:
		case <-p.kick:
		}
	}
}

// snapshot returns who is waiting; false ends the goroutine.
func (p *pacer) snapshot() ([]*paced, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.list) == 0 && len(p.repairs) == 0 && p.probing.until == 0 {
		p.active.Store(false)
		p.slower.Store(0)
		return nil, false
	}
	return slices.Clone(p.list), true
}

func (p *pacer) remove(t *paced) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = slices.DeleteFunc(p.list, func(x *paced) bool { return x == t })
}

// backlog is what a downtrack still has to send.
type backlog struct {
	bytes   int
	next    int   // of its next frame, about
	due     int64 // trickle: when its next frame may leave
	trickle bool
	live    bool // a live frame: it goes before replays
}

// round sends what the buckets allow and returns how long to sleep, in ns.
func (p *pacer) round(list []*paced, bucket *float64, now int64) int64 {
	type entry struct {
		t *paced
		b backlog
	}
	var work []entry
	wait := int64(time.Second)
	for _, t := range list {
		b, ok := t.d.backlog(t, now)
		switch {
		case !ok:
			p.remove(t)
		case b.trickle && b.due > now:
			wait = min(wait, b.due-now)
		default:
			work = append(work, entry{t, b})
		}
	}
	slices.SortFunc(work, func(x, y entry) int { // who is starving first, then smallest backlog
		if a, b := x.t.urgent(x.b, now), y.t.urgent(y.b, now); a != b {
			return b - a
		} else if a == 1 {
			return cmp.Compare(x.t.last, y.t.last)
		}
		return x.b.bytes - y.b.bytes
	})
	ahead, total := 0, 0
	_, sure := p.p.band.estimated()
	for _, w := range work {
		room := min(*bucket, w.t.bucket)
		if w.b.live && !sure { // what is assumed of a path does not hold back what is live
			room = w.t.bucket
		} else if *bucket <= 0 {
			return refilled(*bucket, float64(p.peerRate())/8e9)
		}
		if w.t.bucket <= 0 && !w.b.trickle {
			wait = min(wait, refilled(w.t.bucket, w.t.rate))
			ahead += w.b.bytes
			continue
		}
		budget := int(room)
		if w.t.urgent(w.b, now) == 1 { // a frame keeps it from standing still; the rest is for the smallest backlog
			budget = min(budget, w.b.next)
		}
		n, more := w.t.d.pump(w.t, budget, ahead, now)
		*bucket -= float64(n)
		w.t.bucket -= float64(n)
		room -= float64(n)
		ahead += w.b.bytes
		total += n
		if more {
			wait = min(wait, refilled(room, w.t.rate))
		}
	}
	if total == 0 && len(work) > 0 {
		return min(wait, longTick)
	}
	if len(work) == 0 && wait == int64(time.Second) {
		return 0 // everybody was taken off: look again and end
	}
	return wait
}

// refilled is how long a bucket takes to have room for a packet again: on a
// slow path the pacer sleeps, and does not look every 2 ms.
func refilled(bucket, bytesPerNs float64) int64 {
	if bucket > 0 || bytesPerNs <= 0 {
		return int64(paceTick)
	}
	return min(max(int64((MaxPayload-bucket)/bytesPerNs), int64(paceTick)), longTick)
}

// urgent: 3 for a live frame, 2 for a tile that has not got its lead, 1 for one that waits too long.
func (t *paced) urgent(b backlog, now int64) int {
	switch {
	case b.live:
		return 3
	case t.sent < leadFrames:
		return 2
	case now-t.last > tileGap:
		return 1
	}
	return 0
}

func (t *paced) refill(p *pacer, now, last int64) {
	large := t.d.sendsLarge()
	rate := 0
	if large {
		rate = p.frameRate()
	} else {
		rate = p.tileRate(t.d.sourceRate())
	}
	bytesPerNs := float64(rate) / 8e9
	if t.last == 0 {
		t.last, t.rate = now, bytesPerNs
		t.bucket = bucketBytes
		if large { // as much as a frame may have that is not paced
			t.bucket += 5e6 * bytesPerNs
		}
		return
	}
	t.rate = bytesPerNs
	t.bucket = min(t.bucket+float64(now-last)*bytesPerNs, bucketBytes+5e6*bytesPerNs)
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
			a.delayReset = a.delayZero + int64(time.Second)
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
