package ingest

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtp"

	"sightline/internal/testcam"
	"sightline/sfu"
)

// F3: an answer that never ends costs at most 1 MB an attempt, whatever its pace,
// and the attempts become rare.
func TestEndlessHeaderIsBounded(t *testing.T) {
	t.Parallel()
	cam := newCam(t, testcam.Config{Fault: testcam.Endless})
	f := newFleet(t, Timing{Handshake: 2 * time.Second})
	f.Set(sourceOf("a", cam))
	eventually(t, 20*time.Second, "three attempts", func() bool { s, _ := f.State("a"); return s.Layers[Main].Attempt >= 3 })
	connects := cam.Connects() // before the attempts: each is one connection, and has been counted then
	s, _ := f.State("a")
	if s.Layers[Main].Reason != sfu.ReasonCameraUnreachable || connects > s.Layers[Main].Attempt {
		t.Errorf("%+v after %d connections", s.Layers[Main], connects)
	}
	// a mebibyte and what was under way in the buffers of two sockets
	if per := cam.Sent() / int64(cam.Connects()); per > 16<<20 {
		t.Errorf("%d bytes an attempt", per)
	}
}

// F4: 5 % of packets lost, 5 % up to 16 packets late, 5 % twice, over UDP.
func TestLossAndReorderOverUDP(t *testing.T) {
	t.Parallel()
	lossy(t, 10*time.Second)
}

func lossy(t *testing.T, d time.Duration) {
	t.Helper()
	c := clip(t, testcam.Spec{Seconds: 4, Width: 640, Height: 360, GOP: time.Second, Kbits: 1500})
	cam := newCam(t, testcam.Config{Main: c, Impair: testcam.Impair{Loss: .05, Late: .05, Twice: .05}})
	f := newFleet(t, Timing{})
	s := sourceOf("a", cam)
	s.Transport = "udp"
	f.Set(s)
	st, _ := f.Streams("a")
	k := take(t, st.Video[Main])
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	began, still := time.Now(), pauses(t)
	eventually(t, d+time.Minute, "the time is over", func() bool { return time.Since(began) > d })
	frames := k.all()
	checkFrames(t, sfu.H264, frames)
	decodes(t, sfu.H264, onlyWholeGroups(frames, true))
	keys, longest := 0, time.Duration(0)
	for i, fr := range frames {
		if fr.Key {
			keys++
		}
		if i > 0 {
			gap := time.Duration(fr.Mono - frames[i-1].Mono)
			if gap > 2*time.Second {
				gap -= still.In(when(frames[i-1].Mono), when(fr.Mono))
			}
			longest = max(longest, gap)
		}
	}
	state, _ := f.State("a")
	l := state.Layers[Main]
	share := float64(l.Lost) / float64(l.Received+l.Lost)
	if share < .02 || share > .12 {
		t.Errorf("loss is told as %.1f %%", share*100)
	}
	if longest > 2*time.Second || keys == 0 || l.Status != Live || cam.Connects() != 1 {
		t.Errorf("%d pictures, %d key frames, longest pause %v, %s, %d connections", len(frames), keys, longest, l.Status, cam.Connects())
	}
	t.Logf("%v: %d pictures (%d key), longest pause %v, %.1f %% of packets lost", d, len(frames), keys, longest, share*100)
}

// F7: another codec after a reconnect is a live layer of that codec, or a reason,
// within 2 s of the camera's return.
func TestCodecChangesOverAReconnect(t *testing.T) {
	t.Parallel()
	hevc := clip(t, testcam.Spec{Seconds: 4, Width: 320, Height: 180, GOP: time.Second, Codec: testcam.H265})
	jpeg := clip(t, testcam.Spec{Seconds: 4, Width: 640, Height: 360, FPS: 10, GOP: time.Second, Codec: testcam.JPEG})
	cam := newCam(t, testcam.Config{Main: short(t)})
	f := newFleet(t, Timing{})
	f.Set(sourceOf("a", cam))
	waitStatus(t, f, "a", Main, Live, 15*time.Second)
	if err := cam.Play(hevc, nil); err != nil {
		t.Fatal(err)
	}
	began, still := time.Now(), pauses(t)
	eventually(t, 10*time.Second, "H265", func() bool {
		s, _ := f.State("a")
		return s.Layers[Main].Status == Live && s.Layers[Main].Format.Codec == sfu.H265
	})
	if d := still.Took(began); d > 20*time.Second { // of which up to a second to the next key frame
		t.Errorf("H265 after %v", d)
	}
	if err := cam.Play(jpeg, nil); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	if s := waitStatus(t, f, "a", Main, Offline, 10*time.Second); s.Reason != sfu.ReasonCodecUnsupported {
		t.Errorf("%+v", s)
	}
	if d := still.Took(began); d > 20*time.Second {
		t.Errorf("the reason came after %v", d)
	}
}

// T41: a hostile camera beside a good one. What it sends changes with every
// connection; the good one loses nothing.
func TestHostileCameraBesideAGoodOne(t *testing.T) {
	hostileBeside(t, 12*time.Second)
}

// acts are what the hostile camera does, one after the other: pictures a hundred
// times too fast, bits turned over, pieces without an end, a picture of 16k x
// 16k, clocks gone wild, packets of nothing but padding, and all a connection takes.
func acts(c *testcam.Clip) []func(*testcam.Wire) {
	rng := rand.New(rand.NewPCG(41, 41))
	var mu sync.Mutex
	random := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return rng.IntN(n)
	}
	mangle := func(f func(p *rtp.Packet)) func(int, []*rtp.Packet) []*rtp.Packet {
		return func(_ int, p []*rtp.Packet) []*rtp.Packet {
			for _, p := range p {
				f(p)
			}
			return p
		}
	}
	repeat := func(payload []byte, each func(i uint16, p *rtp.Packet)) func(*testcam.Wire) {
		return func(w *testcam.Wire) {
			p := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 96}, Payload: payload}
			for i := uint16(0); ; i++ {
				p.SequenceNumber = i
				if each != nil {
					each(i, p)
				}
				if w.Send(p) != nil {
					return
				}
			}
		}
	}
	fast := func(q testcam.Quirk) func(*testcam.Wire) { q.Speed = 100; return testcam.Stream(c, q) }
	endless := append([]byte{0x7c, 0x05}, make([]byte, 1200)...)
	huge := []byte{0x67, 0x4d, 0x00, 0x28, 0xda, 0x00, 0x20, 0x00, 0x02, 0x00, 0x00, 0x59}
	return []func(*testcam.Wire){
		fast(testcam.Quirk{}),
		fast(testcam.Quirk{Packets: mangle(func(p *rtp.Packet) {
			p.Payload = bytes.Clone(p.Payload)
			for range random(4) {
				p.Payload[random(len(p.Payload))] = byte(random(256))
			}
		})}),
		fast(testcam.Quirk{Packets: mangle(func(p *rtp.Packet) { p.Payload = p.Payload[:random(len(p.Payload)+1)] })}),
		fast(testcam.Quirk{Packets: mangle(func(p *rtp.Packet) {
			p.Timestamp, p.SequenceNumber, p.SSRC = p.Timestamp*uint32(random(9)), uint16(random(1<<16)), uint32(random(1<<20))
		})}),
		fast(testcam.Quirk{Units: func(_ int, u *testcam.Unit, _ *testcam.Clip) [][]byte { return append([][]byte{huge}, u.NALs...) }}),
		fast(testcam.Quirk{Packets: mangle(func(p *rtp.Packet) { p.Payload, p.Padding, p.PaddingSize = nil, true, 255 })}),
		repeat(endless, func(i uint16, p *rtp.Packet) {
			if p.Payload[1] = 0x05; i == 0 {
				p.Payload[1] = 0x85
			}
		}),
		repeat([]byte{0x41, 0x9a}, nil),
		repeat(append([]byte{0x65, 0x88}, make([]byte, 60000)...), nil),
		func(w *testcam.Wire) {
			for w.Bytes(make([]byte, random(40))) == nil {
			}
		},
	}
}

func hostileBeside(t *testing.T, d time.Duration) {
	t.Helper()
	good := newCam(t, testcam.Config{Main: short(t)})
	c := clip(t, testcam.Spec{Seconds: 2, Width: 1280, Height: 720, GOP: time.Second, Kbits: 1000})
	list := acts(c)
	var next, sent atomic.Int64
	bad := newRaw(t, testcam.RawConfig{SDP: testcam.SDPOf(c, ""), Play: func(w *testcam.Wire) {
		list[int(next.Add(1)-1)%len(list)](w)
	}})
	tm := quick
	tm.RetryMax = 100 * time.Millisecond
	f := newFleet(t, tm)
	f.Set(sourceOf("good", good))
	waitStatus(t, f, "good", Main, Live, 15*time.Second)
	st, _ := f.Streams("good")
	k := &taken{}
	remove := st.Video[Main].AddSink(countOnly(k))
	defer remove()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, worst := heap(), uint64(0)
	f.Set(Source{ID: "bad", Main: bad.URL(), Enabled: true})
	began, kicked, still := time.Now(), time.Now(), pauses(t)
	eventually(t, d+time.Minute, "the time is over", func() bool {
		if time.Since(kicked) > max(d/time.Duration(len(list)), time.Second) { // on to the next act
			bad.Kill()
			worst = max(worst, heap())
			kicked = time.Now()
		}
		return time.Since(began) > d && int(next.Load()) >= len(list)
	})
	s, _ := f.State("bad")
	sent.Store(int64(s.Layers[Main].Received))
	f.Remove("bad") // its ring is bounded by configuration and gone with it
	gs, _ := f.State("good")
	stood := still.In(began, time.Now())
	want := int((time.Since(began) - stood).Seconds() * 25)
	if n := k.count(); n < want-26 || gs.Layers[Main].Lost != 0 || gs.Layers[Main].Status != Live || good.Connects() != 1 || k.longest() > 2*time.Second+stood {
		t.Errorf("the good camera: %d of %d pictures, longest pause %v, state %+v, %d connections", n, want, k.longest(), gs.Layers[Main], good.Connects())
	}
	after := heap()
	grown := int64(after) - int64(before)
	if grown > 20<<20 || int64(worst)-int64(before) > 20<<20+6<<20+8<<20 { // while it runs also its ring of 6 MB and a picture under way
		t.Errorf("heap grew by %d KB, by %d KB at worst", grown>>10, (int64(worst)-int64(before))>>10)
	}
	if n := f.failures.snapshot()[classPanic]; n != 0 {
		t.Errorf("%d panics", n)
	}
	t.Logf("%v: %d acts, pulls ended %v; heap grew by %d KB, %d KB at worst; good camera: %d pictures, longest pause %v",
		time.Since(began).Round(time.Second), next.Load(), f.failures.snapshot(), grown>>10, (int64(worst)-int64(before))>>10, k.count(), k.longest())
}

// countOnly counts and times pictures without keeping them.
type counting struct {
	k    *taken
	last int64
}

func countOnly(k *taken) *counting { return &counting{k: k} }

func (c *counting) Frame(_ sfu.Format, fr *sfu.Frame) {
	c.k.mu.Lock()
	defer c.k.mu.Unlock()
	if c.last != 0 {
		c.k.pause = max(c.k.pause, time.Duration(fr.Mono-c.last))
	}
	c.last = fr.Mono
	c.k.frames = append(c.k.frames, sfu.Frame{})
}
func (c *counting) Closed() {}
