package authz

import (
	"crypto/rand"
	"encoding/base32"
)

// idEncoding is lower-case Crockford base32: no i, l, o, u.
var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns 128 random bits as 26 characters of lower-case Crockford
// base32: the form of every id in the product. Ids are never derived from
// anything and never in sequence (threat T4).
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // cannot fail since Go 1.24
	return idEncoding.EncodeToString(b[:])
}

// ValidID reports whether s has the form of an id. Anything else is not looked
// up, so that no text of a client can become a part of a key.
func ValidID(s string) bool {
	if len(s) != 26 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= '0' && c <= '9' {
			continue
		}
		if c < 'a' || c > 'z' || c == 'i' || c == 'l' || c == 'o' || c == 'u' {
			return false
		}
	}
	return true
}
