package sfu_test

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"sightline/internal/testpeer"
	"sightline/sfu"
)

// usage is what must come back to where it was.
type usage struct {
	goroutines, fds int
	heap            uint64
}

func used(t *testing.T) usage {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return usage{runtime.NumGoroutine(), len(list), m.HeapAlloc}
}

// settles fails when not everything comes back; extra is the heap that may stay.
func settles(t *testing.T, before usage, extra uint64) {
	t.Helper()
	var now usage
	end := time.Now().Add(15 * time.Second)
	for {
		now = used(t)
		if now.goroutines <= before.goroutines+2 && now.fds <= before.fds && now.heap <= before.heap+extra {
			t.Logf("goroutines %d -> %d, descriptors %d -> %d, heap %d -> %d KB", before.goroutines, now.goroutines, before.fds, now.fds, before.heap>>10, now.heap>>10)
			return
		}
		if time.Now().After(end) {
			t.Fatalf("did not come back: %+v, before %+v", now, before)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// cycles is n, or all of them where SOAK is set (make soak).
func cycles(n, all int) int {
	if os.Getenv("SOAK") != "" {
		return all
	}
	return n
}

// 10,000 subscriptions come and go on one connection while it plays, and
// nothing of them stays.
func TestSubscribeLeavesNothing(t *testing.T) {
	e := engine(t, nil)
	a := newCamera(t, "a", sfu.H264, time.Second, 300_000).fill(10).run(t)
	b := newCamera(t, "b", sfu.H264, time.Second, 300_000).fill(10).run(t)
	j := join(t, e, testpeer.Config{Video: 2}, nil)
	mids := j.Mids()
	attach(t, j.srv, mids[0], sfu.Subscription{Layers: []*sfu.Stream{a.s}})
	until(t, "pictures", 5*time.Second, func() bool { return j.Stats()[0].Frames > 25 })
	before := used(t)
	for i := range 10_000 {
		s := a.s
		if i%2 == 1 {
			s = b.s
		}
		attach(t, j.srv, mids[1], sfu.Subscription{Layers: []*sfu.Stream{s, a.s}, Want: 1})
		if i%3 == 0 {
			j.srv.Detach(mids[1])
		}
		if i%16 == 15 { // let some of them send
			runtime.Gosched()
		}
	}
	j.srv.Detach(mids[1])
	frames := j.Stats()[0].Frames
	until(t, "the tile beside it to play on", 5*time.Second, func() bool { return j.Stats()[0].Frames > frames+10 })
	if n := a.s.Stats().Downtracks + b.s.Stats().Downtracks; n != 1 {
		t.Errorf("%d downtracks are left", n)
	}
	settles(t, before, 8<<20)
}

// Connections come and go, politely and not, and nothing of them stays. 1,000
// of them by make soak, fewer in make test.
func TestConnectLeavesNothing(t *testing.T) {
	e := engine(t, func(c *sfu.EngineConfig) { c.LostTimeout, c.TCPPort = 300*time.Millisecond, 0 })
	cam := newCamera(t, "cam", sfu.H264, time.Second, 300_000).fill(10).run(t)
	sub := sfu.Subscription{Layers: []*sfu.Stream{cam.s}}
	round := func(t *testing.T, i int) {
		j := join(t, e, testpeer.Config{TCP: i%10 == 9}, func(p *sfu.Peer) { attach(t, p, p.Mids()[0].ID, sub) })
		until(t, "a picture", 5*time.Second, func() bool { return j.Stats()[0].Frames > 0 })
		if i%2 == 0 {
			j.Close()
		} else {
			j.srv.Close()
			j.Close()
		}
		<-j.srv.Done()
	}
	rounds := func(n int) { // each in a test of its own, which keeps nothing of the viewer afterwards
		for i := range n {
			if !t.Run(strconv.Itoa(i), func(t *testing.T) { round(t, i) }) {
				t.FailNow()
			}
		}
	}
	rounds(10) // what is made once is made
	before := used(t)
	n := cycles(200, 1000)
	rounds(n)
	until(t, "all peers gone", 5*time.Second, func() bool { return e.Peers() == 0 && cam.s.Stats().Downtracks == 0 })
	settles(t, before, 4<<20+uint64(n)*2<<10)
}
