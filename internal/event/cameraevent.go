package event

import "sightline/internal/kv"

// CameraEvents is the space of what cameras report, with a feed of its own: a
// busy camera wakes none of those who follow the control space.
const CameraEvents = kv.Space("events")

// CameraEvent says that something began at a camera (controlroom/events). It is
// written once for an event however many reports it is made of, in the same
// commit; of its end nothing is said here.
type CameraEvent struct {
	ID     string `json:"id"` // of the event, sorts by time
	Camera string `json:"camera"`
	Kind   string `json:"kind"`
	Source string `json:"source"`
	Text   string `json:"text,omitempty"` // of a hook; a person's words
	At     int64  `json:"at"`             // Unix ms
}

func (CameraEvent) Type() string { return "camera_event" }
