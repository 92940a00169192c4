package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"sightline/authz"
	"sightline/controlroom/archive"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

// request is what a handler gets: who asks, from where, for which route. It
// lives as long as the handler and is not to be kept.
type request struct {
	s       *Server
	c       *fiber.Ctx
	rt      *route
	ctx     context.Context // ends with the route's time limit or the server
	id      string
	client  netip.Addr
	secure  bool // the browser speaks TLS
	subject authz.Subject
	account *authz.Account  // of an account's login or token
	visit   authz.VisitInfo // of a guest
	ticket  *archive.Ticket // of a player that reads by one
}

// language is the language asked for, or the best of those there are for the
// Accept-Language header of who asks for none.
func (r *request) language(asked string) string {
	if asked != "" {
		return asked
	}
	return r.s.languages.Match(r.c.Get("Accept-Language"))
}

// host is the checked Host header.
func (r *request) host() string { return strings.ToLower(string(r.c.Request().Header.Host())) }

// origins are this server's own origins as this request sees them.
func (r *request) origins() []string {
	scheme := "http://"
	if r.secure {
		scheme = "https://"
	}
	list := []string{scheme + r.host()}
	if r.s.publicOrigin != "" {
		list = append(list, r.s.publicOrigin)
	}
	return list
}

// base is what links handed out begin with: the public URL, else the origin
// under which the asking page was loaded.
func (r *request) base() string {
	if r.s.publicOrigin != "" {
		return r.s.publicOrigin
	}
	return r.origins()[0]
}

// param is an id out of the path. Text that cannot be an id was refused before the handler.
func (r *request) param(name string) string { return r.c.Params(name) }

// bearer is the token of an Authorization header; empty when there is none.
func (r *request) bearer() secret.String {
	token, _ := bearerOf(&r.c.Request().Header)
	return token
}

func (r *request) hasBearer() bool { return !r.bearer().Empty() }

func (r *request) cookie(name string) secret.String {
	return secret.New(cookieValue(string(r.c.Request().Header.Peek("Cookie")), name))
}

// decode reads the JSON body into v, strictly: an unknown field, one that is
// there twice or in other letters, a second value or a wrong type is fault.Malformed naming the field. The raw body is
// used, never fiber's, which would inflate it.
func (r *request) decode(v any) error { return decodeJSON(r.c.Request().Body(), v) }

func decodeJSON(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Malformed, fault.CodeBadJSON, "The body holds more than one JSON value.")
	}
	return checkNames(body, v)
}

func badJSON(err error) error {
	f := fault.Wrap(err, fault.Malformed, fault.CodeBadJSON, "The body is not valid JSON.")
	var wrong *json.UnmarshalTypeError
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &wrong):
		f.Field, f.Msg = wrong.Field, "A field has the wrong type."
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		f.Field = strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`)
		f.Msg = "A field is not known here."
		if len(f.Field) > 64 {
			f.Field = f.Field[:64]
		}
	}
	return f
}

// checkBody holds the body to what the route takes.
func (r *request) checkBody() error {
	req := r.c.Request()
	body := req.Body()
	if len(body) > r.rt.max() {
		return fault.New(fault.TooLarge, fault.CodeTooLarge, "The body is larger than this address takes.")
	}
	if r.rt.body == noBody {
		if len(bytes.TrimSpace(body)) > 0 && string(bytes.TrimSpace(body)) != "{}" {
			return fault.New(fault.Malformed, fault.CodeBadValue, "This address takes no body.")
		}
		return nil
	}
	if r.rt.body == pictureBody || r.rt.body == reportBody { // looked at by its bytes, not by its name
		return nil
	}
	kind, params, err := mime.ParseMediaType(string(req.Header.ContentType()))
	if err != nil || kind != string(r.rt.body) || (params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8")) {
		return fault.Newf(fault.Unsupported, fault.CodeUnsupportedType, "Send the body as %s.", r.rt.body)
	}
	return nil
}

// json answers with v.
func (r *request) json(status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	r.c.Response().Header.SetContentType("application/json")
	r.c.Status(status).Response().SetBodyRaw(append(b, '\n'))
	return nil
}

// viewAll shows each thing of a list; of none it is an empty list, never null.
func viewAll[T, V any](list []T, view func(T) V) []V {
	out := make([]V, 0, len(list))
	for _, x := range list {
		out = append(out, view(x))
	}
	return out
}

func (r *request) ok(v any) error { return r.json(http.StatusOK, v) }

func (r *request) done() error {
	r.c.Status(http.StatusNoContent)
	return nil
}

// limited turns a limiter's answer into the error for it.
func limited(ok bool, retry time.Duration) error {
	if ok {
		return nil
	}
	return fault.New(fault.RateLimited, string(authz.ReasonRateLimited), "Too many tries. Wait a moment.").After(retry)
}
