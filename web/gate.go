package web

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"

	"github.com/valyala/fasthttp"

	"sightline/authz"
	"sightline/internal/fault"
)

const (
	maxBody    = 1 << 20  // bytes of any request body; routes have smaller ones
	maxHeaders = 16 << 10 // bytes of request line and headers
	maxURI     = 2 << 10  // bytes of the request target
)

var errRequest = &statusError{http.StatusBadRequest, fault.CodeBadValue, "This is not a valid HTTP request."}

// methods are all we know. Anything else is 405 before routing.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// Keys of what the gate found out about a request.
const (
	keyID     = "sightline.id"
	keyClient = "sightline.client"
	keySecure = "sightline.secure"
)

// gate stands before the router, for known and unknown paths alike: panic
// recovery, request id, security headers, method, target, Host, and no
// compressed bodies (threat T29).
func (s *Server) gate(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		id := authz.NewID()
		ctx.SetUserValue(keyID, id)
		defer func() {
			if v := recover(); v != nil {
				s.log.Error("request panicked", "id", id, "panic", v, "stack", string(debug.Stack()))
				writeProblem(ctx, problemOf(nil, id))
			}
		}()
		if err := s.admit(ctx); err != nil {
			p := problemOf(err, id)
			s.count("none", p.Status)
			writeProblem(ctx, p)
			if errors.Is(err, errRequest) {
				ctx.SetConnectionClose() // what follows on it may be anything
			}
			return
		}
		next(ctx)
	}
}

func (s *Server) admit(ctx *fasthttp.RequestCtx) error {
	h := &ctx.Request.Header
	peer := peerAddr(ctx.RemoteAddr())
	client := peer
	secure := ctx.IsTLS()
	if s.proxies.trusts(peer) {
		client = s.proxies.client(peer, headerValues(h, "X-Forwarded-For"))
		secure = secure || strings.EqualFold(string(h.Peek("X-Forwarded-Proto")), "https")
	}
	ctx.SetUserValue(keyClient, client)
	ctx.SetUserValue(keySecure, secure)

	host := strings.ToLower(string(h.Host()))
	err := s.hosts.check(host)
	if err != nil {
		host = ""
	}
	securityHeaders(&ctx.Response.Header, host, secure, s.hsts)
	ctx.Response.Header.Set("X-Request-Id", ctx.UserValue(keyID).(string))

	switch {
	case !isOneOf(string(h.Method()), methods):
		return errMethod
	case len(h.RequestURI()) > maxURI:
		return &statusError{http.StatusRequestURITooLong, fault.CodeTooLarge, "The address is too long."}
	case len(h.RequestURI()) == 0 || h.RequestURI()[0] != '/' || !plainHeaders(h.RawHeaders()):
		return errRequest
	case err != nil:
		return err
	case len(h.PeekAll("Content-Encoding")) > 0:
		return fault.New(fault.Unsupported, fault.CodeCompressed, "Send the body without compression.")
	}
	return nil
}

// refused answers what fasthttp could not read as a request: a body or header
// too large, garbage, a client too slow.
func (s *Server) refused(ctx *fasthttp.RequestCtx, err error) {
	id := authz.NewID()
	securityHeaders(&ctx.Response.Header, "", ctx.IsTLS(), s.hsts)
	p := problemOf(libraryError(err), id)
	s.count("none", p.Status)
	writeProblem(ctx, p)
	ctx.SetConnectionClose()
	lingerOn(ctx.Conn())
}

// plainHeaders reports whether a proxy in front of us reads the same request as
// the library does (RFC 9112, sections 3.2, 5.1, 5.2 and 6.1): one Host, no
// space before a colon, no folded line, and one way to tell where the body ends.
func plainHeaders(raw []byte) bool {
	hosts, lengths, codings := 0, 0, 0
	for len(raw) > 0 {
		var line []byte
		line, raw, _ = bytes.Cut(raw, []byte("\n"))
		name, _, ok := bytes.Cut(line, []byte(":"))
		switch {
		case len(bytes.TrimRight(line, "\r")) == 0:
			continue
		case !ok || len(name) == 0 || bytes.ContainsAny(name, " \t\r"):
			return false
		case bytes.EqualFold(name, []byte("Host")):
			hosts++
		case bytes.EqualFold(name, []byte("Content-Length")):
			lengths++
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			codings++
		}
	}
	return hosts <= 1 && lengths+codings <= 1
}

func headerValues(h *fasthttp.RequestHeader, name string) []string {
	var list []string
	for _, v := range h.PeekAll(name) {
		list = append(list, string(v))
	}
	return list
}

func peerAddr(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return plainAddr(t.AddrPort().Addr())
	}
	return netip.Addr{}
}
