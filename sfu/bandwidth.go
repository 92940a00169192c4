package sfu

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"

	"sightline/internal/clock"
	"sightline/sfu/bwe"
)

const (
	transportURI  = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	wideOverhead  = 12 + 8 + 16 + 28 // RTP header, extension, authentication tag, UDP and IPv4: what a payload costs beside itself
	streamCost    = 107              // percent of a stream's payload rate that leaves the machine
	lanStart      = 20_000_000       // bit/s assumed on private networks until the first feedback
	wanStart      = 6_000_000
	usable        = 95 // percent of the estimate that tiles may use
	allocateEvery = int64(100e6)
	contentEvery  = int64(500e6)  // where every tile has what it wants
	silentAfter   = int64(1200e6) // no feedback for so long although packets leave
	pokeEvery     = int64(500e6)
	unreadFor     = 100 * time.Millisecond // how long feedback that lies in a socket may take to be read
	outage        = int64(2500e6)          // without feedback: the path was away, which says nothing of its rate
	renewEvery    = int64(5e9)             // a path that is so overloaded that no feedback comes is not believed again at once
	guessedMain   = 2_000_000              // bit/s of a large layer that has not been seen yet
	feedbackMax   = 100                    // a second, per peer
)

// bandwidth is what a peer knows of its path and what it makes of it: the
// estimate, and which tile gets which layer. Feedback comes on the peer's RTCP
// reader; changes of what is wanted come from anywhere.
//
// Lock order: bandwidth.mu before any downtrack's.
type bandwidth struct {
	p *Peer

	// Read on the packet path.
	on    atomic.Bool  // feedback is agreed
	heard atomic.Int64 // clock.Mono of the newest feedback, 0 before the first
	asked atomic.Int64 // when the first packet left that no feedback has followed, 0: none has
	poked atomic.Int64 // when silence was last looked into
	rate  atomic.Int64 // the estimate, bit/s
	sure  atomic.Bool  // a limit of the path has been met
	known atomic.Bool  // the first packets have told something of the path
	spare atomic.Int64 // of the estimate, beside what is sent

	mu        sync.Mutex
	est       *bwe.Estimator
	results   []bwe.Result
	tiles     []*bwe.Tile
	who       []*downtrack
	changed   []*attachment
	allocated int64
	content   bool // every tile has what it wants
	tokens    float64
	tokenAt   int64
	renewed   int64
	seen      struct{ congestions, probes, failed uint64 }
}

func (c *bandwidth) init(p *Peer) {
	c.p = p
	c.est = bwe.New(bwe.Config{Start: wanStart})
	c.rate.Store(wanStart)
}

// path sets what is assumed of the path until feedback comes.
func (c *bandwidth) path(private bool) {
	if !private {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.est.Start(lanStart)
	c.publish()
}

// agreed switches the estimate on: some m-line carries transport-wide numbers.
func (c *bandwidth) agreed() { c.on.Store(true) }

// publish copies what the packet path reads. Called with mu held.
func (c *bandwidth) publish() {
	c.rate.Store(int64(c.est.Rate()))
	c.sure.Store(c.est.Limited())
	c.known.Store(c.est.Opened())
}

// feedback takes one transport-wide feedback packet. Called on the peer's RTCP
// reader, or on the socket's, which must not wait for whoever is told of a
// change (mayWait).
func (c *bandwidth) feedback(b []byte, now int64, mayWait bool) {
	if !c.on.Load() {
		return
	}
	c.mu.Lock()
	if !c.allowed(now) {
		c.mu.Unlock()
		c.p.counts.rtcpDropped.Add(1)
		return
	}
	e := &c.p.egress
	e.mu.Lock()
	list, err := c.p.wide.Read(b, now, c.results[:0])
	e.mu.Unlock()
	c.results = list
	if err != nil {
		c.mu.Unlock()
		c.p.counts.rtcpDropped.Add(1)
		return
	}
	before := c.est.Rate()
	if !c.renew(now) { // else it tells what the outage lost
		c.est.Results(list, now)
	}
	c.heard.Store(now)
	c.asked.Store(0)
	c.publish()
	if due := now - c.allocated; due >= contentEvery || due >= allocateEvery && !c.content || c.est.Rate() < before {
		c.allocate(now)
	}
	if mayWait || len(c.changed) == 0 {
		c.unlock()
		return
	}
	changed := c.changed
	c.changed = nil
	c.mu.Unlock()
	c.p.engine.wg.Go(func() {
		defer c.p.guard("bandwidth")
		for _, a := range changed {
			a.ev.flush()
		}
	})
}

// renew begins anew after an outage: at the first feedback, or as soon as the
// connection stands again. Called with mu held.
func (c *bandwidth) renew(now int64) bool {
	heard := c.heard.Load()
	if heard == 0 || now-heard < outage || now-c.renewed < renewEvery || !c.est.Renew() {
		return false
	}
	c.renewed = now
	c.publish()
	return true
}

// back is told when a connection that was lost stands again.
func (c *bandwidth) back() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renew(clock.Mono())
}

// allowed is a bucket of a second's worth of feedback.
func (c *bandwidth) allowed(now int64) bool {
	c.tokens = min(feedbackMax, c.tokens+float64(now-c.tokenAt)*feedbackMax/1e9)
	c.tokenAt = now
	if c.tokens < 1 {
		return false
	}
	c.tokens--
	return true
}

// unlock gives mu back and tells what an allocation has changed.
func (c *bandwidth) unlock() {
	list := c.changed
	c.changed = nil
	c.mu.Unlock()
	for _, a := range list {
		a.ev.flush()
	}
}

// reconsider allocates again: what is wanted has changed. Called without locks.
func (c *bandwidth) reconsider() {
	if !c.on.Load() || !c.p.ready.Load() {
		return
	}
	c.mu.Lock()
	c.allocate(clock.Mono())
	c.unlock()
}

// allocate divides the estimate among the tiles. Called with mu held and no other lock.
func (c *bandwidth) allocate(now int64) {
	c.allocated = now
	c.p.mu.RLock()
	downs := c.p.downs
	c.p.mu.RUnlock()
	c.tiles, c.who = c.tiles[:0], c.who[:0]
	sound := 0
	for _, d := range downs {
		if d.kind == Audio {
			sound += d.sourceRate() * streamCost / 100
		} else if d.tileNow(c.est.Limited(), now) {
			c.tiles, c.who = append(c.tiles, d.tile.Tile), append(c.who, d)
		}
	}
	room := c.est.Rate()*usable/100 - sound
	if c.heard.Load() == 0 {
		room = 0 // the large layers wait for the first word of the path
	}
	plan := bwe.Allocate(c.tiles, room, c.est.Limited(), now)
	c.content = plan.Used >= plan.Wanted
	c.est.Want((plan.Wanted + sound) * 100 / usable)
	c.spare.Store(int64(max(0, room-plan.Used)))
	for _, d := range c.who {
		if a := d.allow(d.tile.Layer, now); a != nil {
			c.changed = append(c.changed, a)
		}
	}
	c.count()
	busy := c.p.pacer.active.Load()
	if plan.Next == 0 || busy && !c.est.Limited() {
		return
	}
	given := plan.Used + sound
	if busy { // who catches up takes all of a known rate
		given = max(given, c.est.Rate()*usable/100)
	}
	if p, ok := c.est.Probe((plan.Next+sound)*100/usable, now); ok {
		c.p.pacer.probe(p, p.Rate-given)
	}
}

// watch notices that feedback stopped. Called on the packet path, with a
// downtrack locked.
func (c *bandwidth) watch(now int64) {
	heard := c.heard.Load()
	if heard == 0 || now-heard < silentAfter || !c.on.Load() {
		return
	}
	last := c.poked.Load()
	if now-last < pokeEvery || !c.poked.CompareAndSwap(last, now) {
		return
	}
	c.p.engine.wg.Go(func() {
		defer c.p.guard("bandwidth")
		c.silence()
	})
}

// left notes that packets leave for which feedback is to come. Called on the
// packet path.
func (c *bandwidth) left(now int64) {
	if c.asked.Load() == 0 {
		c.asked.CompareAndSwap(0, now)
	}
}

// silence takes back what is no longer confirmed, and sends a little so that
// the way back can show itself. Where nothing has left, because all is paused,
// there is nothing to confirm: then a little is sent and no more. After a
// standstill of this process feedback may lie unread: it is waited for.
func (c *bandwidth) silence() {
	time.Sleep(unreadFor)
	if !c.p.ready.Load() {
		return
	}
	now := clock.Mono()
	c.mu.Lock()
	if now-c.heard.Load() < silentAfter {
		c.mu.Unlock()
		return
	}
	if asked := c.asked.Load(); asked != 0 && now-asked >= silentAfter {
		c.est.Silence(now)
		c.publish()
	}
	c.allocate(now)
	c.unlock()
	c.p.pacer.probe(bwe.Probe{For: 120e6}, 300_000)
}

// stamp gives the next packet its transport-wide number. Called with the
// peer's egress held since now.
func (d *downtrack) stamp(size int, now int64) {
	p := d.peer
	p.egress.stamped++
	binary.BigEndian.PutUint16(d.wide[:], p.wide.Add(now, size+wideOverhead, p.wideProbe))
}

// estimated says whether the path's rate is known, or at least followed.
func (c *bandwidth) estimated() (rate int, sure bool) {
	if !c.on.Load() {
		return 0, false
	}
	return int(c.rate.Load()), c.sure.Load()
}
