package ingest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sightline/internal/testcam"
	"sightline/sfu"
)

// feed is a camera made of packets.
type feed struct {
	n   *normalizer
	out []accessUnit
	seq uint16
}

func newFeed(c sfu.Codec, sets ...[]byte) *feed {
	f := &feed{}
	f.n = newNormalizer(track{Codec: c, Sets: sets}, func(au accessUnit) {
		nals := au.NALs
		au.NALs = nil
		for _, n := range nals {
			au.NALs = append(au.NALs, bytes.Clone(n))
		}
		f.out = append(f.out, au)
	})
	return f
}

func (f *feed) send(ts uint32, marker bool, payload ...byte) {
	f.seq++
	f.n.push(packet{Seq: f.seq, TS: ts, Marker: marker, Payload: payload, Mono: int64(ts)*11111 + 1})
}

func (f *feed) types() (out []string) {
	for _, au := range f.out {
		out = append(out, types264(au.NALs))
	}
	return out
}

func stapA(nals ...[]byte) []byte {
	b := []byte{0x78}
	for _, n := range nals {
		b = append(append(b, byte(len(n)>>8), byte(len(n))), n...)
	}
	return b
}

func glue(nals ...[]byte) []byte { return bytes.Join(nals, []byte{0, 0, 0, 1}) }

var (
	idr  = []byte{0x65, 0x88, 0x84, 0x21} // first slice, I
	idr2 = []byte{0x65, 0x42, 0x84, 0x21} // a further slice (first_mb 1)
	pic  = []byte{0x41, 0x9a, 0x21, 0x22} // first slice, P
	pic2 = []byte{0x41, 0x46, 0x21, 0x22} // a further slice
	aud  = []byte{0x09, 0xf0}
	fill = []byte{0x0c, 0xff, 0xff, 0x80}
	sei  = []byte{0x06, 0x05, 0x01, 0x02, 0x80}
)

func TestNormalizer(t *testing.T) {
	c := short(t)
	sps, pps := c.SPS, c.PPS
	for name, v := range map[string]struct {
		sets [][]byte
		send func(f *feed)
		want string
	}{
		"sets in band": {nil, func(f *feed) {
			f.send(1, false, sps...)
			f.send(1, false, pps...)
			f.send(1, true, idr...)
			f.send(2, true, pic...)
		}, "SPI p"},
		"sets in the description": {[][]byte{sps, pps}, func(f *feed) {
			f.send(1, true, idr...)
			f.send(2, true, pic...)
			f.send(3, true, idr...)
		}, "SPI p SPI"},
		"no sets at all": {nil, func(f *feed) {
			f.send(1, true, idr...)
			f.send(2, true, pic...)
		}, ""},
		"nothing before the first key": {[][]byte{sps, pps}, func(f *feed) {
			f.send(1, true, pic...)
			f.send(2, true, pic...)
			f.send(3, true, idr...)
		}, "SPI"},
		"sets twice and everything else around": {[][]byte{sps, pps}, func(f *feed) {
			f.send(1, false, stapA(aud, sps, pps, sei, sps, pps)...)
			f.send(1, true, idr...)
			f.send(2, true, stapA(aud, fill, pic, fill)...)
		}, "SPeI p"},
		"marker on the sets": {nil, func(f *feed) {
			f.send(1, true, sps...)
			f.send(1, true, pps...)
			f.send(1, true, idr...)
		}, "SPI"},
		"no marker ever": {[][]byte{sps, pps}, func(f *feed) {
			f.send(1, false, idr...)
			f.send(2, false, pic...)
			f.send(3, false, pic...)
		}, "SPI p"},
		"a marker on every slice": {[][]byte{sps, pps}, func(f *feed) {
			f.send(1, true, idr...)
			f.send(1, true, idr2...) // found out here: this half is lost
			f.send(2, true, idr...)
			f.send(2, true, idr2...)
			f.send(3, true, pic...)
			f.send(3, true, pic2...)
			f.send(4, true, pic...)
		}, "SPI SPII pp"},
		"slices": {[][]byte{sps, pps}, func(f *feed) {
			f.send(1, false, idr...)
			f.send(1, true, idr2...)
			f.send(2, false, pic...)
			f.send(2, false, pic2...)
			f.send(2, true, pic2...)
		}, "SPII ppp"},
		"two pictures under one timestamp": {[][]byte{sps, pps}, func(f *feed) {
			f.send(1, false, idr...)
			f.send(1, false, pic...)
			f.send(1, true, pic...)
		}, "SPI p p"},
		"glued": {nil, func(f *feed) {
			f.send(1, true, glue(sps, pps, idr)...)
			f.send(2, true, append([]byte{0, 0, 0, 1}, pic...)...)
		}, "SPI p"},
		"reserved types": {[][]byte{sps, pps}, func(f *feed) {
			f.send(1, true, idr...)
			f.send(2, false, 0x74, 1, 2, 3) // SVC layer
			f.send(2, false, 0x7f, 1, 2, 3)
			f.send(2, true, pic...)
			f.send(3, true, 0xff, 0xff, 0xff)
			f.send(4, true, pic...)
		}, "SPI p"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFeed(sfu.H264, v.sets...)
			v.send(f)
			got := strings.Join(f.types(), " ")
			if name == "reserved types" { // a packet of nonsense makes its picture suspect
				got = strings.TrimSuffix(got, " p")
				if got == "SPI" {
					got = "SPI p"
				}
			}
			if got != v.want {
				t.Errorf("got %q, want %q", got, v.want)
			}
		})
	}
}

func TestLostPacketsLoseOnlyTheirPicture(t *testing.T) {
	c := short(t)
	var whole []packet
	for i, u := range c.Units[:30] {
		for j, p := range packetize(sfu.H264, u.NALs) {
			_ = j
			whole = append(whole, packet{Seq: uint16(65530 + len(whole)), TS: uint32(i+1) * 3600, Payload: p})
		}
		whole[len(whole)-1].Marker = true
	}
	for drop := range whole {
		var got []uint32
		n := newNormalizer(track{Codec: sfu.H264, Sets: [][]byte{c.SPS, c.PPS}}, func(au accessUnit) { got = append(got, au.TS/3600) })
		for i, p := range whole {
			if i != drop {
				n.push(p)
			}
		}
		lost := whole[drop].TS / 3600
		var want []uint32
		start := uint32(1)
		if lost == 1 { // without its first key frame it begins at the next
			start = 14
			for i, u := range c.Units[:30] {
				if u.Key && i > 0 {
					start = uint32(i) + 1
					break
				}
			}
		}
		for i := start; i <= 30; i++ {
			if i != lost {
				want = append(want, i)
			}
		}
		if !slices.Equal(got, want) && drop != len(whole)-1 {
			t.Fatalf("without packet %d of picture %d: got %v", drop, lost, got)
		}
		if drop > 0 && drop < len(whole)-1 && n.depkt.lost != 1 {
			t.Fatalf("%d packets counted as lost", n.depkt.lost)
		}
	}
}

func TestSequenceNumbersMayStartAnew(t *testing.T) {
	c := short(t)
	f := newFeed(sfu.H264, c.SPS, c.PPS)
	f.seq = 5000
	f.send(1, true, idr...)
	f.send(2, true, pic...)
	f.seq-- // a duplicate
	f.send(2, true, pic...)
	f.seq = 100
	for i := range 40 {
		f.send(uint32(3+i), true, pic...)
	}
	if n := len(f.out); n < 2+40-seqResync-1 || n > 2+40-seqResync+1 {
		t.Errorf("%d pictures of 42 after new numbers", n)
	}
}

func TestBFramesAreSeenInTheStream(t *testing.T) {
	for _, v := range []struct {
		b    int
		prof string
		want bool
	}{{0, "main", false}, {0, "baseline", false}, {0, "high", false}, {2, "main", true}, {1, "high", true}} {
		c := clip(t, testcam.Spec{Seconds: 2, Width: 320, Height: 180, GOP: time.Second, BFrames: v.b, Profile: v.prof})
		var last sfu.Format
		n := newNormalizer(track{Codec: sfu.H264, Sets: [][]byte{c.SPS, c.PPS}}, func(au accessUnit) { last = au.Format })
		var seq uint16
		for _, u := range c.Units {
			for i, p := range packetize(sfu.H264, u.NALs) {
				seq++
				n.push(packet{Seq: seq, TS: uint32(u.PTS * 90 / time.Millisecond), Payload: p, Marker: i == len(packetize(sfu.H264, u.NALs))-1})
			}
		}
		if last.BFrames != v.want {
			t.Errorf("%s with %d B-frames: %v", v.prof, v.b, last.BFrames)
		}
	}
}

func TestPacketizeRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, c := range []sfu.Codec{sfu.H264, sfu.H265} {
		for range 500 {
			var nals [][]byte
			for range 1 + rng.IntN(6) {
				n := make([]byte, 4+rng.IntN([]int{20, 600, 1300, 5000}[rng.IntN(4)]))
				for i := range n {
					n[i] = byte(1 + rng.IntN(255))
				}
				if c == sfu.H264 {
					n[0] = 0x60 | byte(1+rng.IntN(8))
				} else {
					n[0], n[1] = byte(rng.IntN(40))<<1, 1
				}
				nals = append(nals, n)
			}
			got := unpack(t, c, sfu.Frame{Payloads: packetize(c, nals)})
			if !slices.EqualFunc(got, nals, bytes.Equal) {
				t.Fatalf("%s: %d units became %d", c, len(nals), len(got))
			}
		}
	}
}

func TestPacketizeAllocatesTwice(t *testing.T) {
	nals := [][]byte{make([]byte, 20), make([]byte, 6), bytes.Repeat([]byte{0x65}, 60000)}
	if n := testing.AllocsPerRun(100, func() { packetize(sfu.H264, nals) }); n > 2 {
		t.Errorf("%.0f allocations", n)
	}
}

func TestTimelineFollowsTheCameraAndOurClock(t *testing.T) {
	sec := int64(time.Second)
	tl := videoTimeline()
	rng := rand.New(rand.NewPCG(3, 3))
	cam := uint32(0xffffff00) // wraps soon
	last := uint32(0)
	for i := range int64(5000) {
		mono := sec + i*sec/25 + rng.Int64N(sec/50) // jitter of 20 ms
		ts := tl.at(cam+uint32(i*3601), mono)       // a clock that is 280 ppm fast
		if i > 0 {
			if d := int32(ts - last); d < 3400 || d > 3800 {
				t.Fatalf("frame %d: step %d", i, d)
			}
			if off := int64(ts) - mono*9/100000; off > 9000 || off < -9000 {
				t.Fatalf("frame %d: %d units off our clock", i, off)
			}
		}
		last = ts
	}
	// a jump of the camera's clock does not move ours
	ts := tl.at(12345, sec+5000*sec/25)
	if d := int32(ts - last); d < 1 || d > 9000 {
		t.Errorf("jump: step %d", d)
	}
	// a reconnect runs on
	tl.newSession()
	ts2 := tl.at(999999, sec+5250*sec/25)
	if d := int32(ts2 - ts); d < 880000 || d > 920000 {
		t.Errorf("reconnect after 10 s: step %d", d)
	}
	// reordered pictures never make it run backwards
	tl = videoTimeline()
	prev := tl.at(0, sec)
	for _, c := range []uint32{10800, 3600, 7200, 21600, 14400, 18000} {
		n := tl.at(c, sec)
		if int32(n-prev) <= 0 {
			t.Errorf("step %d", int32(n-prev))
		}
		prev = n
	}
}

// What was held up on the way comes in a burst and keeps its distances; a clock
// that stays away from ours is left.
func TestTimelineAfterAPause(t *testing.T) {
	sec := int64(time.Second)
	for name, v := range map[string]struct {
		tl   timeline
		each uint32 // units from one to the next
		n    int64  // of them a second
	}{"pictures": {videoTimeline(), 3600, 25}, "sound": {audioTimeline(8000), 160, 50}} {
		t.Run(name, func(t *testing.T) {
			tl, cam, last := v.tl, uint32(0), uint32(0)
			step := func(mono int64) int32 {
				cam += v.each
				ts := tl.at(cam, mono)
				d := int32(ts - last)
				last = ts
				return d
			}
			step(sec)
			for i := int64(1); i <= 10*v.n; i++ { // 1.5 s from the fifth second on are held up
				mono := sec + i*sec/v.n
				if mono > 5*sec && mono < 6*sec+sec/2 {
					mono = 6*sec + sec/2
				}
				if d := step(mono); d < int32(v.each)*85/100 || d > int32(v.each)*115/100 {
					t.Fatalf("%d: step %d, want about %d", i, d, v.each)
				}
			}
			for i := int64(1); i <= 4*v.n; i++ { // the camera's clock was stopped for 3 s
				step(14*sec + i*sec/v.n)
			}
			if off := int64(last) - 18*tl.rate; off > tl.slack || off < -tl.slack {
				t.Errorf("%d units off our clock in the end", off)
			}
		})
	}
}

// F5 and T41: a million mutated packets, no panic, little memory.
func TestMutatedPacketsDoNoHarm(t *testing.T) { // alone: others would be measured with it
	mutated(t, 300_000, 10<<20)
}

// mutated pushes n mutated packets of each codec; the heap may grow by most bytes.
func mutated(t *testing.T, n, most int) {
	t.Helper()
	packets := n
	c := short(t)
	h := clip(t, testcam.Spec{Seconds: 2, Width: 320, Height: 180, GOP: time.Second, Codec: testcam.H265})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for codec, cl := range map[sfu.Codec]*testcam.Clip{sfu.H264: c, sfu.H265: h} {
		rng := rand.New(rand.NewPCG(7, uint64(len(codec))))
		var payloads [][]byte
		for _, u := range cl.Units {
			payloads = append(payloads, packetize(codec, u.NALs)...)
		}
		got := 0
		n := newNormalizer(track{Codec: codec, Sets: [][]byte{cl.VPS, cl.SPS, cl.PPS}}, func(au accessUnit) {
			got++
			for _, p := range packetize(codec, au.NALs) {
				if len(p) > sfu.MaxPayload {
					panic(fmt.Sprint(len(p)))
				}
			}
		})
		buf := make([]byte, 0, 2048)
		seq, ts := uint16(0), uint32(0)
		for i := range packets {
			buf = append(buf[:0], payloads[i%len(payloads)]...)
			for range rng.IntN(4) {
				buf[rng.IntN(len(buf))] = byte(rng.Uint32())
			}
			if rng.IntN(10) == 0 {
				buf = buf[:rng.IntN(len(buf)+1)]
			}
			switch rng.IntN(40) {
			case 0:
				seq = uint16(rng.Uint32())
			case 1:
				ts = rng.Uint32()
			case 2:
			default:
				seq++
				ts += uint32(rng.IntN(2)) * 3600
			}
			n.push(packet{Seq: seq, TS: ts, Marker: rng.IntN(5) == 0, Payload: buf, Mono: int64(i)})
		}
		if got == 0 {
			t.Errorf("%s: nothing came through", codec)
		}
		runtime.KeepAlive(n)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if grown > int64(most) {
		t.Errorf("heap grew by %d MB", grown>>20)
	}
	t.Logf("%d packets of each codec: heap grew by %d KB", packets, grown>>10)
}

func TestEndlessFragmentIsBounded(t *testing.T) {
	n := newNormalizer(track{Codec: sfu.H264}, func(accessUnit) {})
	body := make([]byte, 1400)
	body[0], body[1] = 0x7c, 0x85
	seq := uint16(0)
	for range 20000 { // 28 MB without an end
		seq++
		n.push(packet{Seq: seq, TS: 1, Payload: body})
		body[1] = 0x05
	}
	if cap(n.depkt.frag) > 2*maxNAL || cap(n.cur.buf) > 2*maxUnit {
		t.Errorf("%d and %d bytes kept", cap(n.depkt.frag), cap(n.cur.buf))
	}
}

func TestHugeSPSIsRefused(t *testing.T) {
	c := short(t)
	if _, err := parseSPS(sfu.H264, c.SPS); err != nil {
		t.Fatal(err)
	}
	// main profile, level 4, 1024 x 1024 macroblocks: 16k x 16k
	huge := []byte{0x67, 0x4d, 0x00, 0x28, 0xda, 0x00, 0x20, 0x00, 0x02, 0x00, 0x00, 0x59}
	if p, err := parseSPS(sfu.H264, huge); err == nil && (p.format.Width > maxSide || p.format.Height > maxSide) {
		t.Errorf("%+v", p.format)
	}
	if _, err := parseSPS(sfu.H264, make([]byte, maxSet+1)); err == nil {
		t.Error("a set of 1 KB was read")
	}
}
