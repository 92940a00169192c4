package testcam

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// Reports is what a camera's sender reports (RFC 3550, 6.4.1) tell: how long it
// takes from the picture to the first packet, and how far its clock is off. One
// goes out about every 0.7 s, with a picture.
type Reports struct {
	Own time.Duration
	Off time.Duration
}

// written is the moment on the camera's clock at which a picture that leaves now was taken.
func (r *Reports) written(now time.Time) time.Time {
	if r == nil {
		return now
	}
	return now.Add(r.Off - r.Own)
}

// report sends a sender report of video when one is due. ts is that of the picture.
func (p *player) report(pkts []*rtp.Packet, ts uint32) {
	r, now := p.srv.cfg.Reports, time.Now()
	if r == nil || len(pkts) == 0 || now.Sub(p.reported) < 700*time.Millisecond {
		return
	}
	p.reported = now
	p.stream.WritePacketRTCP(p.video, &rtcp.SenderReport{SSRC: pkts[0].SSRC, NTPTime: ntp(r.written(now)), RTPTime: ts})
}

// ntp is a moment in the fixed-point format of RFC 3550: seconds since 1900.
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}
