package ingest

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"sightline/internal/testcam"
	"sightline/sfu"
)

func newRaw(t *testing.T, cfg testcam.RawConfig) *testcam.Raw {
	t.Helper()
	r, err := testcam.NewRaw(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// oneEach passes a NAL unit on in one packet, whatever its size (packetization
// mode 0, and what cameras do over TCP).
func oneEach(nal []byte) [][]byte { return [][]byte{nal} }

// Every quirk goes through a real RTSP connection; what comes out is a stream
// that decodes without an error.
func TestQuirksOfCameras(t *testing.T) {
	t.Parallel()
	c := short(t)
	hevc := clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second, Codec: testcam.H265})
	big := clip(t, testcam.Spec{Seconds: 2, Width: 1280, Height: 720, GOP: time.Second, Kbits: 4000})
	lean := clip(t, testcam.Spec{Seconds: 2, Width: 1280, Height: 720, GOP: time.Second, Kbits: 1000})
	all := func(n int) int { return n - 1 } // but perhaps the last one
	most := func(n int) int { return n * 6 / 10 }
	sets := testcam.WithSets
	every := func(n int, f func()) {
		if n > 0 && n%20 == 0 {
			f()
		}
	}
	for name, v := range map[string]struct {
		clip  *testcam.Clip
		sdp   string
		quirk func() testcam.Quirk // fresh for each connection
		least func(sent int) int
		jumps bool // timestamps may step by more than usual
	}{
		"delimiters and filler": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Units: func(n int, u *testcam.Unit, c *testcam.Clip) [][]byte {
				return append(append([][]byte{aud}, sets(n, u, c)...), fill)
			}}
		}},
		"sets in the description only": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Units: func(_ int, u *testcam.Unit, _ *testcam.Clip) [][]byte { return u.NALs }}
		}},
		"sets in every picture": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Units: func(_ int, u *testcam.Unit, c *testcam.Clip) [][]byte {
				return append([][]byte{c.SPS, c.PPS}, u.NALs...)
			}}
		}},
		"units glued with start codes": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Units: func(n int, u *testcam.Unit, c *testcam.Clip) [][]byte {
				return [][]byte{bytes.Join(append([][]byte{nil}, sets(n, u, c)...), []byte{0, 0, 0, 1})}
			}, Cut: oneEach}
		}},
		"units glued and fragmented": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Units: func(n int, u *testcam.Unit, c *testcam.Clip) [][]byte {
				return [][]byte{bytes.Join(sets(n, u, c), []byte{0, 0, 1})}
			}}
		}},
		"marker on the sets": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Packets: func(_ int, p []*rtp.Packet) []*rtp.Packet {
				for _, p := range p {
					if k := p.Payload[0] & 31; k == 7 || k == 8 {
						p.Marker = true
					}
				}
				return p
			}}
		}},
		"no marker": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Packets: func(_ int, p []*rtp.Packet) []*rtp.Packet {
				p[len(p)-1].Marker = false
				return p
			}}
		}},
		"a marker on every packet": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Packets: func(_ int, p []*rtp.Packet) []*rtp.Packet {
				for _, p := range p {
					p.Marker = true
				}
				return p
			}}
		}},
		"mode 0": {clip: lean, sdp: ";packetization-mode=0", quirk: func() testcam.Quirk { return testcam.Quirk{Cut: oneEach} }},
		"mode 0 that sends fragments and aggregates": {sdp: ";packetization-mode=0", quirk: func() testcam.Quirk {
			return testcam.Quirk{Units: func(n int, u *testcam.Unit, c *testcam.Clip) [][]byte {
				if !u.Key {
					return u.NALs
				}
				return append([][]byte{stapA(c.SPS, c.PPS)}, u.NALs...)
			}}
		}},
		"oversize packets": {clip: big, quirk: func() testcam.Quirk {
			return testcam.Quirk{Cut: func(nal []byte) [][]byte { return testcam.Fragments(testcam.H264, nal, 60000) }}
		}},
		"tiny packets": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Cut: func(nal []byte) [][]byte { return testcam.Fragments(testcam.H264, nal, 64) }}
		}},
		"padding": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Packets: func(_ int, p []*rtp.Packet) []*rtp.Packet {
				for _, p := range p {
					p.Padding, p.PaddingSize = true, 200
				}
				return p
			}}
		}},
		"empty packets between": {quirk: func() testcam.Quirk {
			shift := uint16(0)
			return testcam.Quirk{Packets: func(_ int, p []*rtp.Packet) []*rtp.Packet {
				for _, p := range p {
					p.SequenceNumber += shift
				}
				shift++
				empty := &rtp.Packet{Header: p[len(p)-1].Header}
				empty.SequenceNumber++
				empty.Marker = false
				return append(p, empty)
			}}
		}, least: most},
		"truncated packets": {quirk: func() testcam.Quirk {
			rng := rand.New(rand.NewPCG(1, 2))
			return testcam.Quirk{Packets: func(n int, p []*rtp.Packet) []*rtp.Packet {
				every(n, func() { p[0].Payload = p[0].Payload[:rng.IntN(2)] })
				return p
			}}
		}, least: most},
		"duplicates": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Packets: func(_ int, p []*rtp.Packet) []*rtp.Packet {
				var out []*rtp.Packet
				for _, p := range p {
					out = append(out, p, p)
				}
				return out
			}}
		}},
		"another SSRC and other numbers": {quirk: func() testcam.Quirk {
			ssrc, seq, ts := uint32(0), uint16(0), uint32(0)
			return testcam.Quirk{Packets: func(n int, p []*rtp.Packet) []*rtp.Packet {
				every(n, func() { ssrc += 77777; seq += 30000; ts += 123456789 })
				for _, p := range p {
					p.SSRC, p.SequenceNumber, p.Timestamp = p.SSRC+ssrc, p.SequenceNumber+seq, p.Timestamp+ts
				}
				return p
			}}
		}, least: most},
		"timestamps wrap": {quirk: func() testcam.Quirk {
			first := uint32(0)
			return testcam.Quirk{Packets: func(n int, p []*rtp.Packet) []*rtp.Packet {
				if n == 0 {
					first = p[0].Timestamp
				}
				for _, p := range p {
					p.Timestamp = p.Timestamp - first - 20*3600
				}
				return p
			}}
		}},
		"timestamps jump": {quirk: func() testcam.Quirk {
			off, sign := uint32(0), uint32(1)
			return testcam.Quirk{Packets: func(n int, p []*rtp.Packet) []*rtp.Packet {
				every(n, func() { off += sign * 90000 * 60; sign = -sign * 3 })
				for _, p := range p {
					p.Timestamp += off
				}
				return p
			}}
		}},
		"timestamps step back a little": {quirk: func() testcam.Quirk {
			off := uint32(0)
			return testcam.Quirk{Packets: func(n int, p []*rtp.Packet) []*rtp.Packet {
				every(n, func() { off -= 20000 })
				for _, p := range p {
					p.Timestamp += off
				}
				return p
			}}
		}, jumps: true},
		"timestamps all zero": {quirk: func() testcam.Quirk {
			return testcam.Quirk{Packets: func(_ int, p []*rtp.Packet) []*rtp.Packet {
				for _, p := range p {
					p.Timestamp = 0
				}
				return p
			}}
		}, jumps: true},
		"H265 in fragments, sets in band": {clip: hevc, quirk: func() testcam.Quirk { return testcam.Quirk{} }},
		"H265 with a marker on every packet": {clip: hevc, quirk: func() testcam.Quirk {
			return testcam.Quirk{Packets: func(_ int, p []*rtp.Packet) []*rtp.Packet {
				for _, p := range p {
					p.Marker = true
				}
				return p
			}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if v.clip == nil {
				v.clip = c
			}
			if v.least == nil {
				v.least = all
			}
			var played atomic.Int64
			cam := newRaw(t, testcam.RawConfig{SDP: testcam.SDPOf(v.clip, v.sdp), Play: func(w *testcam.Wire) {
				q := v.quirk()
				last := q.Packets
				q.Packets = func(n int, p []*rtp.Packet) []*rtp.Packet {
					played.Add(1)
					if last != nil {
						p = last(n, p)
					}
					return p
				}
				testcam.Stream(v.clip, q)(w)
			}})
			f := newFleet(t, quick)
			f.Set(Source{ID: "a", Main: cam.URL(), Enabled: true})
			st, _ := f.Streams("a")
			k := take(t, st.Video[Main])
			still := pauses(t)
			waitStatus(t, f, "a", Main, Live, 20*time.Second)
			n, base := k.count(), int(played.Load())
			k.wait(t, n+v.least(60), 20*time.Second)
			k.wait(t, n+v.least(int(played.Load())-base)-5, 20*time.Second) // of all that was sent by now, but for what goes with the end of a group
			frames := k.all()
			codec := sfu.Codec(v.clip.Codec)
			checkFrames(t, codec, frames)
			decodes(t, codec, onlyWholeGroups(frames, v.least(100) < 90))
			stood := int64(still.In(when(frames[0].Mono), time.Now())) * 9 / 100000
			for i := 1; i < len(frames); i++ {
				d := int32(frames[i].TS - frames[i-1].TS)
				if real := (frames[i].Mono - frames[i-1].Mono) * 9 / 100000; !v.jumps && int64(d) > real+45000+stood {
					t.Errorf("picture %d: timestamp steps by %d in %d", i, d, real)
				}
			}
			// our clock, not the camera's
			span, real := int64(frames[len(frames)-1].TS-frames[0].TS), (frames[len(frames)-1].Mono-frames[0].Mono)*9/100000
			slack := 90000 + stood
			if off := span - real; off > slack || off < -slack {
				t.Errorf("timestamps cover %d units in %d of real time", span, real)
			}
			if s, _ := f.State("a"); s.Layers[Main].Format.BFrames || cam.Plays() != 1 {
				t.Errorf("b-frames %v, %d connections", s.Layers[Main].Format.BFrames, cam.Plays())
			}
		})
	}
}

// onlyWholeGroups keeps key frames only where pictures in between were lost:
// what refers to them cannot decode without an error.
func onlyWholeGroups(frames []sfu.Frame, lossy bool) []sfu.Frame {
	if !lossy {
		return frames
	}
	var out []sfu.Frame
	for _, f := range frames {
		if f.Key {
			out = append(out, f)
		}
	}
	return out
}

// F6: another size in the middle of a stream, without a new connection.
func TestSizeChangesMidStream(t *testing.T) {
	t.Parallel()
	small := clip(t, testcam.Spec{Seconds: 2, Width: 1280, Height: 720, GOP: time.Second})
	large := clip(t, testcam.Spec{Seconds: 2, Width: 1920, Height: 1080, GOP: time.Second})
	cam := newRaw(t, testcam.RawConfig{SDP: testcam.SDPOf(small, ""), Play: testcam.Stream(small, testcam.Quirk{Next: large})})
	f := newFleet(t, quick)
	f.Set(Source{ID: "a", Main: cam.URL(), Enabled: true})
	st, _ := f.Streams("a")
	k := take(t, st.Video[Main])
	began, still := time.Now(), pauses(t)
	eventually(t, 20*time.Second, "the first size", func() bool { s, _ := f.State("a"); return s.Layers[Main].Format.Height == 720 })
	eventually(t, 20*time.Second, "the second size", func() bool { s, _ := f.State("a"); return s.Layers[Main].Format.Height == 1080 })
	if d := still.Took(began); d > 30*time.Second {
		t.Errorf("the new size came after %v", d)
	}
	frames := k.wait(t, k.count()+30, 10*time.Second)
	checkFrames(t, sfu.H264, frames)
	decodes(t, sfu.H264, frames)
	if cam.Plays() != 1 {
		t.Errorf("%d connections", cam.Plays())
	}
}

// Descriptions that the library of version 4 refuses, as cameras are known to
// send them (docs/design/ingest.md).
func TestDescriptionsOfManyMakers(t *testing.T) {
	t.Parallel()
	c := short(t)
	good := testcam.SDPOf(c, ";packetization-mode=1")
	media := good[strings.Index(good, "m="):]
	for name, sdp := range map[string]string{
		"Uniview: no address":         "v=0\r\no=- 1001 1 IN \r\ns=VCP IPC Realtime stream\r\n" + strings.Replace(media, "\r\n", "\r\nc=IN \r\n", 1),
		"Verint: IP in place of IN":   "v=0\r\no=- 1327451109 1327451109 IP IP4 10.0.0.1\r\ns=-\r\nc=IP IP4 0.0.0.0\r\nt=0 0\r\n" + media,
		"a number of 65 bits":         "v=0\r\no=RTSP 19599440071187478912 13656283801756621937 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\n" + media,
		"no origin, no times":         "v=0\r\n" + media,
		"another order":               "v=0\r\nt=0 0\r\ns=x\r\na=control:*\r\nc=IN IP4 1.2.3.4\r\no=- 0 0 IN IP4 1.2.3.4\r\n" + media,
		"video marked as sent only":   strings.Replace(good, "a=control:trackID=0", "a=sendonly\r\na=control:trackID=0", 1),
		"media names on some only":    good + "a=mid:1\r\nm=audio 0 RTP/AVP 0\r\na=control:trackID=1\r\n",
		"a back channel nobody reads": good + "m=audio 0 RTP/AVP 116 115\r\na=control:trackID=5\r\na=rtpmap:116 MPEG4-GENERIC/64000\r\na=rtpmap:115 MPEG4-GENERIC/48000\r\na=sendonly\r\n",
		"groups of nothing":           strings.Replace(good, "a=control:*", "a=group:FEC 1 2\r\na=control:*\r\na=range:clock=20-\r\nb=AS:\r\nk=x\r\nz=", 1),
		"metadata of a maker":         good + "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=fmtp:107 DecoderTag=h3c-v3 RTCP=0\r\na=control:x\r\n",
		"sets that are no base 64":    good[:strings.Index(good, "a=fmtp")] + "a=fmtp:96 sprop-parameter-sets=%%%,???;packetization-mode=1\r\na=control:trackID=0\r\n",
		"lines end as on Unix":        strings.ReplaceAll(good, "\r\n", "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cam := newRaw(t, testcam.RawConfig{SDP: sdp, Play: testcam.Stream(c, testcam.Quirk{})})
			f := newFleet(t, quick)
			f.Set(Source{ID: "a", Main: cam.URL(), Enabled: true})
			waitStatus(t, f, "a", Main, Live, 20*time.Second)
		})
	}
}

// A camera that goes on answering keepalives, or never answers one.
func TestKeepalivesAreNoPictures(t *testing.T) {
	t.Parallel()
	c := short(t)
	t.Run("answers without pictures", func(t *testing.T) {
		t.Parallel()
		cam := newRaw(t, testcam.RawConfig{SDP: testcam.SDPOf(c, ""), Play: testcam.Stream(c, testcam.Quirk{Units: func(n int, u *testcam.Unit, c *testcam.Clip) [][]byte {
			if n > 20 {
				return nil
			}
			return testcam.WithSets(n, u, c)
		}})})
		tm := quick
		tm.MediaSilence = 2 * time.Second
		f := newFleet(t, tm)
		is := follow(t, f, "a", Main)
		f.Set(Source{ID: "a", Main: cam.URL(), Enabled: true})
		is.next(t, Live, 20*time.Second)
		began := time.Now()
		s := is.next(t, Reconnecting, 6*time.Second)
		if s.Reason != sfu.ReasonStalled {
			t.Errorf("reason %s after %v", s.Reason, time.Since(began))
		}
	})
	t.Run("pictures without answers", func(t *testing.T) {
		t.Parallel()
		cam := newRaw(t, testcam.RawConfig{SDP: testcam.SDPOf(c, ""), Mute: func(m string) bool { return m == "GET_PARAMETER" || m == "OPTIONS" && false },
			Play: testcam.Stream(c, testcam.Quirk{})})
		f := newFleet(t, quick)
		f.Set(Source{ID: "a", Main: cam.URL(), Enabled: true})
		st, _ := f.Streams("a")
		k := take(t, st.Video[Main])
		k.wait(t, 250, 20*time.Second)
		if cam.Plays() != 1 {
			t.Errorf("%d connections", cam.Plays())
		}
	})
	t.Run("pictures seldom", func(t *testing.T) { // one in 4 s: slower than some, within the watchdog's 5 s
		t.Parallel()
		cam := newRaw(t, testcam.RawConfig{SDP: testcam.SDPOf(c, ""), Play: func(w *testcam.Wire) {
			for i := uint16(0); ; i += 3 {
				for j, b := range [][]byte{c.SPS, c.PPS, idr} {
					if w.Send(&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96, SequenceNumber: i + uint16(j), Timestamp: uint32(i) * 120000, Marker: j == 2}, Payload: b}) != nil {
						return
					}
				}
				if !w.Wait(4 * time.Second) {
					return
				}
			}
		}})
		f := newFleet(t, Timing{})
		f.Set(Source{ID: "a", Main: cam.URL(), Enabled: true})
		st, _ := f.Streams("a")
		take(t, st.Video[Main]).wait(t, 4, 30*time.Second)
		if cam.Plays() != 1 {
			t.Errorf("%d connections", cam.Plays())
		}
	})
}
