package authz

import "time"

// archiveGuard is how old recorded video is before somebody without the live
// picture may see it (R13): an archive without delay would be the live picture.
const archiveGuard = time.Minute

// Footage bounds what recorded video, and images of it, an allowed decision is
// about. The zero value bounds nothing.
type Footage struct {
	From time.Time // inclusive; zero: from the oldest on (R21, "only footage from today on")
	To   time.Time // exclusive, moves on with every decision; zero: to the newest (R13)
	// Hours, when not nil, leaves only what was taken in scheduled hours of Zone
	// (R21, "only footage from scheduled hours").
	Hours *Schedule
	Zone  *time.Location
}

// Covers reports whether something taken at an instant is within the bounds.
func (f Footage) Covers(at time.Time) bool {
	switch {
	case !f.From.IsZero() && at.Before(f.From), !f.To.IsZero() && !at.Before(f.To):
		return false
	case f.Hours != nil:
		return f.Zone != nil && f.Hours.Allows(at, f.Zone)
	}
	return true
}

// Bounded reports whether anything is left out.
func (f Footage) Bounded() bool { return !f.From.IsZero() || !f.To.IsZero() || f.Hours != nil }

// bounds are those of an action that is about what was: of notices without the
// guard, for they show no picture.
func bounds(act Action, g *Grant, zone *time.Location, guard time.Duration, now time.Time) Footage {
	var f Footage
	switch act {
	case ActArchive, ActDownload, ActImages:
		f = footage(g, zone, guard, now)
	case ActNotices:
		f = footage(g, zone, guard, now)
		f.To = time.Time{}
	}
	return f
}

// footage is what a grant's archive reaches at an instant. A zone nobody knows
// leaves nothing of scheduled hours.
func footage(g *Grant, zone *time.Location, guard time.Duration, now time.Time) Footage {
	var f Footage
	if !g.Levels.Has(LevelOnline) {
		if guard <= 0 {
			guard = archiveGuard
		}
		f.To = now.Add(-guard)
	}
	if g.OnlyFrom {
		f.From = g.From
	}
	if g.OnlyHours && g.Schedule != nil {
		f.Hours, f.Zone = g.Schedule, zone
	}
	return f
}
