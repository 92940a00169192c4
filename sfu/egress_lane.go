package sfu

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"sightline/internal/clock"
)

// viaEvery is how long packets of one SSRC may go straight into the batch,
// as long as ICE takes no other way, before one passes pion again: that one finds the way the connection takes
// now, keeps pion's roll-over counter in step, and is compared with ours.
const viaEvery = int64(500e6)

// maxReached bounds the addresses of one viewer from which feedback is taken
// directly; from further ones it comes through pion.
const maxReached = 16

// heldUp is how long one train may take to leave before its packets say nothing
// of the path's delay: this process had to wait for its turn, or the socket for room.
const heldUp = int64(3e6)

var errTooLarge = errors.New("sfu: a packet is too large to be sent")

// lane is the way of one SSRC from header and payload to its peer's batch.
// Guarded by egress.mu.
//
// A packet passes pion's write path (interceptors, SRTP session, mux, ICE pair,
// UDP mux), or, where the keys are known and the path is UDP, is sealed straight
// into the batch. Both ways give the same bytes: each packet that passes pion
// is sealed by us as well and compared, and as soon as one differs pion alone
// encrypts for this peer. So nothing is ever sealed twice with different
// content under one sequence number; packets sent again as they are (not over
// RTX) must be the same in every byte and pass pion.
type lane struct {
	roc    uint32
	last   uint16
	begun  bool
	direct bool           // the last packet that passed pion was ours byte by byte
	to     netip.AddrPort // and went there
	via    int64          // when it was
	turn   uint32         // of egress.turns then
}

// write sends one new RTP packet. Sequence numbers of one lane only rise. The
// header may carry extensions; payload is only read. n is 0 where pion did not
// take it. Called with mu held, between the lock and flush; now is clock.Mono.
func (e *egress) write(l *lane, w webrtc.TrackLocalWriter, h *rtp.Header, payload []byte, now int64) (n int, err error) {
	if l.begun && h.SequenceNumber < l.last {
		l.roc++
	}
	l.last, l.begun = h.SequenceNumber, true
	if e.sealer == nil || e.distrusted {
		return w.WriteRTP(h, payload)
	}
	if l.direct && now-l.via < viaEvery && l.turn == e.turns.Load() {
		return e.seal(l, h, payload)
	}
	if !l.direct && now-l.via < viaEvery {
		return w.WriteRTP(h, payload) // TCP, or no path
	}
	return e.compare(l, w, h, payload, now)
}

// compare sends a packet through pion and sees whether we would have sent the same.
func (e *egress) compare(l *lane, w webrtc.TrackLocalWriter, h *rtp.Header, payload []byte, now int64) (n int, err error) {
	size := h.MarshalSize() + len(payload) + tagBytes
	if size > maxPacket {
		return w.WriteRTP(h, payload)
	}
	e.expect = e.scratch[:e.sealer.seal(e.scratch[:], h, l.roc, payload)]
	e.passed, e.same = netip.AddrPort{}, false
	l.turn = e.turns.Load()
	n, err = w.WriteRTP(h, payload)
	l.via, l.to, l.direct = now, e.passed, e.same
	switch {
	case e.passed.IsValid() && !e.same:
		e.distrusted = true
		e.socks.distrusted.Add(1)
	case e.passed.IsValid():
		e.reach(e.passed)
	}
	e.expect = nil
	return n, err
}

// reach lets feedback from an address come straight to the peer. Called with mu held.
func (e *egress) reach(a netip.AddrPort) {
	a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	if e.opener == nil || slices.Contains(e.reached, a) || len(e.reached) >= maxReached {
		return
	}
	if len(e.reached) == 0 {
		e.peer.direct.opener.Store(e.opener)
	}
	e.reached = append(e.reached, a)
	e.socks.inbound.learn(a, e.peer)
}

// leave forgets the addresses: nothing of this peer is read any more.
func (e *egress) leave() {
	e.mu.Lock()
	list := e.reached
	e.opener, e.reached = nil, nil
	e.mu.Unlock()
	if len(list) > 0 {
		e.socks.inbound.forget(e.peer, list)
	}
	e.peer.direct.close()
}

// arrived notes a packet that pion has encrypted. Called with mu held.
func (e *egress) arrived(b []byte, to netip.AddrPort) {
	if e.expect != nil {
		e.passed, e.same = to, bytes.Equal(b, e.expect)
	}
}

// seal puts one packet straight into the batch.
func (e *egress) seal(l *lane, h *rtp.Header, payload []byte) (int, error) {
	size := h.MarshalSize() + len(payload) + tagBytes
	b := e.room(size, l.to)
	if b == nil || e.sealer.seal(b, h, l.roc, payload) != size {
		l.direct = false
		return 0, errTooLarge
	}
	e.take(size)
	e.sealed++
	return size, nil
}

// hold takes the batch for one downtrack: every write until release belongs to
// one train, as far as sizes and bounds allow. It returns clock.Mono.
func (e *egress) hold() int64 {
	e.mu.Lock()
	e.began = clock.Mono()
	return e.began
}

// release sends what is left and gives the batch back.
func (e *egress) release() {
	e.flush()
	if e.stamped > 0 {
		if clock.Mono()-e.began > heldUp {
			e.peer.wide.Blur(e.stamped)
		}
		e.stamped = 0
	}
	if e.sealed > 0 {
		e.direct.Add(e.sealed)
		e.sealed = 0
	}
	e.mu.Unlock()
}
