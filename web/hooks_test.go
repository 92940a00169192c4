package web

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"sightline/controlroom/events"
)

// hook reports as a device does: no cookie, no origin.
func (h *harness) hook(path, key, kind, body string) answer {
	h.t.Helper()
	return h.do("POST", path, nil, nil, func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		if body == "" {
			r.Body = http.NoBody
		}
		r.Header = http.Header{}
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		if key != "" {
			r.Header.Set("Authorization", "Bearer "+key)
		}
	})
}

func (h *harness) eventsOf(c *caller, cam, query string) []eventView {
	h.t.Helper()
	return decoded[eventsView](h.t, h.do("GET", "/api/v1/cameras/"+cam+"/events"+query, nil, c).want(h.t, 200)).Events
}

func TestEventsByHook(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", false), h.person("other", false)
	cam, second := h.camera(owner, "Yard"), h.camera(owner, "Gate")
	api, at := "/api/v1/cameras/"+cam+"/hook", "/hooks/"+cam
	if v := decoded[hookView](t, h.do("GET", api, nil, owner).want(t, 200)); v.Key != "" || v.URL != h.url+at {
		t.Errorf("%+v", v)
	}
	key := decoded[hookView](t, h.do("POST", api, nil, owner).want(t, 201)).Key
	if v := decoded[hookView](t, h.do("GET", api, nil, owner).want(t, 200)); v.Key != key || len(key) != 26 {
		t.Errorf("%+v", v)
	}

	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	w.WriteField("kind", "vehicle")
	w.WriteField("device", "NVR-4")
	w.Close()
	h.hook(at, key, "", "").want(t, 204)
	h.hook(at+"?key="+key, "", "text/plain", "").want(t, 204)
	h.hook(at, key, "application/json", `{"kind":"person","text":"at the door","active":true}`).want(t, 204)
	h.hook(at, key, "text/plain", `{"kind":"person","active":false}`).want(t, 204)
	h.hook(at, key, "application/x-www-form-urlencoded", "kind=sound&text=bark&model=x").want(t, 204)
	h.hook(at, key, w.FormDataContentType(), form.String()).want(t, 204)
	h.hook(at, key, "", fmt.Sprintf(`{"kind":"input","at":%q}`, time.Now().Add(-10*time.Minute).Format(time.RFC3339))).want(t, 204)
	list := h.eventsOf(owner, cam, "")
	got := map[string]eventView{}
	for _, e := range list {
		got[e.Kind] = e
	}
	if len(list) != 5 || got["person"].Text != "at the door" || got["person"].To == nil || got["motion"].To != nil || got["sound"].Text != "bark" ||
		got["vehicle"].Source != "hook" || time.Since(got["input"].From) < 9*time.Minute {
		t.Errorf("%+v", list)
	}

	hidden := h.hook("/hooks/"+strings.Repeat("0", 26), key, "", "").want(t, 404)
	for name, c := range map[string]struct{ path, key string }{
		"no key": {at, ""}, "wrong key": {at, strings.Repeat("0", 26)}, "of another camera": {"/hooks/" + second, key},
	} {
		if res := h.hook(c.path, c.key, "", "").want(t, 404); string(res.body) != string(hidden.body) {
			t.Errorf("%s: %s", name, res.body)
		}
	}
	for body, want := range map[string]int{
		`{"kind":"fire"}`: 422, `{"kind":`: 400, `{"nothing":1}`: 400, `<xml/>`: 415, `{"text":"` + strings.Repeat("x", 121) + `"}`: 422,
		`{"text":"` + strings.Repeat("x", 5000) + `"}`: 413, `{"at":"2020-01-01T00:00:00Z"}`: 422, `{"kind":"lost"}`: 422,
	} {
		h.hook(at, key, "application/xml", body).want(t, want)
	}

	// The key is the owner's to see, to renew and to take away.
	for _, m := range []string{"GET", "POST", "DELETE"} {
		h.do(m, api, nil, other).want(t, 404)
	}
	next := decoded[hookView](t, h.do("POST", api, nil, owner).want(t, 201)).Key
	h.hook(at, key, "", "").want(t, 404)
	h.hook(at, next, "", "").want(t, 204)
	h.do("PATCH", "/api/v1/cameras/"+cam, map[string]any{"enabled": false}, owner).want(t, 200)
	if res := h.hook(at, next, "", "").want(t, 403); res.code() != "camera_off" {
		t.Errorf("%s", res.body)
	}
	h.do("PATCH", "/api/v1/cameras/"+cam, map[string]any{"enabled": true}, owner).want(t, 200)
	h.do("DELETE", api, nil, owner).want(t, 204)
	h.hook(at, next, "", "").want(t, 404)
	if log := h.log.String(); strings.Contains(log, key) || strings.Contains(log, next) {
		t.Error("a key is in the log")
	}
	last := decoded[hookView](t, h.do("POST", api, nil, owner).want(t, 201)).Key
	h.do("DELETE", "/api/v1/cameras/"+cam, nil, owner).want(t, 204)
	h.hook(at, last, "", "").want(t, 404)
}

func TestHookKeysAreLimited(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	mine := h.camera(owner, "Gate")
	key := decoded[hookView](t, h.do("POST", "/api/v1/cameras/"+mine+"/hook", nil, owner).want(t, 201)).Key
	limited := 0
	for range 40 {
		if res := h.hook("/hooks/"+mine, key, "", ""); res.StatusCode == 429 && res.Header.Get("Retry-After") != "" {
			limited++
		}
	}
	if limited != 10 { // of 30 a minute
		t.Errorf("%d of 40 reports were refused", limited)
	}
	guesses := 0
	for range 40 {
		if h.hook("/hooks/"+mine, strings.Repeat("0", 26), "", "").StatusCode == 429 {
			guesses++
		}
	}
	if guesses == 0 {
		t.Error("keys can be guessed for ever")
	}
}

// Events are told to who gets notices of the camera, from when he may.
func TestWhoSeesEvents(t *testing.T) {
	h := newHarness(t)
	owner, told, live, other := h.person("owner", false), h.person("told", false), h.person("live", false), h.person("other", false)
	cam := h.camera(owner, "Yard")
	report := func(ago time.Duration, kind string) {
		t.Helper()
		if err := h.events.Report(t.Context(), events.Report{Camera: cam, Kind: kind, Source: events.FromONVIF, At: time.Now().Add(-ago)}); err != nil {
			t.Fatal(err)
		}
	}
	report(10*time.Minute, events.Motion)
	h.grant(owner, cam, live, row{"levels": []string{"online", "archive", "download"}})
	h.grant(owner, cam, told, row{"levels": []string{"notices"}, "only_from": true})
	report(0, events.Person)
	if l := h.eventsOf(owner, cam, ""); len(l) != 2 || l[0].Kind != "person" {
		t.Errorf("%+v", l)
	}
	if l := h.eventsOf(told, cam, ""); len(l) != 1 || l[0].Kind != "person" {
		t.Errorf("%+v", l)
	}
	if res := h.do("GET", "/api/v1/cameras/"+cam+"/events", nil, live).want(t, 403); res.code() != "level_missing" {
		t.Errorf("%s", res.body)
	}
	h.do("GET", "/api/v1/cameras/"+cam+"/events", nil, other).want(t, 404)
	from := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	if l := h.eventsOf(owner, cam, "?limit=1&from="+from); len(l) != 1 {
		t.Errorf("%+v", l)
	}
	page := decoded[eventsView](t, h.do("GET", "/api/v1/cameras/"+cam+"/events?limit=1", nil, owner).want(t, 200))
	if l := h.eventsOf(owner, cam, "?after="+page.Next); len(l) != 1 || l[0].Kind != "motion" {
		t.Errorf("%+v", l)
	}
	for _, q := range []string{"?limit=0", "?limit=x", "?limit=1001", "?from=x", "?after=x", "?from=1969-12-31T23:59:59Z", "?to=2201-01-01T00:00:00Z"} {
		h.do("GET", "/api/v1/cameras/"+cam+"/events"+q, nil, owner).want(t, 422)
	}
	for level, want := range map[string]int{"off": 200, "medium": 200, "extreme": 422} {
		h.do("PUT", "/api/v1/cameras/"+cam+"/motion", map[string]string{"sensitivity": level}, owner).want(t, want)
	}
	h.do("PUT", "/api/v1/cameras/"+cam+"/motion", map[string]string{"sensitivity": "high"}, live).want(t, 403)
	h.do("GET", "/api/v1/cameras/"+cam+"/motion", nil, other).want(t, 404)
	h.do("DELETE", "/api/v1/cameras/"+cam, nil, owner).want(t, 204)
	h.poll("the events of a removed camera to go", func() bool {
		l, err := h.events.List(t.Context(), cam, time.Time{}, time.Time{}, 0, "")
		return err == nil && len(l) == 0
	})
}
