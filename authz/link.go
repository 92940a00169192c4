package authz

import "time"

// LinkKind tells the two kinds of link apart.
type LinkKind string

const (
	LinkShare     LinkKind = "share"     // several cameras, until deleted; 3 an account
	LinkTemporary LinkKind = "temporary" // one camera, a fixed window; 10 open a camera
)

// Link lets whoever holds its secret watch. A removed link has no record: its
// secret is as unknown as one that never was.
type Link struct {
	head
	ID              string    `json:"id"`
	Kind            LinkKind  `json:"kind"`
	Owner           string    `json:"owner"`
	Name            string    `json:"name,omitempty"`
	Cameras         []string  `json:"cameras"` // ≥ 1, in the owner's order
	Starts          time.Time `json:"starts,omitzero"`
	Ends            time.Time `json:"ends,omitzero"` // exclusive
	Paused          bool      `json:"paused,omitempty"`
	PausedSince     time.Time `json:"paused_since,omitzero"`
	SecretHash      []byte    `json:"secret_hash"` // SHA-256; its key in the index
	Sealed          string    `json:"sealed"`      // the secret, for copying it again
	PasswordHash    string    `json:"password_hash,omitempty"`
	PasswordVersion int       `json:"password_version,omitempty"`
	MaxViewers      int       `json:"max_viewers,omitempty"` // 0: no own limit
	Sound           bool      `json:"sound,omitempty"`
	Note            string    `json:"note,omitempty"`
	Blocks          []Block   `json:"blocks,omitempty"`
	CreatedAt       time.Time `json:"created_at"`
}

// goneLink remembers that a secret was a link's, so that who opens the link
// again is not taken for somebody guessing (R106).
type goneLink struct {
	head
	Ends time.Time `json:"ends"`
}

// Block keeps an address (IPv6: its /64) away from a link for a while.
type Block struct {
	ID     string    `json:"id,omitempty"`
	Prefix string    `json:"prefix"`
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until"`
}

// Has reports whether the camera is in the link.
func (l *Link) Has(camera string) bool {
	for _, c := range l.Cameras {
		if c == camera {
			return true
		}
	}
	return false
}

// Visit is one guest's browser on one link. Its id is the first half of the
// SHA-256 of the cookie; the cookie itself is stored nowhere.
type Visit struct {
	head
	ID              string    `json:"id"`
	Link            string    `json:"link"`
	Hash            []byte    `json:"hash"`
	IP              string    `json:"ip,omitempty"`
	Browser         string    `json:"browser,omitempty"`
	Owner           bool      `json:"owner,omitempty"` // the link's owner himself: not counted (R86)
	PasswordVersion int       `json:"password_version,omitempty"`
	Stopped         bool      `json:"stopped,omitempty"` // by the owner
	CreatedAt       time.Time `json:"created_at"`
	UsedAt          time.Time `json:"used_at"` // to the hour
	Ends            time.Time `json:"ends"`    // 24 h after use
}
