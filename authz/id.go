package authz

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"
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

// TimedID is an id for lists in the order of time: 48 bits of Unix milliseconds,
// then 80 bits that the caller makes of what it is about, so that the same thing
// gets the same id again. Zero bits sort before everything at or after t. It is
// for an account's own things, which nobody else can ask for.
func TimedID(t time.Time, rest [10]byte) string {
	var b [18]byte
	binary.BigEndian.PutUint64(b[:], uint64(max(t.UnixMilli(), 0)))
	copy(b[8:], rest[:])
	return idEncoding.EncodeToString(b[2:])
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
