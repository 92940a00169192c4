package archive

import (
	"time"

	"sightline/authz"
)

// hoursStep is the finest step of a schedule: what begins and ends in scheduled
// hours and is shorter lies in them.
const hoursStep = 15 * time.Minute

// Covered reports whether everything of a span is within the bounds. An empty
// span is not.
func Covered(f authz.Footage, s Span) bool {
	if !s.From.Before(s.To) {
		return false
	}
	last := s.To.Add(-time.Microsecond)
	if !f.Covers(s.From) || !f.Covers(last) {
		return false
	}
	if f.Hours != nil {
		for at := s.From.Add(hoursStep); at.Before(last); at = at.Add(hoursStep) {
			if !f.Covers(at) {
				return false
			}
		}
	}
	return true
}

// Within cuts spans to the bounds. It goes from change to change of the hours,
// so what it costs grows with the days that the spans reach over.
func Within(f authz.Footage, spans []Span) []Span {
	if !f.Bounded() {
		return spans
	}
	var out []Span
	for _, s := range spans {
		if s.From.Before(f.From) {
			s.From = f.From
		}
		if !f.To.IsZero() && s.To.After(f.To) {
			s.To = f.To
		}
		out = append(out, inHours(f, s)...)
	}
	return out
}

func inHours(f authz.Footage, s Span) []Span {
	switch {
	case !s.From.Before(s.To), f.Hours != nil && f.Zone == nil:
		return nil
	case f.Hours == nil:
		return []Span{s}
	}
	var out []Span
	for at := s.From; at.Before(s.To); {
		next := f.Hours.Change(at, f.Zone)
		if next.IsZero() || next.After(s.To) {
			next = s.To
		}
		if f.Hours.Allows(at, f.Zone) {
			out = append(out, Span{at, next})
		}
		at = next
	}
	return out
}
