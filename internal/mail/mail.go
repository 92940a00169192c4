// Package mail delivers letters to an SMTP server. What they say is written by
// who sends them.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"sightline/internal/secret"
)

// Ways to secure the connection to the SMTP server.
const (
	StartTLS = "starttls" // required, never silently left out
	TLS      = "tls"      // from the first byte
	Plain    = "plain"    // no encryption; with a login only to a loopback server
)

// Config of the SMTP server to send through.
type Config struct {
	Host     string        // name or address; required
	Port     int           // default 587 (starttls), 465 (tls), 25 (plain)
	Security string        // StartTLS (default), TLS or Plain
	User     string        // "" = no authentication
	Password secret.String // with User
	From     string        // sender, e.g. "Sightline <no-reply@example.org>"; required
	Hello    string        // name given in EHLO; default the host name
	Timeout  time.Duration // of one whole delivery; default 15 s
	RootCAs  []byte        // PEM, beside the system's: for a server of an own authority
}

// Letter is one letter to one person.
type Letter struct {
	ID       string // becomes the Message-ID: a repeat is the same letter
	To       string // address
	Name     string // of the receiver; may be empty
	Subject  string
	Language string // BCP 47 tag of the texts
	Text     string // plain text, required
	HTML     string // the same as a page; may be empty
}

// PermanentError says that trying again cannot help: a bad address, a refusal.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return "mail: refused for good: " + e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

// Sender sends letters. Safe for concurrent use; every delivery is a connection
// of its own, for the few letters there are.
type Sender struct {
	cfg    Config
	from   *mail.Address
	domain string
	roots  *x509.CertPool
}

// New checks the configuration; it does not connect.
func New(cfg Config) (*Sender, error) {
	if cfg.Host == "" {
		return nil, errors.New("mail: no host")
	}
	from, err := mail.ParseAddress(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("mail: the sender %q is not an address", cfg.From)
	}
	switch cfg.Security {
	case "":
		cfg.Security = StartTLS
	case StartTLS, TLS, Plain:
	default:
		return nil, fmt.Errorf("mail: security is %s, %s or %s, not %q", StartTLS, TLS, Plain, cfg.Security)
	}
	if cfg.Security == Plain && cfg.User != "" && !loopback(cfg.Host) {
		return nil, errors.New("mail: a password is not sent unencrypted; use starttls or tls")
	}
	if cfg.Port == 0 {
		cfg.Port = map[string]int{StartTLS: 587, TLS: 465, Plain: 25}[cfg.Security]
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 15 * time.Second
	}
	s := &Sender{cfg: cfg, from: from}
	_, s.domain, _ = strings.Cut(from.Address, "@")
	if len(cfg.RootCAs) > 0 {
		if s.roots, err = x509.SystemCertPool(); err != nil {
			s.roots = x509.NewCertPool()
		}
		if !s.roots.AppendCertsFromPEM(cfg.RootCAs) {
			return nil, errors.New("mail: no certificate in the given authorities")
		}
	}
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Send delivers one letter to the SMTP server. A *PermanentError means that trying
// again cannot help; after any other error the letter may or may not have arrived.
func (s *Sender) Send(ctx context.Context, l Letter) error {
	msg, err := s.message(l)
	if err != nil {
		return err
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return classify(err)
	}
	return nil
}

func (s *Sender) message(l Letter) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(l.To)
	if err != nil || strings.ContainsAny(l.To+l.Name+l.Subject+l.ID+l.Language, "\r\n\x00") || l.Text == "" {
		return nil, &PermanentError{errors.New("not a letter that can be sent")}
	}
	to.Name = l.Name
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(s.from)
	m.ToMailAddress(to)
	m.Subject(l.Subject)
	m.SetDate()
	m.SetMessageIDWithValue(l.ID + "@" + s.domain)
	m.SetGenHeader("Content-Language", l.Language)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office replies
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	if l.HTML != "" {
		m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	}
	return m, nil
}

func (s *Sender) client() (*gomail.Client, error) {
	opts := []gomail.Option{
		gomail.WithPort(s.cfg.Port), gomail.WithTimeout(s.cfg.Timeout), gomail.WithoutNoop(),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.cfg.Host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}),
	}
	switch s.cfg.Security {
	case StartTLS:
		opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case TLS:
		opts = append(opts, gomail.WithSSL())
	case Plain:
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
	}
	if s.cfg.Hello != "" {
		opts = append(opts, gomail.WithHELO(s.cfg.Hello))
	}
	if s.cfg.User != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if s.cfg.Security == Plain { // only to loopback (New)
			auth = gomail.SMTPAuthPlainNoEnc
		}
		opts = append(opts, gomail.WithSMTPAuth(auth),
			gomail.WithUsername(s.cfg.User), gomail.WithPassword(s.cfg.Password.Reveal()))
	}
	c, err := gomail.NewClient(s.cfg.Host, opts...)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return c, nil
}

// classify tells refusals of the letter from trouble with the server. A wrong
// login is the operator's to repair: letters wait for it.
func classify(err error) error {
	var se *gomail.SendError
	if errors.As(err, &se) && !se.IsTemp() {
		switch se.Reason {
		case gomail.ErrSMTPRcptTo, gomail.ErrGetRcpts, gomail.ErrSMTPData, gomail.ErrSMTPDataClose, gomail.ErrSMTPMailFrom:
			if code := se.ErrorCode(); code >= 500 && code < 600 {
				return &PermanentError{err}
			}
		}
	}
	return fmt.Errorf("mail: %w", err)
}
