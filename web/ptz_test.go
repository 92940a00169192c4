package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sightline/controlroom"
	"sightline/ingest/onvif"
	"sightline/internal/testcam"
)

// onvifCamera is a camera with an ONVIF side on this machine, and a record of it.
func (h *harness) onvifCamera(owner *caller) (*testcam.ONVIF, string) {
	h.t.Helper()
	o, err := testcam.NewONVIF(testcam.ONVIFConfig{User: "admin", Password: "right", Profiles: []testcam.ONVIFProfile{
		{Token: "P1", Name: "main", Codec: "h264", Width: 1280, Height: 720, FPS: 25, URL: "rtsp://127.0.0.1:9/main"},
		{Token: "P2", Name: "sub", Codec: "h264", Width: 640, Height: 360, FPS: 25, URL: "rtsp://127.0.0.1:9/sub"},
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(o.Close)
	id := h.do("POST", "/api/v1/cameras", map[string]any{"name": "Dome", "main": "rtsp://127.0.0.1:9/main", "onvif": o.URL(), "user": "admin", "password": "right"}, owner).want(h.t, 201).field("id")
	h.poll("this node to know the camera", func() bool { return h.do("GET", "/api/v1/cameras/"+id+"/ptz", nil, owner).StatusCode == 200 })
	return o, id
}

// R16: no level gives PTZ; the right does, and its end stops the camera.
func TestR16_SteeringNeedsItsOwnRight(t *testing.T) {
	clk := shiftedTo(time.Now())
	h := newHarnessAt(t, clk)
	owner, other, stranger := h.person("owner", true), h.person("other", false), h.person("stranger", false)
	o, cam := h.onvifCamera(owner)
	at := "/api/v1/cameras/" + cam + "/ptz"
	right := map[string]any{"move": map[string]float64{"pan": 1, "tilt": 0, "zoom": 0}}

	var v controlroom.SteerView
	res := h.do("GET", at, nil, owner).want(t, 200)
	if err := json.Unmarshal(res.body, &v); err != nil || !v.PanTilt || !v.Zoom || len(v.Presets) != 2 {
		t.Fatalf("%s %v", res.body, err)
	}
	for method, body := range map[string]any{"GET": nil, "POST": right} {
		h.do(method, at, body, stranger).want(t, 404)
	}
	grant := h.grant(owner, cam, other, row{"levels": []string{"online", "archive", "notices", "download"}})
	for method, body := range map[string]any{"GET": nil, "POST": right} {
		if code := h.do(method, at, body, other).want(t, 403).code(); code != "level_missing" {
			t.Fatalf("%s without the right: %s", method, code)
		}
	}
	if strings.Contains(string(h.do("GET", "/api/v1/cameras/"+cam, nil, other).want(t, 200).body), `"ptz"`) {
		t.Fatal("a camera says that it may be steered to who may not")
	}
	tab := h.table(owner, cam)
	h.save(owner, cam, tab.Version, row{"grant_id": grant, "levels": []string{"online"}, "rights": []string{"ptz"}}).want(t, 200)
	turned := o.Asked("ContinuousMove")
	h.poll("it to turn", func() bool {
		if res := h.do("POST", at, right, other); res.StatusCode != 204 && res.StatusCode != 429 { // it is told again and again, as by a held key
			t.Fatalf("%d %s", res.StatusCode, res.body)
		}
		return o.Asked("ContinuousMove") > turned
	})
	if code := h.do("POST", at, map[string]any{"stop": true, "home": true}, other).want(t, 422).code(); code != "bad_value" {
		t.Fatalf("two commands at once: %s", code)
	}
	clk.stand(clk.Now())                                                // no hand is quiet for long enough
	h.do("POST", at, map[string]any{"preset": "2"}, owner).want(t, 204) // the owner goes before
	h.poll("the preset", func() bool { p, moving := o.Position(); return !moving && p.Pan == 0.75 })
	if code := h.do("POST", at, right, other).want(t, 409).code(); code != controlroom.CodeSteered {
		t.Fatalf("behind the owner: %s", code)
	}
	fixed := h.camera(owner, "Fixed")
	if code := h.do("POST", "/api/v1/cameras/"+fixed+"/ptz", right, owner).want(t, 409).code(); code != onvif.CodeNoPTZ {
		t.Fatalf("a camera without ONVIF: %s", code)
	}
}

// T13: the stored password serves at the camera's own host, and nowhere else.
func TestT13_ONVIFKeepsThePassword(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	o, cam := h.onvifCamera(owner)
	var found controlroom.ONVIFResult
	res := h.do("POST", "/api/v1/onvif/probe", map[string]any{"url": o.Addr(), "user": "admin", "camera": cam}, owner).want(t, 200)
	if err := json.Unmarshal(res.body, &found); err != nil || found.Main != "P1" || found.Sub != "P2" || !found.PTZ || !found.Events || found.URL != o.URL() {
		t.Fatalf("%s %v", res.body, err)
	}
	if strings.Contains(string(res.body), "right") {
		t.Fatal("the password is in the answer")
	}
	elsewhere := strings.Replace(o.URL(), "127.0.0.1", "localhost", 1)
	if code := h.do("POST", "/api/v1/onvif/probe", map[string]any{"url": elsewhere, "user": "admin", "camera": cam}, owner).want(t, 422).code(); code != "camera_login" {
		t.Fatalf("the stored password went to another host: %s", code)
	}
	h.do("POST", "/api/v1/onvif/probe", map[string]any{"url": o.URL(), "camera": cam}, other).want(t, 404)
	for _, bad := range []string{"", "ftp://127.0.0.1", "http://u:p@127.0.0.1/"} {
		if f := h.do("POST", "/api/v1/onvif/probe", map[string]any{"url": bad}, owner).want(t, 422).field("field"); f != "onvif" {
			t.Errorf("%q: field %q", bad, f)
		}
	}
	h.do("PATCH", "/api/v1/cameras/"+cam, map[string]any{"onvif": elsewhere}, owner).want(t, 200)
	if strings.Contains(string(h.do("GET", "/api/v1/cameras/"+cam, nil, owner).want(t, 200).body), `"has_password":true`) {
		t.Fatal("the password followed the camera to another host")
	}
}

func TestDiscoveryIsOffUntilItIsAllowed(t *testing.T) {
	search := func(context.Context) ([]onvif.Neighbour, error) {
		return []onvif.Neighbour{
			{URL: "http://127.0.0.1/onvif/device_service", Address: netip.MustParseAddr("127.0.0.1"), Name: "Own"},
			{URL: "http://10.9.9.9/onvif/device_service", Address: netip.MustParseAddr("10.9.9.9"), Name: "Far"},
		}, nil
	}
	for who, want := range map[string][2]string{ // administrator, other
		"":               {"discovery_off", "discovery_off"},
		"off":            {"discovery_off", "discovery_off"},
		"administrators": {"", "discovery_administrators"},
		"accounts":       {"", ""},
	} {
		h := newHarness(t, func(c *Config) { c.Discovery = Discovery{Who: who, Search: search} })
		admin, other := h.person("admin", true), h.person("other", false)
		cam := h.camera(admin, "Here")
		for i, p := range []*caller{admin, other} {
			res := h.do("GET", "/api/v1/discovery", nil, p)
			if want[i] != "" {
				if code := res.want(t, 403).code(); code != want[i] {
					t.Errorf("%q: %s", who, code)
				}
				continue
			}
			var v neighboursView
			if err := json.Unmarshal(res.want(t, 200).body, &v); err != nil || len(v.Devices) != 2 || v.Devices[0].Denied || !v.Devices[1].Denied {
				t.Fatalf("%s %v", res.body, err)
			}
			if got := v.Devices[0].Camera; (got == cam) != (i == 0) {
				t.Errorf("own camera %q of person %d", got, i)
			}
		}
	}
	h := newHarness(t, func(c *Config) {
		c.Discovery = Discovery{Who: "accounts", Search: func(context.Context) ([]onvif.Neighbour, error) { return nil, errors.New("no interface") }}
	})
	h.do("GET", "/api/v1/discovery", nil, h.person("admin", true)).want(t, 503)
}
