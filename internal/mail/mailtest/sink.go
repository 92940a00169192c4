// Package mailtest is a real SMTP server on loopback that keeps what it is sent.
package mailtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Config of a Sink.
type Config struct {
	TLS            string // "", "starttls" or "tls"
	User, Password string // asked for when User is set
	// Answer decides what becomes of a letter to one address: nil keeps it, a
	// *smtp.SMTPError is told to the client. May be nil.
	Answer func(to string) error
}

// Mail is one letter that was delivered.
type Mail struct {
	From, To          string // of the envelope
	ID, Subject, Lang string
	Text, HTML        string
	Encrypted         bool
	Login             string
}

// Sink is a running server.
type Sink struct {
	cfg   Config
	srv   *smtp.Server
	l     net.Listener
	addr  *net.TCPAddr
	pem   []byte
	done  chan struct{}
	mu    sync.Mutex
	mails []Mail
	more  chan struct{} // closed and replaced on every delivery
}

// New starts a server on a free port of 127.0.0.1.
func New(cfg Config) (*Sink, error) {
	s := &Sink{cfg: cfg, done: make(chan struct{}), more: make(chan struct{})}
	cert, pemBytes, err := certificate()
	if err != nil {
		return nil, err
	}
	s.pem = pemBytes
	s.srv = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{sink: s, conn: c}, nil
	}))
	s.srv.Domain = "sink.test"
	s.srv.ReadTimeout, s.srv.WriteTimeout = 10*time.Second, 10*time.Second
	s.srv.MaxMessageBytes, s.srv.MaxRecipients = 1<<20, 10
	s.srv.AllowInsecureAuth = cfg.TLS == ""
	s.srv.ErrorLog = quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.addr = l.Addr().(*net.TCPAddr)
	tc := &tls.Config{Certificates: []tls.Certificate{cert}}
	switch cfg.TLS {
	case "starttls":
		s.srv.TLSConfig = tc
	case "tls":
		l = tls.NewListener(l, tc)
	}
	s.l = l
	go func() {
		defer close(s.done)
		s.srv.Serve(l) // ends with Close
	}()
	return s, nil
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// Port it listens on; the host is 127.0.0.1.
func (s *Sink) Port() int { return s.addr.Port }

// CA is the certificate to trust, as PEM.
func (s *Sink) CA() []byte { return s.pem }

// Close stops it.
func (s *Sink) Close() {
	s.srv.Close()
	s.l.Close() // the server may not have taken it yet
	<-s.done
}

// Mails returns what has been delivered, oldest first.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Wait returns the letters once there are n, or the error of ctx.
func (s *Sink) Wait(ctx context.Context, n int) ([]Mail, error) {
	for {
		s.mu.Lock()
		if len(s.mails) >= n {
			defer s.mu.Unlock()
			return append([]Mail(nil), s.mails...), nil
		}
		more := s.more
		s.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return s.Mails(), ctx.Err()
		}
	}
}

func (s *Sink) keep(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	close(s.more)
	s.more = make(chan struct{})
}

// session is one connection.
type session struct {
	sink     *Sink
	conn     *smtp.Conn
	login    string
	from, to string
}

func (c *session) AuthMechanisms() []string {
	if c.sink.cfg.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != c.sink.cfg.User || password != c.sink.cfg.Password {
			return smtp.ErrAuthFailed
		}
		c.login = user
		return nil
	}), nil
}

func (c *session) Reset()        { c.from, c.to = "", "" }
func (c *session) Logout() error { return nil }

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if c.sink.cfg.User != "" && c.login == "" {
		return smtp.ErrAuthRequired
	}
	c.from = from
	return nil
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if c.sink.cfg.Answer != nil {
		if err := c.sink.cfg.Answer(to); err != nil {
			return err
		}
	}
	c.to = to
	return nil
}

func (c *session) Data(r io.Reader) error {
	m, err := parse(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, Message: err.Error()}
	}
	m.From, m.To, m.Login = c.from, c.to, c.login
	_, m.Encrypted = c.conn.TLSConnectionState()
	c.sink.keep(m)
	return nil
}

// parse reads a letter of one or two parts.
func parse(r io.Reader) (Mail, error) {
	in, err := mail.ReadMessage(r)
	if err != nil {
		return Mail{}, err
	}
	var m Mail
	m.ID = strings.Trim(in.Header.Get("Message-ID"), "<>")
	m.Lang = in.Header.Get("Content-Language")
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(in.Header.Get("Subject")); err != nil {
		return m, err
	}
	kind, params, err := mime.ParseMediaType(in.Header.Get("Content-Type"))
	if err != nil {
		return m, err
	}
	part := func(kind, encoding string, r io.Reader) error {
		if strings.EqualFold(encoding, "quoted-printable") {
			r = quotedprintable.NewReader(r)
		}
		b, err := io.ReadAll(r)
		text := strings.ReplaceAll(string(b), "\r\n", "\n")
		switch kind {
		case "text/plain":
			m.Text = text
		case "text/html":
			m.HTML = text
		default:
			return fmt.Errorf("a part of type %s", kind)
		}
		return err
	}
	if !strings.HasPrefix(kind, "multipart/") {
		return m, part(kind, in.Header.Get("Content-Transfer-Encoding"), in.Body)
	}
	parts := multipart.NewReader(in.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			return m, err
		}
		if err := part(kind, p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
			return m, err
		}
	}
}

func certificate() (tls.Certificate, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sink.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}
