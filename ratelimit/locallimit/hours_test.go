package locallimit

import (
	"testing"
	"time"

	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/ratelimit"
	"sightline/ratelimit/slottest"
)

func TestHours(t *testing.T) {
	slottest.RunHours(t, func(t *testing.T, rules ratelimit.HoursRules) *slottest.HoursInstance {
		fake, dir := clock.NewFake(time.Now().Truncate(time.Minute)), t.TempDir()
		s := store(t, dir, fake)
		return &slottest.HoursInstance{Hours: NewHours(s, rules, fake), Advance: fake.Advance, Again: func() ratelimit.Hours {
			s.Close() // as a crash: nothing more is written
			return NewHours(store(t, dir, fake), rules, fake)
		}}
	})
}

func TestHoursAreWrittenAtCloseAndSwept(t *testing.T) {
	fake := clock.NewFake(time.Now())
	s := store(t, t.TempDir(), fake)
	h := NewHours(s, ratelimit.HoursRules{}, fake)
	_, err := h.Report(t.Context(), []ratelimit.HoursReport{{Link: "l", Sessions: []ratelimit.HoursSession{{ID: "a", Total: time.Second}}}})
	if err != nil || h.Close() != nil {
		t.Fatal(err)
	}
	records := func() int {
		snap, err := s.Read(t.Context(), space, nil, []kv.Scan{{Prefix: hoursPrefix}})
		if err != nil {
			t.Fatal(err)
		}
		return len(snap.Scans[0])
	}
	if records() != 1 {
		t.Fatal("nothing is written at the end")
	}
	h = NewHours(s, ratelimit.HoursRules{}, fake)
	fake.Advance(25 * time.Hour)
	if _, err := h.Report(t.Context(), nil); err != nil || records() != 0 {
		t.Errorf("%d records a day later, %v", records(), err)
	}
}

// A node that tells its totals every two seconds, as rooms do, and dies at any
// moment loses less than five seconds, also where others ask in between.
func TestR79_ACrashLosesLessThanFiveSeconds(t *testing.T) {
	fake := clock.NewFake(time.Now())
	s := store(t, t.TempDir(), fake)
	h := NewHours(s, ratelimit.HoursRules{}, fake)
	const step = 250 * time.Millisecond
	for at := step; at <= 30*time.Second; at += step {
		fake.Advance(step)
		left, err := NewHours(s, ratelimit.HoursRules{}, fake).Usage(t.Context(), "l")
		if err != nil {
			t.Fatal(err)
		}
		if lost := at - left.Used; lost >= 5*time.Second {
			t.Fatalf("%v are written of %v", left.Used, at)
		}
		tell := ratelimit.HoursReport{Link: "l"}
		if at%(2*time.Second) == 0 {
			tell.Sessions = []ratelimit.HoursSession{{ID: "a", Total: at}}
		} else if at%(3*time.Second+step) != 0 { // somebody asks now and then
			continue
		}
		if _, err := h.Report(t.Context(), []ratelimit.HoursReport{tell}); err != nil {
			t.Fatal(err)
		}
	}
}
