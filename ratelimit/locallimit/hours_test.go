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
