package authz

import "time"

// GrantState is the recipient's answer to an offer. Expired is not a state:
// it follows from Until.
type GrantState string

const (
	GrantOffered  GrantState = "offered"
	GrantAccepted GrantState = "accepted"
	GrantRejected GrantState = "rejected"
)

// Grant gives one account levels on one camera; it is an offer until accepted.
// There is at most one per (camera, account) (R10); a revoked one has no record.
type Grant struct {
	head
	ID         string     `json:"id"`
	Camera     string     `json:"camera"`
	Account    string     `json:"account"`         // "" while it waits for somebody to register
	Email      string     `json:"email,omitempty"` // whom it waits for; "" once it has an account
	State      GrantState `json:"state"`
	Levels     Levels     `json:"levels"`
	Schedule   *Schedule  `json:"schedule,omitempty"` // nil: always; empty: never
	Until      time.Time  `json:"until,omitzero"`     // exclusive
	Message    string     `json:"message,omitempty"`
	From       time.Time  `json:"from"`                 // when it was first saved
	OnlyHours  bool       `json:"only_hours,omitempty"` // only footage from scheduled hours (R21)
	OnlyFrom   bool       `json:"only_from,omitempty"`  // only footage from From on (R21)
	AnsweredAt time.Time  `json:"answered_at,omitzero"`
}

// Expired reports whether the active-until instant has passed.
func (g *Grant) Expired(now time.Time) bool { return !g.Until.IsZero() && !now.Before(g.Until) }

// Shown is the state an owner or recipient is shown: offered, accepted,
// declined or expired.
func (g *Grant) Shown(now time.Time) string {
	switch {
	case g.Expired(now):
		return "expired"
	case g.State == GrantRejected:
		return "declined"
	}
	return string(g.State)
}
