package web

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/secret"
	"sightline/ratelimit"
)

// decoded is an answer's body.
func decoded[T any](t testing.TB, a answer) (out T) {
	t.Helper()
	if err := json.Unmarshal(a.body, &out); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return out
}

// temporary makes a temporary link and returns it with its secret.
func (h *harness) temporary(c *caller, cam string, starts, ends time.Time, more map[string]any) (linkView, string) {
	h.t.Helper()
	in := map[string]any{"kind": "temporary", "cameras": []string{cam}, "starts": starts, "ends": ends}
	for k, v := range more {
		in[k] = v
	}
	l := decoded[linkView](h.t, h.do("POST", "/api/v1/links", in, c).want(h.t, 201))
	_, sec, ok := strings.Cut(l.URL, "/s#")
	if !ok {
		h.t.Fatalf("address %q", l.URL)
	}
	return l, sec
}

func (h *harness) visit(link string, g *caller) visitView {
	h.t.Helper()
	return decoded[visitView](h.t, h.do("GET", "/g/"+link+"/visit", nil, g).want(h.t, 200))
}

// TestR34_TheWindowIsNeededAndOrdered: each mistake names its field.
func TestR34_TheWindowIsNeededAndOrdered(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	cam := h.camera(owner, "Yard")
	now := time.Now()
	for name, c := range map[string]struct {
		in          map[string]any
		field, code string
	}{
		"no on":          {map[string]any{"ends": now.Add(time.Hour)}, "starts", "required"},
		"no off":         {map[string]any{"starts": now}, "ends", "required"},
		"off before on":  {map[string]any{"starts": now.Add(2 * time.Hour), "ends": now.Add(time.Hour)}, "ends", "bad_value"},
		"off is on":      {map[string]any{"starts": now.Add(time.Hour), "ends": now.Add(time.Hour)}, "ends", "bad_value"},
		"off is past":    {map[string]any{"starts": now.Add(-2 * time.Hour), "ends": now.Add(-time.Hour)}, "ends", "bad_value"},
		"two cameras":    {map[string]any{"starts": now, "ends": now.Add(time.Hour), "cameras": []string{cam, h.camera(owner, "Dock")}}, "cameras", "too_long"},
		"short password": {map[string]any{"starts": now, "ends": now.Add(time.Hour), "password": "abc"}, "password", "too_short"},
		"long note":      {map[string]any{"starts": now, "ends": now.Add(time.Hour), "note": strings.Repeat("a", 501)}, "note", "too_long"},
		"viewers":        {map[string]any{"starts": now, "ends": now.Add(time.Hour), "max_viewers": -1}, "max_viewers", "bad_value"},
	} {
		in := map[string]any{"kind": "temporary", "cameras": []string{cam}}
		for k, v := range c.in {
			in[k] = v
		}
		res := h.do("POST", "/api/v1/links", in, owner)
		if res.StatusCode != 422 || res.code() != c.code || res.field("field") != c.field {
			t.Errorf("%s: %d %s", name, res.StatusCode, res.body)
		}
	}
	h.do("POST", "/api/v1/links", map[string]any{"kind": "temporary", "cameras": []string{cam}, "starts": "tomorrow", "ends": now}, owner).want(t, 400)
}

// TestR35_TheLinkStaysCopyable, with the same 256 bits for as long as it is there.
func TestR35_TheLinkStaysCopyable(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	cam, dock := h.camera(owner, "Yard"), h.camera(owner, "Dock")
	l, sec := h.temporary(owner, cam, time.Now(), time.Now().Add(time.Hour), map[string]any{"note": "the gate is on the left", "max_viewers": 4, "sound": true})
	h.link(owner, "Docks", dock)
	if len(sec) != 43 {
		t.Fatalf("secret of %d characters", len(sec))
	}
	list := decoded[linksView](t, h.do("GET", "/api/v1/links?camera="+cam, nil, owner).want(t, 200))
	if len(list.Links) != 1 || list.Links[0].URL != l.URL || list.Links[0].Note != "the gate is on the left" || list.Links[0].MaxViewers != 4 ||
		!list.Links[0].Sound || list.Links[0].HasPassword || list.Links[0].Starts == nil || list.Links[0].Ends == nil {
		t.Fatalf("%+v", list)
	}
	if list := decoded[linksView](t, h.do("GET", "/api/v1/links?camera="+cam, nil, other).want(t, 200)); len(list.Links) != 0 {
		t.Fatal("another account sees it")
	}
	if strings.Contains(h.log.String(), sec) {
		t.Fatal("the secret is in the log")
	}
}

// TestR36_BeforeAndAfterTheWindow: not yet, with its beginning; ended at the off time.
func TestR36_BeforeAndAfterTheWindow(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	cam := h.camera(owner, "Yard")
	starts := time.Now().Add(time.Hour)
	l, sec := h.temporary(owner, cam, starts, starts.Add(time.Hour), nil)
	id, g := h.guest(sec)
	v := h.visit(id, g)
	if v.State != "not_yet" || v.Reason != "link_not_started" || v.Until == nil || !v.Until.Equal(starts.UTC()) {
		t.Fatalf("%+v", v)
	}
	sock := h.socket(t, "/g/"+id+"/socket", g)
	sock.send(map[string]any{"type": "hello"})
	if m := sock.until("visit"); m["state"] != "not_yet" {
		t.Fatalf("%v", m)
	}
	// It opens by itself, and ends by itself; the page is told over the socket.
	var at time.Time
	told := func(want string) {
		t.Helper()
		for m := sock.until("visit"); m["state"] != want; m = sock.until("visit") {
		}
		if late := time.Since(at); late < 0 || late > soon {
			t.Errorf("%s %v after its time", want, late)
		}
	}
	at = time.Now().Add(600 * time.Millisecond)
	h.do("PATCH", "/api/v1/links/"+l.ID, map[string]any{"starts": at}, owner).want(t, 200)
	told("live")
	h.poll("an end that is still to come", func() bool {
		at = time.Now().Add(time.Second)
		return h.do("PATCH", "/api/v1/links/"+l.ID, map[string]any{"ends": at}, owner).StatusCode == 200
	})
	told("ended")
	if v := h.visit(id, g); v.State != "ended" || v.Reason != "link_ended" || v.Since == nil {
		t.Fatalf("%+v", v)
	}
	// R39: an ended link with a new off works again, on the same address.
	h.do("PATCH", "/api/v1/links/"+l.ID, map[string]any{"ends": time.Now().Add(-time.Minute)}, owner).want(t, 422)
	h.do("PATCH", "/api/v1/links/"+l.ID, map[string]any{"ends": time.Now().Add(time.Hour)}, owner).want(t, 200)
	for m := sock.until("visit"); m["state"] != "live"; m = sock.until("visit") {
	}
	if _, again := h.guest(sec); h.visit(id, again).State != "live" {
		t.Fatal("the old address does not work")
	}
}

// TestR37_DisableThenReenableSameURL, told to the open page within 2 s.
func TestR37_DisableThenReenableSameURL(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	l, sec := h.temporary(owner, h.camera(owner, "Yard"), time.Now(), time.Now().Add(time.Hour), nil)
	id, g := h.guest(sec)
	sock := h.socket(t, "/g/"+id+"/socket", g)
	sock.send(map[string]any{"type": "hello"})
	sock.until("visit")
	for range 3 {
		begun := time.Now()
		h.do("POST", "/api/v1/links/"+l.ID+"/pause?wait=cut", nil, owner).want(t, 200)
		m := sock.until("visit")
		if took := time.Since(begun); m["state"] != "paused" || m["reason"] != "link_paused" || m["since"] == nil || took > soon {
			t.Fatalf("%v after %v", m, took)
		}
		if _, fresh := h.guest(sec); h.visit(id, fresh).State != "paused" {
			t.Fatal("a fresh guest is not told of the pause")
		}
		list := decoded[linksView](t, h.do("GET", "/api/v1/links", nil, owner).want(t, 200))
		if list.Links[0].State != "paused_owner" || list.Links[0].Since == nil || list.Links[0].URL != l.URL {
			t.Fatalf("%+v", list.Links[0])
		}
		h.do("POST", "/api/v1/links/"+l.ID+"/resume", nil, owner).want(t, 200)
		if m := sock.until("visit"); m["state"] != "live" {
			t.Fatalf("%v", m)
		}
		if _, fresh := h.guest(sec); h.visit(id, fresh).State != "live" {
			t.Fatal("the same address does not work again")
		}
	}
}

// TestR38_RemovedForEver: the page is told, the address is one of none, the row
// is in the log and nowhere else.
func TestR38_RemovedForEver(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	l, sec := h.temporary(owner, h.camera(owner, "Yard"), time.Now(), time.Now().Add(time.Hour), nil)
	id, g := h.guest(sec)
	sock := h.socket(t, "/g/"+id+"/socket", g)
	sock.send(map[string]any{"type": "hello"})
	sock.until("visit")
	h.do("DELETE", "/api/v1/links/"+l.ID, nil, owner).want(t, 200)
	sock.until("link_removed")
	if code := sock.closed(); code != 4501 {
		t.Errorf("closed with %d", code)
	}
	gone := h.do("POST", "/g/exchange", map[string]string{"secret": sec}, nil).want(t, 410)
	h.do("GET", "/g/"+id+"/visit", nil, g).want(t, 410)
	if unknown := h.do("POST", "/g/exchange", map[string]string{"secret": strings.Repeat("A", 43)}, nil).want(t, 410); string(unknown.body) != string(gone.body) {
		t.Error("removed differs from unknown")
	}
	for _, c := range []struct{ method, path string }{{"POST", "/resume"}, {"POST", "/pause"}, {"DELETE", ""}, {"GET", "/visits"}} {
		h.do(c.method, "/api/v1/links/"+l.ID+c.path, nil, owner).want(t, 404)
	}
	h.do("PATCH", "/api/v1/links/"+l.ID, map[string]any{"ends": time.Now().Add(time.Hour)}, owner).want(t, 404)
	if list := decoded[linksView](t, h.do("GET", "/api/v1/links", nil, owner).want(t, 200)); len(list.Links) != 0 {
		t.Fatalf("%+v", list)
	}
}

// TestR41_PasswordOfALink: asked once a visit, bound to its version, guessing slowed
// by address and never for everybody.
func TestR41_PasswordOfALink(t *testing.T) {
	h := newHarness(t, standing(ratelimit.Rules{}), func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	owner := h.person("owner", true)
	cam := h.camera(owner, "Yard")
	l, sec := h.temporary(owner, cam, time.Now(), time.Now().Add(time.Hour), map[string]any{"password": "blue gate", "note": "hello"})
	if !l.HasPassword || strings.Contains(string(h.do("GET", "/api/v1/links", nil, owner).body), "blue gate") {
		t.Fatalf("%+v", l)
	}
	id, g := h.guest(sec)
	if v := h.visit(id, g); v.State != "password_required" || len(v.Cameras) != 0 || v.Note != "" {
		t.Fatalf("%+v", v)
	}
	at := func(ip string) func(*http.Request) { return header("X-Forwarded-For", ip) }
	give := func(c *caller, password, ip string) answer {
		return h.do("POST", "/g/"+id+"/password", map[string]string{"password": password}, c, at(ip))
	}
	give(g, "", "203.0.113.7").want(t, 422)
	for range 5 {
		if res := give(g, "red gate", "203.0.113.7").want(t, 422); res.code() != "password_wrong" || res.field("field") != "password" {
			t.Fatalf("%s", res.body)
		}
	}
	if res := give(g, "blue gate", "203.0.113.7").want(t, 429); res.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	// Another address is not touched, so nobody can shut the link.
	_, far := h.guest(sec)
	res := give(far, "blue gate", "203.0.113.8").want(t, 200)
	if v := decoded[visitView](t, res); v.State != "live" || len(v.Cameras) != 1 || v.Note != "hello" {
		t.Fatalf("%+v", v)
	}
	if h.visit(id, g).State != "password_required" {
		t.Fatal("one guest's password opened another's visit")
	}
	// A new password asks everybody again; no password opens to all.
	sock := h.socket(t, "/g/"+id+"/socket", far)
	sock.send(map[string]any{"type": "hello"})
	sock.until("visit")
	h.do("PATCH", "/api/v1/links/"+l.ID, map[string]any{"password": "green gate"}, owner).want(t, 200)
	if m := sock.until("visit"); m["state"] != "password_required" {
		t.Fatalf("%v", m)
	}
	give(far, "green gate", "203.0.113.8").want(t, 200)
	h.do("PATCH", "/api/v1/links/"+l.ID, map[string]any{"password": ""}, owner).want(t, 200)
	if v := h.visit(id, g); v.State != "live" {
		t.Fatalf("%+v", v)
	}
	for _, s := range []string{"blue gate", "green gate"} {
		if strings.Contains(h.log.String(), s) {
			t.Fatal("a password is in the log")
		}
	}
}

// TestR64_OptionsOfAShareLink are off until asked for, and can be taken away again.
func TestR64_OptionsOfAShareLink(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	cam := h.camera(owner, "Yard")
	id, sec := h.link(owner, "Gate", cam)
	get := func() linkView {
		return decoded[linksView](t, h.do("GET", "/api/v1/links", nil, owner).want(t, 200)).Links[0]
	}
	if l := get(); l.Starts != nil || l.Ends != nil || l.HasPassword || l.MaxViewers != 0 || l.Sound || l.Note != "" || l.State != "active" {
		t.Fatalf("%+v", l)
	}
	_, g := h.guest(sec)
	patch := func(in map[string]any, status int) answer {
		t.Helper()
		return h.do("PATCH", "/api/v1/links/"+id, in, owner).want(t, status)
	}
	ends := time.Now().Add(time.Hour).UTC()
	patch(map[string]any{"ends": ends, "starts": time.Now().Add(30 * time.Minute), "max_viewers": 3, "sound": true, "note": "hi"}, 200)
	if l := get(); l.State != "scheduled" || l.Ends == nil || !l.Ends.Equal(ends) || l.MaxViewers != 3 || !l.Sound || l.Note != "hi" {
		t.Fatalf("%+v", l)
	}
	if v := h.visit(id, g); v.State != "not_yet" {
		t.Fatalf("%+v", v)
	}
	patch(map[string]any{"starts": nil, "ends": nil, "max_viewers": 0, "sound": false, "note": ""}, 200)
	if l := get(); l.State != "active" || l.Starts != nil || l.Ends != nil || l.MaxViewers != 0 {
		t.Fatalf("%+v", l)
	}
	// R61: the name never changes, whoever asks.
	if res := patch(map[string]any{"name": "Other"}, 422); res.code() != "name_immutable" || res.field("field") != "name" {
		t.Fatalf("%s", res.body)
	}
	h.do("POST", "/api/v1/links/"+id+"/pause", nil, owner).want(t, 200)
	if v := h.visit(id, g); v.State != "paused" {
		t.Fatalf("%+v", v)
	}
	h.do("POST", "/api/v1/links/"+id+"/resume", nil, owner).want(t, 200)
	// 6.2: paused comes before ended and not yet.
	patch(map[string]any{"starts": time.Now().Add(time.Hour)}, 200)
	h.do("POST", "/api/v1/links/"+id+"/pause", nil, owner).want(t, 200)
	if v := h.visit(id, g); v.State != "paused" {
		t.Fatalf("%+v", v)
	}
}

// TestR61_TheNameNeverChanges: not for the owner, not for who runs the instance.
func TestR61_TheNameNeverChanges(t *testing.T) {
	h := newHarness(t)
	admin, owner := h.person("admin", true), h.person("owner", false)
	id, _ := h.link(owner, "Gate", h.camera(owner, "Yard"))
	for _, c := range []*caller{owner, admin} {
		if res := h.do("PATCH", "/api/v1/links/"+id, map[string]any{"name": "Gate"}, c).want(t, 422); res.code() != "name_immutable" {
			t.Errorf("%s", res.body)
		}
	}
}

// TestR76_VisitsAndStopThisViewer: the owner sees who is there, masked, and stops one.
func TestR76_VisitsAndStopThisViewer(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	owner, other := h.person("owner", true), h.person("other", false)
	id, sec := h.link(owner, "Gate", h.camera(owner, "Yard"))
	_, a := h.guest(sec)
	_, b := h.guest(sec)
	list := decoded[visitsView](t, h.do("GET", "/api/v1/links/"+id+"/visits", nil, owner).want(t, 200))
	if len(list.Visits) != 2 || list.Visits[0].Watching || list.Visits[0].FirstSeen.IsZero() || !authz.ValidID(list.Visits[0].ID) {
		t.Fatalf("%+v", list)
	}
	if v := list.Visits[0]; v.IPMasked != "127.0.*.*" {
		t.Errorf("%+v", v)
	}
	h.do("GET", "/api/v1/links/"+id+"/visits", nil, other).want(t, 404)
	h.do("POST", "/api/v1/links/"+id+"/visits/"+list.Visits[0].ID+"/stop", nil, other).want(t, 404)
	h.do("POST", "/api/v1/links/"+id+"/visits/"+authz.NewID()+"/stop", nil, owner).want(t, 404)
	h.do("POST", "/api/v1/links/"+id+"/visits/"+list.Visits[0].ID+"/stop", nil, owner).want(t, 204)
	h.do("POST", "/api/v1/links/"+id+"/visits/"+list.Visits[0].ID+"/stop", nil, owner).want(t, 204)
	stopped := 0
	for _, g := range []*caller{a, b} {
		if v := h.visit(id, g); v.State == "ended" && v.Reason == "stopped_by_owner" {
			stopped++
		} else if v.State != "live" {
			t.Errorf("%+v", v)
		}
	}
	if stopped != 1 {
		t.Fatalf("%d of 2 were stopped", stopped)
	}
	for in, want := range map[string]string{"203.0.113.9": "203.0.*.*", "::ffff:10.1.2.3": "10.1.*.*", "2001:db8::7": "2001:db8:*", "::1": "0:0:*", "": "", "x": ""} {
		if got := maskIP(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

// subjectOf is the subject behind a caller's login cookie.
func subjectOf(t testing.TB, h *harness, c *caller) authz.Subject {
	t.Helper()
	_, key, _ := strings.Cut(c.cookie, "=")
	s, _, err := h.authority.Authenticate(t.Context(), secret.New(key))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// secretOf is the cookie's value of a guest.
func secretOf(g *caller) secret.String {
	_, v, _ := strings.Cut(g.cookie, "=")
	return secret.New(v)
}
