package sfu

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"sightline/internal/fault"
)

// Renegotiate answers a further offer of the same client: more m-lines, or an
// ICE restart. What is attached goes on. Errors are those of NewPeer; on a
// closed peer it is fault.Conflict.
func (p *Peer) Renegotiate(text string) (answer string, err error) {
	o, err := passOffer(text)
	if err != nil {
		return "", err
	}
	if p.State() == PeerClosed {
		return "", fault.New(fault.Conflict, fault.CodeConflict, "The connection is closed.")
	}
	old := p.Mids()
	if len(o.mids) < len(old) {
		return "", badOffer("The offer leaves out m-lines of this connection.")
	}
	for i, m := range old {
		if o.mids[i].ID != m.ID || o.mids[i].Kind != m.Kind {
			return "", badOffer("The offer changes m-lines of this connection.")
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.engine.cfg.ConnectTimeout)
	defer cancel()
	if err := p.engine.build(ctx); err != nil {
		return "", err
	}
	defer p.engine.built()
	return p.negotiate(ctx, o)
}

// negotiate lets pion answer an offer that has passed the gate.
func (p *Peer) negotiate(ctx context.Context, o *offer) (answer string, err error) {
	p.negotiating.Lock()
	defer p.negotiating.Unlock()
	defer func() { // whatever pion makes of an offer, it stays this client's trouble
		if v := recover(); v != nil {
			p.engine.metrics.panics.Inc()
			err = fault.Wrap(fmt.Errorf("panic: %v", v), fault.Malformed, fault.CodeBadSDP, "The offer cannot be answered.")
		}
	}()
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.sdp}); err != nil {
		return "", fault.Wrap(err, fault.Malformed, fault.CodeBadSDP, "The offer cannot be answered.")
	}
	fresh, err := p.addTracks(o)
	if err != nil {
		return "", err
	}
	desc, err := p.pc.CreateAnswer(nil)
	if err != nil {
		return "", fault.Wrap(err, fault.Malformed, fault.CodeBadSDP, "The offer cannot be answered.")
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(desc); err != nil {
		return "", fault.Wrap(err, fault.Malformed, fault.CodeBadSDP, "The offer cannot be answered.")
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", fault.Wrap(ctx.Err(), fault.Unavailable, fault.CodeBusy, "The answer took too long.")
	}
	local := p.pc.LocalDescription()
	if local == nil {
		return "", fault.New(fault.Conflict, fault.CodeConflict, "The connection is closed.")
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(local.SDP); err != nil {
		return "", fault.Wrap(err, fault.Internal, fault.CodeInternal, "The answer cannot be read.")
	}
	some := p.adopt(o, fresh, readAnswer(&d))
	if !some {
		return "", badOffer("The offer has no codec that this server sends (H264 with packetization-mode 1, H265, Opus, G.711, G.722).")
	}
	p.engine.socks.advertise(&d)
	out, err := d.Marshal()
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, fault.CodeInternal, "The answer cannot be written.")
	}
	return string(out), nil
}

// addTracks gives each new m-line its downtrack.
func (p *Peer) addTracks(o *offer) ([]*downtrack, error) {
	var fresh []*downtrack
	for _, m := range o.mids {
		if p.down(m.ID) != nil || slices.Contains(o.off, m.ID) {
			continue
		}
		d := &downtrack{peer: p, mid: m.ID, kind: m.Kind, seq: 1<<16 + uint64(rand.Uint32N(1<<15)), rtxSeq: uint16(rand.Uint32N(1 << 15))}
		d.stats = MidStats{ID: m.ID, Layer: -1}
		sender, err := p.pc.AddTrack(d)
		if err != nil {
			return nil, fault.Wrap(err, fault.Malformed, fault.CodeBadSDP, "The offer cannot be answered.")
		}
		for _, t := range p.pc.GetTransceivers() { // pion takes the first free one of the kind
			if t.Sender() == sender {
				d.mid = t.Mid()
				d.stats.ID = d.mid
			}
		}
		sender.Transport().ICETransport().OnSelectedCandidatePairChange(func(*webrtc.ICECandidatePair) { p.egress.turns.Add(1) })
		fresh = append(fresh, d)
	}
	return fresh, nil
}

// adopt takes over what the answer says; false when nothing at all was agreed.
func (p *Peer) adopt(o *offer, fresh []*downtrack, lines []answered) bool {
	p.mu.Lock()
	p.downs = append(p.downs, fresh...)
	slices.SortStableFunc(p.downs, func(a, b *downtrack) int {
		place := func(d *downtrack) int { return slices.IndexFunc(o.mids, func(m Mid) bool { return m.ID == d.mid }) }
		return place(a) - place(b)
	})
	downs := slices.Clone(p.downs)
	p.mu.Unlock()
	some := false
	ssrcs := map[uint32]*downtrack{}
	for _, d := range downs {
		for _, l := range lines {
			if l.mid == d.mid && slices.Contains(fresh, d) {
				d.agree(l)
			}
		}
		d.mu.Lock()
		some = some || len(d.codecs) > 0
		ssrcs[d.ssrc] = d
		if d.rtxSSRC != 0 {
			ssrcs[d.rtxSSRC] = d
		}
		d.mu.Unlock()
	}
	p.mu.Lock()
	p.ssrcs = ssrcs
	p.mu.Unlock()
	for _, mid := range o.off {
		p.Detach(mid)
	}
	return some
}
