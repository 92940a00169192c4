package sfu_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/fault"
	"sightline/internal/testpeer"
	"sightline/sfu"
)

// browserOffer is what a viewer would offer that never connects.
func browserOffer(t testing.TB, video int) string {
	t.Helper()
	var offer string
	stop := errors.New("enough")
	_, err := testpeer.Join(context.Background(), testpeer.Config{Video: video, Exchange: func(_ context.Context, o string) (string, error) {
		offer = o
		return "", stop
	}})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	return offer
}

// T25: 1,000 offers at once: at most MaxPending are taken, the rest is refused
// quickly, a viewer who watches loses nothing, and all is released at the end.
func TestT25_ThousandOffersAtOnce(t *testing.T) {
	e := engine(t, func(c *sfu.EngineConfig) { c.ConnectTimeout = 10 * time.Second })
	cam := newCamera(t, "cam", sfu.H264, 2*time.Second, 1_000_000).fill(10).run(t)
	j := join(t, e, testpeer.Config{}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	offer := browserOffer(t, 6)
	until(t, "the first viewer connected", time.Second, func() bool { return j.srv.State() == sfu.PeerConnected })
	before := runtime.NumGoroutine()
	var taken, busy, other atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	refusals := make(chan time.Duration, 1000)
	for range 1000 {
		wg.Go(func() {
			at := time.Now()
			_, _, err := e.NewPeer(t.Context(), sfu.PeerConfig{Offer: offer})
			switch {
			case err == nil:
				taken.Add(1)
			case fault.Is(err, fault.RateLimited) && fault.Code(err) == fault.CodeBusy:
				busy.Add(1)
				refusals <- time.Since(at)
			default:
				other.Add(1)
				t.Log(err)
			}
		})
	}
	wg.Wait()
	close(refusals)
	var took []time.Duration
	for d := range refusals {
		took = append(took, d)
	}
	slices.Sort(took)
	t.Logf("%d taken, %d busy, %d other in %v", taken.Load(), busy.Load(), other.Load(), time.Since(start))
	if len(took) > 0 {
		t.Logf("refusals took p50 %v, p99 %v, at most %v", took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	}
	if taken.Load() < 200 || busy.Load() == 0 || other.Load() != 0 {
		t.Errorf("%d taken, %d busy, %d other", taken.Load(), busy.Load(), other.Load())
	}
	until(t, "the deadline to close them", 30*time.Second, func() bool { return e.Peers() == 1 })
	until(t, "goroutines back", 5*time.Second, func() bool { return runtime.NumGoroutine() <= before+5 })
	j.whole(t) // but for loss at the viewer's own socket, on a machine that is busy with the offers
}

// F20, in small: a peer that never connects is closed at the deadline and told so.
func TestConnectDeadline(t *testing.T) {
	e := engine(t, func(c *sfu.EngineConfig) { c.ConnectTimeout = 200 * time.Millisecond })
	states := make(chan sfu.PeerState, 4)
	p, _, err := e.NewPeer(context.Background(), sfu.PeerConfig{Offer: browserOffer(t, 1), OnState: func(s sfu.PeerState) { states <- s }})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case s := <-states:
		if s != sfu.PeerClosed {
			t.Errorf("state %v", s)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("not closed")
	}
	<-p.Done()
	if err := p.Attach(p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{sfu.NewStream(sfu.StreamConfig{})}, Gate: open()}); !fault.Is(err, fault.Conflict) {
		t.Errorf("attach on a closed peer: %v", err)
	}
}

// A viewer that leaves is closed at once; one that vanishes after the time lost.
func TestLeavingAndVanishing(t *testing.T) {
	e := engine(t, func(c *sfu.EngineConfig) { c.LostTimeout = 300 * time.Millisecond })
	cam := newCamera(t, "cam", sfu.H264, time.Second, 300_000).fill(5).run(t)
	sub := sfu.Subscription{Layers: []*sfu.Stream{cam.s}}
	leaves := join(t, e, testpeer.Config{}, func(p *sfu.Peer) { attach(t, p, p.Mids()[0].ID, sub) })
	vanishes := join(t, e, testpeer.Config{}, func(p *sfu.Peer) { attach(t, p, p.Mids()[0].ID, sub) })
	until(t, "both connected", 2*time.Second, func() bool {
		return leaves.srv.State() == sfu.PeerConnected && vanishes.srv.State() == sfu.PeerConnected
	})
	leaves.Close()
	select {
	case <-leaves.srv.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("the one who left is still there")
	}
	vanishes.Vanish()
	select {
	case <-vanishes.srv.Done():
	case <-time.After(time.Minute):
		t.Fatal("the one who vanished is still there")
	}
	until(t, "the stream to be free", time.Second, func() bool { return cam.s.Stats().Downtracks == 0 })
}

// The pool grows and ICE restarts while a tile plays on.
func TestGrowAndRestart(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, time.Second, 500_000).fill(5).run(t)
	sub := sfu.Subscription{Layers: []*sfu.Stream{cam.s}}
	j := join(t, e, testpeer.Config{Video: 2, NACK: true}, func(p *sfu.Peer) { attach(t, p, p.Mids()[0].ID, sub) })
	again := func(_ context.Context, o string) (string, error) { return j.srv.Renegotiate(o) }
	ctx, cancel := patience(t)
	defer cancel()
	if err := j.Grow(ctx, 2, again); err != nil {
		t.Fatal(err)
	}
	if n := len(j.srv.Mids()); n != 4 {
		t.Fatalf("%d m-lines after growing", n)
	}
	attach(t, j.srv, j.srv.Mids()[3].ID, sub)
	until(t, "a picture on the new m-line", 3*time.Second, func() bool { return j.Stats()[3].Keys > 0 })
	j.whole(t) // the tile that played on, too
	if err := j.Restart(ctx, again); err != nil {
		t.Fatal(err)
	}
	frames := j.Stats()[3].Frames
	until(t, "frames after the ICE restart", 5*time.Second, func() bool { return j.Stats()[3].Frames > frames+25 })
	until(t, "repair of what the restart lost", 2*time.Second, func() bool { s := j.Stats()[0]; return s.Repaired == s.Missing })
	if _, err := j.srv.Renegotiate(browserOffer(t, 1)); fault.Code(err) != fault.CodeBadSDP {
		t.Errorf("an offer with fewer m-lines: %v", err)
	}
	if j.srv.State() != sfu.PeerConnected {
		t.Errorf("state %v", j.srv.State())
	}
}

// A viewer without UDP connects over TCP.
func TestICEOverTCP(t *testing.T) {
	e := engine(t, func(c *sfu.EngineConfig) { c.TCPPort = 0 })
	cam := newCamera(t, "cam", sfu.H264, 2*time.Second, 1_000_000).fill(20).run(t)
	j := join(t, e, testpeer.Config{TCP: true}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "25 frames over TCP", 5*time.Second, func() bool { return j.Stats()[0].Frames > 25 })
	j.whole(t)
}

// Without segmentation offload the same packets arrive.
func TestWithoutGSO(t *testing.T) {
	e := engine(t, func(c *sfu.EngineConfig) { c.Egress = sfu.EgressPlain })
	cam := newCamera(t, "cam", sfu.H264, time.Second, 1_000_000).fill(20).run(t)
	j := join(t, e, testpeer.Config{}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "50 frames", 5*time.Second, func() bool { return j.Stats()[0].Frames > 50 })
	j.whole(t)
}

// A media port in use is named.
func TestPortInUse(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	port := c.LocalAddr().(*net.UDPAddr).Port
	_, err = sfu.NewEngine(sfu.EngineConfig{UDPPort: port, TCPPort: -1})
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "media port") {
		t.Errorf("error %v", err)
	}
}

// A peer whose callback panics is closed; nobody else notices.
func TestPanicStaysWithItsPeer(t *testing.T) {
	reg := prometheus.NewRegistry()
	e := engine(t, func(c *sfu.EngineConfig) { c.Registerer = reg })
	cam := newCamera(t, "cam", sfu.H264, time.Second, 300_000).fill(5).run(t)
	good := join(t, e, testpeer.Config{}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	b := &bomb{}
	bad := join(t, e, testpeer.Config{}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}, Gate: b})
	})
	until(t, "the bad one to play", 3*time.Second, func() bool { return bad.Stats()[0].Keys > 0 })
	b.armed.Store(true)
	select {
	case <-bad.srv.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("the peer that panicked is still there")
	}
	frames := good.Stats()[0].Frames
	until(t, "the other one to go on", 2*time.Second, func() bool { return good.Stats()[0].Frames > frames+10 })
	if v := gathered(t, reg, "sightline_sfu_panics_total"); v < 1 {
		t.Errorf("%v panics counted", v)
	}
	if v := gathered(t, reg, "sightline_sfu_packets_total"); v < 10 {
		t.Errorf("%v packets counted", v)
	}
}

type bomb struct{ armed atomic.Bool }

func (b *bomb) ValidUntil() int64 {
	if b.armed.Load() {
		panic("boom")
	}
	return 1 << 62
}

func gathered(t *testing.T, reg *prometheus.Registry, name string) float64 {
	t.Helper()
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// A sink sees every frame and stops when removed; one that panics is removed.
func TestSinks(t *testing.T) {
	cam := newCamera(t, "cam", sfu.H264, time.Second, 300_000)
	a, b := &sink{}, &sink{boom: true}
	remove := cam.s.AddSink(a)
	cam.s.AddSink(b)
	cam.fill(30)
	if a.n != 30 || b.n != 1 {
		t.Errorf("%d and %d frames, want 30 and 1", a.n, b.n)
	}
	if _, frames := cam.s.Replay(); len(frames) != 5 || !frames[0].Key {
		t.Errorf("replay has %d frames", len(frames))
	}
	remove()
	remove()
	cam.fill(1)
	if a.n != 30 {
		t.Error("a removed sink was called")
	}
	c := &sink{}
	cam.s.AddSink(c)
	cam.s.Close()
	if !c.closed || a.closed {
		t.Error("Close told the wrong sinks")
	}
}

type sink struct {
	n            int
	boom, closed bool
}

func (s *sink) Frame(sfu.Format, *sfu.Frame) {
	s.n++
	if s.boom {
		panic("boom")
	}
}
func (s *sink) Closed() { s.closed = true }
