package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fasthttp/websocket"

	"sightline/authz"
)

// client is a tab's socket in a test.
type client struct {
	t    *testing.T
	conn *websocket.Conn
}

func (h *harness) dial(path string, c *caller, head http.Header) (*websocket.Conn, *http.Response, error) {
	if head == nil {
		head = http.Header{"Origin": {h.url}}
	}
	if c != nil && c.cookie != "" {
		head.Set("Cookie", c.cookie)
	}
	d := websocket.Dialer{HandshakeTimeout: 40 * time.Second, EnableCompression: true}
	return d.Dial("ws"+strings.TrimPrefix(h.url, "http")+path, head)
}

func (h *harness) socket(t *testing.T, path string, c *caller) *client {
	t.Helper()
	conn, res, err := h.dial(path, c, nil)
	if err != nil {
		t.Fatalf("%v (%v)", err, res)
	}
	if res.Header.Get("Sec-WebSocket-Extensions") != "" {
		t.Error("compression was agreed on")
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{t, conn}
}

func (c *client) send(v any) {
	c.t.Helper()
	if err := c.conn.WriteJSON(v); err != nil {
		c.t.Fatal(err)
	}
}

// until reads to the first message of a type.
func (c *client) until(kind string) map[string]any {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(40 * time.Second))
	for {
		_, text, err := c.conn.ReadMessage()
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", kind, err)
		}
		var m map[string]any
		if err := json.Unmarshal(text, &m); err != nil {
			c.t.Fatalf("%s: %v", text, err)
		}
		if m["type"] == kind {
			return m
		}
	}
}

// closed reads to the end and returns the close code.
func (c *client) closed() int {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(40 * time.Second))
	for {
		if _, _, err := c.conn.ReadMessage(); err != nil {
			var e *websocket.CloseError
			if !errors.As(err, &e) {
				c.t.Fatalf("the socket ended without a code: %v", err)
			}
			return e.Code
		}
	}
}

// Threat T18: a page of another origin gets no socket, with whatever cookie.
func TestSocketOrigin(t *testing.T) {
	h := newHarness(t)
	me := h.person("owner", true)
	tok := h.tokenOf(me)
	for name, c := range map[string]struct {
		head   http.Header
		by     *caller
		status int
	}{
		"our page":                    {http.Header{"Origin": {h.url}}, me, 101},
		"another origin":              {http.Header{"Origin": {"https://evil.example"}}, me, 403},
		"another port":                {http.Header{"Origin": {"http://127.0.0.1:1"}}, me, 403},
		"another scheme":              {http.Header{"Origin": {strings.Replace(h.url, "http", "https", 1)}}, me, 403},
		"our origin and more":         {http.Header{"Origin": {h.url + ".evil.example"}}, me, 403},
		"null":                        {http.Header{"Origin": {"null"}}, me, 403},
		"none with a cookie":          {http.Header{"X": {"1"}}, me, 403},
		"none with a token":           {http.Header{"Authorization": {"Bearer " + tok}}, nil, 101},
		"another origin with a token": {http.Header{"Origin": {"https://evil.example"}, "Authorization": {"Bearer " + tok}}, nil, 403},
		"nobody":                      {http.Header{"Origin": {h.url}}, nil, 401},
	} {
		conn, res, err := h.dial("/api/v1/socket", c.by, c.head)
		if conn != nil {
			_ = conn.Close()
		}
		if res == nil || res.StatusCode != c.status {
			t.Errorf("%s: %v %v, want %d", name, res, err, c.status)
		}
	}
}

func TestSocketTalk(t *testing.T) {
	h := newHarness(t)
	me := h.person("owner", true)
	c := h.socket(t, "/api/v1/socket", me)
	c.send(map[string]any{"type": "hello"})
	if m := c.until("hello"); m["node"] != "test" {
		t.Errorf("%v", m)
	}
	c.send(map[string]any{"type": "ping", "t": 12.5})
	if m := c.until("pong"); m["t"] != 12.5 {
		t.Errorf("%v", m)
	}
	c.until("badges") // from here on changes are told
	h.camera(me, "Yard")
	for {
		if m := c.until("changed"); m["what"] == "cameras" {
			break
		}
	}
	if got := h.gauge("account"); got != 1 {
		t.Errorf("%v sockets are counted", got)
	}
	_ = c.conn.Close()
	h.poll("the socket to be gone", func() bool { return h.gauge("account") == 0 })
}

func (h *harness) gauge(kind string) float64 {
	h.t.Helper()
	families, err := h.registry.Gather()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "sightline_web_sockets" {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetValue() == kind {
					return m.GetGauge().GetValue()
				}
			}
		}
	}
	return 0
}

// A silent client is closed with 4002, one that breaks the rules with 4502.
func TestSocketCloses(t *testing.T) {
	idle := newHarness(t, func(c *Config) { c.SocketIdle = 300 * time.Millisecond })
	silent := idle.socket(t, "/api/v1/socket", idle.person("owner", true))
	_ = silent.conn.WriteJSON(map[string]any{"type": "hello"}) // or it was silent for too long already
	if code := silent.closed(); code != 4002 {
		t.Errorf("a silent client: %d", code)
	}
	h := newHarness(t)
	me := h.person("owner", true)
	for name, send := range map[string]func(*websocket.Conn) error{
		"binary": func(c *websocket.Conn) error { return c.WriteMessage(websocket.BinaryMessage, []byte("{}")) },
		"too large": func(c *websocket.Conn) error {
			return c.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping","t":`+strings.Repeat("1", 70<<10)+`}`))
		},
		"no JSON": func(c *websocket.Conn) error { return c.WriteMessage(websocket.TextMessage, []byte("{")) },
	} {
		c := h.socket(t, "/api/v1/socket", me)
		if err := send(c.conn); err != nil {
			t.Fatal(err)
		}
		if code := c.closed(); code != 4502 {
			t.Errorf("%s: %d", name, code)
		}
	}
}

// Ruling 5: what runs on a login, a visit or an account ends with it.
func TestSocketEndsWithItsRight(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	cam := h.camera(owner, "Yard")
	id, sec := h.link(owner, "Yard link", cam)
	link, g := h.guest(sec)

	mine := h.socket(t, "/api/v1/socket", owner)
	theirs := h.socket(t, "/api/v1/socket", other)
	guests := h.socket(t, "/g/"+link+"/socket", g)
	for _, c := range []*client{mine, theirs, guests} {
		c.send(map[string]any{"type": "hello"})
		c.until("hello")
	}
	begun := time.Now()
	h.do("DELETE", "/api/v1/links/"+id, nil, owner).want(t, 200)
	guests.until("link_removed")
	if code := guests.closed(); code != 4501 {
		t.Errorf("guest of a removed link: %d", code)
	}
	if d := time.Since(begun); d > soon {
		t.Errorf("the guest's socket ended after %v", d)
	}
	h.do("PATCH", "/api/v1/instance/accounts/"+other.account.ID, map[string]any{"state": "suspended"}, owner).want(t, 200)
	if code := theirs.closed(); code != 4503 {
		t.Errorf("suspended account: %d", code)
	}
	if res := h.do("GET", "/api/v1/me", nil, other).want(t, 401); res.code() != "account_suspended" {
		t.Errorf("suspended account: %s", res.body)
	}
	begun = time.Now()
	h.do("POST", "/api/v1/logout", nil, owner).want(t, 204)
	if code := mine.closed(); code != 4500 {
		t.Errorf("signed out: %d", code)
	}
	if d := time.Since(begun); d > soon {
		t.Errorf("the socket ended %v after the sign-out", d)
	}
}

// A stopping server says so and closes with 4000, within its time.
func TestServerCloseTellsSockets(t *testing.T) {
	own := authz.NewID()
	h := newHarness(t, func(c *Config) { c.Version = own })
	me := h.person("owner", true)
	c := h.socket(t, "/api/v1/socket", me)
	c.send(map[string]any{"type": "hello"})
	c.until("hello")
	begun := time.Now()
	done := make(chan error, 1)
	go func() { done <- h.srv.Close() }()
	c.until("draining")
	if code := c.closed(); code != 4000 {
		t.Errorf("closed with %d", code)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if d := time.Since(begun); d > 25*time.Second {
		t.Errorf("closing took %v", d)
	}
	if res, err := h.try("GET", "/api/v1/status", nil, nil); err == nil && strings.Contains(string(res.body), own) { // the port may be another's by now
		t.Error("a closed server answers")
	}
	if err := h.srv.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}
