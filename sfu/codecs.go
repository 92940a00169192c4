package sfu

import (
	"fmt"
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const playoutDelayURI = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

// h264Profiles are offered in this order, all with packetization-mode 1. Only
// profile and constraints decide in negotiation; the level may differ.
var h264Profiles = [...]string{"42e01f", "42001f", "4d001f", "4d401f", "64001f", "640c1f"}

// newMediaEngine registers what this server can send and nothing else.
// Transport-wide feedback is what bandwidth is estimated from; REMB, the
// receiver's own guess, is not asked for.
func newMediaEngine() (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}, {Type: "transport-cc"}}
	pt := webrtc.PayloadType(96)
	video := func(mime, fmtp string) error {
		err := m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 90000, SDPFmtpLine: fmtp, RTCPFeedback: feedback},
			PayloadType:        pt,
		}, webrtc.RTPCodecTypeVideo)
		if err != nil {
			return err
		}
		err = m.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: fmt.Sprintf("apt=%d", pt)},
			PayloadType:        pt + 1,
		}, webrtc.RTPCodecTypeVideo)
		pt += 2
		return err
	}
	for _, p := range h264Profiles {
		if err := video(webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id="+p); err != nil {
			return nil, err
		}
	}
	if err := video(webrtc.MimeTypeH265, ""); err != nil {
		return nil, err
	}
	for _, c := range []webrtc.RTPCodecParameters{
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1"}, PayloadType: 120},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: 8000}, PayloadType: rtp.PayloadTypePCMU},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMA, ClockRate: 8000}, PayloadType: rtp.PayloadTypePCMA},
		{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeG722, ClockRate: 8000}, PayloadType: rtp.PayloadTypeG722},
	} {
		c.RTCPFeedback = []webrtc.RTCPFeedback{{Type: "transport-cc"}}
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecTypeAudio} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: transportURI}, kind); err != nil {
			return nil, err
		}
	}
	err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: playoutDelayURI}, webrtc.RTPCodecTypeVideo)
	return m, err
}

// codecOf names an rtpmap encoding, "" when it is not one of ours.
func codecOf(encoding string) Codec {
	switch strings.ToLower(encoding) {
	case "h264":
		return H264
	case "h265":
		return H265
	case "opus":
		return Opus
	case "pcmu":
		return PCMU
	case "pcma":
		return PCMA
	case "g722":
		return G722
	}
	return ""
}

// agreed is one payload type both sides took, from the answer.
type agreed struct {
	codec   Codec
	pt      uint8
	rtx     uint8 // payload type of its retransmissions, 0 when there is none
	profile string
}

// pick returns the payload type for a format: for H264 the one with the same
// profile and constraints, else with the same profile, else any (the browser
// decodes what is in the parameter sets).
func pick(list []agreed, f Format) (agreed, bool) {
	best, score := agreed{}, 0
	for _, a := range list {
		if a.codec != f.Codec {
			continue
		}
		s := 1
		if f.Codec == H264 && len(f.Profile) >= 4 && len(a.profile) >= 4 {
			if strings.EqualFold(a.profile[:2], f.Profile[:2]) {
				s = 2
			}
			if strings.EqualFold(a.profile[:4], f.Profile[:4]) {
				s = 3
			}
		}
		if s > score {
			best, score = a, s
		}
	}
	return best, score > 0
}
