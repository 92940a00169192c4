package sfu

import (
	"cmp"
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
