package web

import (
	"encoding/json"
	"time"

	"sightline/internal/fault"
)

// clearableTime is an instant in a change of a record: absent leaves it, null or
// "" takes it away.
type clearableTime struct {
	set bool
	at  time.Time
}

// UnmarshalJSON is called for null too, which a plain pointer cannot tell from absent.
func (c *clearableTime) UnmarshalJSON(b []byte) error {
	c.set = true
	if s := string(b); s == "null" || s == `""` {
		c.at = time.Time{}
		return nil
	}
	if err := json.Unmarshal(b, &c.at); err != nil {
		return fault.New(fault.Malformed, fault.CodeBadJSON, "A time is not written as RFC 3339, such as 2026-05-01T09:00:00Z.")
	}
	return nil
}

// patch is the change as services take it: nil leaves, zero clears.
func (c clearableTime) patch() *time.Time {
	if !c.set {
		return nil
	}
	return &c.at
}
