package notice

import "time"

// dailyAt is when a daily letter goes, in minutes of the day.
const dailyAt = 8 * 60

// zoneOf is where a person's hours are; UTC where the name means nothing any more.
func (c choices) zoneOf(account string) *time.Location {
	name := c.Quiet.Zone
	if name == "" {
		name = account
	}
	if z, err := time.LoadLocation(name); err == nil {
		return z
	}
	return time.UTC
}

// quiet reports whether t lies in the quiet hours, and when they end. Only the
// wall clock at the instant counts: of an hour that daylight saving skips nothing
// is quiet, of one that it repeats both are.
func (c choices) quiet(t time.Time, zone *time.Location) (ends time.Time, quiet bool) {
	if !c.Quiet.On {
		return t, false
	}
	from, ok1 := minutes(c.Quiet.From)
	to, ok2 := minutes(c.Quiet.To)
	if !ok1 || !ok2 || from == to || !inHours(t.In(zone), from, to) {
		return t, false
	}
	return next(t, zone, func(l time.Time) bool { return !inHours(l, from, to) }), true
}

func inHours(local time.Time, from, to int) bool {
	m := local.Hour()*60 + local.Minute()
	if from < to {
		return m >= from && m < to
	}
	return m >= from || m < to
}

// next is the first full minute after t that fits, within two days. Walking the
// instants never builds one out of a wall clock, which daylight saving makes
// ambiguous.
func next(t time.Time, zone *time.Location, fits func(time.Time) bool) time.Time {
	at := t.Truncate(time.Minute)
	for range 2 * 24 * 60 {
		at = at.Add(time.Minute)
		if fits(at.In(zone)) {
			return at
		}
	}
	return at
}

// letterDue is when a letter about something told at t goes, and whether it is
// one that gathers.
func (c choices) letterDue(t time.Time, zone *time.Location) (due time.Time, gathers bool) {
	due = t
	switch c.Digest {
	case DigestHourly:
		due, gathers = next(t, zone, func(l time.Time) bool { return l.Minute() == 0 }), true
	case DigestDaily:
		due, gathers = next(t, zone, func(l time.Time) bool { return l.Hour()*60+l.Minute() == dailyAt }), true
	}
	if ends, quiet := c.quiet(due, zone); quiet {
		return ends, true
	}
	return due, gathers
}
