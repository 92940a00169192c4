package sfu_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// Lost packets come again on the retransmission SSRC, during replay and live.
func TestNackIsAnsweredFromTheRing(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, 4*time.Second, 2_000_000).fill(50).run(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	lost, stop := 0, false
	j := join(t, e, testpeer.Config{NACK: true, Drop: func(p *testpeer.Packet) bool {
		mu.Lock()
		defer mu.Unlock()
		if stop || p.RTX || rnd.IntN(50) != 0 {
			return false
		}
		lost++
		return true
	}}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "20 losses", 5*time.Second, func() bool { mu.Lock(); defer mu.Unlock(); return lost >= 20 })
	mu.Lock()
	stop = true
	mu.Unlock()
	until(t, "repair", 3*time.Second, func() bool {
		s := j.Stats()[0]
		return s.Missing > 0 && s.Repaired >= s.Missing
	})
	s, srv := j.Stats()[0], j.srv.Stats()
	t.Logf("lost %d, missing %d, repaired %d, sent again %d", lost, s.Missing, s.Repaired, srv.Retransmits)
	if srv.Retransmits > uint64(lost)*3 {
		t.Errorf("%d retransmissions for %d losses", srv.Retransmits, lost)
	}
}

// T28: one packet is sent again at most three times, however often it is asked for.
func TestT28_RepeatedNacksAreLimited(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, time.Second, 500_000).keeps().fill(5)
	j := join(t, e, testpeer.Config{}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "five frames", 2*time.Second, func() bool { return j.Stats()[0].Frames == 5 })
	s := j.Stats()[0]
	once := j.srv.SentBytes()[j.Mids()[0]]
	tick := time.NewTicker(5 * time.Millisecond) // below the limit on messages
	defer tick.Stop()
	asked := uint64(0)
	for range 80 {
		<-tick.C
		if err := j.SendRTCP(&rtcp.TransportLayerNack{MediaSSRC: s.SSRC, Nacks: []rtcp.NackPair{{PacketID: s.LastSeq}}}); err != nil {
			t.Fatal(err)
		}
		asked++
		until(t, "the NACK to be read", time.Second, func() bool { return j.srv.Stats().Nacks == asked })
	}
	if n := j.srv.Stats().Retransmits; n != 3 {
		t.Errorf("sent %d times again for %d requests, want 3", n, asked)
	}
	if j.srv.SentBytes()[j.Mids()[0]] == once { // no frame came since
		t.Error("what was sent again is not counted as sent")
	}
}

// T28: a storm of key frame requests costs one replay per 2 s and no packet of
// anybody else.
func TestT28_PliStorm(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, 4*time.Second, 1_000_000).fill(30).run(t)
	sub := sfu.Subscription{Layers: []*sfu.Stream{cam.s}}
	bad := join(t, e, testpeer.Config{}, func(p *sfu.Peer) { attach(t, p, p.Mids()[0].ID, sub) })
	good := join(t, e, testpeer.Config{}, func(p *sfu.Peer) { attach(t, p, p.Mids()[0].ID, sub) })
	until(t, "both live", 3*time.Second, func() bool {
		return !bad.srv.Stats().Mids[0].Catching && !good.srv.Stats().Mids[0].Catching && good.Stats()[0].Keys > 0
	})
	began := time.Now()
	for range 300 {
		if err := bad.PLI(bad.Mids()[0]); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the storm to be read", 2*time.Second, func() bool { return bad.srv.Stats().Plis >= 200 })
	n := cam.n.Load()
	until(t, "half a second more", 2*time.Second, func() bool { return cam.n.Load() > n+12 })
	r := bad.srv.Stats().Mids[0].Replays
	if most := 2 + uint64(time.Since(began)/(2*time.Second)); r < 2 || r > most {
		t.Errorf("%d replays, want the first and one for each 2 s of the storm: at most %d", r, most)
	}
	good.whole(t)
}
