// Package secret holds values that must never reach a log, a page or an error:
// whatever prints a String, prints ***.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"log/slog"
)

const mask = "***"

// String is a secret text. Every way of printing or encoding it yields "***";
// Reveal is the one way to the value and is meant to be found by grep.
type String struct{ v string }

// New wraps a secret text.
func New(v string) String { return String{v} }

// Random returns a new secret of 256 bits from crypto/rand in unpadded base64url (43 characters).
func Random() String {
	var b [32]byte
	rand.Read(b[:]) // cannot fail since Go 1.24
	return String{base64.RawURLEncoding.EncodeToString(b[:])}
}

// Reveal returns the secret itself.
func (s String) Reveal() string { return s.v }

// Empty reports whether there is no secret.
func (s String) Empty() bool { return s.v == "" }

// Hash is the SHA-256 of the secret: what a store may keep of it.
func (s String) Hash() [32]byte { return sha256.Sum256([]byte(s.v)) }

// Equal compares in constant time.
func (s String) Equal(o String) bool {
	a, b := s.Hash(), o.Hash()
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

func (s String) String() string               { return mask }
func (s String) GoString() string             { return mask }
func (s String) LogValue() slog.Value         { return slog.StringValue(mask) }
func (s String) MarshalText() ([]byte, error) { return []byte(mask), nil }

// UnmarshalText takes the value as it is, so that request bodies and
// configuration can carry secrets in. The mask itself is kept as given: callers
// refuse it where a client could send back what it was shown (threat T14).
func (s *String) UnmarshalText(b []byte) error { s.v = string(b); return nil }

// IsMask reports whether the value is the mask, i.e. a client sent back what it was shown.
func (s String) IsMask() bool { return s.v == mask }
