package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Outcomes of a request, coarse on purpose: who typed an address in learns no
// more about the network behind this server (threat T12).
const (
	OutcomeOK          = "ok"          // 2xx
	OutcomeStatus      = "status"      // any other status
	OutcomeRedirect    = "redirect"    // 3xx: never followed
	OutcomeTLS         = "tls"         // the certificate or the handshake
	OutcomeDenied      = "denied"      // the guard
	OutcomeUnreachable = "unreachable" // no name, no route, no answer in time
)

// Client sends requests through a guard: no proxy, no redirect, no cookie, TLS
// from 1.2 on, answers read to a limit. Safe for concurrent use.
type Client struct {
	plain, secure *http.Client
	guard         *Guard
	limit         time.Duration
}

// answerMax is how much of an answer is read; more is of no use to anybody.
const answerMax = 4 << 10

// NewClient makes a client; limit is the longest time of one request with all of
// its answer. roots are the certificate authorities, nil: the system's.
func NewClient(g *Guard, limit time.Duration, roots *x509.CertPool) *Client {
	c := &Client{guard: g, limit: limit}
	c.plain, c.secure = c.client(true, roots), c.client(false, roots)
	return c
}

func (c *Client) client(plain bool, roots *x509.CertPool) *http.Client {
	t := &http.Transport{
		DialContext:            c.guard.dialer(plain).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    5 * time.Second,
		ResponseHeaderTimeout:  c.limit,
		MaxResponseHeaderBytes: 16 << 10,
		MaxIdleConnsPerHost:    1,
		MaxIdleConns:           64,
		IdleConnTimeout:        30 * time.Second,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
	}
	if plain { // an http address must never be reached through a proxy of the environment either: Proxy stays nil
		t.DialTLSContext = func(context.Context, string, string) (net.Conn, error) { return nil, ErrDenied }
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Do sends a request within the client's limit. The answer's body is already read
// (its first 4 KiB at most) and closed: only status and headers are of use.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	if err := c.guard.CheckURL(r.URL.String(), "url"); err != nil {
		return nil, ErrDenied
	}
	ctx, cancel := context.WithTimeout(r.Context(), c.limit)
	defer cancel()
	by := c.secure
	if r.URL.Scheme == "http" {
		by = c.plain
	}
	res, err := by.Do(r.WithContext(ctx))
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) { // it carries the address, which may be a secret
			err = u.Err
		}
		return nil, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, answerMax))
	return res, nil
}

// Close gives idle connections up.
func (c *Client) Close() {
	c.plain.CloseIdleConnections()
	c.secure.CloseIdleConnections()
}

// Outcome sorts what Do returned.
func Outcome(res *http.Response, err error) string {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.Is(err, ErrDenied):
		return OutcomeDenied
	case errors.As(err, &cert), errors.As(err, &record), errors.As(err, &alert):
		return OutcomeTLS
	case err != nil:
		return OutcomeUnreachable
	case res.StatusCode >= 200 && res.StatusCode < 300:
		return OutcomeOK
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return OutcomeRedirect
	}
	return OutcomeStatus
}

// RetryAfter is how long an answer wants its client to wait, in seconds or to a
// date; 0 or less: it does not say.
func RetryAfter(res *http.Response, now time.Time) time.Duration {
	h := strings.TrimSpace(res.Header.Get("Retry-After"))
	if n, err := strconv.Atoi(h); err == nil {
		return time.Duration(min(max(n, 0), 1<<20)) * time.Second
	}
	if t, err := http.ParseTime(h); err == nil {
		return t.Sub(now)
	}
	return 0
}
