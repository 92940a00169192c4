package sfu

import (
	"net/netip"
	"sightline/internal/clock"
)

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
