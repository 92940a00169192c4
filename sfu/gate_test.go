package sfu_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sightline/internal/clock"
	"sightline/internal/testpeer"
	"sightline/sfu"
)

// R101: forwarding stops at the first frame after the gate has closed, for
// live packets, for a running replay and for retransmissions.
func TestR101_GateCutsAtTheNextFrame(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, 2*time.Second, 2_000_000).fill(10).run(t)
	g, ev := open(), &events{}
	var mu sync.Mutex
	var newest int
	j := join(t, e, testpeer.Config{OnPacket: func(p *testpeer.Packet) {
		mu.Lock()
		defer mu.Unlock()
		newest = max(newest, number(sfu.H264, p.Payload))
	}}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}, Gate: g, OnEvent: ev.add})
	})
	until(t, "live", 3*time.Second, func() bool { s := j.srv.Stats().Mids[0]; return s.FirstAfter > 0 && !s.Catching })
	at := int(cam.n.Load())
	g.until.Store(0)
	last := int(cam.n.Load()) // the frame of this number may have passed the gate before
	until(t, "the end event", time.Second, func() bool { return ev.has(sfu.EventEnded) })
	cut := j.arrived(t, 0)
	if err := j.SendRTCP(&rtcp.TransportLayerNack{MediaSSRC: j.Stats()[0].SSRC, Nacks: []rtcp.NackPair{{PacketID: j.Stats()[0].LastSeq, LostPackets: 0xffff}}}); err != nil {
		t.Fatal(err)
	}
	if err := j.PLI(j.Mids()[0]); err != nil {
		t.Fatal(err)
	}
	until(t, "another second of frames", 3*time.Second, func() bool { return int(cam.n.Load()) > at+25 })
	until(t, "the NACK to be read", time.Second, func() bool { return j.srv.Stats().Plis > 0 })
	mu.Lock()
	defer mu.Unlock()
	if newest > last {
		t.Errorf("frame %d was sent after the gate closed at frame %d", newest, last)
	}
	s := j.Stats()[0]
	if s.Packets > cut || s.RTX != 0 || j.srv.Stats().Mids[0].Packets != cut {
		t.Errorf("%d packets before, %d after, %d sent again", cut, s.Packets, s.RTX)
	}
	all := ev.all()
	if all[len(all)-1].Kind != sfu.EventEnded {
		t.Errorf("the last event is %v", all[len(all)-1].Kind)
	}
	if cut == 0 {
		t.Error("nothing was ever sent")
	}
}

// The gate's instant is exact: a frame at or after ValidUntil is not sent.
func TestGateInstantIsExact(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, time.Second, 200_000).keeps().fill(1)
	g, ev := open(), &events{}
	j := join(t, e, testpeer.Config{}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}, Gate: g, OnEvent: ev.add})
	})
	until(t, "the first frame", time.Second, func() bool { return j.Stats()[0].Frames == 1 })
	until(t, "live", time.Second, func() bool { return !j.srv.Stats().Mids[0].Catching })
	g.until.Store(clock.Mono() + int64(time.Hour))
	cam.write(clock.Mono())
	until(t, "the second frame", time.Second, func() bool { return j.Stats()[0].Frames == 2 })
	g.until.Store(clock.Mono())
	cam.write(clock.Mono())
	if !ev.has(sfu.EventEnded) {
		t.Error("no end event before Write returned")
	}
	cam.write(clock.Mono())
	if n := j.srv.Stats().Mids[0].Packets; n != j.Stats()[0].Packets {
		until(t, "packets in flight", time.Second, func() bool { return n == j.Stats()[0].Packets })
	}
	if f := j.Stats()[0].Frames; f != 2 {
		t.Errorf("%d frames, want 2", f)
	}
	if err := j.srv.Attach(j.Mids()[0], sfu.Subscription{Layers: []*sfu.Stream{cam.s}, Gate: open()}); err != nil {
		t.Fatal(err)
	}
	until(t, "a fresh subscription on the same m-line", time.Second, func() bool { return j.Stats()[0].Frames > 2 })
}

// R82: to come anew, as oneself or as somebody else, shows no newer picture
// before it is due: else going to another camera and back would be live video.
func TestR82_WhoComesAnewIsShownTheSamePicture(t *testing.T) {
	e := engine(t, func(c *sfu.EngineConfig) { c.StillEvery = time.Hour })
	cam := newCamera(t, "cam", sfu.H264, time.Second, 300_000).fill(3).run(t) // its GOP is three frames old
	b := &budget{}
	b.mode.Store(int32(sfu.ModeStill))
	var mu sync.Mutex
	seen := map[int]bool{}
	look := testpeer.Config{OnPacket: func(p *testpeer.Packet) {
		mu.Lock()
		defer mu.Unlock()
		seen[number(sfu.H264, p.Payload)] = true
	}}
	for range 2 {
		ev := &events{}
		sub := sfu.Subscription{Layers: []*sfu.Stream{cam.s}, Budget: b, OnEvent: ev.add}
		j := join(t, e, look, func(p *sfu.Peer) { attach(t, p, p.Mids()[0].ID, sub) })
		for n, at := 1, uint64(0); n <= 4; n++ { // longer than two key frames
			until(t, "a picture", 3*time.Second, func() bool { return len(ev.all()) == n && ev.has(sfu.EventStill) })
			until(t, "what makes a browser paint it", 3*time.Second, func() bool { return j.Stats()[0].Frames >= at+11 })
			j.srv.Detach(j.Mids()[0])
			j.arrived(t, 0)
			at = j.Stats()[0].Frames
			attach(t, j.srv, j.Mids()[0], sub)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) > 21 {
		t.Errorf("%d different frames were shown, want a key frame and at most 20", len(seen))
	}
}

// R82: one viewer is shown one picture of a camera a few times at most, on
// whatever connection, however often his tile goes to another camera and back;
// others are still shown it, and he the next one when it is due.
func TestR82_OnePictureIsNotShownAgainAndAgain(t *testing.T) {
	const every = 4 * time.Second
	e := engine(t, func(c *sfu.EngineConfig) { c.StillEvery = every })
	a, b := newCamera(t, "a", sfu.H264, time.Second, 300_000).fill(30).run(t), newCamera(t, "b", sfu.H264, time.Second, 300_000).fill(30).run(t)
	still := &budget{}
	still.mode.Store(int32(sfu.ModeStill))
	show := func(j *joined, viewer string, ev *events, of *camera) {
		t.Helper()
		if err := j.srv.Attach(j.Mids()[0], sfu.Subscription{Layers: []*sfu.Stream{of.s}, Gate: open(), Budget: still, Viewer: viewer, OnEvent: ev.add}); err != nil {
			t.Fatal(err)
		}
	}
	sent := func(j *joined) uint64 { return j.srv.SentBytes()[j.Mids()[0]] }
	first := join(t, e, testpeer.Config{}, nil)
	until(t, "the connection", 3*time.Second, func() bool { return first.srv.State() == sfu.PeerConnected })
	begun, evs := time.Now(), &events{}
	for range 3 {
		for _, of := range []*camera{a, b} {
			ev := &events{}
			show(first, "visit", ev, of)
			until(t, "a picture", time.Second, func() bool { return ev.has(sfu.EventStill) })
		}
	}
	first.srv.Detach(first.Mids()[0]) // else the frames after the last picture go on
	before := sent(first)
	show(first, "visit", evs, a)
	second := join(t, e, testpeer.Config{}, nil) // another viewing session of the same visit
	until(t, "the other connection", 3*time.Second, func() bool { return second.srv.State() == sfu.PeerConnected })
	again, other := &events{}, &events{}
	show(second, "visit", again, a)
	third := join(t, e, testpeer.Config{}, nil)
	show(third, "somebody else", other, a)
	until(t, "the picture for somebody else", 2*time.Second, func() bool { return other.has(sfu.EventStill) })
	fourth, n := evs.has(sfu.EventStill) || again.has(sfu.EventStill), sent(first)-before
	if time.Since(begun) < every-time.Second/2 { // before the next one was due
		if fourth {
			t.Error("the picture is shown a fourth time")
		}
		if n > 0 {
			t.Errorf("%d bytes were sent of it", n)
		}
	}
	until(t, "the next picture", every+2*time.Second, func() bool { return evs.has(sfu.EventStill) })
}

// R82: throttled is one picture per interval, a key frame and at most 20 frames
// after it within 0.7 s, and does not count as viewing.
func TestR82_StillGate(t *testing.T) {
	e := engine(t, func(c *sfu.EngineConfig) { c.StillEvery = 2 * time.Second })
	cam := newCamera(t, "cam", sfu.H264, 4*time.Second, 1_000_000).fill(40).run(t)
	b, ev := &budget{}, &events{}
	b.mode.Store(int32(sfu.ModeStill))
	still := pauses(t)
	type arrival struct {
		n  int
		at time.Time
	}
	var mu sync.Mutex
	var got []arrival
	j := join(t, e, testpeer.Config{OnPacket: func(p *testpeer.Packet) {
		mu.Lock()
		defer mu.Unlock()
		if n := number(sfu.H264, p.Payload); len(got) == 0 || got[len(got)-1].n != n {
			got = append(got, arrival{n, p.At})
		}
	}}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}, Budget: b, OnEvent: ev.add})
	})
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(got) }
	until(t, "the first picture", time.Second, func() bool { return count() >= 1 })
	until(t, "the picture after it", 4*time.Second, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) > 25 && got[len(got)-1].at.Sub(got[0].at) > 2500*time.Millisecond
	})
	mu.Lock()
	first := slices.Clone(got)
	mu.Unlock()
	burst := 1 // frames that follow each other; the next picture begins anew
	for burst < len(first) && first[burst].n == first[burst-1].n+1 {
		burst++
	}
	last := first[burst-1].at
	if d := last.Sub(first[0].at) - still.In(first[0].at, last); d > 1300*time.Millisecond {
		t.Errorf("the last frame of the burst came after %v", d)
	}
	if burst < 10 || burst > 21 {
		t.Errorf("the burst has %d frames, want a key frame and up to 20", burst)
	}
	next := first[burst].at
	if d := next.Sub(first[0].at) + still.In(first[0].at.Add(-2*time.Second), next); d < 1500*time.Millisecond { // the first may have come late
		t.Errorf("frame %d came %v after the picture", first[burst].n, d)
	}
	if first[0].n%100 != 0 {
		t.Errorf("the burst begins with frame %d, which is no key frame", first[0].n)
	}
	if j.srv.LastForwarded() != 0 {
		t.Error("frames of the still gate count as viewing")
	}
	if !ev.has(sfu.EventStill) || ev.has(sfu.EventFirst) {
		t.Errorf("events %v, want a still and no first", ev.all())
	}
	b.mode.Store(int32(sfu.ModeLive))
	n := count()
	until(t, "live again", 3*time.Second, func() bool { return count() > n+50 && j.srv.LastForwarded() != 0 })
	j.whole(t)
}
