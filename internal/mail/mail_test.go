package mail_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"sightline/internal/mail"
	"sightline/internal/mail/mailtest"
	"sightline/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var letter = mail.Letter{
	ID: "01abc", To: "olena@example.org", Name: "Олена", Subject: "Запрошення до Sightline", Language: "uk",
	Text: "Вітаємо!\n\nhttps://example.org/invite#" + strings.Repeat("x", 90) + "\n", HTML: "<p>Вітаємо!</p>",
}

func sink(t *testing.T, cfg mailtest.Config) *mailtest.Sink {
	t.Helper()
	s, err := mailtest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestSendEveryWay(t *testing.T) {
	for _, tc := range []struct {
		name, tls, security, user string
		encrypted                 bool
	}{
		{"plain", "", mail.Plain, "", false},
		{"plain with login on loopback", "", mail.Plain, "mailer", false},
		{"starttls", "starttls", mail.StartTLS, "", true},
		{"starttls with login", "starttls", "", "mailer", true},
		{"tls with login", "tls", mail.TLS, "mailer", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := sink(t, mailtest.Config{TLS: tc.tls, User: tc.user, Password: "geheim"})
			m, err := mail.New(mail.Config{
				Host: "127.0.0.1", Port: s.Port(), Security: tc.security, User: tc.user,
				Password: secret.New("geheim"), From: "Sightline <no-reply@example.org>", RootCAs: s.CA(),
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Send(t.Context(), letter); err != nil {
				t.Fatal(err)
			}
			got := s.Mails()
			if len(got) != 1 {
				t.Fatalf("%d letters", len(got))
			}
			g := got[0]
			if g.To != letter.To || g.From != "no-reply@example.org" || g.Subject != letter.Subject ||
				g.Text != letter.Text || strings.TrimSpace(g.HTML) != letter.HTML || g.Lang != "uk" ||
				g.ID != "01abc@example.org" || g.Encrypted != tc.encrypted || g.Login != tc.user {
				t.Fatalf("got %+v", g)
			}
		})
	}
}

func TestSendRefusesToBeUnencrypted(t *testing.T) {
	s := sink(t, mailtest.Config{}) // a server without STARTTLS
	m, err := mail.New(mail.Config{Host: "127.0.0.1", Port: s.Port(), From: "a@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), letter); err == nil {
		t.Fatal("sent in the clear though STARTTLS was asked for")
	}
	if len(s.Mails()) != 0 {
		t.Fatal("a letter arrived")
	}
	tlsSink := sink(t, mailtest.Config{TLS: "starttls"})
	m, err = mail.New(mail.Config{Host: "127.0.0.1", Port: tlsSink.Port(), From: "a@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), letter); err == nil || len(tlsSink.Mails()) != 0 {
		t.Fatal("sent to a server of an unknown authority")
	}
}

func TestSendTellsRefusalsApart(t *testing.T) {
	s := sink(t, mailtest.Config{User: "u", Password: "right", Answer: func(to string) error {
		switch {
		case strings.HasPrefix(to, "never"):
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such person"}
		case strings.HasPrefix(to, "later"):
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
		}
		return nil
	}})
	send := func(to, password string) (permanent bool) {
		t.Helper()
		m, err := mail.New(mail.Config{Host: "127.0.0.1", Port: s.Port(), Security: mail.Plain, User: "u",
			Password: secret.New(password), From: "a@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		l := letter
		l.To = to
		err = m.Send(t.Context(), l)
		if err == nil {
			t.Fatalf("%s: sent", to)
		}
		if strings.Contains(err.Error(), password) {
			t.Fatalf("the error shows the password: %v", err)
		}
		var p *mail.PermanentError
		return errors.As(err, &p)
	}
	if !send("never@example.org", "right") {
		t.Error("550 is for good")
	}
	if send("later@example.org", "right") {
		t.Error("451 is not for good")
	}
	if send("olena@example.org", "wrong-password") {
		t.Error("a wrong login is the operator's to repair")
	}
	if !send("no address", "right") {
		t.Error("a bad address is for good")
	}
	if !send("a@example.org\r\nBcc: b@example.org", "right") {
		t.Error("a header was smuggled in")
	}
}

func TestSendGivesUpInTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never speaks
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	m, err := mail.New(mail.Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Security: mail.Plain,
		From: "a@example.org", Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := m.Send(context.Background(), letter); err == nil {
		t.Fatal("sent to nobody")
	}
	if took := time.Since(start); took > 14*time.Second {
		t.Fatalf("gave up after %v", took)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]mail.Config{
		"no host":              {From: "a@example.org"},
		"no sender":            {Host: "mail.example.org"},
		"unknown security":     {Host: "mail.example.org", From: "a@example.org", Security: "ssl"},
		"password in clear":    {Host: "mail.example.org", From: "a@example.org", Security: mail.Plain, User: "u"},
		"no certificate in it": {Host: "mail.example.org", From: "a@example.org", RootCAs: []byte("x")},
	} {
		if _, err := mail.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
