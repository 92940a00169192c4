package event

// Audit is one audit row, committed with the change it records. It carries no
// secret and no free text of a request.
type Audit struct {
	Action  string            `json:"action"`            // e.g. "link.remove"
	Actor   string            `json:"actor,omitempty"`   // account id, visit id, or "" (nobody, the system)
	As      string            `json:"as,omitempty"`      // "account", "token", "guest", "operator", "system"
	Owner   string            `json:"owner,omitempty"`   // account whose audit log the row belongs to
	Object  string            `json:"object,omitempty"`  // id of what was changed
	Camera  string            `json:"camera,omitempty"`  // when it is about one
	Address string            `json:"address,omitempty"` // client address
	Detail  map[string]string `json:"detail,omitempty"`
}

func (Audit) Type() string { return "audit" }
