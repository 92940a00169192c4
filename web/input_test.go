package web

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/authz"
	"sightline/controlroom"
)

// gzipBomb is 1 MB that would become 1 GB (finding 3 of the security research):
// 64 members of 16 MB.
var gzipBomb = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(make([]byte, 16<<20))
	_ = w.Close()
	return bytes.Repeat(b.Bytes(), 64)
})

func manyLines(n int) string {
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n")
	for i := range n {
		fmt.Fprintf(&b, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:%d\r\na=recvonly\r\na=rtpmap:96 H264/90000\r\n", i)
	}
	return b.String()
}

// Bad input gets its clear error and disturbs nothing else.
func TestBadInput(t *testing.T) {
	h := newHarness(t)
	me := h.person("owner", true)
	type change = func(*http.Request)
	sdp := header("Content-Type", "application/sdp")
	cam := h.camera(me, "Yard")
	for _, c := range []struct {
		name, method, path string
		body               any
		by                 *caller
		change             []change
		status             int
		code, field        string
	}{
		{"no JSON", "POST", "/api/v1/login", "{", nil, nil, 400, "bad_json", ""},
		{"unknown field", "POST", "/api/v1/login", `{"email":"a","pass":"b"}`, nil, nil, 400, "bad_json", "pass"},
		{"wrong type", "POST", "/api/v1/login", `{"email":7}`, nil, nil, 400, "bad_json", "email"},
		{"field twice", "POST", "/api/v1/login", `{"email":"a","password":"b","email":"c"}`, nil, nil, 400, "bad_json", "email"},
		{"field in capitals", "POST", "/api/v1/login", `{"email":"a","Password":"b"}`, nil, nil, 400, "bad_json", "Password"},
		{"field in other letters beside itself", "POST", "/api/v1/views", `{"name":"a","Name":"b"}`, me, nil, 400, "bad_json", "Name"},
		{"field that folds to another", "POST", "/api/v1/login", `{"email":"a","pa\u017fsword":"b"}`, nil, nil, 400, "bad_json", "paſsword"},
		{"field twice inside", "POST", "/api/v1/views", `{"name":"a","cells":[{"any":1},{"any":1,"any":2}]}`, me, nil, 400, "bad_json", "any"},
		{"field in capitals inside", "POST", "/api/v1/views", `{"name":"a","cells":[{"any":1},{"Any":1}]}`, me, nil, 400, "bad_json", "Any"},
		{"two values", "POST", "/api/v1/login", `{}{}`, nil, nil, 400, "bad_json", ""},
		{"form", "POST", "/api/v1/login", "email=a", nil, []change{header("Content-Type", "application/x-www-form-urlencoded")}, 415, "unsupported_type", ""},
		{"text", "POST", "/api/v1/login", "{}", nil, []change{header("Content-Type", "text/plain")}, 415, "unsupported_type", ""},
		{"multipart", "POST", "/api/v1/login", "--x--", nil, []change{header("Content-Type", "multipart/form-data; boundary=x")}, 415, "unsupported_type", ""},
		{"other charset", "POST", "/api/v1/login", "{}", nil, []change{header("Content-Type", "application/json; charset=utf-16")}, 415, "unsupported_type", ""},
		{"no type", "POST", "/api/v1/login", "{}", nil, []change{without("Content-Type")}, 415, "unsupported_type", ""},
		{"gzip bomb", "POST", "/api/v1/login", gzipBomb(), nil, []change{header("Content-Encoding", "gzip")}, 415, "compressed_body", ""},
		{"identity", "POST", "/api/v1/login", "{}", nil, []change{header("Content-Encoding", "identity")}, 415, "compressed_body", ""},
		{"larger than the route takes", "POST", "/api/v1/login", `{"email":"` + strings.Repeat("a", 70<<10) + `"}`, nil, nil, 413, "too_large", ""},
		{"larger than anything takes", "POST", "/api/v1/login", `{"email":"` + strings.Repeat("a", 3<<20) + `"}`, nil, nil, 413, "too_large", ""},
		{"large headers", "GET", "/api/v1/status", nil, nil, []change{header("X-Long", strings.Repeat("a", 20<<10))}, 431, "too_large", ""},
		{"long address", "GET", "/api/v1/status?" + strings.Repeat("a", 3000), nil, nil, nil, 414, "too_large", ""},
		{"body where none belongs", "POST", "/api/v1/logout", `{"a":1}`, me, nil, 400, "bad_value", ""},
		{"another host", "GET", "/api/v1/status", nil, nil, []change{func(r *http.Request) { r.Host = "evil.example" }}, 421, "bad_host", ""},
		{"rebinding", "POST", "/api/v1/login", "{}", nil, []change{func(r *http.Request) { r.Host = "localhost.evil.example" }}, 421, "bad_host", ""},
		{"another site", "POST", "/api/v1/links", "{}", me, []change{header("Sec-Fetch-Site", "cross-site")}, 403, "cross_site", ""},
		{"another port", "POST", "/api/v1/links", "{}", me, []change{header("Sec-Fetch-Site", "same-site")}, 403, "cross_site", ""},
		{"another origin, old browser", "POST", "/api/v1/links", "{}", me, []change{without("Sec-Fetch-Site"), header("Origin", "http://evil.example")}, 403, "cross_site", ""},
		{"without our header", "POST", "/api/v1/links", "{}", me, []change{without("X-Sightline")}, 403, "cross_site", ""},
		{"sign-in from another site", "POST", "/api/v1/login", "{}", nil, []change{header("Sec-Fetch-Site", "cross-site")}, 403, "cross_site", ""},
		{"exchange from another site", "POST", "/g/exchange", "{}", nil, []change{header("Sec-Fetch-Site", "cross-site")}, 403, "cross_site", ""},
		{"WHEP from another site by cookie", "POST", "/whep/" + cam, "v=0", me, []change{sdp, header("Sec-Fetch-Site", "cross-site")}, 403, "cross_site", ""},
		{"bad offer", "POST", "/api/v1/viewing", map[string]any{"sdp": "v=0 nonsense", "version": 1, "tiles": []any{}}, me, nil, 400, "bad_sdp", ""},
		{"no offer", "POST", "/api/v1/viewing", map[string]any{"sdp": "", "version": 1, "tiles": []any{}}, me, nil, 400, "bad_sdp", ""},
		{"200 m-lines", "POST", "/api/v1/viewing", map[string]any{"sdp": manyLines(200), "version": 1, "tiles": []any{}}, me, nil, 400, "bad_sdp", ""},
		{"WHEP bad offer", "POST", "/whep/" + cam, "v=0 nonsense", me, []change{sdp}, 400, "bad_sdp", ""},
		{"WHEP as JSON", "POST", "/whep/" + cam, "{}", me, nil, 415, "unsupported_type", ""},
		{"WHEP unknown camera", "POST", "/whep/" + authz.NewID(), manyLines(1), me, []change{sdp}, 404, "no_such_thing", ""},
		{"name of a link", "PATCH", "/api/v1/links/" + authz.NewID(), `{"name":"x"}`, me, nil, 422, "name_immutable", "name"},
		{"bad network", "PATCH", "/api/v1/instance", `{"networks":["300.1.1.0/24"]}`, me, nil, 422, "bad_value", "networks"},
		{"no e-mail", "POST", "/api/v1/instance/invitations", `{"email":"nobody"}`, me, nil, 422, "bad_email", "email"},
		{"no login", "GET", "/api/v1/me", nil, nil, nil, 401, "not_signed_in", ""},
		{"bad token", "GET", "/api/v1/me", nil, nil, []change{header("Authorization", "Bearer "+strings.Repeat("A", 43))}, 401, "not_signed_in", ""},
		{"bad token beside a good cookie", "GET", "/api/v1/me", nil, me, []change{header("Authorization", "Bearer "+strings.Repeat("A", 43))}, 401, "not_signed_in", ""},
		{"not a socket", "GET", "/api/v1/socket", nil, me, nil, 426, "unsupported_type", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var res answer
			h.poll("the offers' limit to let this one through", func() (ok bool) {
				var err error
				if res, err = h.try(c.method, c.path, c.body, c.by, c.change...); err != nil {
					t.Fatal(err)
				}
				return res.StatusCode != 429
			})
			if res.StatusCode != c.status || res.code() != c.code || res.field("field") != c.field {
				t.Fatalf("%d %s, want %d %s %s", res.StatusCode, res.body, c.status, c.code, c.field)
			}
			if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("type %q", got)
			}
			if res.Header.Get("Content-Security-Policy") == "" {
				t.Error("an error without security headers")
			}
		})
	}
	h.do("GET", "/api/v1/me", nil, me).want(t, 200)
}

// Threat T29: 100 bombs at once cost next to nothing.
func TestGzipBombsAreCheap(t *testing.T) {
	h := newHarness(t)
	bomb := gzipBomb()
	if len(bomb) < 900<<10 || len(bomb) > 1<<20 {
		t.Fatalf("a bomb of %d bytes", len(bomb))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	errs := make(chan error, 100)
	for range 100 {
		go func() {
			res, err := h.try("POST", "/api/v1/login", bomb, nil, header("Content-Encoding", "gzip"))
			if err == nil && res.StatusCode != 415 {
				err = fmt.Errorf("status %d", res.StatusCode)
			}
			errs <- err
		}()
	}
	for range 100 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	runtime.ReadMemStats(&after)
	// Both ends are in this process: 100 MB sent, 100 MB received, buffers of both.
	if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 900 {
		t.Errorf("100 refused bombs of 1 MB allocated %d MB", got)
	}
}

// What is not HTTP, or two Hosts, or an absolute target, is refused and closes.
func TestRawRequests(t *testing.T) {
	h := newHarness(t)
	addr := strings.TrimPrefix(h.url, "http://")
	for name, c := range map[string]struct{ send, want string }{
		"garbage":         {"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "HTTP/1.1 400"},
		"two hosts":       {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 400"},
		"no host":         {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 4"},
		"absolute target": {"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400"},
		"star":            {"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400"},
		"escaped twice":   {"GET /%2561pi/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404"},
		"escaped once":    {"GET /%61pi/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404"},
		"dots":            {"GET /assets/../index.html HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404"},
		"escaped dots":    {"GET /assets/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 404"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(40 * time.Second))
			if _, err := io.WriteString(conn, c.send); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil || !strings.HasPrefix(line, c.want) {
				t.Fatalf("%q (%v), want %s", line, err, c.want)
			}
		})
	}
}

// Whose line is slow reads why his body is refused, instead of a connection that
// breaks under it.
func TestASlowSenderIsToldThatItIsTooLarge(t *testing.T) {
	h := newHarness(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(40 * time.Second))
	fmt.Fprintf(conn, "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", 2*maxBody)
	<-time.After(time.Second)
	for range 16 {
		if _, err := conn.Write(make([]byte, maxBody/16)); err != nil {
			t.Fatal(err)
		}
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 413") {
		t.Errorf("%q %v", line, err)
	}
}

// Where two ways to read a request differ, a proxy in front could see one
// request and we two: such a request is refused and its connection closed.
func TestRequestsThatReadTwoWays(t *testing.T) {
	h := newHarness(t)
	addr := strings.TrimPrefix(h.url, "http://")
	const head = "POST /g/exchange HTTP/1.1\r\nHost: localhost\r\nX-Sightline: 1\r\nContent-Type: application/json\r\n"
	const second = "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, send := range map[string]string{
		"length and chunks":        head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"chunks and length":        head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + second,
		"space before the colon":   head + "Content-Length: 2\r\nTransfer-Encoding : chunked\r\n\r\n{}" + second,
		"tab before the colon":     head + "Content-Length: 2\r\nTransfer-Encoding\t: chunked\r\n\r\n{}" + second,
		"folded line":              head + "Content-Length: 2\r\nX-A: b\r\n Transfer-Encoding: chunked\r\n\r\n{}" + second,
		"two lengths of one value": head + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + second,
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(40 * time.Second))
			if _, err := io.WriteString(conn, send); err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 400") || strings.Count(string(all), "HTTP/1.1 ") != 1 {
				t.Fatalf("%v:\n%s", err, all)
			}
		})
	}
}

// A handler that panics costs one 500 and no word of why.
func TestPanicIsOne500(t *testing.T) {
	h := newHarness(t, func(c *Config) {
		c.Networks = func() []netip.Prefix { panic("secret of the handler") }
	})
	code := map[string]string{"code": h.authority.SetupCode().Reveal()}
	for range 3 {
		res := h.do("POST", "/api/v1/setup/check", code, nil).want(t, 500)
		if strings.Contains(string(res.body), "secret of the handler") || res.code() != "internal" || res.field("id") != res.Header.Get("X-Request-Id") {
			t.Errorf("%s", res.body)
		}
	}
	if !strings.Contains(h.log.String(), "secret of the handler") {
		t.Error("the log does not say why")
	}
	h.do("GET", "/api/v1/status", nil, nil).want(t, 200)
}

func FuzzDecodeBodies(f *testing.F) {
	for _, s := range []string{`{}`, `{"sdp":"v=0","version":1,"tiles":[{"cell":0,"camera":"x","px":1,"focus":true}]}`, `{"name":null}`, `{"password":"***"}`, `[`, `{"levels":[]}`,
		`{"name":"a","Name":"b"}`, `{"sdp":"v=0","version":1,"tiles":[{"cell":0,"Cell":1}]}`, `{"rows":[{"schedule":{"intervals":[{}]},"schedule":null}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, v := range []any{new(controlroom.OpenRequest), new(controlroom.CameraInput), new(accessInput), new(linkCreate), new(setupInput), new(controlroom.View)} {
			if err := decodeJSON(body, v); err != nil {
				if p := problemOf(err, ""); p.Status != 400 && p.Status != 422 {
					t.Fatalf("%q: %+v", body, p)
				}
				continue
			}
			// Of an object at the top no field came in two ways.
			var fields map[string]json.RawMessage
			if json.Unmarshal(body, &fields) != nil {
				continue
			}
			folded := map[string]bool{}
			for name := range fields {
				if folded[strings.ToLower(name)] {
					t.Fatalf("%q: taken with the field %q twice", body, name)
				}
				folded[strings.ToLower(name)] = true
			}
		}
	})
}
