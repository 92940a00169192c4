package web

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"sightline/authz"
)

// The headers of every kind of answer, as they are on the wire.
func TestHeadersGolden(t *testing.T) {
	h := newHarness(t)
	me := h.person("owner", true)
	link, g := h.guest(second(h.link(me, "L", h.camera(me, "Yard"))))
	var b bytes.Buffer
	for _, c := range []struct {
		name, method, path string
		by                 *caller
		change             []func(*http.Request)
	}{
		{"page", "GET", "/", nil, nil},
		{"page, again", "GET", "/", nil, []func(*http.Request){header("If-None-Match", h.srv.assets["index.html"].tag)}},
		{"asset", "GET", "/assets/app-1a2b.js", nil, nil},
		{"asset, brotli", "GET", "/assets/app-1a2b.js", nil, []func(*http.Request){header("Accept-Encoding", "gzip, br")}},
		{"no such asset", "GET", "/assets/none.js", nil, nil},
		{"mistyped page", "GET", "/wrong", nil, []func(*http.Request){header("Accept", "text/html")}},
		{"guest page", "GET", "/s", nil, nil},
		{"guest page of a link", "GET", "/g/" + link + "/", nil, nil},
		{"visit", "GET", "/g/" + link + "/visit", g, nil},
		{"no visit", "GET", "/g/" + link + "/visit", nil, nil},
		{"status", "GET", "/api/v1/status", nil, nil},
		{"me", "GET", "/api/v1/me", me, nil},
		{"not signed in", "GET", "/api/v1/me", nil, nil},
		{"hidden", "GET", "/api/v1/none", me, nil},
		{"another host", "GET", "/", nil, []func(*http.Request){func(r *http.Request) { r.Host = "evil.example" }}},
	} {
		res := h.do(c.method, c.path, nil, c.by, c.change...)
		fmt.Fprintf(&b, "== %s: %d\n", c.name, res.StatusCode)
		var names []string
		for k := range res.Header {
			names = append(names, k)
		}
		sort.Strings(names)
		for _, k := range names {
			for _, v := range res.Header[k] {
				switch k {
				case "Date", "X-Request-Id", "Content-Length":
					v = "*"
				case "Set-Cookie":
					name, rest, _ := strings.Cut(v, "=")
					_, rest, _ = strings.Cut(rest, ";")
					v = name + "=*;" + rest
				}
				v = strings.ReplaceAll(strings.ReplaceAll(v, strings.TrimPrefix(h.url, "http://"), "HOST"), link, "LINK")
				fmt.Fprintf(&b, "%s: %s\n", k, v)
			}
		}
	}
	const golden = "testdata/headers.golden"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("the headers have changed (go test ./web -run TestHeadersGolden -update):\n%s", b.Bytes())
	}
}

func second(_, b string) string { return b }

// Over TLS: the handshake, HSTS, wss in the policy, and Secure cookies; what is
// sent in plain gets nothing.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key, err := selfSigned(dir, []string{"localhost"}, machineAddrs(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	h := newHarness(t, func(c *Config) { c.TLSCert, c.TLSKey = cert, key })
	if !strings.HasPrefix(h.url, "https://127.0.0.1:") || h.srv.Fingerprint() == "" || h.srv.BaseURL() != h.url {
		t.Fatalf("%s %q", h.url, h.srv.Fingerprint())
	}
	pemBytes, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pemBytes)
	plain := h.client
	h.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer h.client.CloseIdleConnections()
	res := h.do("GET", "/", nil, nil).want(t, 200)
	if res.Header.Get("Strict-Transport-Security") != hstsYear {
		t.Errorf("HSTS %q", res.Header.Get("Strict-Transport-Security"))
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "connect-src 'self' wss://127.0.0.1:") {
		t.Errorf("%s", csp)
	}
	h.do("POST", "/api/v1/login", "{}", nil, without("Sec-Fetch-Site"), header("Origin", h.url)).want(t, 401)
	h.do("POST", "/api/v1/login", "{}", nil, without("Sec-Fetch-Site"), header("Origin", strings.Replace(h.url, "https", "http", 1))).want(t, 403)
	old := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS11}}}
	if _, err := old.Get(h.url); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	large := h.do("POST", "/api/v1/login", `"`+strings.Repeat("a", 3<<20), nil)
	large.want(t, 413)
	if res, err := plain.Get(strings.Replace(h.url, "https", "http", 1)); err == nil && res.StatusCode == 200 {
		t.Error("plain HTTP is answered on the TLS port")
	}
}

// Beyond loopback there is TLS without asking; with --insecure-http there is
// none, the cookies have other names, and the pages are told.
func TestListenBeyondLoopback(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.Listen = "0.0.0.0:0" })
	if !strings.HasPrefix(h.url, "https://localhost:") || len(h.srv.Fingerprint()) != 95 {
		t.Fatalf("%s %s", h.url, h.srv.Fingerprint())
	}
	h.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer h.client.CloseIdleConnections()
	res := h.do("GET", "/api/v1/status", nil, nil).want(t, 200)
	if res.Header.Get("Strict-Transport-Security") != "" {
		t.Error("HSTS on a self-signed certificate forbids the click-through")
	}
	leaf := res.TLS.PeerCertificates[0]
	for _, a := range machineAddrs() {
		if err := leaf.VerifyHostname(a.String()); err != nil {
			t.Error(err)
		}
	}
	if n := len(h.srv.URLs()); n < 1 {
		t.Error("no address to print")
	}
	for _, u := range h.srv.URLs() {
		h.url = u
		h.do("GET", "/api/v1/status", nil, nil).want(t, 200)
	}
}

func TestInsecureHTTP(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.Listen, c.InsecureHTTP = "0.0.0.0:0", true })
	if !strings.HasPrefix(h.url, "http://localhost:") || h.srv.Fingerprint() != "" {
		t.Fatalf("%s %s", h.url, h.srv.Fingerprint())
	}
	if s := h.do("GET", "/api/v1/status", nil, nil).want(t, 200); !strings.Contains(string(s.body), `"insecure_http":true`) {
		t.Errorf("%s", s.body)
	}
	_, err := h.authority.AddAccount(t.Context(), authz.Operator, newAccount("owner", true))
	if err != nil {
		t.Fatal(err)
	}
	res := h.do("POST", "/api/v1/login", map[string]string{"email": "owner@example.org", "password": testPassword}, nil).want(t, 200)
	set := strings.Join(res.Header["Set-Cookie"], "\n")
	if strings.Contains(set, "Secure") || strings.Contains(set, "__Host") || res.cookie("sightline") == "" {
		t.Errorf("%s", set)
	}
	h.do("GET", "/api/v1/me", nil, &caller{cookie: "sightline=" + res.cookie("sightline")}).want(t, 200)
	h.do("GET", "/api/v1/me", nil, &caller{cookie: "__Host-sightline=" + res.cookie("sightline")}).want(t, 401)
}

func TestListenRefusals(t *testing.T) {
	h := newHarness(t)
	taken := strings.TrimPrefix(h.url, "http://")
	cfg := h.srv.cfg
	cfg.Listen, cfg.Registerer = taken, nil
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Listen(); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("a port in use: %v", err)
	}
	cfg.Listen, cfg.DataDir = "0.0.0.0:0", ""
	if s, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Listen(); err == nil {
		t.Error("beyond loopback without a place for a certificate: listening")
	}
	for name, change := range map[string]func(*Config){
		"no authority":     func(c *Config) { c.Authority = nil },
		"no room":          func(c *Config) { c.Room = nil },
		"no limits":        func(c *Config) { c.Limits = nil },
		"no log":           func(c *Config) { c.Log = nil },
		"no port":          func(c *Config) { c.Listen = "localhost" },
		"half a pair":      func(c *Config) { c.TLSCert = "x" },
		"plain and TLS":    func(c *Config) { c.TLSCert, c.TLSKey, c.InsecureHTTP = "x", "y", true },
		"public with path": func(c *Config) { c.PublicURL = "https://x/y" },
		"bad host":         func(c *Config) { c.Hosts = []string{"a b"} },
		"bad origin":       func(c *Config) { c.WHEPOrigins = []string{"*"} },
	} {
		bad := h.srv.cfg
		bad.Registerer = nil
		change(&bad)
		if _, err := New(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
