package measure

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/fasthttp/websocket"
)

// Client speaks the HTTP API as an account (bearer token) or as a guest (cookie).
type Client struct {
	Base  string // scheme and host, no trailing slash
	HTTP  *http.Client
	token string
}

// NewClient returns a client for base; token may be empty. It accepts the
// server's self-signed certificate: it only ever speaks to programs it started.
func NewClient(base, token string) *Client {
	jar, _ := cookiejar.New(nil) // fails only with options
	tr := &http.Transport{
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
		MaxIdleConnsPerHost: 64,
		DialContext:         (&net.Dialer{Timeout: 20 * time.Second}).DialContext,
	}
	return &Client{Base: strings.TrimSuffix(base, "/"), token: token,
		HTTP: &http.Client{Jar: secureJar{jar}, Transport: tr, Timeout: time.Minute}}
}

// secureJar sends Secure cookies over http to a loopback address, as Chromium does.
type secureJar struct{ http.CookieJar }

func (j secureJar) Cookies(u *url.URL) []*http.Cookie { return j.CookieJar.Cookies(asHTTPS(u)) }
func (j secureJar) SetCookies(u *url.URL, c []*http.Cookie) {
	j.CookieJar.SetCookies(asHTTPS(u), c)
}

func asHTTPS(u *url.URL) *url.URL {
	s := *u
	s.Scheme = "https"
	return &s
}

// StatusError is an answer that was not 2xx.
type StatusError struct {
	Status int
	Code   string // of the problem document, "" when there was none
	Body   string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("status %d %s: %s", e.Status, e.Code, e.Body)
}

// Do sends in (nil: no body) as JSON and decodes the answer into out (nil: ignored).
// With a patient context it repeats what the server could not answer now, as an
// answer of 503 asks for.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	return again(ctx, func() error { return c.once(ctx, method, path, in, out) })
}

// again repeats what a server answered with 503, where ctx is patient.
func again(ctx context.Context, do func() error) error {
	err := do()
	for tries := 0; isStatus(err, http.StatusServiceUnavailable) && ctx.Value(patience{}) != nil && tries < 20; tries++ {
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
		err = do()
	}
	return err
}

// Patient is for what prepares a measurement and clears up after it; what is
// measured is asked for once.
func Patient(ctx context.Context) context.Context {
	return context.WithValue(ctx, patience{}, true)
}

type patience struct{}

func (c *Client) once(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return err
	}
	c.sign(req.Header)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		var p struct{ Code string }
		json.Unmarshal(b, &p) // a body that is no problem document leaves Code empty
		return &StatusError{Status: res.StatusCode, Code: p.Code, Body: string(b)}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(b, out)
}

func (c *Client) sign(h http.Header) {
	h.Set("X-Sightline", "1")
	h.Set("Origin", c.Base)
	if c.token != "" {
		h.Set("Authorization", "Bearer "+c.token)
	}
}

// Socket opens a socket at path.
func (c *Client) Socket(ctx context.Context, path string) (*websocket.Conn, error) {
	u, err := url.Parse(c.Base + path)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	c.sign(h)
	h.Del("X-Sightline")
	var cookies []string
	for _, k := range c.HTTP.Jar.Cookies(u) {
		cookies = append(cookies, k.String())
	}
	if len(cookies) > 0 {
		h.Set("Cookie", strings.Join(cookies, "; ")) // one line, as browsers send it
	}
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	d := websocket.Dialer{HandshakeTimeout: 30 * time.Second, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	ws, res, err := d.DialContext(ctx, u.String(), h)
	if err != nil && res != nil {
		return nil, fmt.Errorf("socket %s: %w", path, &StatusError{Status: res.StatusCode, Body: err.Error()})
	}
	return ws, err
}

// Guest opens a guest link (…/s#secret) as a browser does and returns the
// client that holds the visit's cookie, and the link's id.
func Guest(ctx context.Context, base, link string) (*Client, string, error) {
	_, secret, ok := strings.Cut(link, "#")
	if !ok {
		return nil, "", fmt.Errorf("%q is no guest link", link)
	}
	c := NewClient(base, "")
	var ex struct{ Link, Ticket string }
	if err := c.Do(ctx, "POST", "/g/exchange", map[string]string{"secret": secret}, &ex); err != nil {
		return nil, "", fmt.Errorf("exchange: %w", err)
	}
	if err := c.Do(ctx, "POST", "/g/"+ex.Link+"/visit", map[string]string{"ticket": ex.Ticket}, nil); err != nil {
		return nil, "", fmt.Errorf("visit: %w", err)
	}
	return c, ex.Link, nil
}
