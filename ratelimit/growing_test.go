package ratelimit

import (
	"testing"
	"time"
)

// TestR41_GrowingDelay: five tries, then a delay that doubles to its longest, and
// never for good.
func TestR41_GrowingDelay(t *testing.T) {
	now := int64(time.Hour)
	g := NewGrowing(func() int64 { return now }, 5, 10*time.Second, 15*time.Minute, 24*time.Hour)
	wrong := func(key string) time.Duration {
		done, retry, ok := g.Begin(key)
		if ok {
			done(Wrong)
		}
		return retry
	}
	for i := range 5 {
		if r := wrong("a"); r != 0 {
			t.Fatalf("try %d waits %v", i, r)
		}
	}
	want := 10 * time.Second
	for range 12 {
		if r := wrong("a"); r != want {
			t.Fatalf("waits %v, want %v", r, want)
		}
		if r := wrong("b"); want < 200*time.Second && r != 0 && want == 10*time.Second {
			t.Fatalf("another key waits %v", r)
		}
		now += int64(want)
		if r := wrong("a"); r != 0 {
			t.Fatalf("after the delay it waits %v", r)
		}
		want = min(2*want, 15*time.Minute)
	}
	// A right one clears; what was never looked at does not count.
	now += int64(15 * time.Minute)
	done, _, ok := g.Begin("a")
	if !ok {
		t.Fatal("shut for good")
	}
	done(Right)
	for range 20 {
		done, retry, ok := g.Begin("a")
		if !ok {
			t.Fatalf("untried ones count: %v", retry)
		}
		done(Untried)
	}
	// Parallel tries cannot pass together.
	passed := 0
	for range 10 {
		if _, _, ok := g.Begin("c"); ok {
			passed++
		}
	}
	if passed != 5 {
		t.Fatalf("%d passed at once", passed)
	}
	now += int64(25 * time.Hour)
	for range 5 {
		if r := wrong("c"); r != 0 {
			t.Fatalf("a day later it waits %v", r)
		}
	}
}
