package ingest

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"sightline/internal/netplace"
	"sightline/sfu"
)

func FuzzNormalizer(f *testing.F) {
	f.Add([]byte{4, 0x65, 0x88, 0x84, 0x21, 4, 0x41, 0x9a, 0x21, 0x22}, false)
	f.Add(append([]byte{14}, 0x78, 0, 4, 0x67, 0x42, 0, 0x0a, 0, 4, 0x68, 0xce, 1, 2), false)
	f.Add([]byte{5, 0x7c, 0x85, 1, 2, 3, 5, 0x7c, 0x45, 1, 2, 3}, false)
	f.Add([]byte{8, 0x62, 1, 0x93, 1, 2, 3, 4, 5, 8, 0x62, 1, 0x53, 1, 2, 3, 4, 5}, true)
	f.Add([]byte{9, 0x60, 1, 0, 3, 0x40, 1, 2, 0, 1, 9}, true)
	f.Add([]byte{12, 0x67, 1, 2, 3, 0, 0, 1, 0x68, 1, 2, 0, 0}, false)
	f.Fuzz(func(t *testing.T, b []byte, hevc bool) {
		codec := sfu.H264
		if hevc {
			codec = sfu.H265
		}
		n := newNormalizer(track{Codec: codec}, func(au accessUnit) {
			if len(au.NALs) == 0 {
				t.Fatal("empty picture")
			}
			for _, p := range packetize(codec, au.NALs) {
				if len(p) == 0 || len(p) > sfu.MaxPayload {
					t.Fatalf("payload of %d bytes", len(p))
				}
			}
		})
		seq, ts := uint16(0), uint32(0)
		for len(b) > 1 {
			size := min(int(b[0]), len(b)-1)
			seq += 1 + uint16(b[0]&0x80>>7)
			ts += uint32(b[0] & 1)
			n.push(packet{Seq: seq, TS: ts, Marker: b[0]&2 != 0, Payload: b[1 : 1+size]})
			b = b[1+size:]
		}
	})
}

func FuzzSplitGlued(f *testing.F) {
	f.Add([]byte{0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 3})
	f.Add([]byte{0, 0, 1})
	f.Add([]byte{0, 0, 0, 0, 1, 5, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		total := 0
		splitGlued(b, func(nal []byte) {
			if len(nal) == 0 || bytes.Contains(nal, startCode) {
				t.Fatalf("unit %x", nal)
			}
			total += len(nal)
		})
		if total > len(b) {
			t.Fatal("more out than in")
		}
	})
}

func FuzzSPS(f *testing.F) {
	f.Add([]byte{0x67, 0x4d, 0x00, 0x28, 0xda, 0x01, 0x40, 0x16, 0xe8}, false)
	f.Add([]byte{0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x83, 0x19, 0x60}, false)
	f.Add([]byte{0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x5d, 0xa0, 0x02, 0x80, 0x80, 0x2d, 0x16, 0x59, 0x59, 0xa4, 0x93, 0x2b, 0x80, 0x40, 0x00, 0x00}, true)
	f.Fuzz(func(t *testing.T, b []byte, hevc bool) {
		codec := sfu.H264
		if hevc {
			codec = sfu.H265
		}
		p, err := parseSPS(codec, b)
		if err == nil && (p.format.Width < 16 || p.format.Width > maxSide || p.format.Height < 16 || p.format.Height > maxSide) {
			t.Fatalf("%+v", p.format)
		}
	})
}

// FuzzAddress compares the classifier with what net/netip says: whatever netip
// calls special, plain or mapped, must not be public here.
func FuzzAddress(f *testing.F) {
	for _, list := range [][]string{neverCorpus, loopCorpus, privateCorpus, publicCorpus} {
		for _, s := range list {
			b := netip.MustParseAddr(s).AsSlice()
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		c := classify(a)
		u := a.Unmap()
		if c != classify(u) {
			t.Fatalf("%v and %v differ", a, u)
		}
		if u.IsLoopback() && c != addrLoopback || u.IsPrivate() && c != addrPrivate && c != addrNever {
			t.Fatalf("%v is class %d", a, c)
		}
		if (u.IsUnspecified() || u.IsMulticast() || u.IsLinkLocalUnicast() || u.IsInterfaceLocalMulticast()) && c != addrNever {
			t.Fatalf("%v is class %d", a, c)
		}
		if c == addrPublic && !u.IsGlobalUnicast() {
			t.Fatalf("%v is public", a)
		}
		for _, in := range netplace.Wrapped(u) {
			if classify(in) > c {
				t.Fatalf("%v hides %v", a, in)
			}
		}
	})
}

func FuzzURL(f *testing.F) {
	for _, s := range []string{"rtsp://10.0.0.1/x", "rtsps://[::1]:322/a?b", "rtsp://a b/", "rtsp://user@x/", "rtsp://x/#y", "RTSP://X.:554"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := CheckURL(s)
		if err != nil {
			return
		}
		again, err := CheckURL(n)
		if err != nil || again != n {
			t.Fatalf("%q became %q became %q: %v", s, n, again, err)
		}
		a, _ := parseURL(n)
		for _, b := range []byte(n) {
			if b <= ' ' || b == '@' && a.path == "" {
				t.Fatalf("%q", n)
			}
		}
	})
}

// FuzzRTP: the bytes of RTP packets, as they come from a socket.
func FuzzRTP(f *testing.F) {
	f.Add([]byte{0x80, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0x65, 0x88, 0x84}, uint8(0))
	f.Add([]byte{0xb0, 0x60, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 9, 0xbe, 0xde, 0, 1, 0x10, 1, 0, 0, 0x7c, 0x85, 1, 3}, uint8(1))
	f.Add([]byte{0x8f, 0x60, 0, 1}, uint8(2))
	f.Add([]byte{0x80, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 1, 60, 40, 22, 1, 2, 3}, uint8(3))
	f.Add([]byte{0x80, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0x10, 0, 0x18, 1, 2, 3}, uint8(4))
	f.Fuzz(func(t *testing.T, b []byte, how uint8) {
		var p rtp.Packet
		st := &steady{Format: &format.H264{PayloadTyp: 96}}
		take := func(packet) {}
		switch how % 5 {
		case 0, 1:
			codec := []sfu.Codec{sfu.H264, sfu.H265}[how%5]
			n := newNormalizer(track{Codec: codec}, func(accessUnit) {})
			take = n.push
		case 2, 3, 4:
			a := newAssembler(rawTracks()[how%5-2])
			take = func(p packet) {
				a.push(p, func(r raw) {
					if len(r.data) == 0 || len(r.data) > maxNAL {
						t.Fatalf("%d bytes", len(r.data))
					}
				})
			}
		}
		for i := range 4 { // the same packet again and again, one number on
			if p.Unmarshal(b) != nil {
				return
			}
			st.PTSEqualsDTS(&p)
			take(packet{Seq: p.SequenceNumber + uint16(i), TS: p.Timestamp, Marker: p.Marker, Payload: p.Payload, Mono: int64(i)})
		}
	})
}

// rawTracks are tracks that would be converted.
func rawTracks() []*track {
	var out []*track
	for _, f := range []format.Format{
		&format.MJPEG{}, &format.MPEG4Video{PayloadTyp: 96},
		&format.MPEG4Audio{PayloadTyp: 97, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3,
			Config: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 16000, ChannelConfig: 1}},
	} {
		out = append(out, &track{Raw: rawOf(f), Rate: f.ClockRate()})
	}
	return out
}

// FuzzSDP: whatever a camera describes, what is made of it is read without an
// error, or has no media; reading it again changes nothing.
func FuzzSDP(f *testing.F) {
	f.Add("v=0\r\no=- 1001 1 IN \r\ns=VCP IPC Realtime stream\r\nm=video 0 RTP/AVP 105\r\nc=IN \r\na=control:rtsp://192.0.2.1/media/video1/video\r\na=rtpmap:105 H264/90000\r\na=fmtp:105 profile-level-id=640032; packetization-mode=1; sprop-parameter-sets=Z2QAMqw7UBQAWtCAAAH0AABhqEI=,aOqPLA==\r\na=recvonly\r\n")
	f.Add("v=0\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\na=fmtp:97 streamtype=5;mode=AAC-hbr;config=1408;SizeLength=13;IndexLength=3;IndexDeltaLength=3\r\n")
	f.Add("v=0\nm=video 0 RTP/AVP 26\nm=audio 0 RTP/SAVP 0 8 96\na=rtpmap:96 opus/48000/2\na=key-mgmt:mikey AAAA\n")
	f.Add("v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 MP4V-ES/90000\r\na=fmtp:96 profile-level-id=1;config=000001B001000001B5\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		out := tidySDP([]byte(s))
		if bytes.Contains(out, []byte("m=")) && !readable(string(out)) {
			t.Fatalf("not readable: %q", out)
		}
		if again := tidySDP(out); !bytes.Equal(again, out) {
			t.Fatalf("%q became %q", out, again)
		}
		var d sdp.SessionDescription
		var desc description.Session
		if d.Unmarshal(out) == nil && desc.Unmarshal(&d) == nil {
			(&rtspSource{}).read(&desc)
		}
	})
}

// FuzzChild: what comes out of an ffmpeg child that was fed by a camera.
func FuzzChild(f *testing.F) {
	f.Add([]byte("FLV\x01\x01\x00\x00\x00\x09\x00\x00\x00\x00\x09\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x17\x01\x00\x00\x00\x00\x00\x00\x00\x00\x12"), false)
	f.Add([]byte("OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x03\xf8\x01\x02"), true)
	f.Fuzz(func(t *testing.T, b []byte, ogg bool) {
		if ogg {
			o := newOggReader(bytes.NewReader(b))
			for {
				p, _, err := o.next()
				if err != nil {
					return
				}
				if len(p) == 0 || len(p) > 16<<10 {
					t.Fatalf("%d bytes", len(p))
				}
			}
		}
		r := newFLVReader(bytes.NewReader(b))
		if r.head() != nil {
			return
		}
		n := newNormalizer(track{Codec: sfu.H264}, func(accessUnit) {})
		for {
			tag, err := r.next()
			if err != nil {
				return
			}
			for _, s := range r.sets {
				n.takeSet(s)
			}
			n.whole(tag.nals, tag.ms, 0)
		}
	})
}
