package event

// AccountChanged says that an account was made or changed (name, plan, state).
type AccountChanged struct {
	Account string `json:"account"`
}

func (AccountChanged) Type() string { return "account_changed" }

// LoginEnded says that a login was ended before its time. Reason is a decision
// reason of authz (login_ended, account_suspended …).
type LoginEnded struct {
	Account string `json:"account"`
	Login   string `json:"login"`
	Reason  string `json:"reason,omitempty"`
}

func (LoginEnded) Type() string { return "login_ended" }
