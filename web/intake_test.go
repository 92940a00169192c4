package web

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sightline/internal/secret"
	"sightline/ratelimit"
)

// still makes a still camera and returns its id with how its images come in.
func (h *harness) still(c *caller, name string) (string, intakeView) {
	h.t.Helper()
	id := h.do("POST", "/api/v1/cameras", map[string]any{"name": name, "kind": "still"}, c).want(h.t, 201).field("id")
	return id, decoded[intakeView](h.t, h.do("GET", "/api/v1/cameras/"+id+"/intake", nil, c).want(h.t, 200))
}

// send uploads as a camera does: no cookie, no origin, whatever type.
func (h *harness) send(method, path, key, kind string, body []byte) answer {
	h.t.Helper()
	return h.do(method, path, nil, nil, func(r *http.Request) {
		r.Body, r.ContentLength = http.NoBody, 0
		if body != nil {
			raw, _ := http.NewRequest(method, r.URL.String(), bytes.NewReader(body))
			r.Body, r.ContentLength = raw.Body, raw.ContentLength
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

func TestUploadsOfAStillCamera(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", false), h.person("other", false)
	cam, in := h.still(owner, "Trail")
	if len(in.Key) != 26 || !strings.HasSuffix(in.UploadURL, "/intake/"+cam) || in.Mail != "" || in.FTP != nil {
		t.Errorf("%+v", in)
	}
	at := "/intake/" + cam
	first := h.send("PUT", at, in.Key, "image/jpeg", pic(t, 1)).want(t, 201).field("image")
	if again := h.send("PUT", at, in.Key, "image/jpeg", pic(t, 1)).want(t, 200); again.field("image") != first {
		t.Errorf("the sender's retry: %s", again.body)
	}
	h.send("POST", at+"?key="+in.Key, "", "application/octet-stream", pic(t, 2)).want(t, 201)
	h.send("PUT", at, in.Key, "", pic(t, 3)).want(t, 201)

	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	w.WriteField("device", "TM-4")
	for n := range 2 {
		f, _ := w.CreateFormFile("file", "../IMG.JPG")
		f.Write(pic(t, 10+n))
	}
	w.Close()
	h.send("POST", at, in.Key, w.FormDataContentType(), form.Bytes()).want(t, 201)
	if ids, _ := h.images(owner, "?camera="+cam); len(ids) != 5 {
		t.Errorf("%d images", len(ids))
	}
	large := append(pic(t, 20), make([]byte, 8<<20)...) // a tail behind EOI: 8 MB of a real camera's second picture
	h.send("PUT", at, in.Key, "image/jpeg", large).want(t, 201)

	bad := map[string]struct {
		path, key string
		body      []byte
		status    int
		code      string
	}{
		"no key":             {at, "", pic(t, 30), 401, "wrong_code"},
		"wrong key":          {at, strings.Repeat("0", 26), pic(t, 30), 401, "wrong_code"},
		"another camera":     {"/intake/" + h.camera(owner, "Other"), in.Key, pic(t, 30), 401, "wrong_code"},
		"no such camera":     {"/intake/" + strings.Repeat("0", 26), in.Key, pic(t, 30), 401, "wrong_code"},
		"no picture":         {at, in.Key, []byte("<html>"), 422, "bad_image"},
		"truncated":          {at, in.Key, pic(t, 30)[:200], 422, "bad_image"},
		"empty":              {at, in.Key, nil, 422, "bad_image"},
		"eleven MB":          {at, in.Key, append(pic(t, 30), make([]byte, 11<<20)...), 413, "too_large"},
		"large, without key": {at, "", append(pic(t, 30), make([]byte, 8<<20)...), 413, "too_large"},
	}
	for name, c := range bad {
		if res := h.send("PUT", c.path, c.key, "image/jpeg", c.body).want(t, c.status); res.code() != c.code {
			t.Errorf("%s: %s", name, res.body)
		}
	}
	if ids, _ := h.images(owner, "?camera="+cam); len(ids) != 6 {
		t.Errorf("after what was refused: %d images, want 6", len(ids))
	}

	// The key is the owner's to see and to renew.
	hidden := h.do("GET", "/api/v1/nothing", nil, other).want(t, 404)
	for _, c := range []struct{ method, path string }{{"GET", "/intake"}, {"POST", "/intake/renew"}, {"POST", "/images"}} {
		if res := h.do(c.method, "/api/v1/cameras/"+cam+c.path, nil, other).want(t, 404); string(res.body) != string(hidden.body) {
			t.Errorf("%s: %s", c.path, res.body)
		}
	}
	next := decoded[intakeView](t, h.do("POST", "/api/v1/cameras/"+cam+"/intake/renew", nil, owner).want(t, 200))
	h.send("PUT", at, in.Key, "image/jpeg", pic(t, 40)).want(t, 401)
	h.send("PUT", at, next.Key, "image/jpeg", pic(t, 40)).want(t, 201)
	if strings.Contains(h.log.String(), in.Key) || strings.Contains(h.log.String(), next.Key) {
		t.Error("a key is in the log")
	}

	// Sender and address by mail are as the key.
	if got, err := h.room.ByAddress(t.Context(), "nobody"); err == nil {
		t.Error("an address that is none finds", got)
	}
	if err := h.room.ByKey(t.Context(), cam, secret.String{}); err == nil {
		t.Error("no key opens a camera")
	}
	h.do("PATCH", "/api/v1/cameras/"+cam, map[string]any{"enabled": false}, owner).want(t, 200)
	if res := h.send("PUT", at, next.Key, "image/jpeg", pic(t, 41)).want(t, 403); res.code() != "camera_off" {
		t.Errorf("%s", res.body)
	}
	h.do("DELETE", "/api/v1/cameras/"+cam, nil, owner).want(t, 204)
	h.send("PUT", at, next.Key, "image/jpeg", pic(t, 42)).want(t, 401)
	if ids, _ := h.images(owner, ""); len(ids) != 7 {
		t.Errorf("the images of a removed camera: %d, they are the owner's", len(ids))
	}
}

func TestGuessingUploadKeysIsStopped(t *testing.T) {
	h := newHarness(t, standing(ratelimit.Rules{}))
	cam, in := h.still(h.person("owner", false), "Trail")
	stopped := false
	for range 40 {
		if res := h.send("PUT", "/intake/"+cam, strings.Repeat("0", 26), "", pic(t, 1)); res.StatusCode == 429 {
			stopped = res.Header.Get("Retry-After") != ""
			break
		}
	}
	if !stopped {
		t.Error("keys can be guessed for ever")
	}
	h.send("PUT", "/intake/"+cam, in.Key, "", pic(t, 1)).want(t, 429)
}

func TestStillsOfALiveCamera(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam := h.camera(owner, "Yard") // nothing answers at its address
	if v := decoded[intakeView](t, h.do("GET", "/api/v1/cameras/"+cam+"/intake", nil, owner).want(t, 200)); v.Takes {
		t.Errorf("%+v", v)
	}
	for field, body := range map[string]map[string]any{
		"every_minutes": {"every_minutes": 1441}, "snapshot_url": {"snapshot_url": "ftp://192.168.1.10/x.jpg"},
	} {
		if res := h.do("PUT", "/api/v1/cameras/"+cam+"/intake", body, owner).want(t, 422); res.field("field") != field {
			t.Errorf("%s", res.body)
		}
	}
	// The camera's own address for stills, through the guard.
	var asked http.Header
	snap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header
		switch r.URL.Path {
		case "/snapshot.jpg":
			w.Write(pic(t, 50))
		case "/elsewhere":
			http.Redirect(w, r, "/snapshot.jpg", http.StatusFound)
		case "/login":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.Write([]byte("<html>"))
		}
	}))
	defer snap.Close()
	set := func(path string) {
		t.Helper()
		h.do("PUT", "/api/v1/cameras/"+cam+"/intake", map[string]any{"snapshot_url": snap.URL + path}, owner).want(t, 200)
	}
	take := func(status int, code string) answer {
		t.Helper()
		res := h.do("POST", "/api/v1/cameras/"+cam+"/images", nil, owner).want(t, status)
		if code != "" && res.code() != code {
			t.Errorf("%s, want %s", res.body, code)
		}
		return res
	}
	set("/snapshot.jpg")
	id := take(201, "").field("image")
	if asked.Get("Authorization") != "" {
		t.Error("a login was sent that nobody set")
	}
	if one := decoded[imageDetail](t, h.do("GET", "/api/v1/images/"+id, nil, owner).want(t, 200)); one.Via != "demand" || one.TakenAt == nil {
		t.Errorf("%+v", one)
	}
	set("/elsewhere")
	take(503, "camera_unreachable")
	set("/login")
	take(503, "camera_login")
	set("/page")
	take(422, "bad_image")
	// T12: not even the owner makes the server ask addresses no camera may be on.
	h.do("PUT", "/api/v1/cameras/"+cam+"/intake", map[string]any{"snapshot_url": "http://169.254.169.254/latest/meta-data"}, owner).want(t, 200)
	take(422, "address_denied")

	trail, _ := h.still(owner, "Trail")
	if res := h.do("POST", "/api/v1/cameras/"+trail+"/images", nil, owner).want(t, 409); res.code() != "conflict" {
		t.Errorf("%s", res.body)
	}
	h.do("POST", "/api/v1/cameras", map[string]any{"name": "x", "kind": "still", "main": "rtsp://127.0.0.1/x"}, owner).want(t, 422)
	h.do("POST", "/api/v1/cameras", map[string]any{"name": "x", "kind": "drone"}, owner).want(t, 422)
}
