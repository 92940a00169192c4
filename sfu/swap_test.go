package sfu_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// Swapping the source of an m-line keeps SSRC, sequence numbers and timestamps
// running; every swap begins with a key frame of the new source.
func TestSwapIsContiguous(t *testing.T) {
	e := engine(t, nil)
	a := newCamera(t, "a", sfu.H264, 2*time.Second, 1_000_000).fill(30).run(t)
	b := newCamera(t, "b", sfu.H264, 2*time.Second, 500_000).fill(20).run(t)
	j := join(t, e, testpeer.Config{}, nil)
	mid := j.Mids()[0]
	ssrc := j.Stats()[0].SSRC
	for i := range 6 {
		cam := a
		if i%2 == 1 {
			cam = b
		}
		ev := &events{}
		keys := j.Stats()[0].Keys
		attach(t, j.srv, mid, sfu.Subscription{Layers: []*sfu.Stream{cam.s}, OnEvent: ev.add})
		until(t, "a key frame of the new source", 2*time.Second, func() bool { return j.Stats()[0].Keys > keys })
		until(t, "the first event", time.Second, func() bool { return ev.has(sfu.EventFirst) })
	}
	j.srv.Detach(mid)
	n := j.srv.Stats().Mids[0].Packets
	at := a.n.Load()
	until(t, "frames nobody gets", 2*time.Second, func() bool { return a.n.Load() > at+10 })
	if m := j.srv.Stats().Mids[0].Packets; m != n {
		t.Errorf("%d packets after Detach", m-n)
	}
	j.whole(t)
	if s := j.Stats()[0]; s.SSRC != ssrc {
		t.Errorf("SSRC %d then %d", ssrc, s.SSRC)
	}
	if st := a.s.Stats(); st.Downtracks != 0 {
		t.Errorf("the stream still has %d downtracks", st.Downtracks)
	}
}

// 1,000 swaps leave goroutines and the streams' lists as they were.
func TestThousandSwapsLeaveNothing(t *testing.T) {
	e := engine(t, nil)
	a := newCamera(t, "a", sfu.H264, 2*time.Second, 300_000).fill(20).run(t)
	b := newCamera(t, "b", sfu.H264, 2*time.Second, 300_000).fill(20).run(t)
	j := join(t, e, testpeer.Config{Video: 2}, nil)
	mids := j.Mids()
	swap := func(i int) {
		pair := []*sfu.Stream{a.s, b.s}
		attach(t, j.srv, mids[i%2], sfu.Subscription{Layers: pair[i%2:][:1]})
		if i%7 == 0 {
			j.srv.Detach(mids[(i+1)%2])
		}
	}
	for i := range 10 {
		swap(i)
	}
	before := runtime.NumGoroutine()
	for i := range 1000 {
		swap(i)
	}
	until(t, "catching up", 5*time.Second, func() bool {
		for _, m := range j.srv.Stats().Mids {
			if m.Catching {
				return false
			}
		}
		return true
	})
	until(t, "goroutines back", 2*time.Second, func() bool { return runtime.NumGoroutine() <= before+5 })
	if n := a.s.Stats().Downtracks + b.s.Stats().Downtracks; n > 2 {
		t.Errorf("%d downtracks in the streams after the swaps", n)
	}
	j.whole(t)
}

// H264, H265, H264 on one m-line: each on its own payload type, none crossing.
func TestCodecsNeverCrossPayloadTypes(t *testing.T) {
	e := engine(t, nil)
	h264 := newCamera(t, "a", sfu.H264, time.Second, 300_000).fill(10).run(t)
	h265 := newCamera(t, "b", sfu.H265, time.Second, 300_000).fill(10).run(t)
	var mu sync.Mutex
	types := map[uint8]map[byte]bool{} // payload type → FU indicator seen
	j := join(t, e, testpeer.Config{H265: true, OnPacket: func(p *testpeer.Packet) {
		mu.Lock()
		defer mu.Unlock()
		if types[p.PayloadType] == nil {
			types[p.PayloadType] = map[byte]bool{}
		}
		types[p.PayloadType][p.Payload[0]] = true
	}}, nil)
	if got := j.srv.Mids()[0].Codecs; len(got) != 2 {
		t.Fatalf("agreed on %v, want H264 and H265", got)
	}
	for i, cam := range []*camera{h264, h265, h264} {
		keys := j.Stats()[0].Keys
		attach(t, j.srv, j.Mids()[0], sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
		until(t, "a key frame of it", 5*time.Second, func() bool { // one of the source before may still be under way
			s := j.Stats()[0]
			return s.Keys > keys && s.Swaps >= uint64(i)
		})
		if s := j.Stats()[0]; s.Swaps != uint64(i) {
			t.Errorf("after source %d the payload type changed %d times", i, s.Swaps)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(types) != 2 {
		t.Errorf("%d payload types used, want 2", len(types))
	}
	for pt, heads := range types {
		if len(heads) != 1 {
			t.Errorf("payload type %d carried both codecs", pt)
		}
	}
	j.whole(t)
}

// A source whose codec the m-line lacks falls to its other layer, else says why.
func TestUnsupportedCodecFallsToTheOtherLayer(t *testing.T) {
	e := engine(t, nil)
	h264 := newCamera(t, "sub", sfu.H264, time.Second, 300_000).fill(10).run(t)
	h265 := newCamera(t, "main", sfu.H265, time.Second, 300_000).fill(10).run(t)
	j := join(t, e, testpeer.Config{}, nil)
	ev := &events{}
	attach(t, j.srv, j.Mids()[0], sfu.Subscription{Layers: []*sfu.Stream{h265.s, h264.s}, OnEvent: ev.add})
	until(t, "a key frame of the other layer", 2*time.Second, func() bool { return j.Stats()[0].Keys > 0 })
	if l := j.srv.Stats().Mids[0].Layer; l != 1 {
		t.Errorf("layer %d is sent, want 1", l)
	}
	ev = &events{}
	attach(t, j.srv, j.Mids()[0], sfu.Subscription{Layers: []*sfu.Stream{h265.s}, OnEvent: ev.add})
	until(t, "the reason", time.Second, func() bool { return ev.has(sfu.EventReason) })
	if r := ev.all()[0].Reason; r != sfu.ReasonCodecUnsupported {
		t.Errorf("reason %q", r)
	}
}
