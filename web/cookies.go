package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"sightline/internal/secret"
)

// cookies names and writes our cookies (spec ruling 4). Browsers drop Secure
// cookies on http://<LAN address>, so plain HTTP by --insecure-http has names
// without prefix and no Secure.
type cookies struct{ insecure bool }

const maxCookie = 256 // bytes of a value we would look at

func (k cookies) login() string {
	if k.insecure {
		return "sightline"
	}
	return "__Host-sightline"
}

func (k cookies) guest() string {
	if k.insecure {
		return "sightline-guest"
	}
	return "__Secure-sightline-guest"
}

func (k cookies) kiosk() string {
	if k.insecure {
		return "sightline-kiosk"
	}
	return "__Host-sightline-kiosk"
}

func guestPath(link string) string { return "/g/" + link + "/" }

// setLogin gives the browser its login. The server ends it earlier when idle.
func (k cookies) setLogin(h *fasthttp.ResponseHeader, value secret.String, life time.Duration) {
	k.set(h, k.login(), "/", value.Reveal(), life)
}

func (k cookies) dropLogin(h *fasthttp.ResponseHeader) { k.set(h, k.login(), "/", "", -1) }

// setKiosk gives a screen on a wall its login.
func (k cookies) setKiosk(h *fasthttp.ResponseHeader, value secret.String) {
	k.set(h, k.kiosk(), "/", value.Reveal(), kioskLife)
}

// setGuest gives the browser its visit; no other path than the link's sees it.
func (k cookies) setGuest(h *fasthttp.ResponseHeader, link string, value secret.String, life time.Duration) {
	k.set(h, k.guest(), guestPath(link), value.Reveal(), life)
}

func (k cookies) set(h *fasthttp.ResponseHeader, name, path, value string, life time.Duration) {
	age := max(0, int(life/time.Second))
	c := name + "=" + value + "; Path=" + path + "; Max-Age=" + strconv.Itoa(age) + "; HttpOnly; SameSite=Lax"
	if !k.insecure {
		c += "; Secure"
	}
	h.Add("Set-Cookie", c)
}

// cookieValue finds one cookie in a Cookie header (RFC 6265 section 5.4). Of
// several with one name the first counts, which is the one with the longest
// path. Values with other characters than our secrets have are no cookie of ours.
func cookieValue(header, name string) string {
	for header != "" {
		var pair string
		pair, header, _ = strings.Cut(header, ";")
		k, v, ok := strings.Cut(strings.Trim(pair, " \t"), "=")
		if !ok || k != name {
			continue
		}
		if len(v) > maxCookie {
			return ""
		}
		for i := 0; i < len(v); i++ {
			switch c := v[i]; {
			case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			default:
				return ""
			}
		}
		return v
	}
	return ""
}
