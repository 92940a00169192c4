package authz

import "time"

// Registration is how new accounts come to be.
type Registration string

const (
	RegistrationClosed Registration = "closed"
	RegistrationInvite Registration = "invite"
	RegistrationOpen   Registration = "open" // needs mail
)

// Instance is the settings of the whole installation. It exists once set-up is
// done.
type Instance struct {
	head
	Registration    Registration `json:"registration"`
	Networks        []string     `json:"networks"` // CIDR networks cameras may be on
	LoopbackCameras bool         `json:"loopback_cameras,omitempty"`
	SetUpAt         time.Time    `json:"set_up_at"`
}
