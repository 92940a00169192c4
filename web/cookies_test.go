package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"sightline/internal/secret"
)

// Ruling 4: names, paths and flags of both cookies, secure and not.
func TestCookies(t *testing.T) {
	cases := []struct {
		name     string
		insecure bool
		write    func(cookies, *fasthttp.ResponseHeader)
		want     string
	}{
		{"login", false, func(k cookies, h *fasthttp.ResponseHeader) { k.setLogin(h, secret.New("abc"), time.Hour) },
			"__Host-sightline=abc; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure"},
		{"guest", false, func(k cookies, h *fasthttp.ResponseHeader) { k.setGuest(h, "id", secret.New("abc"), time.Hour) },
			"__Secure-sightline-guest=abc; Path=/g/id/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure"},
		{"login dropped", false, func(k cookies, h *fasthttp.ResponseHeader) { k.dropLogin(h) },
			"__Host-sightline=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"},
		{"insecure login", true, func(k cookies, h *fasthttp.ResponseHeader) { k.setLogin(h, secret.New("abc"), time.Hour) },
			"sightline=abc; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"},
		{"insecure guest", true, func(k cookies, h *fasthttp.ResponseHeader) { k.setGuest(h, "id", secret.New("abc"), time.Hour) },
			"sightline-guest=abc; Path=/g/id/; Max-Age=3600; HttpOnly; SameSite=Lax"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var h fasthttp.ResponseHeader
			c.write(cookies{insecure: c.insecure}, &h)
			got := ""
			for line := range strings.SplitSeq(h.String(), "\r\n") {
				if v, ok := strings.CutPrefix(line, "Set-Cookie: "); ok {
					got = v
				}
			}
			if got != c.want {
				t.Fatalf("Set-Cookie is %q, want %q", got, c.want)
			}
			if _, err := http.ParseSetCookie(got); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestCookieValue(t *testing.T) {
	for header, want := range map[string]string{
		"":                              "",
		"a=1":                           "1",
		"b=2; a=1":                      "1",
		"a=1; a=2":                      "1",
		" a=1 ":                         "1",
		"xa=1; a=2":                     "2",
		"a=\"1\"":                       "",
		"a=1%20":                        "",
		"a":                             "",
		"a=" + strings.Repeat("x", 300): "",
		"A=1":                           "",
	} {
		if got := cookieValue(header, "a"); got != want {
			t.Errorf("cookie of %q is %q, want %q", header, got, want)
		}
	}
}

func FuzzCookieValue(f *testing.F) {
	for _, s := range []string{"", "__Host-sightline=abc", "a=b; __Host-sightline=abc", "__Host-sightline=abc; __Host-sightline=x", ";;=;", "__Host-sightline=\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := cookieValue(header, "__Host-sightline")
		if len(got) > maxCookie {
			t.Fatalf("a value of %d bytes", len(got))
		}
		if got != "" && !strings.Contains(header, "__Host-sightline="+got) {
			t.Fatalf("%q is not in %q", got, header)
		}
		if strings.ContainsAny(got, "\r\n;=\", \x00") {
			t.Fatalf("%q could be written into a header", got)
		}
		// A value of ours is found wherever the library's parser finds it first.
		if found := (&http.Request{Header: http.Header{"Cookie": {header}}}).CookiesNamed("__Host-sightline"); got == "" && len(found) > 0 {
			if plain := regexp.MustCompile(`^[A-Za-z0-9._-]{1,256}$`); plain.MatchString(found[0].Value) && strings.Count(header, "__Host-sightline") == 1 && !strings.Contains(header, `"`) {
				t.Fatalf("%q has the cookie %q, not found", header, found[0].Value)
			}
		}
	})
}
