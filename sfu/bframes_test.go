package sfu_test

import (
	"sync"
	"testing"
	"time"

	"sightline/internal/clock"
	"sightline/internal/testpeer"
	"sightline/sfu"
)

// A source with B-frames starts by replay too, under its own rule: frames keep
// the distances they came with, since those say in which order they are shown,
// and no playout delay is asked for. A swap to it moves the timeline forward
// and never back.
func TestReplayWithBFrames(t *testing.T) {
	e := engine(t, nil)
	first := newCamera(t, "first", sfu.H264, time.Second, 300_000).fill(30).run(t)
	cam := newCamera(t, "b", sfu.H264, 10*time.Second, 500_000).keeps()
	cam.s.SetFormat(sfu.Format{Codec: sfu.H264, ClockRate: 90000, Profile: "4d401f", Width: 1280, Height: 720, BFrames: true})
	start := clock.Mono() - int64(3*time.Second)
	shown := map[int]uint32{} // RTP time by frame number: sent 0 3 1 2 6 4 5, shown in turn
	place := []int{0, 3, 1, 2}
	for i := range 73 {
		at := i
		if i > 0 {
			at = (i-1)/3*3 + place[(i-1)%3+1]
		}
		shown[i] = 1_000_000 + uint32(at)*3600
		cam.s.Write(sfu.Frame{Key: i == 0, Mono: start + int64(i)*40_000_000, TS: shown[i], Payloads: packetise(sfu.H264, i == 0, uint32(i), 2500)})
	}
	var mu sync.Mutex
	got := map[int]uint32{}
	delays, quiet := 0, 0
	j := join(t, e, testpeer.Config{OnPacket: func(p *testpeer.Packet) {
		mu.Lock()
		defer mu.Unlock()
		got[number(sfu.H264, p.Payload)] = p.TS
		if p.Delay != nil {
			delays++
			quiet = 0
		} else {
			quiet++
		}
	}}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{first.s}})
	})
	until(t, "the first source", 2*time.Second, func() bool { return j.Stats()[0].Keys > 0 && !j.srv.Stats().Mids[0].Catching })
	until(t, "no more playout delay", 4*time.Second, func() bool { mu.Lock(); defer mu.Unlock(); return delays > 0 && quiet > 5 })
	j.srv.Detach(j.Mids()[0])
	j.arrived(t, 0)
	mu.Lock()
	newest := j.Stats()[0].LastTS
	delays = 0
	clear(got)
	mu.Unlock()
	ev := &events{}
	attach(t, j.srv, j.Mids()[0], sfu.Subscription{Layers: []*sfu.Stream{cam.s}, OnEvent: ev.add})
	until(t, "the whole replay", 3*time.Second, func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == 73 })
	mu.Lock()
	defer mu.Unlock()
	for n, ts := range got {
		if ts-got[0] != shown[n]-shown[0] {
			t.Errorf("frame %d is %d after the key frame, want %d", n, ts-got[0], shown[n]-shown[0])
		}
	}
	if int32(got[0]-newest) <= 0 {
		t.Errorf("the key frame's time %d is not after %d", got[0], newest)
	}
	if delays != 0 {
		t.Errorf("%d packets asked for no playout delay", delays)
	}
	until(t, "the reason", time.Second, func() bool { return ev.has(sfu.EventReason) })
	if s := j.Stats()[0]; s.Missing != 0 { // it is shown in another order than sent: backwards at times
		t.Errorf("missing %d", s.Missing)
	}
}
