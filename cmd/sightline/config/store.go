package config

import (
	"fmt"
	"net/url"
	"strings"
)

// Bolt is the store address of the embedded store.
const Bolt = "bolt"

// schemes are the first parts a Redis address may have.
var schemes = []string{"redis", "rediss"}

// StoreURL is where the records are. It may hold a password: printing it masks that.
type StoreURL struct{ raw string }

// UnmarshalText checks the scheme; the backend checks the rest.
func (s *StoreURL) UnmarshalText(b []byte) error {
	raw := strings.TrimSpace(string(b))
	if raw != Bolt {
		scheme, _, ok := strings.Cut(raw, "://")
		known := false
		for _, k := range schemes {
			known = known || k == scheme
		}
		if !ok || !known {
			return fmt.Errorf("neither bolt nor an address such as redis://localhost:6379")
		}
		if _, err := url.Parse(raw); err != nil {
			return fmt.Errorf("not an address such as redis://user:password@localhost:6379") // err would show the password
		}
	}
	s.raw = raw
	return nil
}

// Embedded reports whether the records are in the data folder.
func (s StoreURL) Embedded() bool { return s.raw == Bolt || s.raw == "" }

// Reveal returns the address with its password.
func (s StoreURL) Reveal() string {
	if s.raw == "" {
		return Bolt
	}
	return s.raw
}

// String masks the password.
func (s StoreURL) String() string {
	if s.Embedded() {
		return Bolt
	}
	u, err := url.Parse(s.raw)
	if err != nil {
		return "***"
	}
	masked := ""
	if u.User != nil {
		masked = url.PathEscape(u.User.Username())
		if _, has := u.User.Password(); has {
			masked += ":***"
		}
		masked += "@"
	}
	q := u.Query()
	for k := range q {
		if strings.Contains(strings.ToLower(k), "pass") {
			q.Set(k, "***")
		}
	}
	out := u.Scheme + "://" + masked + u.Host + u.EscapedPath()
	if len(q) > 0 {
		out += "?" + strings.ReplaceAll(q.Encode(), "%2A%2A%2A", "***")
	}
	return out
}

// MarshalText masks the password.
func (s StoreURL) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
