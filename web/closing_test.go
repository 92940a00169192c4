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
	if code := sock.closed(); code != 4501 || time.Since(begun) > 2*time.Second {
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
