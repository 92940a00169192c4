package authz

import "time"

// Plan is what an account may use. Decisions use EffectivePlan.
type Plan string

const (
	PlanTrial    Plan = "trial"
	PlanMini     Plan = "mini"
	PlanStandard Plan = "standard"
	PlanPro      Plan = "pro"
)

// AccountState is whether an account may be used.
type AccountState string

const (
	AccountActive    AccountState = "active"
	AccountSuspended AccountState = "suspended"
)

// Account is a person's account. A closed account has no record.
type Account struct {
	head
	ID              string       `json:"id"`
	Email           string       `json:"email"` // normalised by NormalEmail
	EmailVerified   bool         `json:"email_verified,omitempty"`
	Name            string       `json:"name"`
	Language        string       `json:"language"` // catalogue, e.g. "en"
	Zone            string       `json:"zone"`     // IANA name
	Theme           string       `json:"theme,omitempty"`
	NoShortcuts     bool         `json:"no_shortcuts,omitempty"`
	Hidden          bool         `json:"hidden,omitempty"`      // opted out of discovery (R7)
	UsageMails      bool         `json:"usage_mails,omitempty"` // wants mail too when a link's budget is used (R84)
	Plan            Plan         `json:"plan"`
	PlanSince       time.Time    `json:"plan_since,omitzero"` // when it was moved to this plan; zero: since it was made
	TrialEnds       time.Time    `json:"trial_ends,omitzero"` // plan trial: mini from then on
	State           AccountState `json:"state"`
	StateSince      time.Time    `json:"state_since,omitzero"`
	InstanceAdmin   bool         `json:"instance_admin,omitempty"`
	LoginGeneration uint64       `json:"login_generation"` // logins of an earlier one have ended
	Groups          []string     `json:"groups,omitempty"` // group ids, ≤ 64
	CreatedAt       time.Time    `json:"created_at"`
}

// EffectivePlan is the plan at t: a trial that is over is mini (R3).
func (a *Account) EffectivePlan(t time.Time) Plan {
	if a.Plan == PlanTrial && !a.TrialEnds.IsZero() && !t.Before(a.TrialEnds) {
		return PlanMini
	}
	return a.Plan
}

// Credential is an account's password, kept apart so that no decision reads it.
type Credential struct {
	head
	Hash      string    `json:"hash"` // PHC string, argon2id
	ChangedAt time.Time `json:"changed_at"`
}
