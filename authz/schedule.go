package authz

import (
	"sort"
	"time"
	_ "time/tzdata" // zones are the program's own, whatever the machine has

	"sightline/internal/fault"
)

// Schedule is a week of wall-clock intervals in a camera's zone (R18-R20). A
// nil *Schedule means always; one without intervals means never.
type Schedule struct {
	Intervals []Interval `json:"intervals"`
}

// Interval allows the minutes [From, To) of a week day, From and To in minutes
// of the day in steps of 15, To up to 1440. To ≤ From crosses midnight and
// belongs to its start day.
type Interval struct {
	Day  time.Weekday `json:"day"` // 0 is Sunday
	From int          `json:"from"`
	To   int          `json:"to"`
}

const (
	dayMinutes  = 24 * 60
	weekMinutes = 7 * dayMinutes
	maxInterval = 7 * 96 // no more intervals than quarter hours in a week
)

// Validate checks ranges and steps; fault.Invalid on field "schedule".
func (s *Schedule) Validate() error {
	if s == nil {
		return nil
	}
	if len(s.Intervals) > maxInterval {
		return fault.Field("schedule", fault.CodeTooLong, "The schedule has too many intervals.")
	}
	for _, i := range s.Intervals {
		if !i.legal() {
			return fault.Field("schedule", fault.CodeBadValue, "Intervals are in steps of 15 minutes within a day.")
		}
	}
	return nil
}

func (i Interval) legal() bool {
	return i.Day >= time.Sunday && i.Day <= time.Saturday &&
		i.From >= 0 && i.From < dayMinutes && i.To >= 0 && i.To <= dayMinutes && i.From%15 == 0 && i.To%15 == 0
}

// length is the interval's wall-clock minutes, 15 to 1440.
func (i Interval) length() int {
	if i.To <= i.From {
		return i.To + dayMinutes - i.From
	}
	return i.To - i.From
}

// Allows reports whether the instant lies in an interval. Only the wall clock
// at that instant counts: an hour skipped by daylight saving grants nothing, a
// repeated one grants both (R20). An illegal interval grants nothing.
func (s *Schedule) Allows(t time.Time, zone *time.Location) bool {
	return s.allows(weekMinute(t.In(zone)))
}

func (s *Schedule) allows(minute int) bool {
	for _, i := range s.Intervals {
		if !i.legal() {
			continue
		}
		if since := (minute - int(i.Day)*dayMinutes - i.From + weekMinutes) % weekMinutes; since < i.length() {
			return true
		}
	}
	return false
}

func weekMinute(local time.Time) int {
	return int(local.Weekday())*dayMinutes + local.Hour()*60 + local.Minute()
}

// Change returns the first instant after t at which Allows differs from what it
// is at t; zero when there is none within 15 days. It walks the wall clock from
// edge to edge and stops at every change of the zone's offset, so it never
// builds an instant out of a wall clock (which daylight saving makes ambiguous).
func (s *Schedule) Change(t time.Time, zone *time.Location) time.Time {
	edges := s.edges()
	if len(edges) == 0 {
		return time.Time{}
	}
	local := t.In(zone)
	open := s.allows(weekMinute(local))
	for end := t.Add(15 * 24 * time.Hour); local.Before(end); {
		minute := weekMinute(local)
		next := edges[0] + weekMinutes
		if k := sort.SearchInts(edges, minute+1); k < len(edges) {
			next = edges[k]
		}
		into := time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		at := local.Add(time.Duration(next-minute)*time.Minute - into)
		if _, until := local.ZoneBounds(); !until.IsZero() && !at.Before(until) {
			at = until
		}
		local = at.In(zone)
		if s.allows(weekMinute(local)) != open {
			return local.UTC()
		}
	}
	return time.Time{}
}

// edges are the minutes of the week at which an interval begins or ends, sorted.
func (s *Schedule) edges() []int {
	var out []int
	for _, i := range s.Intervals {
		if i.legal() {
			from := int(i.Day)*dayMinutes + i.From
			out = append(out, from, (from+i.length())%weekMinutes)
		}
	}
	sort.Ints(out)
	return out
}
