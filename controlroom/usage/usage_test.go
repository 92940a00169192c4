package usage

import (
	"context"
	"testing"
	"time"

	"sightline/ratelimit"
)

// TestR81_States: normal, near from 80 %, throttled when all is used.
func TestR81_States(t *testing.T) {
	for _, c := range []struct {
		used, budget int64
		want         State
	}{
		{0, 10, Normal}, {7, 10, Normal}, {8, 10, Near}, {9, 10, Near}, {10, 10, Throttled}, {11, 10, Throttled},
		{31, 40, Normal}, {32, 40, Near}, {39, 40, Near}, {40, 40, Throttled}, {0, 0, Throttled},
		{int64(8*time.Hour - 1), int64(10 * time.Hour), Normal}, {int64(8 * time.Hour), int64(10 * time.Hour), Near}, {int64(10 * time.Hour), int64(10 * time.Hour), Throttled},
	} {
		if got := StateOf(c.used, c.budget, 80); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.used, c.budget, got, c.want)
		}
	}
	for _, c := range []struct {
		in   []State
		want State
	}{{[]State{Normal, Normal}, Normal}, {[]State{Near, Normal}, Near}, {[]State{Throttled, Near}, Throttled}, {[]State{Near, Throttled, Normal}, Throttled}} {
		if got := worst(c.in...); got != c.want {
			t.Errorf("%v: %s", c.in, got)
		}
	}
}

type counters struct {
	slots, updates ratelimit.Window
	hours          ratelimit.HoursUsage
}

func (c counters) SlotUsage(context.Context, string) (ratelimit.Window, error) { return c.slots, nil }
func (c counters) SlotVisits(context.Context, string) (map[string]bool, error) {
	return map[string]bool{}, nil
}
func (c counters) UpdateUsage(context.Context, string) (ratelimit.Window, error) {
	return c.updates, nil
}
func (c counters) Usage(context.Context, string) (ratelimit.HoursUsage, error) { return c.hours, nil }
func (c counters) Report(context.Context, []ratelimit.HoursReport) ([]ratelimit.HoursAnswer, error) {
	return nil, nil
}
func (c counters) Close() error { return nil }

// TestR83_TellsWhenWhatIsUsedFrees, pieces of one minute together, viewing time by the hour.
func TestR83_TellsWhenWhatIsUsedFrees(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return now.Add(d) }
	c := counters{
		slots:   ratelimit.Window{Budget: 10, Now: now, Frees: []time.Time{at(time.Hour), at(time.Hour + 20*time.Second), at(3 * time.Hour)}},
		updates: ratelimit.Window{Budget: 40, Now: now},
		hours: ratelimit.HoursUsage{HoursAnswer: ratelimit.HoursAnswer{Used: 9 * time.Hour, Budget: 10 * time.Hour, Now: now}, Addresses: 257,
			Buckets: []ratelimit.HoursBucket{{At: at(-24 * time.Hour).Add(time.Minute), Used: 2 * time.Hour}, {At: at(-23*time.Hour - 10*time.Minute), Used: 3 * time.Hour}, {At: at(-time.Minute), Used: 4 * time.Hour}}},
	}
	b, err := New(Config{Slots: c, Updates: c, Hours: c})
	if err != nil {
		t.Fatal(err)
	}
	l, err := b.Link(t.Context(), "l")
	if err != nil || l.State != Near || l.Users.State != Normal || l.Viewing.State != Near || l.Updates.State != Normal || l.Addresses != 257 {
		t.Fatalf("%+v, %v", l, err)
	}
	if f := l.Users.Frees; len(f) != 2 || f[0].N != 2 || !f[0].At.Equal(at(time.Hour+20*time.Second)) || f[1].N != 1 {
		t.Errorf("users free: %+v", f)
	}
	if f := l.Viewing.Frees; len(f) != 2 || f[0].N != 5*3600 || !f[0].At.Equal(at(50*time.Minute)) || f[1].N != 4*3600 {
		t.Errorf("viewing frees: %+v", f)
	}
	// Hours begin by the clock: of the oldest half is left, the newest has run for half.
	if h := l.Hourly; len(h) != 25 || h[0].Viewed != 2*time.Hour || h[1].Viewed != 3*time.Hour || h[24].Viewed != 4*time.Hour ||
		!h[0].From.Equal(at(-24*time.Hour)) || !h[0].To.Equal(at(-23*time.Hour-30*time.Minute)) || !h[24].From.Equal(at(-30*time.Minute)) || !h[24].To.Equal(now) {
		t.Errorf("hours: %+v", h)
	}
}

// R76: the bar, what frees and the hours tell one figure: half seconds are not
// cut in one place and rounded in another.
func TestR76_ViewingTimeIsRoundedAlike(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)
	for used, want := range map[time.Duration]int64{32400 * time.Millisecond: 32, 32500 * time.Millisecond: 33, 32900 * time.Millisecond: 33} {
		c := counters{hours: ratelimit.HoursUsage{HoursAnswer: ratelimit.HoursAnswer{Used: used, Budget: 10 * time.Hour, Now: now},
			Buckets: []ratelimit.HoursBucket{{At: now.Add(-time.Minute), Used: used}}}}
		b, err := New(Config{Slots: c, Updates: c, Hours: c})
		if err != nil {
			t.Fatal(err)
		}
		l, err := b.Link(t.Context(), "l")
		if err != nil {
			t.Fatal(err)
		}
		var all time.Duration
		for _, h := range l.Hourly {
			all += h.Viewed.Round(time.Second)
		}
		if l.Viewing.Used != want || len(l.Viewing.Frees) != 1 || l.Viewing.Frees[0].N != want || all != time.Duration(want)*time.Second {
			t.Errorf("%v: the bar says %d, what frees %+v, the hours %v, want %d", used, l.Viewing.Used, l.Viewing.Frees, all, want)
		}
	}
}
