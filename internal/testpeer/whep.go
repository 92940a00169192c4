package testpeer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// RefusedError is an answer of a WHEP endpoint that is not 201.
type RefusedError struct {
	Status int
	Body   string // its beginning
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("testpeer: WHEP answered %d: %s", e.Status, e.Body)
}

// WHEP exchanges with a WHEP endpoint; bearer may be empty. after deletes the
// resource the endpoint made: give it to Config.After.
func WHEP(client *http.Client, endpoint, bearer string) (exchange Exchange, after func(context.Context) error) {
	var resource atomic.Pointer[string]
	do := func(ctx context.Context, method, target, body string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		if body != "" {
			r.Header.Set("Content-Type", "application/sdp")
		}
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		return client.Do(r)
	}
	exchange = func(ctx context.Context, offer string) (string, error) {
		res, err := do(ctx, http.MethodPost, endpoint, offer)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		if err != nil {
			return "", err
		}
		if res.StatusCode != http.StatusCreated {
			return "", &RefusedError{Status: res.StatusCode, Body: string(b[:min(len(b), 300)])}
		}
		base, err := url.Parse(endpoint)
		if err != nil {
			return "", err
		}
		at, err := base.Parse(res.Header.Get("Location"))
		if err != nil {
			return "", err
		}
		s := at.String()
		resource.Store(&s)
		return string(b), nil
	}
	after = func(ctx context.Context) error {
		s := resource.Swap(nil)
		if s == nil {
			return errors.New("testpeer: no WHEP resource")
		}
		res, err := do(ctx, http.MethodDelete, *s, "")
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
	return exchange, after
}
