package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"strings"

	"github.com/valyala/fasthttp"

	"sightline/internal/fault"
	"sightline/internal/secret"
	"sightline/ratelimit"
)

// What cameras and their recorders send comes with a camera's key instead of a
// login, in the forms that such devices know.

// keyed proves that a device shows a key of the camera it speaks for. Keys that hold
// answers with wrong are counted by address.
func (r *request) keyed(hold func(ctx context.Context, camera string, key secret.String) error, wrong fault.Kind) error {
	from := ratelimit.Prefix(r.client)
	if ok, retry := r.s.cfg.Limits.Guesses.Check(from); !ok {
		return limited(false, retry)
	}
	req := r.c.Request()
	err := hold(r.ctx, r.param("camera"), keyOf(&req.Header, req.URI()))
	if fault.Is(err, wrong) {
		r.s.cfg.Limits.Guesses.Add(from)
	}
	return err
}

// keyOf is the key a device shows.
func keyOf(h *fasthttp.RequestHeader, uri *fasthttp.URI) secret.String {
	if key, ok := bearerOf(h); ok {
		return key
	}
	if key := uri.QueryArgs().Peek("key"); len(key) <= maxCookie {
		return secret.New(string(key))
	}
	return secret.String{}
}

// bearerOf is the token of an Authorization header; false without one.
func bearerOf(h *fasthttp.RequestHeader) (secret.String, bool) {
	scheme, token, ok := strings.Cut(string(h.Peek("Authorization")), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || len(token) > maxCookie {
		return secret.String{}, false
	}
	return secret.New(strings.TrimSpace(token)), true
}

// eachPart calls fn with every part of a multipart body, which is bounded.
func eachPart(body []byte, boundary string, fn func(part *multipart.Part, data []byte)) error {
	form := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return err
		}
		fn(part, data)
	}
}
