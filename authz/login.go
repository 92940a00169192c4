package authz

import "time"

// Login is one browser an account is signed in with. Its id is the first half
// of the SHA-256 of the cookie (of a kiosk: of the secret in its address), the
// record keeps the whole hash of the cookie: the cookie itself is stored nowhere.
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

	// Of a kiosk; it does not idle out. Hash is empty until its address was
	// opened: until then nobody is signed in with it, and Ends is that address's.
	Kind   string        `json:"kind,omitempty"` // "" or LoginKiosk
	Name   string        `json:"name,omitempty"`
	View   string        `json:"view,omitempty"`   // view id; "" = all cameras of the account
	Life   time.Duration `json:"life,omitempty"`   // from the opening; 0 = until ended
	Patrol time.Duration `json:"patrol,omitempty"` // how long a page is shown
	Opened time.Time     `json:"opened,omitzero"`  // when its address was opened
}

// Waits reports whether a kiosk's address has not been opened yet.
func (l *Login) Waits() bool { return l.Kind == LoginKiosk && l.Opened.IsZero() }

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
