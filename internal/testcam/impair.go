package testcam

import (
	mrand "math/rand/v2"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/pion/rtp"
)

// Impair is what a bad network does to a camera's packets of video: the share
// that is lost, comes twice, or comes up to 16 packets late. It makes sense over UDP.
type Impair struct {
	Loss, Twice, Late float64
}

type latePacket struct {
	left int
	pkt  *rtp.Packet
}

// impaired sends one packet over the camera's network.
func (p *player) impaired(m *description.Media, pkt *rtp.Packet) {
	im := p.srv.cfg.Impair
	if im == (Impair{}) {
		p.write(m, pkt)
		return
	}
	if p.rng == nil {
		p.rng = mrand.New(mrand.NewPCG(4, 4))
	}
	switch v := p.rng.Float64(); {
	case v < im.Loss:
	case v < im.Loss+im.Late:
		p.late = append(p.late, latePacket{1 + p.rng.IntN(15), pkt})
	case v < im.Loss+im.Late+im.Twice:
		p.write(m, pkt)
		p.write(m, pkt)
	default:
		p.write(m, pkt)
	}
	keep := p.late[:0]
	for _, l := range p.late {
		if l.left--; l.left > 0 {
			keep = append(keep, l)
		} else {
			p.write(m, l.pkt)
		}
	}
	p.late = keep
}

// write sends a packet as one of a picture taken when the camera says so. It fails only while closing.
func (p *player) write(m *description.Media, pkt *rtp.Packet) {
	p.stream.WritePacketRTPWithNTP(m, pkt, p.srv.cfg.Reports.written(time.Now()))
}
