package sfu

import (
	"encoding/binary"

	"github.com/pion/rtp"
)

// Bounds on what a viewer can make the server send again (threat T28).
const (
	nackMinGap  = int64(25e6) // ns between two copies of one packet, at least; one round trip where that is longer
	resendShare = 0.3         // of what is sent for the first time
	resendBurst = 64 << 10    // bytes that may be sent again before the share counts
)

// mayResend says whether n more bytes stay inside the share of retransmissions.
func (p *Peer) mayResend(n int) bool {
	sent, again := p.counts.bytes.Load(), p.counts.resentBytes.Load()
	return float64(again)+float64(n) <= float64(sent)*resendShare+resendBurst
}

// nack sends the packets asked for again, as far as ring, gate and budget allow.
func (d *downtrack) nack(seqs []uint16, now int64) {
	d.mu.Lock()
	a := d.att
	if a == nil || a.phase == phaseEnded || d.writer == nil {
		d.mu.Unlock()
		return
	}
	defer a.ev.flush()
	defer d.mu.Unlock()
	if now >= a.sub.Gate.ValidUntil() {
		d.end()
		return
	}
	gap := max(nackMinGap, d.peer.rtt.Load())
	sent := d.peer.egress.hold()
	defer d.peer.egress.release()
	paced := d.peer.pacer.paces(len(seqs))
	_, sure := d.peer.band.estimated()
	broken := false
	for _, s := range seqs {
		seq := d.unwrap(s)
		rec, i, f := d.find(seq)
		switch {
		case f == nil:
			d.peer.counts.nackMisses.Add(1)
			broken = broken || seq >= d.keySeq && seq < d.seq
		case sure && seq < d.keySeq: // a key frame has followed: on a full path nobody waits for this any more
			d.peer.counts.nackRefused.Add(1)
		case !d.hist.admit(seq, now, gap):
			broken = broken || seq >= d.keySeq && d.hist.spent(seq, now, 2*gap)
		case !d.peer.mayResend(len(f.Payloads[i])):
			d.peer.counts.nackRefused.Add(1)
		case paced:
			d.peer.pacer.repair(d, seq)
		default:
			d.repair(rec, seq, i, f, sent)
			d.peer.pacer.spend(len(f.Payloads[i]))
		}
	}
	if broken && d.restart(now) { // the viewer would ask for a key frame once it has given up, seconds later
		d.peer.counts.restarts.Add(1)
	}
}

// find is the frame that carried seq, and the packet in it; nil when it is gone.
func (d *downtrack) find(seq uint64) (rec sent, packet int, f *Frame) {
	rec, ok := d.hist.find(seq)
	if !ok {
		return sent{}, 0, nil
	}
	f = rec.from.at(rec.ord)
	if packet = int(seq - rec.first); f == nil || packet >= len(f.Payloads) {
		return sent{}, 0, nil
	}
	return rec, packet, f
}

// repairNow sends one packet again for the pacer and returns its bytes, 0 when
// that is no longer possible or allowed.
func (d *downtrack) repairNow(seq uint64, now int64) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.att
	if a == nil || a.phase == phaseEnded || now >= a.sub.Gate.ValidUntil() {
		return 0
	}
	rec, i, f := d.find(seq)
	if _, sure := d.peer.band.estimated(); f == nil || sure && seq < d.keySeq {
		return 0
	}
	sent := d.peer.egress.hold()
	defer d.peer.egress.release()
	d.repair(rec, seq, i, f, sent)
	return len(f.Payloads[i])
}

// unwrap finds the extended sequence number meant by s: the newest one sent
// that ends in it.
func (d *downtrack) unwrap(s uint16) uint64 {
	newest := d.seq - 1
	return newest - uint64(uint16(newest)-s)
}

// resend sends one packet again: on the retransmission SSRC where agreed
// (RFC 4588), else the very same packet: one sequence number is never encrypted
// with two contents. It returns the payload's bytes. Called with d.mu and with
// the peer's egress held since now.
func (d *downtrack) resend(rec sent, seq uint64, i int, f *Frame, now int64) int {
	h := d.delays[rec.delay]
	h.Timestamp = rec.ts
	h.Marker = i == len(f.Payloads)-1
	p := f.Payloads[i]
	if rtx := d.rtxFor(rec.pt); rtx != 0 && d.rtxSSRC != 0 {
		h = d.rtxHeader(h.Marker, h.Timestamp, rtx)
		d.rtxBuf = append(binary.BigEndian.AppendUint16(d.rtxBuf[:0], uint16(seq)), p...)
		p = d.rtxBuf
		if d.wideID != 0 {
			d.peer.band.left(now)
			d.stamp(len(p), now)
		}
		d.again = h
		_, _ = d.peer.egress.write(&d.rtx, d.writer, &d.again, p, now)
	} else {
		h.PayloadType = rec.pt
		h.SequenceNumber = uint16(seq)
		d.again = h
		_, _ = d.writer.WriteRTP(&d.again, p)
	}
	d.repeated += uint64(len(p))
	return len(p)
}

// repair is resend for a viewer who asked for it.
func (d *downtrack) repair(rec sent, seq uint64, i int, f *Frame, now int64) {
	n := d.resend(rec, seq, i, f, now)
	d.peer.counts.resent.Add(1)
	d.peer.counts.resentBytes.Add(uint64(n))
}

// rtxHeader is the header of the next packet on the retransmission SSRC.
func (d *downtrack) rtxHeader(marker bool, ts uint32, pt uint8) rtp.Header {
	h := d.rtxHdr
	h.Version, h.SSRC = 2, d.rtxSSRC
	h.Marker, h.Timestamp, h.PayloadType, h.SequenceNumber = marker, ts, pt, d.rtxSeq
	d.rtxSeq++
	return h
}

func (d *downtrack) rtxFor(pt uint8) uint8 {
	for _, c := range d.codecs {
		if c.pt == pt {
			return c.rtx
		}
	}
	return 0
}
