package events

import "time"

// Kinds of events.
const (
	Motion  = "motion"
	Person  = "person"
	Vehicle = "vehicle"
	Sound   = "sound"
	Tamper  = "tamper"
	Input   = "input"   // a contact or a button
	Lost    = "lost"    // its connection, a moment
	Back    = "back"    // a moment
	Storage = "storage" // of its recording, a moment
)

// Sources of reports.
const (
	FromONVIF  = "onvif"
	FromHook   = "hook"
	FromStream = "stream"
	FromServer = "server"
)

// Report says that something is going on at a camera.
type Report struct {
	Camera string
	Kind   string
	Source string
	At     time.Time // zero, to come or more than an hour ago: now. Of more than a minute ago it is a moment by itself
	Active *bool     // nil: a moment; true begins, false ends
	Text   string    // at most 120 runes; of a hook, shown only to who may see notices
}

// Event is what reports were made into.
type Event struct {
	ID     string // sorts by From
	Camera string
	Kind   string
	Source string // of the report that began it
	Text   string // the newest that was given
	From   time.Time
	To     time.Time // zero: still going on
}
