package testpeer

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// FeedbackEvery is how often a viewer with TWCC reports arrivals: the interval
// of Chromium on a good path.
const FeedbackEvery = 50 * time.Millisecond

// feedback collects arrivals by transport-wide sequence number. Safe from any goroutine.
type feedback struct {
	mu  sync.Mutex
	rec *twcc.Recorder
}

func newFeedback() *feedback { return &feedback{rec: twcc.NewRecorder(rand.Uint32())} }

// arrived notes one packet that carries extension id.
func (f *feedback) arrived(h *rtp.Header, id uint8, at time.Time) {
	if e := h.GetExtension(id); len(e) >= 2 {
		f.mu.Lock()
		f.rec.Record(h.SSRC, binary.BigEndian.Uint16(e), at.UnixMicro())
		f.mu.Unlock()
	}
}

// reports are what has arrived since the last call.
func (f *feedback) reports() []rtcp.Packet {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rec.BuildFeedbackPacket()
}

// reportLoop sends receiver reports once a second, with TWCC what has arrived
// and with NACK asks again for what is missing.
func (p *Peer) reportLoop() {
	every := time.Second
	switch {
	case p.cfg.TWCC:
		every = FeedbackEvery
	case p.cfg.NACK:
		every = 20 * time.Millisecond
	}
	select { // viewers do not report in step
	case <-p.closed:
		return
	case <-time.After(rand.N(every)):
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-p.closed:
			return
		case <-tick.C:
		}
		var pkts []rtcp.Packet
		if !p.cfg.NoReport && time.Since(last) >= time.Second {
			last = time.Now()
			pkts = append(pkts, p.report())
		}
		if p.feed != nil {
			pkts = append(pkts, p.feed.reports()...)
		}
		if p.cfg.NACK {
			pkts = append(pkts, p.nacks(int(time.Second/every))...)
		}
		for i := range pkts { // each in its own datagram: together they can be too large for one
			_ = p.pc.WriteRTCP(pkts[i : i+1])
		}
	}
}

func (p *Peer) report() rtcp.Packet {
	p.mu.RLock()
	defer p.mu.RUnlock()
	r := &rtcp.ReceiverReport{}
	for _, t := range p.tracks {
		s := t.snapshot()
		if s.Packets > 0 {
			r.Reports = append(r.Reports, rtcp.ReceptionReport{SSRC: s.SSRC, LastSequenceNumber: uint32(s.LastSeq)})
		}
	}
	return r
}

// nacks asks for what is missing, so many times at most: a viewer that stood
// still for a while has not asked meanwhile, and asks then.
func (p *Peer) nacks(most int) []rtcp.Packet {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var out []rtcp.Packet
	for _, t := range p.tracks {
		t.mu.Lock()
		var seqs []uint16
		for q, asked := range t.missing {
			if asked >= most { // given up
				delete(t.missing, q)
				continue
			}
			t.missing[q]++
			seqs = append(seqs, q)
		}
		t.mu.Unlock()
		if len(seqs) > 0 {
			n := &rtcp.TransportLayerNack{MediaSSRC: t.ssrc}
			for _, q := range seqs[:min(len(seqs), 250)] {
				n.Nacks = append(n.Nacks, rtcp.NackPair{PacketID: q})
			}
			out = append(out, n)
		}
	}
	return out
}
