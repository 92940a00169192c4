package authz

import "time"

// Login is one browser an account is signed in with. Its id is the first half
// of the SHA-256 of the cookie, the record keeps the whole hash: the cookie
// itself is stored nowhere.
type Login struct {
	head
	ID         string    `json:"id"`
	Account    string    `json:"account"`
	Hash       []byte    `json:"hash"` // SHA-256 of the cookie
	Generation uint64    `json:"generation"`
	Browser    string    `json:"browser,omitempty"` // family, e.g. "Firefox"
	IP         string    `json:"ip,omitempty"`
	CreatedAt  time.Time `json:"created_at"`
	UsedAt     time.Time `json:"used_at"`   // to the hour
	IdleEnds   time.Time `json:"idle_ends"` // 24 h after use, moved on at most once an hour
	Ends       time.Time `json:"ends"`      // 30 d after sign-in
}

// Token is a personal access token. Like a login, but it does not idle out and
// survives a change of the password.
type Token struct {
	head
	ID        string    `json:"id"`
	Account   string    `json:"account"`
	Name      string    `json:"name"`
	Hash      []byte    `json:"hash"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at,omitzero"` // to the hour
	Ends      time.Time `json:"ends,omitzero"`    // zero: until revoked
}
