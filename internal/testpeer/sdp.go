package testpeer

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

const (
	playoutDelayURI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
	transportURI    = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
)

// mediaEngine offers what a browser offers: H264 in four profiles with RTX,
// H265 on request, Opus and G.711.
func mediaEngine(cfg Config) (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	fb := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}}
	if cfg.TWCC {
		fb = append(fb, webrtc.RTCPFeedback{Type: "transport-cc"})
	}
	pt := webrtc.PayloadType(96)
	add := func(mime, fmtp string) error {
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000, SDPFmtpLine: fmtp, RTCPFeedback: fb}, PayloadType: pt,
		}, webrtc.RTPCodecTypeVideo); err != nil {
			return err
		}
		err := m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: fmt.Sprintf("apt=%d", pt)}, PayloadType: pt + 1,
		}, webrtc.RTPCodecTypeVideo)
		pt += 2
		return err
	}
	if !cfg.OnlyH265 {
		for _, p := range []string{"42001f", "42e01f", "4d001f", "64001f"} {
			if err := add(webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id="+p); err != nil {
				return nil, err
			}
		}
	}
	if cfg.H265 || cfg.OnlyH265 {
		if err := add(webrtc.MimeTypeH265, "level-id=156;profile-id=1;tier-flag=0;tx-mode=SRST"); err != nil {
			return nil, err
		}
	}
	for _, c := range []webrtc.RTPCodecParameters{
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}, PayloadType: 111},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}, PayloadType: rtp.PayloadTypePCMU},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: 8000}, PayloadType: rtp.PayloadTypePCMA},
	} {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	if cfg.TWCC {
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: transportURI}, kind); err != nil {
				return nil, err
			}
		}
	}
	return m, m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: playoutDelayURI}, webrtc.RTPCodecTypeVideo)
}

// learn reads SSRCs, payload types and extension ids out of the answer.
func (p *Peer) learn(answer string) error {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, m := range d.MediaDescriptions {
		mid, _ := m.Attribute("mid")
		if i < len(p.tracks) {
			continue // known from an earlier negotiation
		}
		t := &track{mid: mid, codecs: map[uint8]int{}}
		p.tracks = append(p.tracks, t)
		for _, a := range m.Attributes {
			k, v, _ := strings.Cut(a.Value, " ")
			switch a.Key {
			case "rtpmap":
				n, _ := strconv.Atoi(k)
				name, _, _ := strings.Cut(strings.ToLower(v), "/")
				switch {
				case name == "h264":
					t.codecs[uint8(n)] = codecH264
				case name == "h265":
					t.codecs[uint8(n)] = codecH265
				case m.MediaName.Media == "audio":
					t.codecs[uint8(n)] = codecAudio
				}
			case "extmap":
				n, _ := strconv.Atoi(k)
				switch v {
				case playoutDelayURI:
					t.delayID = uint8(n)
				case transportURI:
					t.wideID = uint8(n)
				}
			case "ssrc-group":
				if f := strings.Fields(a.Value); len(f) == 3 && f[0] == "FID" {
					t.ssrc, t.rtx = number(f[1]), number(f[2])
				}
			case "ssrc":
				if t.ssrc == 0 {
					t.ssrc = number(k)
				}
			}
		}
		t.s.Mid, t.s.SSRC = mid, t.ssrc
		if t.ssrc != 0 {
			p.ssrcs[t.ssrc] = t
		}
		if t.rtx != 0 {
			p.ssrcs[t.rtx] = t
		}
	}
	return nil
}

func number(s string) uint32 {
	n, _ := strconv.ParseUint(s, 10, 32)
	return uint32(n)
}
