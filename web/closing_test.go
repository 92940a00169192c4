package web

import (
	"strings"
	"testing"
	"time"
)

// TestR48_ClosingAnAccount: the dialog names what ends, the password is asked for,
// and then everything has ended.
func TestR48_ClosingAnAccount(t *testing.T) {
	h := newHarness(t)
	h.person("admin", true)
	me, other := h.person("owner", false), h.person("other", false)
	cam := h.camera(me, "Yard")
	_, sec := h.link(me, "Gate", cam)
	link, g := h.guest(sec)
	if _, err := h.authority.CreateGroup(t.Context(), subjectOf(t, h, me), "Street"); err != nil {
		t.Fatal(err)
	}
	c := decoded[closingView](t, h.do("GET", "/api/v1/me/closing", nil, me).want(t, 200))
	if c.Cameras != 1 || c.Links != 1 || len(c.Groups) != 1 || c.Groups[0].Name != "Street" || c.Groups[0].Participants != 1 {
		t.Fatalf("%+v", c)
	}
	if c := h.do("GET", "/api/v1/me/closing", nil, other).want(t, 200); string(c.body) != `{"groups":[],"cameras":0,"links":0}`+"\n" {
		t.Errorf("%s", c.body)
	}
	if res := h.do("DELETE", "/api/v1/me", map[string]string{}, me).want(t, 422); res.field("field") != "password" {
		t.Errorf("%s", res.body)
	}
	if res := h.do("DELETE", "/api/v1/me", map[string]string{"password": "wrong horse"}, me).want(t, 422); res.code() != "bad_login" {
		t.Errorf("%s", res.body)
	}
	h.do("GET", "/g/"+link+"/visit", nil, g).want(t, 200)
	sock := h.socket(t, "/g/"+link+"/socket", g)
	sock.send(map[string]any{"type": "hello"})
	sock.until("visit")
	begun := time.Now()
	res := h.do("DELETE", "/api/v1/me", map[string]string{"password": testPassword}, me).want(t, 204)
	if !strings.Contains(res.Header.Get("Set-Cookie"), "__Host-sightline=;") {
		t.Errorf("Set-Cookie %q", res.Header.Get("Set-Cookie"))
	}
	h.do("GET", "/api/v1/me", nil, me).want(t, 401)
	h.do("GET", "/g/"+link+"/visit", nil, g).want(t, 410)
	h.do("POST", "/g/exchange", map[string]string{"secret": sec}, nil).want(t, 410)
	if code := sock.closed(); code != 4501 || time.Since(begun) > soon {
		t.Errorf("the guest's socket closed with %d after %v", code, time.Since(begun))
	}
	h.do("POST", "/api/v1/login", map[string]string{"email": me.account.Email, "password": testPassword}, nil).want(t, 401)
}

// TestClosingNeedsAnotherAdministrator: an instance is not left without one.
func TestClosingNeedsAnotherAdministrator(t *testing.T) {
	h := newHarness(t)
	admin := h.person("admin", true)
	h.do("DELETE", "/api/v1/me", map[string]string{"password": testPassword}, admin).want(t, 409)
	h.person("second", true)
	h.do("DELETE", "/api/v1/me", map[string]string{"password": testPassword}, admin).want(t, 204)
}

// TestR35_MailIsOffWithoutAServer: nothing pretends to have been sent.
func TestR35_MailIsOffWithoutAServer(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	id, _ := h.link(owner, "Gate", h.camera(owner, "Yard"))
	if res := h.do("POST", "/api/v1/links/"+id+"/mail", map[string]string{"to": "guest@example.net"}, owner).want(t, 409); res.code() != "mail_off" {
		t.Errorf("%s", res.body)
	}
	if res := h.do("POST", "/api/v1/links/"+id+"/mail", map[string]string{"to": ""}, owner).want(t, 422); res.field("field") != "to" {
		t.Errorf("%s", res.body)
	}
	h.do("POST", "/api/v1/links/"+id+"/mail", map[string]string{"to": "x@example.net", "from": "me"}, owner).want(t, 400)
	h.do("POST", "/api/v1/links/"+id+"/mail", map[string]string{"to": "x@example.net"}, other).want(t, 409)
}

// Row R24 by the owner who closes his account: with it go grants, offers, what
// waits, group shares and links, within 2 s, and no record of them stays.
func TestR24_NothingIsLeftOfAnAccount(t *testing.T) {
	h := newHarness(t)
	admin := h.person("admin", true)
	h.do("PATCH", "/api/v1/instance", row{"registration": "invite"}, admin).want(t, 200)
	owner, bob, eve := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby"), h.named("eve@example.org", "Evelyn")
	cam, his := h.camera(owner, "Yard"), h.camera(bob, "His own")
	h.grant(owner, cam, bob, nil)
	h.grant(bob, his, owner, nil) // also what was given to him
	tab := h.table(owner, cam)
	h.save(owner, cam, tab.Version, row{"grant_id": tab.Rows[0].GrantID, "levels": []string{"online"}}, row{"account": eve.account.ID},
		row{"email": "new@example.net", "invite": true}).want(t, 200)
	link, sec := h.link(owner, "Gate", cam)
	h.guest(sec)
	group := h.do("POST", "/api/v1/groups", row{"name": "Street"}, bob).want(t, 201).field("id")
	code := h.do("POST", "/api/v1/groups/"+group+"/codes", row{"role": "member"}, bob).want(t, 201).field("code")
	h.do("POST", "/api/v1/groups/join", row{"code": code}, owner).want(t, 200)
	h.do("PUT", "/api/v1/groups/"+group+"/cameras/"+cam, row{"images_only": false}, owner).want(t, 200)
	mine := h.do("POST", "/api/v1/groups", row{"name": "Mine alone"}, owner).want(t, 201).field("id")
	h.watchesNothing(t, bob, cam, false)

	began := time.Now()
	h.do("DELETE", "/api/v1/me", map[string]string{"password": testPassword}, owner).want(t, 204)
	h.watchesNothing(t, bob, cam, true)
	h.poll("the last record to go", func() bool {
		snap, err := h.store.Read(t.Context(), "control", nil, allKeys)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range snap.Scans[0] {
			for _, id := range []string{cam, link, mine, owner.account.ID} {
				if strings.HasPrefix(v.Key, "ev") || strings.HasPrefix(v.Key, "bell/") || strings.HasPrefix(v.Key, "linkgone/") || strings.HasPrefix(v.Key, "invite/") || strings.HasPrefix(v.Key, "closed/") {
					continue
				}
				if strings.Contains(v.Key, id) || strings.Contains(string(v.Data), id) && !strings.HasPrefix(v.Key, "code") {
					return false
				}
			}
		}
		return true
	})
	if d := time.Since(began); d > soon {
		t.Errorf("it took %v", d)
	}
	for _, c := range []*caller{bob, eve} {
		if list := read[offersView](t, h.do("GET", "/api/v1/offers", nil, c).want(t, 200)).Offers; len(list) != 0 {
			t.Errorf("%s: %+v", c.name, list)
		}
	}
	if rows := h.table(bob, his).Rows; len(rows) != 0 {
		t.Errorf("what was given to him: %+v", rows)
	}
	h.do("POST", "/g/exchange", row{"secret": sec}, nil).want(t, 410)
	if res := h.do("GET", "/api/v1/groups/"+group, nil, bob).want(t, 200); strings.Contains(string(res.body), cam) || strings.Contains(string(res.body), owner.account.ID) {
		t.Errorf("%s", res.body)
	}
}

// watchesNothing opens a tile of a camera and says whether it has a place.
func (h *harness) watchesNothing(t *testing.T, c *caller, cam string, want bool) {
	t.Helper()
	tiles, _ := h.wall(t, "/api/v1", c, 320, cam)
	if got := tiles[0].Mid == ""; got != want {
		t.Errorf("%s on the camera: %+v", c.name, tiles[0])
	}
}
