package sfu_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// shaped is a wall of cameras seen through a link.
type shaped struct {
	*joined
	link *testpeer.Link
	ev   []*events

	mu   sync.Mutex
	last map[string]time.Time     // newest complete picture by mid
	gaps map[string]time.Duration // longest pause since forget
	off  []int                    // who was told that it is paused, in order
}

// shape joins n tiles of a sub and a main layer each through a link.
func shape(t *testing.T, n, low, high int, s testpeer.Shape, reg func(*sfu.EngineConfig)) *shaped {
	t.Helper()
	e := engine(t, reg)
	var subs []sfu.Subscription
	x := &shaped{last: map[string]time.Time{}, gaps: map[string]time.Duration{}}
	for i := range n {
		sub := newCamera(t, fmt.Sprint("sub", i), sfu.H264, 2*time.Second, low)
		sub.keyAdd = low / 100
		main := newCamera(t, fmt.Sprint("main", i), sfu.H264, 2*time.Second, high)
		main.keyAdd = high / 50
		ev := &events{}
		x.ev = append(x.ev, ev)
		tell := func(e sfu.Event) {
			ev.add(e)
			if e.Kind == sfu.EventReason && e.Reason == sfu.ReasonLowBandwidth && e.Layer < 0 {
				x.mu.Lock()
				x.off = append(x.off, i)
				x.mu.Unlock()
			}
		}
		subs = append(subs, sfu.Subscription{Layers: []*sfu.Stream{sub.fill(10 + 7*i).run(t).s, main.fill(5 + 7*i).run(t).s}, Want: 1, OnEvent: tell})
	}
	l, err := testpeer.NewLink("127.0.0.1:0", fmt.Sprint("127.0.0.1:", e.UDPPort()), s, testpeer.Shape{Delay: s.Delay})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	x.link = l
	x.joined = join(t, e, testpeer.Config{Link: l, Video: n, TWCC: true, NACK: true, OnPacket: x.packet}, func(p *sfu.Peer) {
		for i, m := range p.Mids() {
			attach(t, p, m.ID, subs[i])
		}
	})
	return x
}

func (x *shaped) packet(p *testpeer.Packet) {
	if !p.Marker || p.RTX {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if last := x.last[p.Mid]; !last.IsZero() {
		x.gaps[p.Mid] = max(x.gaps[p.Mid], p.At.Sub(last))
	}
	x.last[p.Mid] = p.At
}

// frozen is the longest pause of each tile, the one that runs included.
func (x *shaped) frozen() map[string]time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := map[string]time.Duration{}
	for _, mid := range x.Mids() {
		out[mid] = x.gaps[mid]
		if last := x.last[mid]; !last.IsZero() {
			out[mid] = max(out[mid], time.Since(last))
		}
	}
	return out
}

func (x *shaped) count() (low, high, paused int) {
	for _, m := range x.srv.Stats().Mids {
		switch {
		case m.Paused:
			paused++
		case m.Layer == 1:
			high++
		default:
			low++
		}
	}
	return low, high, paused
}

// told says whether the newest word on a tile's reason is that it is paused.
func (x *shaped) told(i int) (sfu.Reason, int) {
	for _, ev := range slices.Backward(x.ev[i].all()) {
		if ev.Kind == sfu.EventReason {
			return ev.Reason, ev.Layer
		}
	}
	return "", 0
}

func (x *shaped) log(t *testing.T) {
	t.Helper()
	s := x.srv.Stats()
	low, high, paused := x.count()
	t.Logf("estimate %d (limited %v), low %d, high %d, paused %d, nacks %d, sent again %d, link %+v, frozen %v", s.Estimate, s.Limited, low, high, paused, s.Nacks, s.Retransmits, x.link.Down(), x.frozen())
}

// C5: on a line too slow for all, the least important tile is paused and says
// so; the focused one goes first; when the line is quick again all come back.
func TestPauseAndRecovery(t *testing.T) {
	reg := prometheus.NewRegistry()
	x := shape(t, 3, 300_000, 1_500_000, testpeer.Shape{Bits: 20_000_000, Delay: 10 * time.Millisecond}, func(c *sfu.EngineConfig) { c.Registerer = reg })
	x.srv.SetRank(x.Mids()[2], 10)
	until(t, "all large", 10*time.Second, func() bool { _, high, _ := x.count(); return high == 3 })
	x.log(t)
	x.link.SetDown(testpeer.Shape{Bits: 600_000, Delay: 10 * time.Millisecond})
	until(t, "somebody paused", 6*time.Second, func() bool { _, _, paused := x.count(); return paused > 0 })
	x.log(t)
	off := func() []int { x.mu.Lock(); defer x.mu.Unlock(); return slices.Clone(x.off) }
	until(t, "who is paused to be told so", time.Second, func() bool { return len(off()) > 0 })
	if off()[0] == 2 { // those of one moment are told from the first tile to the last
		t.Error("the most important tile was paused before others")
	}
	x.link.SetDown(testpeer.Shape{Bits: 20_000_000, Delay: 10 * time.Millisecond})
	until(t, "all large again", 40*time.Second, func() bool { _, high, _ := x.count(); return high == 3 })
	x.log(t)
	until(t, "nobody to say a reason", 10*time.Second, func() bool {
		return !slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool { r, _ := x.told(i); return r != "" })
	})
	for _, want := range []string{"pause/bandwidth", "resume/bandwidth", "down/bandwidth", "up/wanted"} {
		if n := layerChanges(t, reg)[want]; n == 0 {
			t.Errorf("no change %s was counted", want)
		}
	}
}

// layerChanges reads the counter of changes by "change/why".
func layerChanges(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	list, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range list {
		if f.GetName() != "sightline_sfu_layer_changes_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			out[m.GetLabel()[0].GetValue()+"/"+m.GetLabel()[1].GetValue()] = m.GetCounter().GetValue()
		}
	}
	return out
}

// A standstill of this process is no silence of the viewer: the feedback that came
// meanwhile is read before the estimate is touched.
func TestOwnStandstillIsNoSilence(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, time.Second, 500_000).fill(10).run(t)
	j := join(t, e, testpeer.Config{TWCC: true}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "an estimate", 10*time.Second, func() bool { return j.srv.Stats().Estimate > 0 && j.Stats()[0].Keys > 0 })
	for range 10 { // in some the next feedback comes before the next packet looks
		sfu.StoodStill(j.srv, 2*time.Second)
		got := j.Stats()[0].Frames
		until(t, "pictures after it", 20*time.Second, func() bool { return j.Stats()[0].Frames > got+15 })
	}
	if s := j.srv.Stats(); s.Limited {
		t.Errorf("the path is said to be limited, to %d bit/s", s.Estimate)
	}
}

// Without transport-wide feedback nothing is estimated and nobody paused.
func TestNoFeedbackNoEstimate(t *testing.T) {
	e := engine(t, nil)
	cam := newCamera(t, "cam", sfu.H264, time.Second, 500_000).fill(10).run(t)
	j := join(t, e, testpeer.Config{}, func(p *sfu.Peer) {
		attach(t, p, p.Mids()[0].ID, sfu.Subscription{Layers: []*sfu.Stream{cam.s}})
	})
	until(t, "a picture", 2*time.Second, func() bool { return j.Stats()[0].Keys > 0 })
	if s := j.srv.Stats(); s.Estimate != 0 || s.Limited {
		t.Errorf("estimate %d, limited %v", s.Estimate, s.Limited)
	}
}
