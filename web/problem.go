package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"sightline/authz"
	"sightline/internal/fault"
)

// problem is the body of every error: RFC 9457 with a code from a closed list
// that the page translates. ID finds the request in the log; it is left out
// where bodies must be equal byte by byte (404, 410).
type problem struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Code       string `json:"code"`
	Field      string `json:"field,omitempty"`
	Detail     string `json:"detail"`
	RetryAfter int    `json:"retry_after_s,omitempty"`
	ID         string `json:"id,omitempty"`

	Table *accessView `json:"table,omitempty"` // of a stale Save: the table as it is
}

// codeLinkGone is the one answer to an unknown, malformed or removed link (ruling 4).
const codeLinkGone = string(authz.ReasonLinkGone)

var (
	errInvisible = fault.New(fault.NotFound, fault.CodeNotFound, "There is no such thing.")
	errLinkGone  = fault.New(fault.Gone, codeLinkGone, "This link does not exist or was removed. Open the link you were sent again, or ask its owner.")
)

// statusError is an error whose status has no fault.Kind: 405 and what the HTTP
// library itself refuses.
type statusError struct {
	status int
	code   string
	msg    string
}

func (e *statusError) Error() string { return e.msg }

var errMethod = &statusError{http.StatusMethodNotAllowed, fault.CodeMethod, "This address does not know this method."}

// status maps a kind of failure; nothing else in the program knows statuses.
func status(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Gone:
		return http.StatusGone
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.Unsupported:
		return http.StatusUnsupportedMediaType
	case fault.Misdirected:
		return http.StatusMisdirectedRequest
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Unavailable, fault.Unknown:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problemOf makes the public half of an error. Everything that is not a
// *fault.Error says only that it is our mistake. 404 and 410 say always the
// same, whatever the cause, so that what is hidden looks like what is not there.
func problemOf(err error, id string) problem {
	p := problem{Type: "about:blank", ID: id}
	var f *fault.Error
	var se *statusError
	var fe *fiber.Error
	var old staleTable
	if errors.As(err, &old) {
		p.Table = &old.fresh
	}
	switch {
	case errors.As(err, &f):
		p.Status, p.Code, p.Field, p.Detail = status(f.Kind), f.Code, f.Field, f.Msg
		if f.Kind == fault.RateLimited || f.Kind == fault.Unavailable || f.Kind == fault.Unknown {
			p.RetryAfter = max(1, int((f.RetryAfter+time.Second-1)/time.Second))
		}
	case errors.As(err, &se):
		p.Status, p.Code, p.Detail = se.status, se.code, se.msg
	case errors.As(err, &fe) && fiberError(fe) != fe: //nolint:errorlint // is it another value, not another kind
		return problemOf(fiberError(fe), id)
	case errors.Is(err, context.DeadlineExceeded):
		p.Status, p.Code, p.Detail, p.RetryAfter = http.StatusServiceUnavailable, fault.CodeBusy, "This took too long. Try again.", 1
	default:
		p.Status = http.StatusInternalServerError
	}
	switch p.Status {
	case http.StatusNotFound:
		p = problem{Type: p.Type, Status: p.Status, Code: fault.CodeNotFound, Detail: errInvisible.Msg}
	case http.StatusGone: // a link, or the one-time token of a mail
		if p.Code != fault.CodeTokenInvalid {
			p.Code, p.Detail = codeLinkGone, errLinkGone.Msg
		}
		p = problem{Type: p.Type, Status: p.Status, Code: p.Code, Detail: p.Detail}
	case http.StatusInternalServerError:
		p.Code, p.Field, p.Detail = fault.CodeInternal, "", "Something went wrong on our side. The log has the reason under this id."
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// libraryError translates what fasthttp reports while reading a request.
func libraryError(err error) error {
	var small *fasthttp.ErrSmallBuffer
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return fiberError(fiber.ErrRequestEntityTooLarge)
	case errors.As(err, &small):
		return fiberError(fiber.ErrRequestHeaderFieldsTooLarge)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fiberError(fiber.ErrRequestTimeout)
	}
	return fiberError(fiber.ErrBadRequest)
}

// fiberError translates what fiber and fasthttp refuse by themselves.
func fiberError(e *fiber.Error) error {
	switch e.Code {
	case fiber.StatusNotFound:
		return errInvisible
	case fiber.StatusMethodNotAllowed:
		return errMethod
	case fiber.StatusRequestEntityTooLarge:
		return fault.New(fault.TooLarge, fault.CodeTooLarge, "The body is larger than this address takes.")
	case fiber.StatusRequestHeaderFieldsTooLarge:
		return &statusError{e.Code, fault.CodeTooLarge, "The headers are larger than this server takes."}
	case fiber.StatusRequestTimeout:
		return &statusError{e.Code, fault.CodeBadValue, "The request did not arrive in time."}
	case fiber.StatusUpgradeRequired:
		return &statusError{e.Code, fault.CodeUnsupportedType, "This address speaks WebSocket (RFC 6455)."}
	case fiber.StatusBadRequest:
		return &statusError{e.Code, fault.CodeBadValue, "This is not a valid HTTP request."}
	}
	return e // nothing of its text is shown
}

// writeProblem answers with p. It works below fiber too, for what fasthttp refuses.
func writeProblem(ctx *fasthttp.RequestCtx, p problem) {
	body, err := json.Marshal(p)
	if err != nil { // cannot happen: strings and numbers only
		body = []byte(`{"type":"about:blank","title":"Internal Server Error","status":500,"code":"internal","detail":""}`)
	}
	h := &ctx.Response.Header
	ctx.Response.ResetBody()
	ctx.SetStatusCode(p.Status)
	h.SetContentType("application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	ctx.Response.SetBodyRaw(append(body, '\n'))
}
