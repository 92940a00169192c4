package sfu_test

import (
	"sync"
	"testing"
	"time"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// Lowest first, up on a key frame of the wanted layer, the old one kept until
// then; down likewise; all under one SSRC without a gap.
func TestLayersSwitchOnKeyFrames(t *testing.T) {
	e := engine(t, nil)
	sub := newCamera(t, "sub", sfu.H264, time.Second, 300_000).fill(10).run(t)
	main := newCamera(t, "main", sfu.H264, time.Second, 2_000_000).fill(5).run(t)
	ev := &events{}
	var mu sync.Mutex
	var long [][2]time.Time // from and to of what may be a pause
	last, still := time.Time{}, pauses(t)
	j := join(t, e, testpeer.Config{OnPacket: func(p *testpeer.Packet) {
		mu.Lock()
		defer mu.Unlock()
		if !last.IsZero() && p.At.Sub(last) > 500*time.Millisecond {
			long = append(long, [2]time.Time{last, p.At})
		}
		last = p.At
	}}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{sub.s, main.s}, Want: 1, OnEvent: ev.add})
	})
	mid := j.Mids()[0]
	layer := func() int { return j.srv.Stats().Mids[0].Layer }
	until(t, "the main layer", 3*time.Second, func() bool { return layer() == 1 })
	until(t, "both events", time.Second, func() bool { return len(ev.all()) > 1 })
	if all := ev.all(); all[0].Kind != sfu.EventFirst || all[0].Layer != 0 || all[1].Kind != sfu.EventLayer || all[1].Layer != 1 {
		t.Errorf("events %+v, want first on layer 0, then layer 1", all)
	}
	for i := range 4 {
		want := i % 2
		j.srv.SetWant(mid, want)
		until(t, "the wanted layer", 3*time.Second, func() bool { return layer() == want })
	}
	j.whole(t)
	mu.Lock()
	defer mu.Unlock()
	for _, g := range long {
		if d := g[1].Sub(g[0]) - still.In(g[0], g[1]); d > 500*time.Millisecond {
			t.Errorf("a pause of %v while switching", d)
		}
	}
}

// When the layer being sent falls silent, the other one takes over.
func TestStalledLayerFallsBack(t *testing.T) {
	e := engine(t, nil)
	sub := newCamera(t, "sub", sfu.H264, time.Second, 300_000).fill(10).run(t)
	main := newCamera(t, "main", sfu.H264, time.Second, 1_000_000).fill(5).run(t)
	j := join(t, e, testpeer.Config{}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{sub.s, main.s}, Want: 1})
	})
	until(t, "the main layer", 3*time.Second, func() bool { return j.srv.Stats().Mids[0].Layer == 1 })
	main.stop()
	until(t, "the sub layer", 5*time.Second, func() bool { return j.srv.Stats().Mids[0].Layer == 0 })
}

// A source that starts again with another format goes on at its next key frame.
func TestFormatChange(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, time.Second, 300_000).keeps().fill(10)
	j := join(t, e, testpeer.Config{H265: true}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "a picture", 2*time.Second, func() bool { return j.Stats()[0].Keys == 1 })
	until(t, "live", 2*time.Second, func() bool { return !j.srv.Stats().Mids[0].Catching })
	sent := j.arrived(t, 0)
	cam.codec = sfu.H265
	cam.s.SetFormat(sfu.Format{Codec: sfu.H265, ClockRate: 90000, Width: 640, Height: 360})
	for range 14 { // to the end of the GOP: nothing may be sent
		cam.write(cam.start + cam.n.Load()*40_000_000)
	}
	if n := j.srv.Stats().Mids[0].Packets; n != sent {
		t.Errorf("%d packets without a key frame of the new format", n-sent)
	}
	for cam.n.Load()%25 != 0 {
		cam.write(cam.start + cam.n.Load()*40_000_000)
	}
	cam.write(cam.start + cam.n.Load()*40_000_000)
	until(t, "a picture in the new format", 2*time.Second, func() bool { s := j.Stats()[0]; return s.Keys == 2 && s.Swaps == 1 })
}

// Sound goes its own way on its m-line.
func TestAudio(t *testing.T) {
	e := engine(t, nil)
	mic := newCamera(t, "mic", sfu.PCMU, time.Second, 64_000).run(t)
	cam := newCamera(t, "cam", sfu.H264, time.Second, 300_000).fill(5).run(t)
	j := join(t, e, testpeer.Config{Audio: true}, func(p *sfu.Peer) {
		m := p.Mids()
		if len(m) != 2 || m[1].Kind != sfu.Audio {
			t.Fatalf("mids %+v", m)
		}
		attach(t, p, m[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
		attach(t, p, m[1].ID, sfu.Subscription{Layers: []*sfu.Stream{mic.s}})
		if err := p.Attach(m[1].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}, Gate: open()}); err == nil {
			t.Error("video went onto an audio m-line")
		}
	})
	until(t, "sound", 3*time.Second, func() bool { return j.Stats()[1].Packets > 20 })
	j.whole(t)
}
