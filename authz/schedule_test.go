package authz

import (
	"math/rand/v2"
	"testing"
	"time"
)

// oracle is the rule in its plainest form: look at the wall clock of the minute.
func oracle(s *Schedule, t time.Time, zone *time.Location) bool {
	l := t.In(zone)
	m := l.Hour()*60 + l.Minute()
	for _, i := range s.Intervals {
		switch wraps := i.To <= i.From; {
		case l.Weekday() == i.Day && m >= i.From && (wraps || m < i.To):
			return true
		case wraps && l.Weekday() == (i.Day+1)%7 && m < i.To:
			return true
		}
	}
	return false
}

// TestR20_SchedulesAgainstTheOracle walks every minute around the clock changes
// of some zones, and random weeks: membership and the next change must agree.
func TestR20_SchedulesAgainstTheOracle(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	zones := []string{"Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Africa/Casablanca", "Asia/Tehran", "Pacific/Apia", "America/Sao_Paulo", "UTC", "Asia/Kathmandu"}
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		var starts []time.Time
		for at := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2038 && len(starts) < 8; {
			_, end := at.In(zone).ZoneBounds()
			if end.IsZero() {
				break
			}
			starts = append(starts, end.Add(-26*time.Hour).Truncate(time.Minute).UTC())
			at = end.Add(time.Hour)
		}
		for range 2 {
			starts = append(starts, time.Date(2020+rng.IntN(17), time.Month(1+rng.IntN(12)), 1+rng.IntN(28), 0, 0, 0, 0, time.UTC))
		}
		for _, start := range starts {
			s := &Schedule{}
			for range 1 + rng.IntN(6) {
				s.Intervals = append(s.Intervals, Interval{Day: time.Weekday(rng.IntN(7)), From: 15 * rng.IntN(96), To: 15 * rng.IntN(97)})
			}
			// The oracle's changes within the span, minute by minute.
			span := 52 * 60
			change := make([]time.Time, span+1)
			next := time.Time{}
			for i := span; i >= 0; i-- {
				at := start.Add(time.Duration(i) * time.Minute)
				if oracle(s, at, zone) != oracle(s, at.Add(time.Minute), zone) {
					next = at.Add(time.Minute)
				}
				change[i] = next
			}
			for i := range span {
				at := start.Add(time.Duration(i)*time.Minute + time.Duration(rng.IntN(60))*time.Second)
				if got, want := s.Allows(at, zone), oracle(s, at, zone); got != want {
					t.Fatalf("%s %v %v: allows %v", name, at.In(zone), s, got)
				}
				if want := change[i]; !want.IsZero() {
					if got := s.Change(at, zone); !got.Equal(want) {
						t.Fatalf("%s %v %v: next change %v, want %v", name, at.In(zone), s, got.In(zone), want.In(zone))
					}
				}
			}
		}
	}
}

// FuzzSchedule: no schedule and no instant makes Change loop, panic or lie.
func FuzzSchedule(f *testing.F) {
	f.Add(int64(1_774_742_400), 0, 120, 300, "Europe/Kyiv")
	f.Add(int64(-1e12), 9, -15, 99999, "Pacific/Apia")
	f.Fuzz(func(t *testing.T, unix int64, day, from, to int, name string) {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Skip()
		}
		s := &Schedule{Intervals: []Interval{{Day: time.Weekday(day), From: from, To: to}}}
		at := time.Unix(unix%(1<<40), 0)
		if c := s.Change(at, zone); !c.IsZero() && (!c.After(at) || s.Allows(c, zone) == s.Allows(at, zone)) {
			t.Fatalf("%v %v: %v", s, at, c)
		}
	})
}
