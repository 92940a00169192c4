package authz

import "time"

// Invitation lets one e-mail address make an account. Redeeming it verifies
// the address. Its id is the first half of the SHA-256 of the secret.
type Invitation struct {
	head
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	Hash      []byte    `json:"hash"`
	By        string    `json:"by,omitempty"` // account id, empty for the operator
	CreatedAt time.Time `json:"created_at"`
	Ends      time.Time `json:"ends"`
}

// Verification proves that an account's owner reads its e-mail.
type Verification struct {
	head
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Email   string    `json:"email"`
	Hash    []byte    `json:"hash"`
	Ends    time.Time `json:"ends"`
}

// Reset lets its bearer set a new password, once.
type Reset struct {
	head
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Hash    []byte    `json:"hash"`
	Ends    time.Time `json:"ends"`
}
