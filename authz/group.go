package authz

import "time"

// Group shares its participants' cameras among them. A deleted group has no record.
type Group struct {
	head
	ID             string    `json:"id"`
	Name           string    `json:"name"`
	Administrators int       `json:"administrators"` // never 0 while it lives (R49)
	Participants   int       `json:"participants"`
	CreatedAt      time.Time `json:"created_at"`
}

// Participant is one account in one group.
type Participant struct {
	head
	Group    string    `json:"group"`
	Account  string    `json:"account"`
	Role     Role      `json:"role"`
	JoinedAt time.Time `json:"joined_at"`
	Shares   int       `json:"shares,omitempty"` // cameras ever shared: whoever ends this misses none
}

// ShareCode lets people join a group (R44, R45). Viewer and member codes are
// reusable, an administrator invitation is for one e-mail address and one use.
type ShareCode struct {
	head
	ID        string        `json:"id"`
	Group     string        `json:"group"`
	Role      Role          `json:"role"`
	Hash      []byte        `json:"hash"`             // SHA-256 of the normalised code
	Sealed    string        `json:"sealed,omitempty"` // the code, for showing it again
	Email     string        `json:"email,omitempty"`
	Uses      int           `json:"uses"`
	MaxUses   int           `json:"max_uses,omitempty"` // 0: no limit
	CreatedBy string        `json:"created_by"`
	CreatedAt time.Time     `json:"created_at"`
	Life      time.Duration `json:"life"` // of one text; a new one gets it again
	Ends      time.Time     `json:"ends"`
}
