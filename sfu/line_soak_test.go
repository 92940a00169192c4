//go:build soak

package sfu_test

import (
	"slices"
	"testing"
	"time"

	"sightline/internal/testpeer"
)

// C5: six tiles at 3, 1 and 10 Mbit/s. No tile that is not paused stands still
// for 2 s, nothing is lost for good, and each comes back to what it wants.
func TestSixTilesOverALine(t *testing.T) {
	line := func(bits int) testpeer.Shape { return testpeer.Shape{Bits: bits, Delay: 15 * time.Millisecond} }
	x := shape(t, 6, 300_000, 1_200_000, line(3_000_000), nil)
	settle := func(what string, within time.Duration, ok func(low, high, paused int) bool) {
		t.Helper()
		until(t, what, within, func() bool { return ok(x.count()) })
		x.forget()
		told := make([]int, len(x.ev))
		for i := range x.ev {
			told[i] = len(x.ev[i].all())
		}
		end := time.Now().Add(5 * time.Second)
		until(t, "five seconds of it", 6*time.Second, func() bool { return time.Now().After(end) })
		x.log(t)
		for i, m := range x.srv.Stats().Mids {
			if f := x.frozen()[m.ID]; f > 2*time.Second && !m.Paused && len(x.ev[i].all()) == told[i] {
				t.Errorf("%s: tile %d stood still for %v", what, i, f)
			}
		}
	}
	until(t, "six pictures", 4*time.Second, func() bool {
		return !slices.ContainsFunc(x.Stats(), func(s testpeer.TrackStats) bool { return s.Keys == 0 })
	})
	for i, s := range x.Stats() {
		t.Logf("tile %d: first picture after %v", i, s.FirstKey.Sub(x.OfferSent()))
	}
	settle("3 Mbit/s: nobody paused", 8*time.Second, func(_, _, paused int) bool { return paused == 0 })
	x.link.SetDown(line(1_000_000))
	settle("1 Mbit/s: some paused", 8*time.Second, func(_, high, paused int) bool { return high == 0 && paused > 0 })
	x.link.SetDown(line(10_000_000))
	settle("10 Mbit/s: all large", 60*time.Second, func(_, high, _ int) bool { return high == 6 })
	before, since := x.link.Down(), time.Now()
	until(t, "two seconds without loss", 15*time.Second, func() bool {
		d := x.link.Down()
		if d.Overflowed > before.Overflowed {
			before, since = d, time.Now()
		}
		return time.Since(since) > 2*time.Second
	})
}

func (x *shaped) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	clear(x.gaps)
	clear(x.last)
}
