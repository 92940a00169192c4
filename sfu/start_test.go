package sfu_test

import (
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// A viewer that joins in the middle of a 10 s GOP has its first picture long
// before the next key frame, and what follows is contiguous up to live.
func TestReplayGivesFirstPictureMidGOP(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, 10*time.Second, 2_000_000)
	var mu sync.Mutex
	numbers := map[int]bool{}
	var order []int
	still := pauses(t)
	j := join(t, e, testpeer.Config{OnPacket: func(p *testpeer.Packet) {
		mu.Lock()
		defer mu.Unlock()
		if n := number(sfu.H264, p.Payload); !numbers[n] {
			numbers[n] = true
			order = append(order, n)
		}
	}}, nil)
	until(t, "the connection", 5*time.Second, func() bool { return j.srv.State() == sfu.PeerConnected })
	cam.fill(125).run(t) // half a GOP: 5 s
	asked := time.Now()
	attach(t, j.srv, j.Mids()[0], sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	until(t, "a first picture", 2*time.Second, func() bool { return !j.Stats()[0].FirstKey.IsZero() })
	first := j.Stats()[0].FirstKey.Sub(asked)
	first -= still.In(asked, j.Stats()[0].FirstKey)
	t.Logf("first picture after %v", first)
	if first > 2*time.Second {
		t.Errorf("first picture after %v, want well under the 5 s to the next key frame", first)
	}
	until(t, "catching up", 5*time.Second, func() bool { return !j.srv.Stats().Mids[0].Catching })
	at := int(cam.n.Load())
	until(t, "a second of live", 5*time.Second, func() bool { return int(cam.n.Load()) > at+25 })
	j.whole(t)
	mu.Lock()
	defer mu.Unlock()
	for i, n := range order {
		if n != order[0]+i {
			t.Fatalf("frame %d follows %d", n, order[i-1])
		}
	}
	if order[0] != 0 {
		t.Errorf("started with frame %d, want the key frame 0", order[0])
	}
	if j.srv.LastForwarded() == 0 {
		t.Error("LastForwarded is 0 while frames flow")
	}
}

// delays are the playout-delay extensions that a viewer got, each once where
// packets in a row carry the same.
type delays struct {
	mu   sync.Mutex
	list []string
}

func (d *delays) add(p *testpeer.Packet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := string(p.Delay); len(d.list) == 0 || d.list[len(d.list)-1] != s {
		d.list = append(d.list, s)
	}
}

// setThenReset waits for 0/0, then the reset, then nothing.
func (d *delays) setThenReset(t *testing.T) {
	t.Helper()
	until(t, "three phases", 6*time.Second, func() bool { d.mu.Lock(); defer d.mu.Unlock(); return len(d.list) >= 3 })
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, want := range []string{"\x00\x00\x00", "\x00\x0f\xff", ""} {
		if d.list[i] != want {
			t.Errorf("phase %d carried %x, want %x", i, d.list[i], want)
		}
	}
}

// The playout-delay extension says 0/0 while catching up and a second longer,
// then the reset, then nothing.
func TestPlayoutDelayIsSetThenReset(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, 4*time.Second, 500_000).fill(50).run(t)
	var seen delays
	join(t, e, testpeer.Config{OnPacket: seen.add}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	seen.setThenReset(t)
}

// A source that pauses just when the reset is due gets it with its next frame:
// else the viewer would play without a delay for good.
func TestPlayoutDelayIsResetAfterAPause(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, 4*time.Second, 500_000).keeps().fill(5)
	var seen delays
	j := join(t, e, testpeer.Config{OnPacket: seen.add}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "five frames", 5*time.Second, func() bool { return j.Stats()[0].Frames == 5 })
	ends := time.Now().Add(3 * time.Second)
	until(t, "the pause to end", 4*time.Second, func() bool { return time.Now().After(ends) })
	cam.run(t)
	seen.setThenReset(t)
}

// Six tiles in one connection all start from their own cached GOP.
func TestSixTilesStartTogether(t *testing.T) {
	e := engine(t, nil)
	var cams []*camera
	for i := range 6 {
		cams = append(cams, newCamera(t, "cam", sfu.H264, 4*time.Second, 1_000_000).fill(10+i*12).run(t))
	}
	j := join(t, e, testpeer.Config{Video: 6}, func(p *sfu.Peer) {
		for i, m := range p.Mids() {
			attach(t, p, m.ID, sfu.Subscription{Layers: []*sfu.Stream{cams[i].s}})
		}
	})
	until(t, "six first pictures", 3*time.Second, func() bool {
		for _, s := range j.Stats() {
			if s.FirstKey.IsZero() {
				return false
			}
		}
		return true
	})
	for i, s := range j.Stats() {
		t.Logf("tile %d: first picture after %v", i, s.FirstKey.Sub(j.OfferSent()))
	}
	until(t, "all tiles live", 5*time.Second, func() bool {
		for _, m := range j.srv.Stats().Mids {
			if m.Catching {
				return false
			}
		}
		return true
	})
	j.whole(t)
}

// A subscription made after the connection stands starts the same way; without
// a cached key frame it waits for one.
func TestMissWaitsForKeyFrame(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, time.Second, 500_000)
	ev := &events{}
	j := join(t, e, testpeer.Config{}, nil)
	attach(t, j.srv, j.srv.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}, OnEvent: ev.add})
	cam.run(t)
	until(t, "a first picture", 3*time.Second, func() bool { return j.Stats()[0].Keys > 0 })
	until(t, "the first event", time.Second, func() bool { return ev.has(sfu.EventFirst) })
}

// Where the next key frame comes sooner than a replay would catch up, the tile
// shows the cached key frame as a still and goes on with the next one.
func TestReplayIsSkippedWhereTheNextKeyFrameIsSooner(t *testing.T) {
	reg := prometheus.NewRegistry()
	e := engine(t, func(c *sfu.EngineConfig) { c.Registerer, c.Pace.TileBits = reg, 8_000_000 }) // a replay takes twice as long as what it shows
	cam := newCamera(t, "cam", sfu.H264, 2*time.Second, 8_000_000)
	var mu sync.Mutex
	before := map[int]bool{} // frames of before the third key frame
	j := join(t, e, testpeer.Config{OnPacket: func(p *testpeer.Packet) {
		mu.Lock()
		defer mu.Unlock()
		if n := number(sfu.H264, p.Payload); n < 100 {
			before[n] = true
		}
	}}, nil)
	cam.fill(50 + 25) // a second before the third key frame and after the second
	attach(t, j.srv, j.Mids()[0], sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	cam.run(t)
	until(t, "the first picture", 5*time.Second, func() bool { return j.Stats()[0].Keys >= 1 })
	until(t, "the next key frame", 5*time.Second, func() bool { return j.Stats()[0].Keys >= 2 })
	j.whole(t)
	mu.Lock()
	if n := len(before); n > 21 || !before[50] {
		t.Errorf("%d frames before the next key frame, want the one before it and at most 20 after that", n)
	}
	mu.Unlock()
	if v := gathered(t, reg, "sightline_sfu_replay_skips_total"); v != 1 {
		t.Errorf("%v skips counted", v)
	}
	frames := j.Stats()[0].Frames
	until(t, "live", 5*time.Second, func() bool { return j.Stats()[0].Frames > frames+10 })
}
