package authz

import "time"

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
