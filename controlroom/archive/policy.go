package archive

import (
	"time"

	"sightline/authz"
	"sightline/internal/fault"
)

// Modes of recording.
const (
	ModeOff        = "off"
	ModeContinuous = "continuous"
	ModeSchedule   = "schedule"
	ModeNotice     = "notice"
)

// Policy is how a camera is recorded. The zero value is off.
type Policy struct {
	Mode      string          `json:"mode"`  // off, continuous, schedule, notice; "" is off
	Layer     Layer           `json:"layer"` // "" is main; a camera with one layer records that
	Hours     *authz.Schedule `json:"hours,omitempty"`
	PreRoll   int             `json:"pre_roll_s"`  // seconds before a notice: 0-10
	PostRoll  int             `json:"post_roll_s"` // seconds after a notice: 5-300; 0 is 30
	KeepDays  int             `json:"keep_days"`   // 0: no limit by age
	KeepBytes int64           `json:"keep_bytes"`  // 0: no limit of its own
	Sound     bool            `json:"sound"`
}

const (
	maxPreRoll  = 10
	minPostRoll = 5
	maxPostRoll = 300
	maxKeepDays = 3650
	minKeep     = 64 << 20 // bytes: a segment or two
)

// Check refuses what cannot be meant, with fault.Invalid on the field, and fills
// in what was left out.
func (p Policy) Check() (Policy, error) {
	if p.Mode == "" {
		p.Mode = ModeOff
	}
	if p.Layer == "" {
		p.Layer = Main
	}
	if p.PostRoll == 0 {
		p.PostRoll = 30
	}
	switch {
	case p.Mode != ModeOff && p.Mode != ModeContinuous && p.Mode != ModeSchedule && p.Mode != ModeNotice:
		return p, fault.Field("mode", fault.CodeBadValue, "Recording is off, continuous, schedule or notice.")
	case p.Layer != Main && p.Layer != Sub:
		return p, fault.Field("layer", fault.CodeBadValue, "A layer is main or sub.")
	case p.Mode == ModeSchedule && p.Hours == nil:
		return p, fault.Field("hours", fault.CodeRequired, "Recording on schedule needs its hours.")
	case p.PreRoll < 0 || p.PreRoll > maxPreRoll:
		return p, fault.Field("pre_roll_s", fault.CodeBadValue, "The time before a notice is 0 to 10 seconds.")
	case p.PostRoll < minPostRoll || p.PostRoll > maxPostRoll:
		return p, fault.Field("post_roll_s", fault.CodeBadValue, "The time after a notice is 5 to 300 seconds.")
	case p.KeepDays < 0 || p.KeepDays > maxKeepDays:
		return p, fault.Field("keep_days", fault.CodeBadValue, "Footage is kept for 1 to 3650 days, or 0 for no limit.")
	case p.KeepBytes < 0 || p.KeepBytes > 0 && p.KeepBytes < minKeep:
		return p, fault.Field("keep_bytes", fault.CodeBadValue, "The least a camera may keep is 64 MB; 0 is no limit of its own.")
	}
	return p, p.Hours.Validate()
}

// wants says whether a policy that hears no notice records at t, and when that
// changes; zero: not within 15 days.
func (p Policy) wants(t time.Time, zone *time.Location) (on bool, change time.Time) {
	switch p.Mode {
	case ModeContinuous:
		return true, time.Time{}
	case ModeSchedule:
		return p.Hours.Allows(t, zone), p.Hours.Change(t, zone)
	}
	return false, time.Time{}
}
