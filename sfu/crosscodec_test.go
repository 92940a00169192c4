package sfu_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// kinds notes which codec each packet of a viewer was of.
type kinds struct {
	mu    sync.Mutex
	order []sfu.Codec
	mixed bool
	types map[uint8]sfu.Codec
}

// packet tells H264 from H265 by the head of a packet as packetise makes it.
func (k *kinds) packet(p *testpeer.Packet) {
	if p.RTX || len(p.Payload) < 2 {
		return
	}
	codec := sfu.H264
	if p.Payload[0]>>1&63 == 49 { // FU of H265; as H264 it would be a reserved type
		codec = sfu.H265
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.types == nil {
		k.types = map[uint8]sfu.Codec{}
	}
	if was, ok := k.types[p.PayloadType]; ok && was != codec {
		k.mixed = true
	}
	k.types[p.PayloadType] = codec
	if n := len(k.order); n == 0 || k.order[n-1] != codec {
		k.order = append(k.order, codec)
	}
}

func (k *kinds) seen() ([]sfu.Codec, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.order), k.mixed
}

// C4: a camera whose small layer is H264 and whose large one is H265 goes there
// and back under one SSRC where the viewer has both.
func TestLayersOfTwoCodecs(t *testing.T) {
	e := engine(t, nil)
	sub := newCamera(t, "sub", sfu.H264, time.Second, 300_000).fill(10).run(t)
	main := newCamera(t, "main", sfu.H265, time.Second, 1_000_000).fill(5).run(t)
	k := &kinds{}
	j := join(t, e, testpeer.Config{H265: true, OnPacket: k.packet}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{sub.s, main.s}, Want: 1})
	})
	layer := func(want int) func() bool { return func() bool { return j.srv.Stats().Mids[0].Layer == want } }
	until(t, "the large layer", 3*time.Second, layer(1))
	j.srv.SetWant(j.Mids()[0], 0)
	until(t, "the small layer", 3*time.Second, layer(0))
	want := []sfu.Codec{sfu.H264, sfu.H265, sfu.H264}
	until(t, "H264, H265, H264", 3*time.Second, func() bool { got, _ := k.seen(); return slices.Equal(got, want) })
	if _, mixed := k.seen(); mixed {
		t.Error("a payload type carried both codecs")
	}
	j.whole(t)
	if s := j.Stats()[0]; s.Swaps != 2 {
		t.Errorf("%d swaps", s.Swaps)
	}
}

// C4: a viewer without H265 never gets it: not for a large layer it wants, not
// when the small one falls silent, not when the one it watches becomes H265.
func TestNoH265ForThoseWithout(t *testing.T) {
	e := engine(t, nil)
	sub := newCamera(t, "sub", sfu.H264, 10*time.Second, 300_000).fill(10).run(t)
	main := newCamera(t, "main", sfu.H265, time.Second, 1_000_000).fill(5).run(t)
	k := &kinds{}
	j := join(t, e, testpeer.Config{TWCC: true, NACK: true, OnPacket: k.packet}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{sub.s, main.s}, Want: 1})
	})
	mid := j.Mids()[0]
	frames := func(n uint64) {
		t.Helper()
		from := j.Stats()[0].Frames
		until(t, "more frames", 20*time.Second, func() bool { return j.Stats()[0].Frames >= from+n })
	}
	frames(60) // the large layer has had key frames by now
	j.srv.SetRank(mid, 5)
	j.srv.SetWant(mid, 0)
	j.srv.SetWant(mid, 1)
	frames(30)

	// The large layer of another camera becomes H265 under way: its small one fills in without waiting 10 s for a key frame.
	large := newCamera(t, "large", sfu.H264, time.Second, 1_000_000).fill(5).run(t)
	attach(t, j.srv, mid, sfu.Subscription{Layers: []*sfu.Stream{sub.s, large.s}, Want: 1})
	until(t, "the large layer in H264", 20*time.Second, func() bool { return j.srv.Stats().Mids[0].Layer == 1 })
	large.stop()
	large.s.SetFormat(sfu.Format{Codec: sfu.H265, ClockRate: 90000, Width: 1280, Height: 720})
	until(t, "the small layer", time.Second, func() bool { return j.srv.Stats().Mids[0].Layer == 0 })
	frames(20)

	sub.stop() // and a small layer that falls silent does not open the way to the large one
	n := main.n.Load()
	until(t, "three seconds of the large layer", 6*time.Second, func() bool { return main.n.Load() > n+75 })
	if got, _ := k.seen(); !slices.Equal(got, []sfu.Codec{sfu.H264}) {
		t.Errorf("saw %v", got)
	}
	if l := j.srv.Stats().Mids[0].Layer; l != 0 {
		t.Errorf("layer %d", l)
	}
}
