package web

import (
	"bytes"
	"image/jpeg"
	"testing"
	"time"

	"sightline/internal/testcam"
)

// liveCamera adds a camera that really sends.
func (h *harness) liveCamera(t *testing.T, c *caller, name string) string {
	t.Helper()
	clip, err := testcam.TestClip(10, 320, 180, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	real, err := testcam.New(testcam.Config{Main: clip, Sub: clip})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(real.Close)
	return h.do("POST", "/api/v1/cameras", row{"name": name, "main": real.Main(), "sub": real.Sub()}, c).want(t, 201).field("id")
}

// Posters go to who may watch live, by the same gate, and are kept by nobody.
func TestPoster(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", false), h.person("other", false)
	cam := h.liveCamera(t, owner, "Yard")
	link, sec := h.link(owner, "Yard link", cam)
	_, g := h.guest(sec)
	_, sec2 := h.link(owner, "No yard", h.camera(owner, "Other yard"))
	link2, stranger := h.guest(sec2)

	at := "/api/v1/cameras/" + cam + "/poster"
	h.poll("a picture", func() bool { return h.do("GET", at, nil, owner).StatusCode == 200 })
	for _, c := range []struct {
		path string
		by   *caller
	}{{at, owner}, {"/g/" + link + "/cameras/" + cam + "/poster", g}} {
		var res answer
		h.poll("a picture of "+c.path, func() bool { res = h.do("GET", c.path, nil, c.by); return res.StatusCode != 503 }) // its child may be late
		res.want(t, 200)
		if _, err := jpeg.Decode(bytes.NewReader(res.body)); err != nil {
			t.Errorf("%s: %v", c.path, err)
		}
		for name, want := range map[string]string{"Content-Type": "image/jpeg", "Cache-Control": "private, no-store",
			"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", c.path, name, got)
			}
		}
		taken, err := time.Parse(time.RFC3339Nano, res.Header.Get("X-Captured-At"))
		if err != nil || time.Since(taken) > time.Minute || time.Since(taken) < -time.Second {
			t.Errorf("%s: taken %q", c.path, res.Header.Get("X-Captured-At"))
		}
	}

	hidden := string(h.do("GET", "/api/v1/nothing", nil, other).want(t, 404).body)
	gone := string(h.do("GET", "/g/"+link+"/visit", nil, nil).want(t, 410).body)
	for _, c := range []struct {
		path   string
		by     *caller
		status int
		body   string
	}{
		{at, other, 404, hidden}, // somebody else's camera
		{at, nil, 401, ""},       // nobody
		{at, g, 401, ""},         // a guest's cookie is no login
		{"/g/" + link + "/cameras/" + cam + "/poster", owner, 410, gone},       // a login is no visit
		{"/g/" + link + "/cameras/" + cam + "/poster", stranger, 410, gone},    // a visit of another link
		{"/g/" + link2 + "/cameras/" + cam + "/poster", stranger, 404, hidden}, // a camera that is not behind it
	} {
		res := h.do("GET", c.path, nil, c.by)
		if res.StatusCode != c.status || c.body != "" && string(res.body) != c.body {
			t.Errorf("%s by %v: %d %s", c.path, c.by, res.StatusCode, res.body)
		}
	}
}
