package web

import (
	"context"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/ratelimit"
)

// who may call a route. The zero value is nobody, so that a forgotten entry denies.
type who uint8

const (
	nobody   who = iota
	public       // anybody; no login is read
	maybe        // anybody; a login is read where there is one
	account      // a login or a personal access token
	signed       // a login; who comes by personal access token gets 403: it must not make what outlives it
	instance     // as account, and the account administers the instance; else 404
	guest        // a visit of the link in the path, and nothing else; else 410
	static       // pages and their parts: no effects, no login read
	player       // WHEP: as account; its media type forces a preflight, so our header is not asked
	sender       // a camera's key, and nothing else; no cookie is read
	reporter     // as sender, with the camera's hook key; what is wrong with it is 404
	device       // a kiosk's cookie, and nothing else
	ticketed     // a ticket for footage in the path, and nothing else; else 404
)

var whoNames = [...]string{"nobody", "public", "maybe", "account", "login", "instance", "guest", "static", "player", "sender", "reporter", "device", "ticket"}

func (w who) String() string { return whoNames[w] }

// limiter names a limit that is charged before the handler runs. Limits that
// count failures only are in the handlers.
type limiter uint8

const (
	unlimited limiter = iota
	offers            // SDP offers, by session and for the node
	tests             // trials of cameras, by account
)

// bodyKind is the media type of a route's body.
type bodyKind string

const (
	noBody   bodyKind = ""
	jsonBody bodyKind = "application/json"
	sdpBody  bodyKind = "application/sdp"

	reportBody  bodyKind = "application/x-www-form-urlencoded" // or JSON, or nothing at all
	pictureBody bodyKind = "image/jpeg"                        // or a form with files, or no type at all: cameras say what they like
)

const (
	bodyLimit  = 64 << 10 // bytes of a body, where a route says nothing else
	handlerMax = 10 * time.Second
)

// route is one line of the table: all that may be asked of this server is in
// it, the OpenAPI document is made of it, and nothing else can be mounted.
type route struct {
	method, path string
	who          who
	limit        limiter
	body         bodyKind
	bytes        int           // largest body; 0 = bodyLimit
	wait         time.Duration // longest run of the handler; 0 = handlerMax
	summary      string        // for docs
	in, out      any           // body and answer as zero values, for docs; nil = none
	answer       string        // media type of an answer that is not JSON
	status       int           // of success; 0 = 200
	hidden       bool          // not in the OpenAPI document (pages)
	handle       func(*request) error
}

func (rt *route) max() int {
	if rt.body == noBody {
		return 16
	}
	if rt.bytes > 0 {
		return rt.bytes
	}
	return bodyLimit
}

func (rt *route) timeout() time.Duration {
	if rt.wait > 0 {
		return rt.wait
	}
	return handlerMax
}

// mount puts the table on the app. An incomplete line is a mistake of ours and
// stops the start.
func (s *Server) mount(app *fiber.App, table []route) error {
	for i := range table {
		rt := &table[i]
		if rt.who == nobody || rt.handle == nil || rt.method == "" || !strings.HasPrefix(rt.path, "/") || rt.summary == "" {
			return fault.Newf(fault.Internal, fault.CodeInternal, "route %s %s is not complete", rt.method, rt.path)
		}
		if rt.who == device && rt.path != "/api/v1/kiosk" && !strings.HasPrefix(rt.path, "/api/v1/kiosk/") {
			return fault.Newf(fault.Internal, fault.CodeInternal, "device route %s is not below /api/v1/kiosk", rt.path)
		}
		if rt.who == guest && !strings.HasPrefix(rt.path, "/g/:link/") {
			return fault.Newf(fault.Internal, fault.CodeInternal, "guest route %s is not below /g/:link/", rt.path)
		}
		app.Add(rt.method, rt.path, s.serve(rt))
	}
	return nil
}

// serve wraps a handler with everything its line says.
func (s *Server) serve(rt *route) fiber.Handler {
	return func(c *fiber.Ctx) (err error) {
		ctx, cancel := context.WithTimeout(s.base, rt.timeout())
		defer cancel()
		r := &request{s: s, c: c, rt: rt, ctx: ctx}
		r.id, _ = c.Context().UserValue(keyID).(string)
		r.client, _ = c.Context().UserValue(keyClient).(netip.Addr)
		r.secure, _ = c.Context().UserValue(keySecure).(bool)
		begun := time.Now()
		defer func() {
			if v := recover(); v != nil {
				s.log.Error("handler panicked", "id", r.id, "method", rt.method, "route", rt.path, "panic", v, "stack", string(debug.Stack()))
				err = fault.New(fault.Internal, fault.CodeInternal, "")
			}
			if err != nil {
				s.fail(c, rt, r.id, err)
				err = nil
			}
			s.observe(rt, c.Response().StatusCode(), time.Since(begun))
		}()
		if strings.HasPrefix(rt.path, "/g/") || rt.path == "/s" {
			guestHeaders(&c.Response().Header)
		}
		if strings.HasPrefix(rt.path, "/whep/") {
			s.allowOrigin(r) // on refusals too, so that the page can read them
		}
		if rt.who != static {
			privateHeaders(&c.Response().Header)
		}
		if err := s.allow(r); err != nil {
			return err
		}
		return rt.handle(r)
	}
}

// allow is the one gate in front of all handlers, in this order: shape of the
// path, origin, who is asking, limits, body.
func (s *Server) allow(r *request) error {
	if err := r.checkParams(); err != nil {
		return err
	}
	if err := r.checkOrigin(); err != nil {
		return err
	}
	if err := r.checkAddress(); err != nil {
		return err
	}
	if err := r.authenticate(); err != nil {
		return err
	}
	if err := r.checkCaller(); err != nil {
		return err
	}
	if err := r.checkLimit(); err != nil {
		return err
	}
	if r.rt.who == static {
		return nil
	}
	return r.checkBody()
}

// checkParams refuses path parts that cannot be ids, so that no text of a
// client is looked up. They look like ids that do not exist.
func (r *request) checkParams() error {
	for _, name := range r.c.Route().Params {
		if strings.HasPrefix(name, "*") {
			continue
		}
		if shape := shapes[name]; shape != nil {
			if !shape.MatchString(r.c.Params(name)) {
				return errInvisible
			}
			continue
		}
		if v := r.c.Params(name); !authz.ValidID(v) && !(name == "view" && v == defaultView) {
			if name == "link" {
				return errLinkGone
			}
			return errInvisible
		}
	}
	return nil
}

func (r *request) checkOrigin() error {
	if safeMethod(r.rt.method) || r.rt.who == static {
		return nil
	}
	h := &r.c.Request().Header
	switch r.rt.who {
	case account, signed, instance, maybe:
		if r.hasBearer() {
			return nil
		}
	case sender, reporter: // what it shows is no cookie: no page can make a browser show it
		return nil
	case player:
		if r.hasBearer() {
			return nil
		}
		return checkSameOrigin(h, r.origins())
	}
	return checkUnsafe(h, r.origins())
}

func (r *request) authenticate() error {
	switch r.rt.who {
	case public, static:
		return nil
	case maybe:
		if err := r.login(); err != nil && !fault.Is(err, fault.Unauthenticated) && !fault.Is(err, fault.Forbidden) {
			return err
		}
		return nil
	case account, player:
		return r.login()
	case signed:
		if err := r.login(); err != nil {
			return err
		}
		if r.subject.Token != "" {
			return fault.New(fault.Forbidden, fault.CodeLoginNeeded, "A personal access token may not do this. Sign in with the password.")
		}
		return nil
	case instance:
		if err := r.login(); err != nil {
			return err
		}
		d, err := r.s.cfg.Authority.Check(r.ctx, r.subject, authz.ActInstance, authz.Object{})
		if err != nil {
			return err
		}
		if !d.Allowed {
			return errInvisible
		}
		return nil
	case guest:
		return r.guest()
	case sender:
		return r.sender()
	case reporter:
		return r.reporter()
	case device:
		return r.device()
	case ticketed:
		return r.ticketed()
	}
	return errInvisible
}

// login finds the account behind the bearer token or the login cookie; a token
// is looked at first and a cookie beside it not at all.
func (r *request) login() error {
	key := r.bearer()
	if key.Empty() {
		key = r.cookie(r.s.cookies.login())
	}
	if key.Empty() {
		return fault.New(fault.Unauthenticated, fault.CodeNotSignedIn, "Sign in first.")
	}
	sub, acc, err := r.s.cfg.Authority.Authenticate(r.ctx, key)
	if err != nil {
		return err
	}
	r.subject, r.account = sub, acc
	return nil
}

// guest finds the visit behind the guest cookie of the link in the path.
// Whatever is wrong with it is the one 410; only a silent store is 503.
func (r *request) guest() error {
	key := r.cookie(r.s.cookies.guest())
	if key.Empty() {
		return errLinkGone
	}
	sub, info, err := r.s.cfg.Authority.AuthenticateVisit(r.ctx, r.param("link"), key)
	if err != nil {
		return goneUnlessAway(err)
	}
	if info.State == authz.VisitLive && !authz.BlockedUntil(info.Blocks, r.client, info.Now).IsZero() {
		r.s.cfg.Authority.NoteClient(r.ctx, sub, r.clientInfo())
		if sub, info, err = r.s.cfg.Authority.AuthenticateVisit(r.ctx, r.param("link"), key); err != nil {
			return goneUnlessAway(err)
		}
	}
	r.subject, r.visit = sub, info
	return nil
}

// goneUnlessAway makes every failure with a link the same 410, but for a store that is away.
func goneUnlessAway(err error) error {
	if fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Unknown) || fault.Is(err, fault.RateLimited) {
		return err
	}
	return errLinkGone
}

// checkAddress bounds what one address asks for, before anybody is looked up.
// Pages and a camera's images have limits of their own.
func (r *request) checkAddress() error {
	if r.rt.who == static || r.rt.who == sender || r.rt.who == reporter {
		return nil
	}
	return limited(r.s.cfg.Limits.Addresses.Allow(ratelimit.Prefix(r.client)))
}

// checkCaller bounds what one account or visit asks for, from wherever.
func (r *request) checkCaller() error {
	key := r.subject.Account
	if key == "" {
		key = r.subject.Visit
	}
	if key == "" {
		return nil
	}
	return limited(r.s.cfg.Limits.Requests.Allow(key))
}

func (r *request) checkLimit() error {
	switch r.rt.limit {
	case offers:
		return limited(r.s.cfg.Limits.Offers.Allow(r.subject.Session()))
	case tests:
		return limited(r.s.cfg.Limits.CameraTests.Allow(r.subject.Account))
	}
	return nil
}

// fail is where an error becomes an answer.
func (s *Server) fail(c *fiber.Ctx, rt *route, id string, err error) {
	p := problemOf(err, id)
	switch {
	case p.Status == http.StatusInternalServerError:
		s.log.Error("request failed", "id", id, "method", rt.method, "route", rt.path, "error", err)
	case p.Status == http.StatusServiceUnavailable:
		s.log.Warn("request could not be answered", "id", id, "method", rt.method, "route", rt.path, "code", p.Code, "error", err)
	default:
		s.log.Debug("request refused", "id", id, "method", rt.method, "route", rt.path, "status", p.Status, "code", p.Code)
	}
	writeProblem(c.Context(), p)
}
