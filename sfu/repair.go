package sfu

import (
	"sightline/internal/clock"
	"sightline/sfu/bwe"
)

const (
	maxRepairs    = 512 // packets waiting to be sent again, per peer
	repairsAtOnce = 8   // so many may pass the pacer while it rests
	padding       = 1000
	repairWithin  = int64(400e6) // later it comes too late, or is asked for again
)

// repair is a packet that a viewer asked for again.
type repair struct {
	d   *downtrack
	seq uint64
	at  int64 // when it was asked for
}

// probing is the probe that runs: more is sent than the sources give.
type probing struct {
	id      uint8
	until   int64 // 0: none
	extra   int   // bit/s
	last    int64
	owed    float64 // bytes
	started bool
}

// paces says whether n packets that were asked for again have to wait their turn.
func (p *pacer) paces(n int) bool { return n > repairsAtOnce || p.active.Load() }

// repair queues a packet to be sent again. Called with d locked.
func (p *pacer) repair(d *downtrack, seq uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return
	}
	if len(p.repairs) >= maxRepairs {
		p.p.counts.nackRefused.Add(1)
		return
	}
	p.repairs = append(p.repairs, repair{d, seq, clock.Mono()})
	p.begin()
}

// nextDue is when the next packet of a repair or a probe may leave, in ns from
// now; 0 when neither waits.
func (p *pacer) nextDue(bucket, bytesPerNs float64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	due := int64(0)
	if len(p.repairs) > 0 {
		due = refilled(bucket, bytesPerNs)
	}
	if b := &p.probing; b.until != 0 {
		step := int64(paceTick)
		if b.started {
			step = min(max(int64((padding-b.owed)*8e9/float64(b.extra)), step), longTick)
		}
		if due == 0 || step < due {
			due = step
		}
	}
	return due
}

// repairAll sends what was asked for again, before anything new, as far as its
// bucket goes. It returns the bytes sent.
func (p *pacer) repairAll(bucket *float64, now int64) (sent float64) {
	for *bucket > 0 {
		p.mu.Lock()
		if len(p.repairs) == 0 {
			p.repairs = nil
			p.mu.Unlock()
			break
		}
		r := p.repairs[0]
		p.repairs = p.repairs[1:]
		p.mu.Unlock()
		if now-r.at > repairWithin {
			p.p.counts.nackRefused.Add(1)
			r.d.late(r.seq)
			continue
		}
		n := float64(r.d.repairNow(r.seq, now))
		*bucket -= n
		sent += n
	}
	return sent
}

// late forgets that a packet was to be sent again: it waited too long for its
// turn. Asked for once more it is as if it had not been asked for.
func (d *downtrack) late(seq uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hist.revoke(seq)
}

// probe sends extra bit/s beside the sources for a while. A probe that runs
// goes on; then this one is not begun.
func (p *pacer) probe(b bwe.Probe, extra int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped || p.probing.until != 0 || extra <= 0 {
		return
	}
	p.probing = probing{id: b.ID, until: b.For, extra: extra}
	p.begin()
}

// probeStep sends what is due of a probe. Called on the pacer's goroutine.
func (p *pacer) probeStep(now int64) {
	p.mu.Lock()
	b := &p.probing
	if b.until == 0 {
		p.mu.Unlock()
		return
	}
	mark := false
	switch {
	case !b.started:
		b.started, b.last, mark = true, now, true
		b.until += now
		b.owed = padding
	case now >= b.until:
		id := b.id
		*b = probing{}
		p.mu.Unlock()
		p.p.marks(id, false)
		return
	}
	b.owed += float64(now-b.last) * float64(b.extra) / 8e9
	b.last = now
	owed, id := b.owed, b.id
	p.mu.Unlock()
	if mark {
		p.p.marks(id, true)
	}
	if owed < padding {
		return
	}
	sent := p.p.pad(int(owed), now)
	p.mu.Lock()
	p.probing.owed -= float64(max(sent, padding)) // nothing to send: do not run after it
	p.mu.Unlock()
}

// marks makes the following packets count for a probe, or no longer.
func (p *Peer) marks(id uint8, on bool) {
	p.egress.mu.Lock()
	defer p.egress.mu.Unlock()
	switch {
	case on:
		p.wideProbe = id
	case p.wideProbe == id:
		p.wideProbe = 0
	}
}

// pad sends about n bytes that show nothing: packets that were sent already,
// again over RTX. It returns what it sent.
func (p *Peer) pad(n int, now int64) int {
	p.mu.RLock()
	downs := p.downs
	p.mu.RUnlock()
	sent := 0
	for _, d := range downs {
		if sent < n && d.kind == Video {
			sent += d.pad(n-sent, now)
		}
	}
	p.counts.padded.Add(uint64(sent))
	return sent
}

// pad is Peer.pad for one m-line: its newest packets, where it is allowed to
// send at all.
func (d *downtrack) pad(n int, now int64) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.att
	if a == nil || !a.begun || a.phase == phaseEnded || d.wideID == 0 || d.rtxSSRC == 0 || now >= a.sub.Gate.ValidUntil() {
		return 0
	}
	sent := d.peer.egress.hold()
	defer d.peer.egress.release()
	bytes := 0
	rec, f := d.hist.newest()
	if f == nil { // the ring has forgotten what was sent last: zeros in its place, which nobody decodes
		rec = sentFrame(d)
		f = &zeros
	}
	for i := len(f.Payloads) - 1; bytes < n; i-- {
		if i < 0 {
			i = len(f.Payloads) - 1
		}
		// It has arrived before: the viewer drops it.
		bytes += d.resend(rec, rec.first+uint64(min(i, int(rec.n)-1)), i, f, sent)
	}
	return bytes
}

// zeros is a frame of padding.
var zeros = Frame{Payloads: [][]byte{make([]byte, padding)}}

// sentFrame stands for the packet that was sent last, when the history has
// forgotten it.
func sentFrame(d *downtrack) sent {
	return sent{first: d.seq - 1, n: 1, pt: d.att.pt.pt, ts: d.lastTS}
}
