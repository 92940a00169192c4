package authz

import (
	_ "embed"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"sightline/internal/fault"
	"sightline/internal/secret"
)

const (
	minPassword = 10
	maxPassword = 128
)

//go:embed worst.txt
var worstPasswords string

// normalPassword checks the rules for a new password: 10 to 128 characters
// after NFC, none of the worst, not made of one's own name or address.
func normalPassword(field string, p secret.String, own ...string) (string, error) {
	if !utf8.ValidString(p.Reveal()) {
		return "", fault.Field(field, fault.CodeBadValue, "The password is not valid text.")
	}
	s := norm.NFC.String(p.Reveal())
	switch n := utf8.RuneCountInString(s); {
	case p.IsMask(), n < minPassword:
		return "", fault.Field(field, fault.CodeTooShort, "A password has at least 10 characters.")
	case n > maxPassword:
		return "", fault.Field(field, fault.CodeTooLong, "A password has at most 128 characters.")
	case weak(s, own):
		return "", fault.Field(field, fault.CodeWeakPassword, "This password is among the first that are tried. Choose another one.")
	}
	return s, nil
}

func weak(s string, own []string) bool {
	s = strings.ToLower(s)
	seen := make(map[rune]bool)
	for _, r := range s {
		seen[r] = true
	}
	if len(seen) < 4 {
		return true
	}
	for p := 1; p <= len(s)/3; p++ { // one short piece again and again
		if strings.HasPrefix(strings.Repeat(s[:p], len(s)/p+1), s) {
			return true
		}
	}
	for _, o := range own {
		if strings.EqualFold(o, s) {
			return true
		}
		if local, _, ok := strings.Cut(o, "@"); ok && utf8.RuneCountInString(local) >= minPassword && strings.EqualFold(local, s) {
			return true
		}
	}
	for line := range strings.Lines(worstPasswords) {
		if strings.TrimSpace(line) == s {
			return true
		}
	}
	return false
}
