package web

import (
	"github.com/valyala/fasthttp"

	"sightline/internal/fault"
)

// ourHeader is asked of every unsafe request that rides on a cookie: a page of
// another site cannot send it without a preflight, which we never allow.
const ourHeader = "X-Sightline"

var errCrossSite = fault.New(fault.Forbidden, fault.CodeCrossSite,
	"This request came from another site, or without the X-Sightline header.")

func safeMethod(m string) bool { return m == "GET" || m == "HEAD" || m == "OPTIONS" }

// checkSameOrigin refuses an unsafe request that a page of another origin made
// (threat T17), after the algorithm of Go's http.CrossOriginProtection: the
// browser's own word (Sec-Fetch-Site) first, then Origin; a request with
// neither is not from a browser. own are the origins of this server as this
// request sees them. Another port of the same host is another origin.
func checkSameOrigin(h *fasthttp.RequestHeader, own []string) error {
	switch string(h.Peek("Sec-Fetch-Site")) {
	case "same-origin", "none":
		return nil
	case "":
		origin := string(h.Peek("Origin"))
		if origin == "" || isOneOf(origin, own) {
			return nil
		}
	default:
		// A proxy that ends TLS under another name makes the browser say
		// same-origin too, so there is no exception here.
	}
	return errCrossSite
}

// checkUnsafe is checkSameOrigin and our header.
func checkUnsafe(h *fasthttp.RequestHeader, own []string) error {
	if err := checkSameOrigin(h, own); err != nil {
		return err
	}
	if string(h.Peek(ourHeader)) != "1" {
		return errCrossSite
	}
	return nil
}

func isOneOf(s string, list []string) bool {
	for _, o := range list {
		if s == o {
			return true
		}
	}
	return false
}
