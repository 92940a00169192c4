package authz

import (
	"testing"
	"time"
)

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
