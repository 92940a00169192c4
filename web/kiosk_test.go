package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/testcam"
	"sightline/ratelimit"
)

// kiosk makes a kiosk of a view and opens its address as a screen does.
func (h *harness) kiosk(owner *caller, view string) (c *caller, id string) {
	h.t.Helper()
	res := h.do("POST", "/api/v1/views/"+view+"/kiosk", row{"name": "Porch screen"}, owner).want(h.t, 201)
	_, sec, ok := strings.Cut(res.field("url"), "/kiosk#")
	if !ok {
		h.t.Fatalf("%s", res.body)
	}
	open := h.do("POST", "/api/v1/kiosk/exchange", row{"secret": sec}, nil).want(h.t, 200)
	return &caller{name: "kiosk", cookie: "__Host-sightline-kiosk=" + open.cookie("__Host-sightline-kiosk")}, res.field("token_id")
}

func (h *harness) savedView(c *caller, cells ...row) string {
	h.t.Helper()
	return h.do("POST", "/api/v1/views", row{"name": "Wall " + authz.NewID()[:5], "rows": 1, "columns": 2, "layout": "grid",
		"cells": cells, "default_for": []string{}, "version": 0}, c).want(h.t, 201).field("id")
}

// Row R96: the address of a kiosk works once, for one browser, and the kiosk may
// read its view and nothing else.
func TestR96_KioskIsExchangedOnce(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	yard, gate := h.camera(owner, "Yard"), h.camera(owner, "Gate")
	view := h.savedView(owner, row{"camera": gate}, row{"any": 1})
	res := h.do("POST", "/api/v1/views/"+view+"/kiosk", row{"name": " Porch ", "days": 30, "patrol_s": 12}, owner).want(t, 201)
	_, sec, _ := strings.Cut(res.field("url"), "/kiosk#")
	if len(sec) != 43 {
		t.Fatalf("a secret of %d characters: 256 bits have 43", len(sec))
	}
	logins := func() loginView {
		t.Helper()
		list := read[loginsView](t, h.do("GET", "/api/v1/me/logins", nil, owner).want(t, 200)).Logins
		i := slices.IndexFunc(list, func(l loginView) bool { return l.ID == res.field("token_id") })
		if i < 0 || list[i].Kiosk == nil || list[i].Kiosk.Name != "Porch" || list[i].Kiosk.View != view || list[i].Kiosk.PatrolS != 12 {
			t.Fatalf("the kiosk is not listed as it was made: %+v", list)
		}
		return list[i]
	}
	if l := logins(); !l.Kiosk.Waits || l.Current {
		t.Errorf("before it is opened: %+v", l)
	}

	first := h.do("POST", "/api/v1/kiosk/exchange", row{"secret": sec}, nil).want(t, 200)
	screen := &caller{cookie: "__Host-sightline-kiosk=" + first.cookie("__Host-sightline-kiosk")}
	shown := read[kioskView](t, first)
	if shown.PatrolS != 12 || shown.View.Rows != 1 || shown.View.Columns != 2 || len(shown.View.Cells) != 2 ||
		shown.View.Cells[0].Camera != gate || shown.View.Cells[0].Name != "Gate" || shown.View.Cells[1].Camera != yard {
		t.Errorf("%s", first.body)
	}
	if c := first.Cookies()[0]; !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
		t.Errorf("cookie %+v", c)
	}
	if l := logins(); l.Kiosk.Waits || l.Kiosk.EndsAt == nil || time.Until(*l.Kiosk.EndsAt) < 29*24*time.Hour {
		t.Errorf("after it was opened: %+v", l)
	}

	gone := h.do("POST", "/api/v1/kiosk/exchange", row{"secret": sec}, nil).want(t, 410)
	if gone.code() != "token_invalid" {
		t.Errorf("%s", gone.body)
	}
	for name, s := range map[string]string{"unknown": strings.Repeat("A", 43), "malformed": "x"} {
		if got := h.do("POST", "/api/v1/kiosk/exchange", row{"secret": s}, nil).want(t, 410); string(got.body) != string(gone.body) {
			t.Errorf("%s: %s, want the bytes of %s", name, got.body, gone.body)
		}
	}
	again := h.do("POST", "/api/v1/kiosk/exchange", row{"secret": sec}, screen).want(t, 200) // the address may stay in the screen's settings
	if again.cookie("__Host-sightline-kiosk") != first.cookie("__Host-sightline-kiosk") {
		t.Error("the same screen got another cookie")
	}
	h.do("GET", "/api/v1/kiosk", nil, screen).want(t, 200)

	h.do("DELETE", "/api/v1/me/logins/"+res.field("token_id"), nil, owner).want(t, 204)
	if got := h.do("GET", "/api/v1/kiosk", nil, screen).want(t, 401); got.code() != "not_signed_in" {
		t.Errorf("%s", got.body)
	}
	h.do("POST", "/api/v1/kiosk/exchange", row{"secret": sec}, screen).want(t, 410)

	var did []string
	h.poll("the log", func() bool {
		did = nil
		for _, r := range read[auditView](t, h.do("GET", "/api/v1/audit", nil, owner).want(t, 200)).Rows {
			did = append(did, r.Action+" by "+r.Who.As)
		}
		return slices.Contains(did, "kiosk.end by account") && slices.Contains(did, "kiosk.open by kiosk") && slices.Contains(did, "kiosk.create by account")
	})
}

func TestKioskInput(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", false), h.person("other", false)
	h.camera(owner, "Yard")
	view := h.savedView(owner, row{"any": 1})
	h.do("POST", "/api/v1/views/"+view+"/kiosk", row{"name": "x"}, other).want(t, 404)
	h.do("POST", "/api/v1/views/"+authz.NewID()+"/kiosk", row{"name": "x"}, owner).want(t, 404)
	for field, in := range map[string]row{
		"name": {"name": " "}, "days": {"name": "x", "days": -1}, "patrol_s": {"name": "x", "patrol_s": 4},
	} {
		if res := h.do("POST", "/api/v1/views/"+view+"/kiosk", in, owner).want(t, 422); res.field("field") != field {
			t.Errorf("%v: %s", in, res.body)
		}
	}
	h.do("POST", "/api/v1/views/"+view+"/kiosk", row{"name": "x", "patrol_s": 121}, owner).want(t, 422)
	for range 20 {
		h.do("POST", "/api/v1/views/default/kiosk", row{"name": "x"}, owner).want(t, 201)
	}
	h.do("POST", "/api/v1/views/default/kiosk", row{"name": "x"}, owner).want(t, 409)
	h.do("POST", "/api/v1/views/default/kiosk", row{"name": "x"}, other).want(t, 201) // an account's number is its own
}

// Threat T1: guessing the addresses of kiosks counts as guessing links does.
func TestT1_KioskGuessing(t *testing.T) {
	h := newHarness(t, standing(ratelimit.Rules{}))
	for range 20 {
		h.do("POST", "/api/v1/kiosk/exchange", row{"secret": strings.Repeat("A", 43)}, nil).want(t, 410)
	}
	h.do("POST", "/api/v1/kiosk/exchange", row{"secret": strings.Repeat("B", 43)}, nil).want(t, 429)
}

// Row R87, ruling 5: what runs on a kiosk ends within 2 s of its end, of its
// view's removal and of a camera being taken out of the view; it sees no other camera.
func TestR96_EndedKioskIsCut(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	clip, err := testcam.TestClip(10, 320, 180, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	real, err := testcam.New(testcam.Config{Main: clip, Sub: clip})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(real.Close)
	cam := h.do("POST", "/api/v1/cameras", row{"name": "Yard", "main": real.Main(), "sub": real.Sub(), "zone": "UTC"}, owner).want(t, 201).field("id")
	gate := h.camera(owner, "Gate")
	view := h.savedView(owner, row{"camera": cam})

	k, _ := h.kiosk(owner, view)
	tiles, _ := h.wall(t, "/api/v1/kiosk", k, 320, gate)
	if tiles[0].State != "restricted" || tiles[0].Reason != "not_found" {
		t.Errorf("a camera outside of the view: %+v", tiles[0])
	}
	h.do("GET", "/api/v1/kiosk/cameras/"+gate+"/poster", nil, k).want(t, 404)

	s := h.watchAt(t, "/api/v1/kiosk", k, cam)
	s.plays("a camera of the view")
	v := read[struct{ Views []row }](t, h.do("GET", "/api/v1/views", nil, owner).want(t, 200)).Views[0]
	v["cells"] = []row{{"camera": gate}, {}}
	began := time.Now()
	h.do("PUT", "/api/v1/views/"+view, v, owner).want(t, 200)
	s.silence("taken out of the view", began)

	all, id := h.kiosk(owner, defaultView)
	s = h.watchAt(t, "/api/v1/kiosk", all, cam)
	s.plays("a kiosk of all cameras")
	began = time.Now()
	h.do("DELETE", "/api/v1/me/logins/"+id, nil, owner).want(t, 204)
	s.silence("ended in the settings", began)

	view = h.savedView(owner, row{"camera": cam})
	k, _ = h.kiosk(owner, view)
	s = h.watchAt(t, "/api/v1/kiosk", k, cam)
	s.plays("another kiosk")
	began = time.Now()
	h.do("DELETE", "/api/v1/views/"+view, nil, owner).want(t, 204)
	s.silence("its view removed", began)
	h.do("GET", "/api/v1/kiosk", nil, k).want(t, 401)
}
