package bwe_test

import (
	"testing"

	"sightline/sfu/bwe"
)

// opened sends kb of 1200-byte packets at sent bit/s, 12 KB of them at once, over
// a line of line bit/s whose receiver sees each packet at seen(i, arrival), and
// tells the estimator every 50 ms what came.
func opened(line, sent, kb int, seen func(i int, at int64) int64) *bwe.Estimator {
	e := bwe.New(bwe.Config{Start: 20_000_000})
	const size = 1200
	var all []bwe.Result
	busy := int64(0)
	for i := range kb * 1000 / size {
		at := int64(max(0, i-10)) * size * 8e9 / int64(sent)
		busy = max(busy, at) + size*8e9/int64(line)
		all = append(all, bwe.Result{Sent: at, Arrived: seen(i, busy+15*ms), Size: size})
	}
	for now := 50 * ms; len(all) > 0; now += 50 * ms {
		n := 0
		for n < len(all) && all[n].Arrived <= now-15*ms {
			n++
		}
		e.Results(all[:n], now)
		all = all[n:]
	}
	return e
}

// C3: the first packets tell how slow a path is, before its queue overflows.
func TestOpening(t *testing.T) {
	plain := func(_ int, at int64) int64 { return at }
	for _, line := range []int{2_000_000, 3_000_000, 8_000_000} {
		e := opened(line, 20_000_000, 60, plain)
		if r := float64(e.Rate()) / float64(line); !e.Limited() || r < 0.7 || r > 1.1 {
			t.Errorf("a line of %d: estimate %d, limited %v", line, e.Rate(), e.Limited())
		}
	}
	if e := opened(100_000_000, 20_000_000, 60, plain); e.Limited() || !e.Opened() || e.Rate() < 20_000_000 {
		t.Errorf("a quick line: estimate %d, limited %v, opened %v", e.Rate(), e.Limited(), e.Opened())
	}
	if e := opened(100_000_000, 4_000_000, 20, plain); e.Limited() || e.Opened() && e.Rate() < 20_000_000 {
		t.Errorf("little sent: estimate %d, limited %v", e.Rate(), e.Limited())
	}
}

// A receiver that stands still for a moment, or reads in bursts, is no slow path.
func TestOpeningOfBusyReceiver(t *testing.T) {
	pause := func(from, to int64) func(int, int64) int64 {
		return func(_ int, at int64) int64 {
			if at >= from && at < to {
				return to
			}
			return at
		}
	}
	for name, seen := range map[string]func(int, int64) int64{
		"at the start":          pause(15*ms, 45*ms),
		"in the middle":         pause(25*ms, 65*ms),
		"every 10 ms":           func(_ int, at int64) int64 { return (at/(10*ms) + 1) * 10 * ms },
		"with 0.5 ms of jitter": func(i int, at int64) int64 { return at + int64(i*7%5)*ms/8 },
	} {
		if e := opened(100_000_000, 20_000_000, 100, seen); e.Limited() {
			t.Errorf("a pause %s: estimate %d", name, e.Rate())
		}
	}
}
