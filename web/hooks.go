package web

import (
	"bytes"
	"context"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"sightline/authz"
	"sightline/controlroom/events"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

// Events keeps what cameras report (controlroom/events).
type Events interface {
	Report(ctx context.Context, r events.Report) error
	List(ctx context.Context, camera string, from, to time.Time, limit int, after string) ([]events.Event, error)
	ByHook(ctx context.Context, camera string, key secret.String) error
	Hook(ctx context.Context, s authz.Subject, camera string) (secret.String, error)
	NewHook(ctx context.Context, s authz.Subject, camera string) (secret.String, error)
	RemoveHook(ctx context.Context, s authz.Subject, camera string) error
	Sensitivity(ctx context.Context, s authz.Subject, camera string) (string, error)
	SetSensitivity(ctx context.Context, s authz.Subject, camera, level string) error
	Sees() bool // movement is told from pictures; else from the data rate
}

type hookView struct {
	Key string `json:"key"` // "" = none: nothing is taken
	URL string `json:"url"`
}

// hookInput is what a hook may say; all of it may be left out.
type hookInput struct {
	Kind   string     `json:"kind,omitempty"` // motion (if nothing is said), person, vehicle, sound, tamper, input
	Text   string     `json:"text,omitempty"` // at most 120 characters, for those who get notices
	Active *bool      `json:"active,omitempty"`
	At     *time.Time `json:"at,omitempty"` // at most an hour ago
}

const (
	hookPath  = "/hooks/"
	hookBytes = 4 << 10
	hookLate  = time.Hour // older events are not believed to be news
)

func hookRoutes() []route {
	return []route{
		{method: "GET", path: "/api/v1/cameras/:id/hook", who: account, out: hookView{}, handle: getHook,
			summary: "The key with which events of an own camera are reported from outside, empty when there is none."},
		{method: "POST", path: "/api/v1/cameras/:id/hook", who: account, status: created, out: hookView{}, handle: newHook,
			summary: "Give an own camera a hook key; the one it had stops at once."},
		{method: "DELETE", path: "/api/v1/cameras/:id/hook", who: account, status: empty, handle: removeHook,
			summary: "Take an own camera's hook key away; it stops at once."},
		{method: "POST", path: hookPath + ":camera", who: reporter, body: reportBody, bytes: hookBytes, status: empty, in: hookInput{}, handle: takeHook,
			summary: "Report an event of a camera with its hook key (Authorization: Bearer, or key in the query): JSON, a form or nothing at all. A wrong key is answered like a camera that does not exist."},
	}
}

func getHook(r *request) error {
	key, err := r.s.cfg.Events.Hook(r.ctx, r.subject, r.param("id"))
	return r.hook(http.StatusOK, key, err)
}

func newHook(r *request) error {
	key, err := r.s.cfg.Events.NewHook(r.ctx, r.subject, r.param("id"))
	return r.hook(created, key, err)
}

func (r *request) hook(status int, key secret.String, err error) error {
	if err != nil {
		return err
	}
	return r.json(status, hookView{Key: key.Reveal(), URL: r.base() + hookPath + r.param("id")})
}

func removeHook(r *request) error {
	return r.then(r.s.cfg.Events.RemoveHook(r.ctx, r.subject, r.param("id")))
}

func (r *request) reporter() error {
	err := r.keyed(r.s.cfg.Events.ByHook, fault.NotFound)
	if fault.Is(err, fault.NotFound) {
		return errInvisible
	}
	return err
}

func takeHook(r *request) error {
	in, err := readHook(&r.c.Request().Header, r.c.Request().Body())
	if err != nil {
		return err
	}
	rep := events.Report{Camera: r.param("camera"), Kind: events.Motion, Source: events.FromHook, Text: in.Text, Active: in.Active}
	switch in.Kind {
	case "":
	case events.Motion, events.Person, events.Vehicle, events.Sound, events.Tamper, events.Input:
		rep.Kind = in.Kind
	default:
		return fault.Field("kind", fault.CodeBadValue, "The kind is motion, person, vehicle, sound, tamper or input.")
	}
	if in.At != nil {
		if since := time.Since(*in.At); since > hookLate || since < -time.Minute {
			return fault.Field("at", fault.CodeBadValue, "The time is more than an hour ago, or still to come.")
		}
		rep.At = *in.At
	}
	return r.then(r.s.cfg.Events.Report(r.ctx, rep))
}

// readHook reads JSON, a form of either kind, or nothing. Devices say of their
// body what they like: what begins as JSON is JSON.
func readHook(h *fasthttp.RequestHeader, body []byte) (in hookInput, err error) {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return in, nil
	}
	if body[0] == '{' {
		return in, decodeJSON(body, &in)
	}
	kind, params, _ := mime.ParseMediaType(string(h.ContentType()))
	var fields url.Values
	switch kind {
	case "application/x-www-form-urlencoded":
		fields, err = url.ParseQuery(string(body))
	case "multipart/form-data":
		fields, err = multipartFields(body, params["boundary"])
	default:
		return in, fault.New(fault.Unsupported, fault.CodeUnsupportedType, "Send the event as JSON, as a form, or send nothing.")
	}
	if err != nil {
		return in, fault.Wrap(err, fault.Malformed, fault.CodeBadValue, "The form did not come whole.")
	}
	return formHook(fields)
}

// formHook takes what is known of a form: devices send fields of their own.
func formHook(fields url.Values) (in hookInput, err error) {
	in.Kind, in.Text = fields.Get("kind"), fields.Get("text")
	switch v := strings.ToLower(fields.Get("active")); v {
	case "":
	case "true", "1", "on", "yes":
		in.Active = new(true)
	case "false", "0", "off", "no":
		in.Active = new(false)
	default:
		return in, fault.Field("active", fault.CodeBadValue, "Active is true or false.")
	}
	if v := fields.Get("at"); v != "" {
		at, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return in, fault.Field("at", fault.CodeBadValue, "Write the time as 2026-03-29T05:04:03Z.")
		}
		in.At = &at
	}
	return in, nil
}

func multipartFields(body []byte, boundary string) (url.Values, error) {
	out := url.Values{}
	err := eachPart(body, boundary, func(part *multipart.Part, data []byte) {
		if part.FileName() == "" {
			out.Set(part.FormName(), string(data))
		}
	})
	return out, err
}
