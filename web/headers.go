package web

import (
	"github.com/valyala/fasthttp"
)

const hstsYear = "max-age=31536000"

// securityHeaders stand on every answer, errors included. host is the checked
// Host of the request (it names the socket's origin for browsers whose 'self'
// does not cover it), secure whether the browser speaks TLS.
func securityHeaders(h *fasthttp.ResponseHeader, host string, secure, hsts bool) {
	h.Set("Content-Security-Policy", csp(host, secure))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), payment=()")
	if hsts {
		h.Set("Strict-Transport-Security", hstsYear)
	}
}

func csp(host string, secure bool) string {
	connect := "'self'"
	if host != "" {
		if secure {
			connect += " wss://" + host
		} else {
			connect += " ws://" + host
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; " +
		"connect-src " + connect + "; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types push-worker"
}

// privateHeaders stand on everything that is not a public page or asset: no
// cache between us and the reader keeps it (threat T7).
func privateHeaders(h *fasthttp.ResponseHeader) { h.Set("Cache-Control", "private, no-store") }

// guestHeaders keep links out of search engines (spec R74).
func guestHeaders(h *fasthttp.ResponseHeader) { h.Set("X-Robots-Tag", "noindex, nofollow") }
