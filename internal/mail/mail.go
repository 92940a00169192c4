// Package mail sends the few letters the server writes: invitation,
// verification, reset. Texts come from the catalogues of internal/i18n.
package mail

import (
	"context"
	"time"

	"sightline/internal/secret"
)

// Config of the SMTP server to send through. Host empty means no mail: New returns nil.
type Config struct {
	Host     string        // name or address
	Port     int           // default 587 (starttls), 465 (tls), 25 (plain)
	Security string        // "starttls" (default, required), "tls" or "plain"
	User     string        // "" = no authentication
	Password secret.String //
	From     string        // address of the sender, e.g. "Sightline <no-reply@example.org>"
	Hello    string        // name given in EHLO; default the host name
	Timeout  time.Duration // of one whole delivery, default 15 s
	RootCAs  []byte        // PEM, in addition to the system's; for a server with an own authority
}

// Letter is one letter to one person.
type Letter struct {
	ID       string // becomes the Message-ID: a repeat is recognised as the same letter
	Kind     string // "invitation", "verification", "reset"
	To       string
	Language string
	Name     string // of the person; may be empty
	From     string // of the person who caused it (invitation); may be empty
	URL      string // the one-time link
	Until    time.Time
	Zone     string // of the person, for Until; "" = UTC
}

// Sender sends letters. Safe for concurrent use.
type Sender struct{ cfg Config }

// New checks the configuration; it does not connect.
func New(cfg Config) (*Sender, error) { panic("soon") }

// Send delivers one letter to the SMTP server. The error is a *PermanentError when
// trying again cannot help (5xx, bad address).
func (s *Sender) Send(ctx context.Context, l Letter) error { panic("soon") }
