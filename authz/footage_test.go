package authz

import (
	"testing"
	"time"
)

// TestFootage: both bounds half-open, scheduled hours by the wall clock of the
// camera, over a change of the clock too.
func TestFootage(t *testing.T) {
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	at := func(s string) time.Time {
		x, err := time.ParseInLocation("2006-01-02 15:04:05", s, kyiv)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	from, to := at("2026-10-20 00:00:00"), at("2026-10-30 12:00:00")
	hours := &Schedule{Intervals: []Interval{{Day: time.Sunday, From: 180, To: 240}}} // 03:00 to 04:00
	for _, c := range []struct {
		f    Footage
		at   time.Time
		want bool
	}{
		{Footage{}, at("1999-01-01 00:00:00"), true},
		{Footage{From: from}, from, true}, {Footage{From: from}, from.Add(-time.Nanosecond), false},
		{Footage{To: to}, to, false}, {Footage{To: to}, to.Add(-time.Nanosecond), true},
		{Footage{From: to, To: from}, to, false},
		{Footage{Hours: hours, Zone: kyiv}, at("2026-10-18 03:00:00"), true},
		{Footage{Hours: hours, Zone: kyiv}, at("2026-10-18 04:00:00"), false},
		// 25 October: 03:00 to 04:00 comes twice, from 00:00 and from 01:00 UTC on.
		{Footage{Hours: hours, Zone: kyiv}, time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), true},
		{Footage{Hours: hours, Zone: kyiv}, time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC), true},
		{Footage{Hours: hours, Zone: kyiv}, time.Date(2026, 10, 25, 2, 30, 0, 0, time.UTC), false},
		{Footage{Hours: hours}, at("2026-10-18 03:00:00"), false}, // a zone nobody knows
		{Footage{Hours: &Schedule{}, Zone: kyiv}, at("2026-10-18 03:00:00"), false},
		{Footage{From: from, To: to, Hours: hours, Zone: kyiv}, at("2026-10-18 03:30:00"), false},
	} {
		if got := c.f.Covers(c.at); got != c.want {
			t.Errorf("%+v covers %s: %v", c.f, c.at, got)
		}
	}
}
