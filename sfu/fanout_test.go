package sfu_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sightline/internal/clock"
	"sightline/sfu"
)

// spread is last minus first sink of every frame that all of them got, sorted.
func spread(all []*counting) (out []time.Duration) {
	for n := range len(all[0].at) {
		first, last := int64(1<<62), int64(0)
		for _, c := range all {
			if c.hold == nil {
				first, last = min(first, c.at[n]), max(last, c.at[n])
			}
		}
		if first > 0 {
			out = append(out, time.Duration(last-first))
		}
	}
	slices.Sort(out)
	return out
}

// counting is a follower that counts and stamps; while hold is closed to it, it
// is blocked.
type counting struct {
	n, gaps atomic.Int64
	closed  atomic.Bool
	last    int
	jumps   []int // numbers of frames that did not follow the one before
	keys    []bool
	at      [1024]int64 // clock.Mono of frame n
	hold    <-chan struct{}
}

func (c *counting) Frame(_ sfu.Format, f *sfu.Frame) {
	if c.hold != nil {
		<-c.hold
	}
	n := number(sfu.H264, f.Payloads[0])
	if c.n.Load() > 0 && n != c.last+1 {
		c.gaps.Add(1)
		c.jumps, c.keys = append(c.jumps, n), append(c.keys, f.Key)
	}
	c.last = n
	c.n.Add(1)
	if n < len(c.at) {
		c.at[n] = clock.Mono()
	}
}

func (c *counting) Closed() { c.closed.Store(true) }

// fanOut follows a stream with sinks of which some are blocked until free is called.
func fanOut(s *sfu.Stream, sinks, blocked int) (all []*counting, free, remove func()) {
	gate := make(chan struct{})
	var removes []func()
	for i := range sinks {
		c := &counting{}
		if i%(sinks/max(blocked, 1)) == 0 && i/(sinks/max(blocked, 1)) < blocked {
			c.hold = gate
		}
		all = append(all, c)
		removes = append(removes, s.Follow(c, sfu.FollowConfig{}))
	}
	free = sync.OnceFunc(func() { close(gate) })
	return all, free, func() {
		free()
		for _, f := range removes {
			f()
		}
	}
}

// 500 sinks on one stream, 20 of them blocked: nobody else misses a frame or
// waits, and those come back by a key frame and are counted. The frames' own
// clock runs as fast as the others take them, not as the machine allows.
func TestFanOut(t *testing.T) {
	cam := newCamera(t, "cam", sfu.H264, time.Second, 2_000_000).fill(5)
	all, free, remove := fanOut(cam.s, 500, 20)
	defer remove()
	var open, shut []*counting
	for _, c := range all {
		if c.hold != nil {
			shut = append(shut, c)
		} else {
			open = append(open, c)
		}
	}
	if len(shut) != 20 {
		t.Fatalf("%d are blocked", len(shut))
	}
	for n := range int64(110) {
		cam.write(cam.start + cam.n.Load()*40_000_000)
		until(t, "the frame at every sink that is not blocked", 15*time.Second, func() bool {
			return !slices.ContainsFunc(open, func(c *counting) bool { return c.n.Load() <= n })
		})
	}
	for _, c := range open {
		if c.gaps.Load() != 0 {
			t.Errorf("a sink that was not blocked missed frames %d times", c.gaps.Load())
		}
	}
	if n := cam.s.Stats().Reentries; n != 0 {
		t.Errorf("%d re-entries before the blocked were free", n)
	}
	free()
	until(t, "the blocked to come back", 10*time.Second, func() bool {
		return !slices.ContainsFunc(shut, func(c *counting) bool { return c.n.Load() < 10 })
	})
	remove()
	for _, c := range shut {
		if len(c.jumps) != 1 || !c.keys[0] {
			t.Errorf("a blocked sink jumped to %v (key frames: %v), want once, to a key frame", c.jumps, c.keys)
		}
	}
	if n := cam.s.Stats().Reentries; n != 20 {
		t.Errorf("%d re-entries counted, want 20", n)
	}
	if n := cam.s.Stats().Sinks; n != 0 {
		t.Errorf("%d sinks left", n)
	}
	s := spread(all)
	t.Logf("last minus first sink of a frame: p50 %v, p99 %v", s[len(s)/2], s[len(s)*99/100])
}

// A follower is told the end once, after its last frame; a panic takes only itself away.
func TestFollowEnds(t *testing.T) {
	cam := newCamera(t, "cam", sfu.H264, time.Second, 300_000)
	a, b := &counting{}, &sink{boom: true}
	defer cam.s.Follow(a, sfu.FollowConfig{})()
	cam.s.Follow(b, sfu.FollowConfig{})
	cam.fill(30)
	until(t, "30 frames, and the other one gone", 5*time.Second, func() bool { return a.n.Load() == 30 && cam.s.Stats().Sinks == 1 })
	cam.s.Close()
	until(t, "the end", 5*time.Second, a.closed.Load)
}

// BenchmarkFanOut is the bar: 2,000 sinks on one 2 Mbit/s stream, 20 of them
// blocked: last minus first sink of a frame p99 ≤ 40 ms.
func BenchmarkFanOut(b *testing.B) {
	for b.Loop() {
		cam := newCamera(b, "cam", sfu.H264, 2*time.Second, 2_000_000).fill(5)
		all, _, remove := fanOut(cam.s, 2000, 20)
		c0 := cpu()
		cam.run(b)
		until(b, "200 frames", 60*time.Second, func() bool { return all[len(all)-1].n.Load() >= 200 })
		used := cpu() - c0
		cam.stop()
		remove()
		s := spread(all)
		b.ReportMetric(float64(s[len(s)/2].Microseconds())/1000, "ms-p50")
		b.ReportMetric(float64(s[len(s)*99/100].Microseconds())/1000, "ms-p99")
		b.ReportMetric(float64(used.Nanoseconds())/200/2000, "ns-CPU/sink-frame")
	}
	b.ReportMetric(0, "ns/op")
}
