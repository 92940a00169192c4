package web

import (
	"testing"

	"github.com/valyala/fasthttp"

	"sightline/internal/fault"
)

func TestHosts(t *testing.T) {
	h := newHosts("cameras.example.org", "[2001:db8::5]:8443")
	for host, ok := range map[string]bool{
		"localhost": true, "localhost:8443": true, "LOCALHOST": true, "localhost.": true,
		"127.0.0.1": true, "127.0.0.1:80": true, "127.5.5.5": true, "[::1]": true, "[::1]:8443": true,
		"cameras.example.org": true, "Cameras.Example.Org:8443": true, "cameras.example.org.": true, "[2001:db8::5]": true,
		machineName(): true, machineName() + ".local:1": true,
		"": false, "evil.example": false, "localhost.evil.example": false, "evil-localhost": false, "203.0.113.77": false,
		"cameras.example.org.evil.example": false, "localhost@evil": false, "localhost/": false, "[::1": false, "local host": false,
		"localhost\x00": false,
	} {
		err := h.check(host)
		if (err == nil) != ok {
			t.Errorf("host %q: %v, want allowed=%v", host, err, ok)
		}
		if err != nil && !fault.Is(err, fault.Misdirected) {
			t.Errorf("host %q: %v is not misdirected", host, err)
		}
	}
}

func TestOwnAddressesAreHosts(t *testing.T) {
	h := newHosts()
	for _, a := range machineAddrs() {
		host := a.String()
		if a.Is6() {
			host = "[" + host + "]"
		}
		if err := h.check(host + ":8443"); err != nil {
			t.Errorf("own address %s: %v", host, err)
		}
	}
}

func TestOriginOf(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example": "https://a.example", "https://A.example/": "https://a.example", "https://a.example:443": "https://a.example",
		"http://a.example:80": "http://a.example", "http://a.example:8080": "http://a.example:8080", "https://[2001:db8::1]:8443": "https://[2001:db8::1]:8443",
		"a.example": "", "https://a.example/x": "", "https://u:p@a.example": "", "ftp://a.example": "", "https://": "", "https://a.example?x": "", "https://a b": "",
	} {
		got, err := originOf(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("origin of %q is %q (%v), want %q", in, got, err, want)
		}
	}
}

// Threat T17: what a page of another origin can send never passes.
func TestCheckUnsafe(t *testing.T) {
	own := []string{"https://cam.example:8443", "https://public.example"}
	for _, c := range []struct {
		name, site, origin, header string
		ok                         bool
	}{
		{"our page", "same-origin", "https://cam.example:8443", "1", true},
		{"typed by a person", "none", "", "1", true},
		{"old browser, our origin", "", "https://cam.example:8443", "1", true},
		{"old browser, public origin", "", "https://public.example", "1", true},
		{"no browser", "", "", "1", true},
		{"without our header", "same-origin", "https://cam.example:8443", "", false},
		{"another header value", "same-origin", "https://cam.example:8443", "true", false},
		{"another site", "cross-site", "https://evil.example", "1", false},
		{"another site claims our origin", "cross-site", "https://cam.example:8443", "1", false},
		{"another port of the host", "same-site", "https://cam.example:9999", "1", false},
		{"old browser, another port", "", "https://cam.example:9999", "1", false},
		{"old browser, plain http", "", "http://cam.example:8443", "1", false},
		{"old browser, sandboxed", "", "null", "1", false},
		{"old browser, another site", "", "https://evil.example", "1", false},
		{"a word the standard does not know", "sameorigin", "", "1", false},
	} {
		var h fasthttp.RequestHeader
		for k, v := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin, ourHeader: c.header} {
			if v != "" {
				h.Set(k, v)
			}
		}
		if err := checkUnsafe(&h, own); (err == nil) != c.ok {
			t.Errorf("%s: %v, want ok=%v", c.name, err, c.ok)
		}
	}
}
