package sfu

import (
	"strings"
	"testing"

	"sightline/internal/fault"
)

// offerText is a small valid offer with n video m-lines; edit changes it.
func offerText(n int, edit func(string) string) string {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE")
	for i := range n {
		b.WriteString(" " + mid(i))
	}
	b.WriteString("\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 " + strings.Repeat("AB:", 31) + "AB\r\na=setup:actpass\r\n")
	for i := range n {
		b.WriteString("m=video 9 UDP/TLS/RTP/SAVPF 102 103\r\nc=IN IP4 0.0.0.0\r\na=mid:" + mid(i) + "\r\na=recvonly\r\na=rtcp-mux\r\n" +
			"a=rtpmap:102 H264/90000\r\na=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n" +
			"a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n")
	}
	s := b.String()
	if edit != nil {
		s = edit(s)
	}
	return s
}

func mid(i int) string { return "m" + string(rune('a'+i/26)) + string(rune('a'+i%26)) }

func replace(old, now string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, now, 1) }
}

func TestOfferGate(t *testing.T) {
	for _, c := range []struct {
		name, offer, code, says string
	}{
		{"good", offerText(1, nil), "", ""},
		{"seventeen m-lines", offerText(17, nil), "", ""},
		{"eighteen m-lines", offerText(18, nil), "bad_sdp", "18 m-lines"},
		{"200 m-lines", offerText(200, nil), "bad_sdp", "200 m-lines"},
		{"empty", "", "bad_sdp", "no media"},
		{"garbage", "hello", "bad_sdp", "not a session"},
		{"no media", offerText(0, nil), "bad_sdp", "no media"},
		{"too large", offerText(1, nil) + strings.Repeat("a=x\r\n", 20_000), "too_large", "64 KB"},
		{"too many lines", offerText(1, nil) + strings.Repeat("a=x\n", 5000), "bad_sdp", "too many lines"},
		{"data channel", offerText(1, func(s string) string {
			return s + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:d\r\na=sctp-port:5000\r\n"
		}), "bad_sdp", "Data channels"},
		{"text m-line", offerText(1, replace("m=video", "m=text")), "bad_sdp", "neither video nor audio"},
		{"sendonly", offerText(1, replace("a=recvonly", "a=sendonly")), "bad_sdp", "sendonly"},
		{"sendrecv is taken as recvonly", offerText(1, replace("a=recvonly", "a=sendrecv")), "", ""},
		{"all inactive", offerText(1, replace("a=recvonly", "a=inactive")), "bad_sdp", "inactive"},
		{"no mid", offerText(1, replace("a=mid:maa\r\n", "")), "bad_sdp", "without a mid"},
		{"one mid twice", offerText(2, replace("a=mid:mab", "a=mid:maa")), "bad_sdp", "twice"},
		{"not bundled", offerText(2, replace("a=group:BUNDLE maa mab", "a=group:BUNDLE maa")), "bad_sdp", "bundle"},
		{"no ufrag", offerText(1, replace("a=ice-ufrag:abcd\r\n", "")), "bad_sdp", "ice-ufrag"},
		{"no pwd", offerText(1, replace("a=ice-pwd:abcdefghijklmnopqrstuvwx\r\n", "")), "bad_sdp", "ice-pwd"},
		{"no fingerprint", offerText(1, replace("a=fingerprint", "a=fingerprin")), "bad_sdp", "fingerprint"},
		{"plain RTP", offerText(1, replace("UDP/TLS/RTP/SAVPF", "RTP/AVP")), "bad_sdp", "SAVPF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := passOffer(c.offer)
			if got := fault.Code(err); got != c.code {
				t.Fatalf("code %q (%v), want %q", got, err, c.code)
			}
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("says %q, want %q in it", err, c.says)
			}
			if err == nil && strings.Contains(o.sdp, "sendrecv") {
				t.Error("sendrecv is left in the offer")
			}
		})
	}
}

// T26: names are not resolved, and at most 20 candidates reach ICE.
func TestT26_CandidatesAreCut(t *testing.T) {
	o, err := passOffer(offerText(1, func(s string) string {
		s += "a=candidate:1 1 udp 1 0a1b2c.local 5000 typ host\r\na=candidate:1 2 udp 1 192.0.2.1 5000 typ host\r\na=candidate:1 1 udp 1 192.0.2.1 99999 typ host\r\n"
		for range 40 {
			s += "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n"
		}
		return s
	}))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(o.sdp, "a=candidate"); n != 20 {
		t.Errorf("%d candidates passed, want 20", n)
	}
	if strings.Contains(o.sdp, ".local") || strings.Contains(o.sdp, "99999") {
		t.Error("a name or a wrong port passed")
	}
}

// What is never sent does not reach pion: VP8, mode 0, forward error correction.
func TestFormatsAreCut(t *testing.T) {
	o, err := passOffer(offerText(1, func(s string) string {
		s = strings.Replace(s, "SAVPF 102 103", "SAVPF 96 97 102 103 104 105 116", 1)
		return s + "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n" +
			"a=rtpmap:104 H264/90000\r\na=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f\r\n" +
			"a=rtpmap:105 rtx/90000\r\na=fmtp:105 apt=104\r\na=rtpmap:116 red/90000\r\n"
	}))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(o.sdp, "SAVPF 102 103\r\n") {
		t.Errorf("the m-line is not cut to H264 mode 1 and its RTX:\n%s", o.sdp)
	}
	for _, s := range []string{":96", ":97", ":104", ":105", ":116"} {
		if strings.Contains(o.sdp, s) {
			t.Errorf("payload type %s is left", s)
		}
	}
}

// FuzzOffer: whatever is offered, the gate answers; what passes keeps its bounds
// and passes again.
func FuzzOffer(f *testing.F) {
	f.Add(offerText(1, nil))
	f.Add(offerText(3, nil))
	f.Add(offerText(1, replace("a=recvonly", "a=sendrecv")))
	f.Add(offerText(1, nil) + "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n")
	f.Add(offerText(200, nil))
	f.Add("v=0\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		o, err := passOffer(s)
		if err != nil {
			if c := fault.Code(err); c != fault.CodeBadSDP && c != fault.CodeTooLarge {
				t.Fatalf("code %q", c)
			}
			return
		}
		if len(o.mids) == 0 || len(o.mids) > maxMediaLines {
			t.Fatalf("%d m-lines passed", len(o.mids))
		}
		for _, bad := range []string{"m=application", "a=sendrecv", "a=sendonly", "a=ssrc", "a=rid", "a=simulcast"} {
			for _, line := range strings.Split(o.sdp, "\r\n") {
				if strings.HasPrefix(line, bad) {
					t.Fatalf("%q passed", line)
				}
			}
		}
		if strings.Count(o.sdp, "\na=candidate:") > maxCandidates {
			t.Fatal("too many candidates passed")
		}
		again, err := passOffer(o.sdp)
		if err != nil {
			t.Fatalf("what passed does not pass again: %v", err)
		}
		if len(again.mids) != len(o.mids) {
			t.Fatal("m-lines changed on the second pass")
		}
	})
}

// FuzzRTCP: whatever a viewer reports, the handler survives.
func FuzzRTCP(f *testing.F) {
	f.Add([]byte{0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 5, 0xff, 0xff})
	f.Add([]byte{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1})
	f.Add([]byte{0x82, 201, 0, 13})
	f.Fuzz(func(t *testing.T, b []byte) {
		e := &Engine{metrics: &metrics{}}
		p := &Peer{engine: e}
		p.pacer.init(p, Pace{})
		d := &downtrack{peer: p, ssrc: 1, seq: 1 << 16}
		s := NewStream(StreamConfig{})
		s.SetFormat(Format{Codec: H264, ClockRate: 90000})
		p.ssrcs = map[uint32]*downtrack{1: d}
		a := &attachment{sub: Subscription{Layers: []*Stream{s}, Gate: shut{}}}
		a.legs = []*leg{{d: d, a: a, s: s}}
		d.att = a
		p.rtcp(1, b, 1)
		p.rtcp(2, b, 2)
	})
}

type shut struct{}

func (shut) ValidUntil() int64 { return 0 }
