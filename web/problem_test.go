package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"sightline/internal/fault"
)

func TestProblemOf(t *testing.T) {
	hidden := errors.New("pq: password=hunter2")
	for name, c := range map[string]struct {
		err    error
		status int
		code   string
		retry  int
	}{
		"invalid":                  {fault.Field("name", fault.CodeRequired, "x"), 422, fault.CodeRequired, 0},
		"malformed":                {fault.New(fault.Malformed, fault.CodeBadSDP, "x"), 400, fault.CodeBadSDP, 0},
		"not signed in":            {fault.New(fault.Unauthenticated, fault.CodeNotSignedIn, "x"), 401, fault.CodeNotSignedIn, 0},
		"forbidden":                {fault.New(fault.Forbidden, "plan_mini", "x"), 403, "plan_mini", 0},
		"conflict":                 {fault.New(fault.Conflict, "stale", "x"), 409, "stale", 0},
		"too large":                {fault.New(fault.TooLarge, fault.CodeTooLarge, "x"), 413, fault.CodeTooLarge, 0},
		"unsupported":              {fault.New(fault.Unsupported, fault.CodeCompressed, "x"), 415, fault.CodeCompressed, 0},
		"misdirected":              {fault.New(fault.Misdirected, fault.CodeBadHost, "x"), 421, fault.CodeBadHost, 0},
		"limited":                  {fault.New(fault.RateLimited, "rate_limited", "x").After(1500 * time.Millisecond), 429, "rate_limited", 2},
		"limited, when is unknown": {fault.New(fault.RateLimited, "rate_limited", "x"), 429, "rate_limited", 1},
		"store away":               {fault.New(fault.Unavailable, "authz_unavailable", "x").After(2 * time.Second), 503, "authz_unavailable", 2},
		"unknown":                  {fault.New(fault.Unknown, "authz_unavailable", "x"), 503, "authz_unavailable", 1},
		"too slow":                 {fmt.Errorf("x: %w", context.DeadlineExceeded), 503, fault.CodeBusy, 1},
		"internal":                 {fault.Wrap(hidden, fault.Internal, "x", "secret text"), 500, fault.CodeInternal, 0},
		"not ours":                 {hidden, 500, fault.CodeInternal, 0},
		"wrapped":                  {fmt.Errorf("deep: %w", fault.New(fault.Forbidden, "not_owner", "x")), 403, "not_owner", 0},
		"no route":                 {fiber.ErrNotFound, 404, fault.CodeNotFound, 0},
		"no method":                {fiber.ErrMethodNotAllowed, 405, fault.CodeMethod, 0},
		"library":                  {fiber.NewError(418, "secret text"), 500, fault.CodeInternal, 0},
		"one-time token":           {fault.New(fault.Gone, fault.CodeTokenInvalid, "x"), 410, fault.CodeTokenInvalid, 0},
		"removed link":             {fault.New(fault.Gone, "link_removed", "x"), 410, codeLinkGone, 0},
	} {
		p := problemOf(c.err, "id1")
		if p.Status != c.status || p.Code != c.code || p.RetryAfter != c.retry {
			t.Errorf("%s: %+v", name, p)
		}
		b, _ := json.Marshal(p)
		if strings.Contains(string(b), "hunter2") || strings.Contains(string(b), "secret text") {
			t.Errorf("%s: the cause is shown: %s", name, b)
		}
		if (p.ID == "") != (p.Status == 404 || p.Status == 410) {
			t.Errorf("%s: id %q", name, p.ID)
		}
	}
}

// Ruling 6: what is hidden answers byte by byte as what is not there.
func TestInvisibleIsEqual(t *testing.T) {
	body := func(err error, id string) string {
		b, _ := json.Marshal(problemOf(err, id))
		return string(b)
	}
	want := body(fiber.ErrNotFound, "a")
	for i, err := range []error{
		errInvisible, fault.New(fault.NotFound, fault.CodeNotFound, "There is no such camera."),
		fault.New(fault.NotFound, "not_found", "no link"), &fault.Error{Kind: fault.NotFound, Field: "camera", Err: errors.New("x")},
	} {
		if got := body(err, fmt.Sprint(i)); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}

func TestDecodeJSON(t *testing.T) {
	type in struct {
		Name string `json:"name"`
		Rows int    `json:"rows"`
	}
	for body, field := range map[string]string{
		``: "", `{`: "", `[]`: "", `{"name":1}`: "name", `{"nam":"x"}`: "nam", `{"name":"x"} {}`: "", `{"name":"x"}x`: "", `nul`: "",
		`{"name":"a","name":"b"}`: "name", `{"Name":"b"}`: "Name", `{"name":"a","NAME":"b"}`: "NAME", `{"row\u017f":1}`: "rowſ",
		`{"rows":"1"}`: "rows", `{"rows":1.5}`: "rows", `{"rows":1e99}`: "rows",
	} {
		var v in
		err := decodeJSON([]byte(body), &v)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Malformed || f.Code != fault.CodeBadJSON || f.Field != field {
			t.Errorf("%s: %v", body, err)
		}
	}
	var v in
	if err := decodeJSON([]byte(" {\"name\":\"x\",\"rows\":2}\n"), &v); err != nil || v.Name != "x" || v.Rows != 2 {
		t.Errorf("%+v %v", v, err)
	}
}
