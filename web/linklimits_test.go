package web

import (
	"strings"
	"testing"
	"time"

	"sightline/authz"
)

// Row R2: MINI makes no links and is told why; the other plans do, and grants,
// offers and groups work on all.
func TestR2_PlansAndLinks(t *testing.T) {
	h := newHarness(t)
	admin, owner, bob := h.person("admin", true), h.person("owner", false), h.person("bob", false)
	cam := h.camera(owner, "Yard")
	now := time.Now()
	for _, plan := range []string{"mini", "trial", "standard", "pro"} {
		h.do("PATCH", "/api/v1/instance/accounts/"+owner.account.ID, row{"plan": plan}, admin).want(t, 200)
		for _, in := range []row{
			{"kind": "share", "name": "On " + plan, "cameras": []string{cam}, "acknowledge_risk": true},
			{"kind": "temporary", "cameras": []string{cam}, "starts": now, "ends": now.Add(time.Hour)},
		} {
			res := h.do("POST", "/api/v1/links", in, owner)
			if plan == "mini" && (res.StatusCode != 403 || res.code() != "plan_mini") || plan != "mini" && res.StatusCode != 201 {
				t.Errorf("%s, %s: %d %s", plan, in["kind"], res.StatusCode, res.body)
			}
		}
		g := h.grant(owner, cam, bob, nil)
		h.do("GET", "/api/v1/cameras/"+cam, nil, bob).want(t, 200)
		group := h.do("POST", "/api/v1/groups", row{"name": "On " + plan}, owner).want(t, 201).field("id")
		h.do("PUT", "/api/v1/groups/"+group+"/cameras/"+cam, row{"images_only": false}, owner).want(t, 200)
		_ = g
		h.save(owner, cam, h.table(owner, cam).Version).want(t, 200)
	}
}

// Row R39: dates stay editable until removal; a link that is over works again
// under the same address.
func TestR39_DatesStayEditable(t *testing.T) {
	clk := shiftedTo(time.Now())
	h := newHarnessAt(t, clk)
	owner := h.person("owner", true)
	now := clk.Now().Add(time.Hour) // when it ends
	l, sec := h.temporary(owner, h.camera(owner, "Yard"), now.Add(-3*time.Hour), now, nil)
	link, g := h.guest(sec)
	if v := h.visit(link, g); v.State != "live" {
		t.Fatalf("before its end: %+v", v)
	}
	clk.stand(now)
	if v := h.visit(link, g); v.State != "ended" {
		t.Fatalf("at its end: %+v", v)
	}
	h.signIn(owner)
	after := decoded[linkView](t, h.do("PATCH", "/api/v1/links/"+l.ID, row{"ends": now.Add(time.Hour)}, owner).want(t, 200))
	if after.State != "active" || after.URL != l.URL {
		t.Errorf("%+v", after)
	}
	if v := h.visit(link, g); v.State != "live" {
		t.Errorf("the same page: %+v", v)
	}
	after = decoded[linkView](t, h.do("PATCH", "/api/v1/links/"+l.ID, row{"starts": now.Add(time.Hour), "ends": now.Add(2 * time.Hour)}, owner).want(t, 200))
	if v := h.visit(link, g); after.State != "scheduled" || v.State != "not_yet" {
		t.Errorf("%+v %+v", after, v)
	}
	for _, in := range []row{{"ends": now.Add(-time.Hour)}, {"ends": now.Add(30 * time.Minute)}, {"ends": nil}} {
		if res := h.do("PATCH", "/api/v1/links/"+l.ID, in, owner).want(t, 422); res.field("field") != "ends" {
			t.Errorf("%v: %s", in, res.body)
		}
	}
	h.do("DELETE", "/api/v1/links/"+l.ID, nil, owner).want(t, 200)
	h.do("PATCH", "/api/v1/links/"+l.ID, row{"ends": now.Add(time.Hour)}, owner).want(t, 404)
}

// Row R40: a temporary link opens the live picture of its camera and nothing
// else: no other camera, no sound unless ticked, nothing of an account.
func TestR40_LivePictureOfOneCameraOnly(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	yard, dock := h.camera(owner, "Yard"), h.camera(owner, "Dock")
	h.do("PATCH", "/api/v1/cameras/"+yard, row{"sound": true}, owner).want(t, 200)
	now := time.Now()
	l, sec := h.temporary(owner, yard, now.Add(-time.Hour), now.Add(time.Hour), nil)
	link, g := h.guest(sec)
	v := h.visit(link, g)
	if len(v.Cameras) != 1 || v.Cameras[0].ID != yard || v.Sound {
		t.Errorf("%+v", v)
	}
	tiles, _ := h.wall(t, "/g/"+link, g, 320, yard, dock)
	if tiles[0].State == "restricted" || tiles[0].Mid == "" || tiles[1].State != "restricted" || tiles[1].Reason != "not_found" || tiles[1].Mid != "" {
		t.Errorf("%+v", tiles)
	}
	if res := h.do("GET", "/g/"+link+"/cameras/"+dock+"/poster", nil, g); res.StatusCode != 404 && res.StatusCode != 410 {
		t.Errorf("a still of another camera: %d %s", res.StatusCode, res.body)
	}
	for _, path := range []string{"/api/v1/cameras", "/api/v1/cameras/" + yard, "/api/v1/cameras/" + yard + "/poster", "/api/v1/notices", "/api/v1/me", "/api/v1/links", "/api/v1/views"} {
		h.do("GET", path, nil, g).want(t, 401)
	}
	sub, _, err := h.authority.AuthenticateVisit(t.Context(), link, secretOf(g))
	if err != nil {
		t.Fatal(err)
	}
	for _, act := range []authz.Action{authz.ActArchive, authz.ActDownload, authz.ActNotices, authz.ActImages, authz.ActPTZ, authz.ActManage, authz.ActShare, authz.ActSound} {
		d, err := h.authority.Check(t.Context(), sub, act, authz.Object{Camera: yard})
		if err != nil || d.Allowed {
			t.Errorf("%s: %+v %v", act, d, err)
		}
	}
	h.do("PATCH", "/api/v1/links/"+l.ID, row{"sound": true}, owner).want(t, 200)
	if v := h.visit(link, g); !v.Sound {
		t.Error("the sound that was ticked is not there")
	}
	h.do("PATCH", "/api/v1/links/"+l.ID, row{"cameras": []string{dock}}, owner).want(t, 422)
}

// Row R63: deleted is for ever, and a link of the same name has another secret.
func TestR63_TheSameNameIsAnotherLink(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	cam := h.camera(owner, "Yard")
	id, sec := h.link(owner, "Gate", cam)
	link, g := h.guest(sec)
	h.do("DELETE", "/api/v1/links/"+id, nil, owner).want(t, 200)
	for _, path := range []string{"/resume", "/pause"} {
		h.do("POST", "/api/v1/links/"+id+path, nil, owner).want(t, 404)
	}
	again, other := h.link(owner, "Gate", cam)
	if again == id || other == sec {
		t.Fatal("the old link came back")
	}
	gone := h.do("POST", "/g/exchange", row{"secret": sec}, nil).want(t, 410)
	if res := h.do("GET", "/g/"+link+"/visit", nil, g).want(t, 410); string(res.body) != string(gone.body) {
		t.Errorf("%s, %s", res.body, gone.body)
	}
	h.guest(other)
}

// Row R65: no login, no identification; who is signed in gets the same limited
// mode and nothing of his own.
func TestR65_SignedInIsNoMore(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.person("owner", true), h.person("bob", false)
	yard, dock, his := h.camera(owner, "Yard"), h.camera(owner, "Dock"), h.camera(bob, "His own")
	h.grant(owner, dock, bob, row{"levels": fourNames})
	_, sec := h.link(owner, "Gate", yard)
	link, g := h.guest(sec)
	both := &caller{name: "both", cookie: bob.cookie + "; " + g.cookie}
	plain, signedIn := h.visit(link, g), h.visit(link, both)
	plain.ServerTime, signedIn.ServerTime = time.Time{}, time.Time{}
	if len(signedIn.Cameras) != 1 || signedIn.Name != plain.Name || signedIn.Owner || signedIn.State != plain.State || signedIn.Sound != plain.Sound {
		t.Errorf("%+v, without a login %+v", signedIn, plain)
	}
	tiles, _ := h.wall(t, "/g/"+link, both, 320, yard, dock, his)
	if tiles[0].Mid == "" || tiles[1].Reason != "not_found" || tiles[1].Mid != "" || tiles[2].Reason != "not_found" || tiles[2].Mid != "" {
		t.Errorf("%+v", tiles)
	}
	tiles, _ = h.wall(t, "/api/v1", both, 320, yard, dock, his) // and his account gets nothing of the link
	if tiles[0].Reason != "not_found" || tiles[1].Mid == "" || tiles[2].Mid == "" {
		t.Errorf("%+v", tiles)
	}
}

// Row R74: what a guest's pages send, and where their cookie goes.
func TestR74_GuestPagesLeakNothing(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	_, sec := h.link(owner, "Gate", h.camera(owner, "Yard"))
	ex := h.do("POST", "/g/exchange", row{"secret": sec}, nil).want(t, 200)
	link := ex.field("link")
	visit := h.do("POST", "/g/"+link+"/visit", row{"ticket": ex.field("ticket")}, nil).want(t, 200)
	for name, res := range map[string]answer{
		"the page of a secret": h.do("GET", "/s", nil, nil).want(t, 200), "the page of a link": h.do("GET", "/g/"+link+"/", nil, nil).want(t, 200),
		"exchange": ex, "visit": visit, "gone": h.do("GET", "/g/"+authz.NewID()+"/visit", nil, nil).want(t, 410),
	} {
		head := res.Header
		csp := head.Get("Content-Security-Policy")
		if head.Get("X-Robots-Tag") != "noindex, nofollow" || head.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(csp, "default-src 'none'") && !strings.Contains(csp, "default-src 'self'") ||
			strings.Contains(csp, "http:") || strings.Contains(csp, "*") {
			t.Errorf("%s: %v", name, head)
		}
		if strings.Contains(string(res.body), sec) || strings.Contains(string(res.body), "//cdn") {
			t.Errorf("%s: %s", name, res.body)
		}
	}
	set := visit.Header.Get("Set-Cookie")
	for _, part := range []string{"__Secure-sightline-guest=", "Path=/g/" + link + "/", "HttpOnly", "Secure", "SameSite="} {
		if !strings.Contains(set, part) {
			t.Errorf("the cookie %q has no %s", set, part)
		}
	}
	if strings.Contains(set, sec) || len(ex.Cookies()) != 0 {
		t.Error("the secret is in a cookie")
	}
	if strings.Contains(h.log.String(), sec) {
		t.Error("the secret is in the log")
	}
}
