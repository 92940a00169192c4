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
	cam := newCamera(t, "cam", sfu.H264, 10*time.Second, 2_000_000).fill(125).run(t) // half a GOP: 5 s
	var mu sync.Mutex
	numbers := map[int]bool{}
	var order []int
	j := join(t, e, testpeer.Config{OnPacket: func(p *testpeer.Packet) {
		mu.Lock()
		defer mu.Unlock()
		if n := number(sfu.H264, p.Payload); !numbers[n] {
			numbers[n] = true
			order = append(order, n)
		}
	}}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "a first picture", 2*time.Second, func() bool { return !j.Stats()[0].FirstKey.IsZero() })
	first := j.Stats()[0].FirstKey.Sub(j.OfferSent())
	t.Logf("first picture after %v", first)
	if first > 500*time.Millisecond {
		t.Errorf("first picture after %v, want well under the 5 s to the next key frame", first)
	}
	until(t, "catching up", 5*time.Second, func() bool { return !j.srv.Stats().Mids[0].Catching })
	at := int(cam.n.Load())
	until(t, "a second of live", 5*time.Second, func() bool { return int(cam.n.Load()) > at+25 })
	s := j.Stats()[0]
	if s.Missing != 0 || s.Backwards != 0 {
		t.Errorf("missing %d, backwards %d, want 0", s.Missing, s.Backwards)
	}
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

// The playout-delay extension says 0/0 while catching up and a second longer,
// then the reset, then nothing.
func TestPlayoutDelayIsSetThenReset(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, 4*time.Second, 500_000).fill(50).run(t)
	var mu sync.Mutex
	var seen []string
	join(t, e, testpeer.Config{OnPacket: func(p *testpeer.Packet) {
		mu.Lock()
		defer mu.Unlock()
		if s := string(p.Delay); len(seen) == 0 || seen[len(seen)-1] != s {
			seen = append(seen, s)
		}
	}}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "three phases", 6*time.Second, func() bool { mu.Lock(); defer mu.Unlock(); return len(seen) >= 3 })
	mu.Lock()
	defer mu.Unlock()
	want := []string{"\x00\x00\x00", "\x00\x0f\xff", ""}
	for i, w := range want {
		if seen[i] != w {
			t.Errorf("phase %d carried %x, want %x", i, seen[i], w)
		}
	}
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
	for i, s := range j.Stats() {
		if s.Missing != 0 || s.Backwards != 0 {
			t.Errorf("tile %d: missing %d, backwards %d", i, s.Missing, s.Backwards)
		}
	}
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
	e := engine(t, func(c *sfu.EngineConfig) { c.Registerer = reg })
	cam := newCamera(t, "cam", sfu.H264, 2*time.Second, 8_000_000)
	j := join(t, e, testpeer.Config{}, nil)
	cam.fill(50 + 45).run(t) // 0.2 s before the third key frame, 1.8 s and 1.8 MB after the second
	attach(t, j.srv, j.Mids()[0], sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	until(t, "the first picture", time.Second, func() bool { return j.Stats()[0].Keys == 1 })
	until(t, "the next key frame", 2*time.Second, func() bool { return j.Stats()[0].Keys == 2 })
	s := j.Stats()[0]
	if s.Frames > 25 {
		t.Errorf("%d frames before the next key frame, want at most 20 after the first", s.Frames)
	}
	if s.Missing != 0 || s.Backwards != 0 {
		t.Errorf("missing %d, backwards %d", s.Missing, s.Backwards)
	}
	if v := gathered(t, reg, "sightline_sfu_replay_skips_total"); v != 1 {
		t.Errorf("%v skips counted", v)
	}
	until(t, "live", 2*time.Second, func() bool { return j.Stats()[0].Frames > s.Frames+10 })
}
