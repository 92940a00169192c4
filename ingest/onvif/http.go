package onvif

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// newHTTP makes a client for one camera: a new connection a call, so that the
// guard judges each, no redirect, no proxy and no decompression.
func newHTTP(dial Dial, fingerprint string) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dial, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: headBytes,
			TLSHandshakeTimeout: dialLimit, TLSClientConfig: tlsConfig(fingerprint),
		},
	}
}

var errPinned = errors.New("another certificate than the pinned one")

// tlsConfig trusts the system's authorities, or exactly the pinned certificate.
func tlsConfig(fingerprint string) *tls.Config {
	want := strings.ToLower(strings.ReplaceAll(fingerprint, ":", ""))
	if want == "" {
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection checks the pinned certificate instead
		VerifyConnection: func(s tls.ConnectionState) error {
			got := sha256.Sum256(s.PeerCertificates[0].Raw)
			if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(got[:])), []byte(want)) != 1 {
				return errPinned
			}
			return nil
		},
	}
}

// post sends one message. Where the camera asks for HTTP digest it is sent again
// with it, and messages after it carry it from the beginning.
func (c *Client) post(ctx context.Context, path string, body []byte, action string, login bool) (answer []byte, status int, err error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callLimit)
		defer cancel()
	}
	for try := 0; ; try++ {
		res, err := c.request(ctx, path, body, action, login)
		if err != nil {
			return nil, 0, networkError(err)
		}
		answer, err := readAll(ctx, res.Body)
		_ = res.Body.Close()
		if err != nil {
			return nil, 0, err
		}
		if res.StatusCode != http.StatusUnauthorized {
			return answer, res.StatusCode, nil
		}
		ch, ok := parseChallenge(res.Header.Values("WWW-Authenticate"))
		if !login || c.target.User == "" || !ok || try > 0 && !ch.stale || try > 1 {
			return nil, 0, &Error{class: classLogin, status: res.StatusCode}
		}
		c.mu.Lock()
		c.digest = ch
		c.mu.Unlock()
	}
}

func (c *Client) request(ctx context.Context, path string, body []byte, action string, login bool) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base.Scheme+"://"+c.base.Host+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", `application/soap+xml; charset=utf-8; action="`+action+`"`)
	req.Header.Set("User-Agent", "Sightline")
	c.mu.Lock()
	if c.digest != nil && login {
		req.Header.Set("Authorization", c.digest.authorize(http.MethodPost, req.URL.RequestURI(), c.target.User, c.target.Password.Reveal(), nonceOf))
	}
	c.mu.Unlock()
	return c.http.Do(req)
}

// readAll reads an answer up to its limit; more is refused, not cut.
func readAll(ctx context.Context, r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, bodyLimit+1))
	if len(b) > bodyLimit {
		return nil, &Error{class: classAnswer, err: errors.New("an answer of more than 1 MB")}
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, &Error{class: classTimeout, err: err}
		}
		return nil, networkError(err)
	}
	return b, nil
}

// hurry bounds a call that somebody waits for.
func hurry(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}
