package sfu

import (
	"encoding/binary"
	"io"
	"time"

	"github.com/pion/rtcp"

	"sightline/internal/clock"
)

// RTCP from viewers is handled where pion decrypts it: on the one reader
// goroutine of the connection, without a goroutine or buffer per track.

const (
	feedbackPerSecond = 200 // messages that ask for something, per peer (threat T28)
	maxForeignSSRC    = 64  // sources a peer may report on that it was never sent
)

// feedback receives the RTCP packets about one SSRC. (io.ReadWriteCloser as
// pion's buffers are)
type feedback struct {
	p    *Peer
	ssrc uint32
}

// Write takes one RTCP packet. It never fails: bad input is counted and dropped.
func (f *feedback) Write(b []byte) (int, error) {
	defer f.p.guard("rtcp")
	f.p.rtcp(f.ssrc, b, clock.Mono())
	return len(b), nil
}

// Read is not used: nobody waits for RTCP.
func (f *feedback) Read([]byte) (int, error) { return 0, io.EOF }

// Close has nothing to free.
func (f *feedback) Close() error { return nil }

// rtcp handles one packet about one of our SSRCs.
func (p *Peer) rtcp(ssrc uint32, b []byte, now int64) {
	if len(b) >= 20 && b[0]>>6 == 2 && b[1] == 205 && b[0]&31 == 15 { // speaks of all SSRCs
		p.band.feedback(b, now, true)
		return
	}
	d, ours := p.bySSRC(ssrc)
	if !ours {
		if p.counts.foreign.Add(1) > maxForeignSSRC*16 {
			p.engine.log.Debug("a peer reports on sources it never got; closing it")
			p.closeSoon()
		}
		return
	}
	if len(b) < 8 || b[0]>>6 != 2 {
		return
	}
	kind, format := b[1], b[0]&31
	if kind == 200 || kind == 201 {
		p.receiverReport(b)
		return
	}
	if kind != 205 && kind != 206 {
		return
	}
	if !p.feedbackAllowed(now) {
		p.counts.rtcpDropped.Add(1)
		return
	}
	switch {
	case kind == 205 && format == 1:
		d.nackPacket(b, now)
	case kind == 206 && (format == 1 || format == 4):
		p.counts.plis.Add(1)
		d.keyRequested(now)
	}
}

// feedbackAllowed is a bucket of a second's worth of messages. Only the RTCP
// reader of the peer calls it.
func (p *Peer) feedbackAllowed(now int64) bool {
	p.fbTokens = min(feedbackPerSecond, p.fbTokens+float64(now-p.fbLast)*feedbackPerSecond/1e9)
	p.fbLast = now
	if p.fbTokens < 1 {
		return false
	}
	p.fbTokens--
	return true
}

// nackPacket reads a generic NACK (RFC 4585, 6.2.1).
func (d *downtrack) nackPacket(b []byte, now int64) {
	if len(b) < 16 {
		return
	}
	var seqs [1024]uint16
	n := 0
	for fci := b[12:]; len(fci) >= 4 && n+17 <= len(seqs); fci = fci[4:] {
		pid, mask := binary.BigEndian.Uint16(fci), binary.BigEndian.Uint16(fci[2:])
		seqs[n] = pid
		n++
		for i := range uint16(16) {
			if mask&(1<<i) != 0 {
				seqs[n] = pid + i + 1
				n++
			}
		}
	}
	d.peer.counts.nacks.Add(uint64(n))
	if n > 4 {
		d.peer.pacer.congested()
	}
	d.nack(seqs[:n], now)
}

// keyRequested answers a PLI or FIR by a replay, at most once per restartEvery.
func (d *downtrack) keyRequested(now int64) {
	d.mu.Lock()
	a := d.att
	if a == nil {
		d.mu.Unlock()
		return
	}
	defer a.ev.flush()
	defer d.mu.Unlock()
	if now >= a.sub.Gate.ValidUntil() {
		if a.phase != phaseEnded {
			d.end()
		}
	} else if d.restart(now) {
		d.peer.counts.restarts.Add(1)
	}
}

// receiverReport takes round-trip times and loss out of a report. Called on the
// peer's RTCP reader, or on the socket's.
func (p *Peer) receiverReport(b []byte) {
	at := 8
	if b[1] == 200 {
		at = 28
	}
	for range b[0] & 31 {
		if len(b) < at+24 {
			return
		}
		r := b[at : at+24]
		at += 24
		if _, ours := p.bySSRC(binary.BigEndian.Uint32(r)); !ours {
			continue
		}
		if r[4] > 25 { // more than a tenth lost since the last report
			p.pacer.congested()
		}
		lsr, dlsr := binary.BigEndian.Uint32(r[16:]), binary.BigEndian.Uint32(r[20:])
		if lsr == 0 {
			continue
		}
		rtt := uint32(ntp(time.Now())>>16) - lsr - dlsr // 1/65536 s
		if rtt < 10<<16 {
			p.rtt.Store(int64(rtt) * 1e9 >> 16)
		}
	}
}

// sendReport sends a sender report, so that the viewer can place our RTP
// timestamps on our wall clock. Called with d locked.
func (p *Peer) sendReport(d *downtrack, now int64) {
	_ = p.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{
		SSRC: d.ssrc, NTPTime: ntp(time.Now()), RTPTime: d.clock.at(now),
		PacketCount: uint32(d.stats.Packets), OctetCount: d.octets,
	}})
}

// ntp is the time in NTP's 32.32 fixed point.
func ntp(t time.Time) uint64 {
	const from1900 = 2208988800
	ns := uint64(t.UnixNano())
	return (ns/1e9+from1900)<<32 | (ns%1e9)<<32/1e9
}
