package authz

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"sightline/internal/fault"
)

const (
	maxEmail = 254
	maxName  = 60 // characters of any name: account, camera, link, group, token
	maxNote  = 500
)

// NormalEmail brings an e-mail address to the one form it is stored and
// compared in; fault.Invalid bad_email on field "email".
func NormalEmail(s string) (string, error) {
	bad := fault.Field("email", fault.CodeBadEmail, "That is not an e-mail address.")
	s = strings.ToLower(norm.NFC.String(strings.TrimSpace(s)))
	if s == "" {
		return "", fault.Field("email", fault.CodeRequired, "Enter an e-mail address.")
	}
	if len(s) > maxEmail || strings.ContainsFunc(s, func(r rune) bool { return unsafeRune(r) || unicode.IsSpace(r) }) {
		return "", bad
	}
	addr, err := mail.ParseAddress(s)
	if err != nil || addr.Address != s || addr.Name != "" || strings.ContainsAny(s, "<>\"(),:;\\[]") {
		return "", bad
	}
	return s, nil
}

// MaskEmail is how another person's address is shown: ol***@ex***.com (R7).
func MaskEmail(email string) string {
	local, domain, _ := strings.Cut(email, "@")
	name, tld := domain, ""
	if i := strings.LastIndexByte(domain, '.'); i >= 0 {
		name, tld = domain[:i], domain[i:]
	}
	return first(local, 2) + "***@" + first(name, 2) + "***" + tld
}

// first keeps at most n characters, and never all of them.
func first(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, max(0, len(r)-1))])
}

// unsafeRune is what no name may hold: controls, line and paragraph separators,
// and marks that turn text around.
func unsafeRune(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == unicode.ReplacementChar ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// cleanName trims and normalises a name of 1 to 60 characters.
func cleanName(field, s string) (string, error) {
	s = norm.NFC.String(strings.TrimSpace(s))
	switch n := len([]rune(s)); {
	case n == 0:
		return "", fault.Field(field, fault.CodeRequired, "Enter a name.")
	case n > maxName:
		return "", fault.Field(field, fault.CodeTooLong, "A name has at most 60 characters.")
	case strings.ContainsFunc(s, unsafeRune):
		return "", fault.Field(field, fault.CodeBadValue, "The name holds characters that cannot be shown.")
	}
	return s, nil
}

// CleanName is for names that people give to things outside this package: trimmed,
// normalised, 1 to 60 characters that can be shown.
func CleanName(field, s string) (string, error) { return cleanName(field, s) }

// SameName says whether two names are one to a person: case makes no difference.
func SameName(a, b string) bool { return folded(a) == folded(b) }

// cleanNote is for free text of an owner: at most 500 characters, may be empty.
func cleanNote(field, s string) (string, error) {
	s = norm.NFC.String(strings.TrimSpace(s))
	if len([]rune(s)) > maxNote {
		return "", fault.Field(field, fault.CodeTooLong, "The text has at most 500 characters.")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && unsafeRune(r) }) {
		return "", fault.Field(field, fault.CodeBadValue, "The text holds characters that cannot be shown.")
	}
	return s, nil
}

// folded is the form in which names are compared for being the same.
func folded(name string) string { return norm.NFC.String(strings.ToLower(strings.ToUpper(name))) }

func checkZone(s string) error {
	if s == "" || s == "Local" {
		return fault.Field("zone", fault.CodeBadZone, "There is no such time zone.")
	}
	if _, err := time.LoadLocation(s); err != nil {
		return fault.Field("zone", fault.CodeBadZone, "There is no such time zone.")
	}
	return nil
}

var languageForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

func (a *Authority) checkLanguage(s string) error {
	if !languageForm.MatchString(s) || a.cfg.Languages != nil && !slices.Contains(a.cfg.Languages, s) {
		return fault.Field("language", fault.CodeBadLanguage, "There is no such language here.")
	}
	return nil
}

func nfc(s string) string { return norm.NFC.String(s) }
