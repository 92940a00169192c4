package web

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/secret"
	"sightline/ratelimit"
)

// The set-up page: a wrong code says so, the right one proposes networks and
// makes the account, and then there is no set-up any more.
func TestSetup(t *testing.T) {
	h := newHarness(t)
	if s := h.do("GET", "/api/v1/status", nil, nil).want(t, 200); !strings.Contains(string(s.body), `"setup_required":true`) {
		t.Fatalf("%s", s.body)
	}
	wrong := h.do("POST", "/api/v1/setup/check", map[string]string{"code": "wrong"}, nil).want(t, 422)
	if wrong.code() != "wrong_code" || wrong.field("field") != "code" {
		t.Fatalf("%s", wrong.body)
	}
	code := h.authority.SetupCode().Reveal()
	ok := h.do("POST", "/api/v1/setup/check", map[string]string{"code": code}, nil).want(t, 200)
	if !strings.Contains(string(ok.body), `"networks":["192.168.1.0/24"]`) || !strings.Contains(string(ok.body), `"localhost"`) {
		t.Fatalf("%s", ok.body)
	}
	in := map[string]any{"code": "wrong", "email": "First@Example.org", "name": "First", "password": testPassword, "language": "uk",
		"zone": "Europe/Kyiv", "networks": []string{"10.0.0.0/8", "192.168.1.7"}, "loopback_cameras": true}
	h.do("POST", "/api/v1/setup", in, nil).want(t, 422)
	in["code"], in["networks"] = code, []string{"10.0.0.0/99"}
	if res := h.do("POST", "/api/v1/setup", in, nil).want(t, 422); res.field("field") != "networks" {
		t.Fatalf("%s", res.body)
	}
	in["networks"] = []string{"10.0.0.0/8", "192.168.1.7"}
	made := h.do("POST", "/api/v1/setup", in, nil).want(t, 201)
	me := &caller{cookie: "__Host-sightline=" + made.cookie("__Host-sightline")}
	who := h.do("GET", "/api/v1/me", nil, me).want(t, 200)
	for _, s := range []string{`"instance_admin":true`, `"plan":"pro"`, `"language":"uk"`, `"first@example.org"`} {
		if !strings.Contains(string(who.body), s) {
			t.Errorf("%s has no %s", who.body, s)
		}
	}
	inst := h.do("GET", "/api/v1/instance", nil, me).want(t, 200)
	if !strings.Contains(string(inst.body), `"networks":["10.0.0.0/8","192.168.1.7/32"]`) || !strings.Contains(string(inst.body), `"loopback_cameras":true`) {
		t.Errorf("%s", inst.body)
	}
	if res := h.do("POST", "/api/v1/setup", in, nil).want(t, 409); res.code() != "setup_done" {
		t.Errorf("%s", res.body)
	}
	if s := h.do("GET", "/api/v1/status", nil, nil).want(t, 200); !strings.Contains(string(s.body), `"setup_required":false`) {
		t.Errorf("%s", s.body)
	}
}

// Wrong codes are refused at once after 20 a minute, the right one too.
func TestSetupCodeGuessing(t *testing.T) {
	h := newHarness(t, standing(ratelimit.Rules{}))
	for i := range 20 {
		h.do("POST", "/api/v1/setup/check", map[string]string{"code": fmt.Sprint(i)}, nil).want(t, 422)
	}
	res := h.do("POST", "/api/v1/setup/check", map[string]string{"code": "21"}, nil).want(t, 429)
	if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || after < 1 {
		t.Errorf("Retry-After %q", res.Header.Get("Retry-After"))
	}
	h.do("POST", "/api/v1/setup/check", map[string]string{"code": h.authority.SetupCode().Reveal()}, nil).want(t, 429)
}

// Ruling 4: exchange, ticket, visit, cookie; one 410 for everything else.
func TestR75_ExchangeAndVisit(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	cam := h.camera(owner, "Yard")
	id, sec := h.link(owner, "Yard link", cam)

	ex := h.do("POST", "/g/exchange", map[string]string{"secret": sec}, nil).want(t, 200)
	if len(ex.Cookies()) != 0 {
		t.Error("the exchange sets a cookie")
	}
	if ex.field("link") != id {
		t.Errorf("link %s, want %s", ex.field("link"), id)
	}
	v := h.do("POST", "/g/"+id+"/visit", map[string]string{"ticket": ex.field("ticket")}, nil).want(t, 200)
	set := v.Header.Get("Set-Cookie")
	for _, s := range []string{"__Secure-sightline-guest=", "; Path=/g/" + id + "/;", "Max-Age=86400", "HttpOnly", "SameSite=Lax", "Secure"} {
		if !strings.Contains(set, s) {
			t.Errorf("cookie %q has no %s", set, s)
		}
	}
	for _, s := range []string{`"state":"live"`, `"name":"Yard link"`, `"owner_name":"owner"`, `"language":"en"`, `"cameras":[{"id":"` + cam + `","name":"Yard"}]`} {
		if !strings.Contains(string(v.body), s) {
			t.Errorf("%s has no %s", v.body, s)
		}
	}
	for _, k := range []string{"Cache-Control", "X-Robots-Tag", "Referrer-Policy"} {
		if v.Header.Get(k) == "" {
			t.Errorf("no %s", k)
		}
	}
	g := &caller{cookie: "__Secure-sightline-guest=" + v.cookie("__Secure-sightline-guest")}
	h.do("GET", "/g/"+id+"/visit", nil, g).want(t, 200)
	again := h.do("POST", "/g/"+id+"/visit", map[string]string{}, g).want(t, 200)
	if got := again.cookie("__Secure-sightline-guest"); "__Secure-sightline-guest="+got != g.cookie {
		t.Error("a valid visit got another cookie")
	}

	// Everything that is not a visit is the same 410, byte by byte.
	_, otherSecret := h.link(owner, "Other link", cam)
	_, otherGuest := h.guest(otherSecret)
	h.do("DELETE", "/api/v1/links/"+id, nil, owner).want(t, 200)
	var bodies []string
	for name, res := range map[string]answer{
		"unknown secret":      h.do("POST", "/g/exchange", map[string]string{"secret": secret.Random().Reveal()}, nil),
		"malformed secret":    h.do("POST", "/g/exchange", map[string]string{"secret": "x"}, nil),
		"empty secret":        h.do("POST", "/g/exchange", map[string]string{}, nil),
		"removed secret":      h.do("POST", "/g/exchange", map[string]string{"secret": sec}, nil),
		"removed, owner asks": h.do("POST", "/g/exchange", map[string]string{"secret": sec}, owner),
		"visit of a removed":  h.do("GET", "/g/"+id+"/visit", nil, g),
		"ticket of a removed": h.do("POST", "/g/"+id+"/visit", map[string]string{"ticket": ex.field("ticket")}, nil),
		"no visit":            h.do("GET", "/g/"+id+"/visit", nil, nil),
		"account, no visit":   h.do("GET", "/g/"+id+"/visit", nil, owner),
		"another's visit":     h.do("GET", "/g/"+id+"/visit", nil, otherGuest),
		"no such link":        h.do("GET", "/g/"+authz.NewID()+"/visit", nil, g),
		"not even an id":      h.do("GET", "/g/x/visit", nil, g),
		"bad ticket":          h.do("POST", "/g/"+id+"/visit", map[string]string{"ticket": "x"}, nil),
		"viewing":             h.do("POST", "/g/"+id+"/viewing", map[string]any{}, g),
		"socket":              h.do("GET", "/g/"+id+"/socket", nil, g),
	} {
		if res.StatusCode != 410 || res.code() != "link_gone" {
			t.Errorf("%s: %d %s", name, res.StatusCode, res.body)
		}
		bodies = append(bodies, string(res.body)+res.Header.Get("Content-Type")+res.Header.Get("Cache-Control"))
	}
	for _, b := range bodies {
		if b != bodies[0] {
			t.Errorf("the 410s differ: %q, %q", b, bodies[0])
		}
	}
}

// Threat T44: looking at a link's page does nothing, whoever looks.
func TestGuestPageIsWithoutEffect(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	owner := h.person("owner", true)
	cam := h.camera(owner, "Yard")
	id, sec := h.link(owner, "Yard link", cam)
	before := h.do("GET", "/api/v1/links", nil, owner).want(t, 200)
	for i := range 1000 {
		path := "/s"
		if i%2 == 0 {
			path = "/g/" + id + "/"
		}
		res := h.do("GET", path, nil, nil, header("X-Forwarded-For", fmt.Sprintf("203.0.%d.%d", i/250, i%250))).want(t, 200)
		if len(res.Cookies()) != 0 {
			t.Fatal("the page sets a cookie")
		}
	}
	h.do("GET", "/g/"+authz.NewID()+"/", nil, nil).want(t, 200)
	after := h.do("GET", "/api/v1/links", nil, owner).want(t, 200)
	if string(before.body) != string(after.body) {
		t.Errorf("the link has changed:\n%s\n%s", before.body, after.body)
	}
	h.guest(sec)
}

// Row R106 and threat T1: 20 unknown secrets a minute from one address, the
// 21st is 429; another address is not touched, and neither is its /64's neighbour.
func TestR106_UnknownSecrets(t *testing.T) {
	h := newHarness(t, standing(ratelimit.Rules{}), func(c *Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	owner := h.person("owner", true)
	_, sec := h.link(owner, "Yard link", h.camera(owner, "Yard"))
	from := func(a string) func(*http.Request) { return header("X-Forwarded-For", a) }
	removed, old := h.link(owner, "Removed", h.camera(owner, "Gate"))
	h.do("DELETE", "/api/v1/links/"+removed, nil, owner).want(t, 200)
	unknown := h.do("POST", "/g/exchange", map[string]string{"secret": secret.Random().Reveal()}, nil, from("203.0.113.8")).want(t, 410)
	for range 25 { // right secrets do not count, nor do those of removed links
		h.do("POST", "/g/exchange", map[string]string{"secret": sec}, nil, from("2001:db8::1")).want(t, 200)
		if res := h.do("POST", "/g/exchange", map[string]string{"secret": old}, nil, from("2001:db8::1")).want(t, 410); string(res.body) != string(unknown.body) {
			t.Fatalf("removed %s, unknown %s", res.body, unknown.body)
		}
	}
	for i := range 20 {
		h.do("POST", "/g/exchange", map[string]string{"secret": secret.Random().Reveal()}, nil, from(fmt.Sprintf("2001:db8::%x", i+1))).want(t, 410)
	}
	res := h.do("POST", "/g/exchange", map[string]string{"secret": secret.Random().Reveal()}, nil, from("2001:db8::ffff")).want(t, 429)
	if after, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || after < 60 || res.code() != "rate_limited" {
		t.Errorf("%s, Retry-After %q", res.body, res.Header.Get("Retry-After"))
	}
	h.do("POST", "/g/exchange", map[string]string{"secret": secret.Random().Reveal()}, nil, from("2001:db8:0:1::1")).want(t, 410)
	h.do("POST", "/g/exchange", map[string]string{"secret": sec}, nil, from("203.0.113.9")).want(t, 200)
	// What a client writes left of its own address does not give it a new name.
	h.do("POST", "/g/exchange", map[string]string{"secret": secret.Random().Reveal()}, nil, from("198.51.100.77, 2001:db8::1")).want(t, 429)
}

// Threats T20 and T19: the 11th wrong password is 429 at once, a browser that
// has signed in before still can, and a login's cookie is new each time.
func TestSignIn(t *testing.T) {
	h := newHarness(t, standing(ratelimit.Rules{}))
	me := h.person("owner", true)
	login := map[string]string{"email": " OWNER@example.org ", "password": testPassword}
	first := h.do("POST", "/api/v1/login", login, nil, header("Cookie", "__Host-sightline="+strings.Repeat("A", 43))).want(t, 200)
	cookie := first.cookie("__Host-sightline")
	if cookie == "" || cookie == strings.Repeat("A", 43) {
		t.Fatalf("cookie %q", cookie)
	}
	device := first.cookie("__Host-sightline-device")
	if device == "" {
		t.Fatal("no device cookie")
	}
	second := h.do("POST", "/api/v1/login", login, &caller{cookie: "__Host-sightline=" + cookie}).want(t, 200)
	if second.cookie("__Host-sightline") == cookie {
		t.Error("the login's cookie did not change")
	}
	h.do("GET", "/api/v1/me", nil, &caller{cookie: "__Host-sightline=" + cookie}).want(t, 401)
	h.do("GET", "/api/v1/me", nil, &caller{cookie: "__Host-sightline=" + second.cookie("__Host-sightline")}).want(t, 200)

	bad := map[string]string{"email": "owner@example.org", "password": "wrong password"}
	var wrong answer
	for range 10 {
		wrong = h.do("POST", "/api/v1/login", bad, nil).want(t, 401)
	}
	if wrong.code() != "bad_login" {
		t.Errorf("%s", wrong.body)
	}
	limit := h.do("POST", "/api/v1/login", bad, nil).want(t, 429)
	if limit.Header.Get("Retry-After") == "" || limit.code() != "rate_limited" {
		t.Errorf("%s", limit.body)
	}
	h.do("POST", "/api/v1/login", login, nil).want(t, 429)
	h.do("POST", "/api/v1/login", login, &caller{cookie: "__Host-sightline-device=" + device}).want(t, 200)
	h.do("POST", "/api/v1/login", login, &caller{cookie: "__Host-sightline-device=" + device[:22] + "." + strings.Repeat("A", 32)}).want(t, 429)
	h.do("GET", "/api/v1/me", nil, me).want(t, 200)
}

// Row R102: a silent store is 503 with Retry-After, at once, for everybody: never
// 401, 404 or 410, which would say something else. Pages still load.
func TestR102_StoreAway(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	tok := h.tokenOf(owner)
	_, sec := h.link(owner, "Yard link", h.camera(owner, "Yard"))
	link, g := h.guest(sec)
	if err := h.store.Close(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for name, res := range map[string]answer{
		"account":      h.do("GET", "/api/v1/me", nil, owner),
		"token":        h.do("GET", "/api/v1/cameras", nil, nil, bearer(tok)),
		"instance":     h.do("GET", "/api/v1/instance", nil, owner),
		"status":       h.do("GET", "/api/v1/status", nil, nil),
		"visit":        h.do("GET", "/g/"+link+"/visit", nil, g),
		"second visit": h.do("POST", "/g/"+link+"/visit", map[string]any{}, g),
		"exchange":     h.do("POST", "/g/exchange", map[string]string{"secret": sec}, nil),
		"sign-in":      h.do("POST", "/api/v1/login", map[string]string{"email": owner.account.Email, "password": testPassword}, nil),
		"WHEP":         h.do("POST", "/whep/"+authz.NewID(), "v=0", owner, header("Content-Type", "application/sdp")),
	} {
		if after, err := strconv.Atoi(res.Header.Get("Retry-After")); res.StatusCode != 503 || err != nil || after < 1 {
			t.Errorf("%s: %d %s", name, res.StatusCode, res.body)
		}
		if res.code() != "authz_unavailable" {
			t.Errorf("%s: %s", name, res.body)
		}
	}
	if d := time.Since(begun); d > 20*time.Second {
		t.Errorf("nine refusals took %v", d)
	}
	h.do("GET", "/", nil, owner).want(t, 200)
	h.do("GET", "/s", nil, nil).want(t, 200)
}

// A restart does not forget known devices; another address's cookie is none.
func TestDeviceCookie(t *testing.T) {
	dir := t.TempDir()
	one, err := deviceKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	two, err := deviceKey(dir)
	if err != nil || !one.Equal(two) {
		t.Fatalf("the key is not kept: %v", err)
	}
	if fi, err := os.Stat(filepath.Join(dir, "device.key")); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", fi.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "device.key"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := deviceKey(dir); err == nil {
		t.Error("a damaged key is taken")
	}
	s := &Server{cfg: Config{DeviceKey: one}}
	if s.signDevice("a@example.org", "id") == s.signDevice("b@example.org", "id") || s.signDevice("a@example.org", "id") == s.signDevice("a@example.org", "ie") {
		t.Error("one signature for two")
	}
}

func TestSignOut(t *testing.T) {
	h := newHarness(t)
	me := h.person("owner", true)
	res := h.do("POST", "/api/v1/logout", map[string]any{}, me).want(t, 204)
	if c := res.Header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-sightline=; Path=/; Max-Age=0") {
		t.Errorf("%q", c)
	}
	h.do("GET", "/api/v1/me", nil, me).want(t, 401)
	h.do("POST", "/api/v1/logout", nil, me).want(t, 204)
	h.do("POST", "/api/v1/logout", nil, nil).want(t, 204)
}

// A program with a token needs neither cookie nor our header, and its token
// ends when revoked.
func TestBearerToken(t *testing.T) {
	h := newHarness(t)
	me := h.person("owner", true)
	tok := h.tokenOf(me)
	res := h.do("GET", "/api/v1/me", nil, nil, bearer(tok)).want(t, 200)
	if res.field("login_id") != "" {
		t.Errorf("%s", res.body)
	}
	h.do("PATCH", "/api/v1/me", map[string]any{"name": "By token"}, nil, bearer(tok)).want(t, 200)
	list := h.do("GET", "/api/v1/me/tokens", nil, me).want(t, 200)
	if strings.Contains(string(list.body), tok) {
		t.Error("the list shows the token")
	}
	id := strings.SplitN(strings.SplitN(string(list.body), `"id":"`, 2)[1], `"`, 2)[0]
	h.do("DELETE", "/api/v1/me/tokens/"+id, nil, me).want(t, 204)
	h.do("GET", "/api/v1/me", nil, nil, bearer(tok)).want(t, 401)
}

// What outlives a personal access token is made by who signed in: a token that
// leaked and was revoked leaves neither a kiosk nor another token behind.
func TestATokenMakesNothingThatOutlivesIt(t *testing.T) {
	h := newHarness(t)
	me := h.person("owner", true)
	h.camera(me, "Yard")
	tok := h.tokenOf(me)
	for path, body := range map[string]row{
		"/api/v1/me/tokens":           {"name": "another"},
		"/api/v1/views/default/kiosk": {"name": "Porch"},
		"/api/v1/me/password":         {"current": testPassword, "password": "another fine password"},
	} {
		res := h.do("POST", path, body, nil, bearer(tok)).want(t, 403)
		if res.code() != "login_needed" || !strings.Contains(res.field("detail"), "Sign in") {
			t.Errorf("%s: %s", path, res.body)
		}
		h.do("POST", path, body, me, bearer(tok)).want(t, 403) // the cookie beside a token is not looked at
		h.do("POST", path, body, nil).want(t, 401)
	}
	if n := len(read[tokensView](t, h.do("GET", "/api/v1/me/tokens", nil, nil, bearer(tok)).want(t, 200)).Tokens); n != 1 {
		t.Errorf("%d tokens", n)
	}
	for i := range h.srv.table {
		rt := &h.srv.table[i]
		if rt.who != signed {
			continue
		}
		path := strings.NewReplacer(":id", authz.NewID(), ":view", "default").Replace(rt.path)
		if res := h.do(rt.method, path, row{}, nil, bearer(tok)).want(t, 403); res.code() != "login_needed" {
			t.Errorf("%s %s: %s", rt.method, path, res.body)
		}
	}
	h.do("POST", "/api/v1/me/tokens", row{"name": "another"}, me).want(t, 201)
}

// Account, logins, views, invitations and links through the API, as the pages use them.
func TestAccountFlow(t *testing.T) {
	h := newHarness(t)
	admin := h.person("admin", true)
	h.do("PATCH", "/api/v1/me", map[string]any{"theme": "dark", "shortcuts": false, "language": "ar"}, admin).want(t, 200)
	if res := h.do("GET", "/api/v1/me", nil, admin).want(t, 200); !strings.Contains(string(res.body), `"theme":"dark","shortcuts":false`) {
		t.Errorf("%s", res.body)
	}
	h.do("PATCH", "/api/v1/me", map[string]any{"zone": "Mars/Base"}, admin).want(t, 422)

	h.do("PATCH", "/api/v1/instance", map[string]any{"registration": "invite"}, admin).want(t, 200)
	inv := h.do("POST", "/api/v1/instance/invitations", map[string]any{"email": "guest@example.org"}, admin).want(t, 201)
	base, tok, _ := strings.Cut(inv.field("url"), "/invite#")
	if base != h.url || tok == "" {
		t.Fatalf("%s", inv.body)
	}
	if res := h.do("GET", "/api/v1/instance/invitations", nil, admin).want(t, 200); strings.Contains(string(res.body), tok) {
		t.Error("the list shows the secret again")
	}
	h.do("POST", "/api/v1/invitations/check", map[string]any{"token": tok}, nil).want(t, 200)
	redeem := map[string]any{"token": tok, "name": "Guest", "password": testPassword, "language": "en", "zone": "Europe/Kyiv"}
	made := h.do("POST", "/api/v1/invitations/redeem", redeem, nil).want(t, 201)
	if !strings.Contains(string(made.body), `"email_verified":true`) {
		t.Errorf("%s", made.body)
	}
	if res := h.do("POST", "/api/v1/invitations/redeem", redeem, nil).want(t, 410); res.code() != "token_invalid" {
		t.Errorf("%s", res.body)
	}
	g := &caller{account: authz.Account{Email: "guest@example.org"}, cookie: "__Host-sightline=" + made.cookie("__Host-sightline")}

	h.signIn(&caller{account: g.account})
	logins := h.do("GET", "/api/v1/me/logins", nil, g).want(t, 200)
	if n := strings.Count(string(logins.body), `"id":`); n != 2 || strings.Count(string(logins.body), `"current":true`) != 1 {
		t.Errorf("%s", logins.body)
	}
	h.do("POST", "/api/v1/me/password", map[string]any{"current": "not it", "password": "another password"}, g).want(t, 422)
	h.do("POST", "/api/v1/me/password", map[string]any{"current": testPassword, "password": "another fine password"}, g).want(t, 204)
	if res := h.do("GET", "/api/v1/me/logins", nil, g).want(t, 200); strings.Count(string(res.body), `"id":`) != 1 {
		t.Errorf("other logins live on: %s", res.body)
	}

	accounts := h.do("GET", "/api/v1/instance/accounts", nil, admin).want(t, 200)
	if strings.Count(string(accounts.body), `"id":`) != 2 {
		t.Errorf("%s", accounts.body)
	}
	acc, err := h.authority.FindAccount(context.Background(), authz.Operator, "guest@example.org")
	if err != nil {
		t.Fatal(err)
	}
	row := h.do("PATCH", "/api/v1/instance/accounts/"+acc.ID, map[string]any{"plan": "mini", "state": "suspended"}, admin).want(t, 200)
	if row.field("plan") != "mini" || row.field("state") != "suspended" {
		t.Errorf("%s", row.body)
	}
	h.do("GET", "/api/v1/me", nil, g).want(t, 401)
	h.do("PATCH", "/api/v1/instance/accounts/"+acc.ID, map[string]any{}, admin).want(t, 422)
	reset := h.do("POST", "/api/v1/instance/accounts/"+acc.ID+"/reset", nil, admin).want(t, 200)
	if !strings.HasPrefix(reset.field("url"), h.url+"/reset#") {
		t.Errorf("%s", reset.body)
	}
	if res := h.do("POST", "/api/v1/reset", map[string]any{"email": "guest@example.org"}, nil).want(t, 409); res.code() != "mail_off" {
		t.Errorf("%s", res.body)
	}
}

func TestCamerasViewsLinks(t *testing.T) {
	h := newHarness(t, func(c *Config) { c.PublicURL = "https://cams.example.org" })
	me := h.person("owner", true)
	cam := h.camera(me, "Yard")
	if res := h.do("PATCH", "/api/v1/cameras/"+cam, map[string]any{"name": "Gate", "user": "viewer", "password": "hunter22"}, me).want(t, 200); !strings.Contains(string(res.body), `"has_password":true`) {
		t.Errorf("%s", res.body)
	}
	if res := h.do("PATCH", "/api/v1/cameras/"+cam, map[string]any{"main": "rtsp://127.0.0.1:10/main"}, me).want(t, 200); !strings.Contains(string(res.body), `"has_password":false`) {
		t.Errorf("another port keeps the password: %s", res.body)
	}
	h.do("PATCH", "/api/v1/cameras/"+cam, map[string]any{"password": "***"}, me).want(t, 422)
	h.do("GET", "/api/v1/cameras/"+cam+"/health", nil, me).want(t, 200)
	second := h.camera(me, "Door")
	h.do("PUT", "/api/v1/cameras/order", map[string]any{"ids": []string{second, cam}}, me).want(t, 204)
	list := string(h.do("GET", "/api/v1/cameras", nil, me).want(t, 200).body)
	if strings.Index(list, second) > strings.Index(list, cam) {
		t.Errorf("order: %s", list)
	}
	test := h.do("POST", "/api/v1/cameras/test", map[string]any{"main": "rtsp://127.0.0.1:9/x"}, me).want(t, 200)
	if !strings.Contains(string(test.body), `"ok":false`) || !strings.Contains(string(test.body), `"code":"camera_refused"`) {
		t.Errorf("%s", test.body)
	}

	h.do("GET", "/api/v1/views", nil, me).want(t, 200)
	view := h.do("POST", "/api/v1/views", map[string]any{"name": "Wall", "rows": 1, "columns": 2, "layout": "grid",
		"cells": []any{map[string]any{"camera": cam}, map[string]any{"any": 1}}, "default_for": []string{"desktop"}, "version": 0, "id": ""}, me).want(t, 201)
	put := map[string]any{"name": "Wall 2", "rows": 1, "columns": 1, "layout": "grid", "cells": []any{map[string]any{"any": 1}}, "default_for": []string{}, "version": 99}
	if res := h.do("PUT", "/api/v1/views/"+view.field("id"), put, me).want(t, 409); res.code() != "stale" {
		t.Errorf("%s", res.body)
	}
	h.do("DELETE", "/api/v1/views/"+view.field("id"), nil, me).want(t, 204)

	if res := h.do("POST", "/api/v1/links", map[string]any{"kind": "share", "name": "A", "cameras": []string{cam}}, me).want(t, 422); res.code() != "risk_not_acknowledged" {
		t.Errorf("%s", res.body)
	}
	id, _ := h.link(me, "A", cam)
	links := h.do("GET", "/api/v1/links", nil, me).want(t, 200)
	if !strings.Contains(string(links.body), `"url":"https://cams.example.org/s#`) || !strings.Contains(string(links.body), `"used":1,"cap":3`) {
		t.Errorf("%s", links.body)
	}
	h.do("PATCH", "/api/v1/links/"+id, map[string]any{"cameras": []string{cam, second}}, me).want(t, 200)
	h.do("POST", "/api/v1/links/"+id+"/pause", map[string]any{}, me).want(t, 200)
	if res := h.do("GET", "/api/v1/links", nil, me); !strings.Contains(string(res.body), `"paused_owner"`) {
		t.Errorf("%s", res.body)
	}
	h.do("POST", "/api/v1/links/"+id+"/resume", nil, me).want(t, 200)
	cut := h.do("DELETE", "/api/v1/links/"+id+"?wait=cut", nil, me).want(t, 200)
	if !strings.Contains(string(cut.body), `"revision":`) {
		t.Errorf("%s", cut.body)
	}
	h.do("DELETE", "/api/v1/cameras/"+cam, nil, me).want(t, 204)
	h.do("GET", "/api/v1/cameras/"+cam, nil, me).want(t, 404)
}

// A grant from offer to revocation, as the tables of both sides show it.
func TestAccessFlow(t *testing.T) {
	h := newHarness(t)
	owner, friend := h.person("owner", true), h.person("friend", false)
	cam := h.camera(owner, "Yard")
	table := h.do("GET", "/api/v1/cameras/"+cam+"/access", nil, owner).want(t, 200)
	save := map[string]any{"version": versionOf(t, table), "rows": []any{map[string]any{"email": friend.account.Email, "levels": []string{"online"}, "message": "hi"}}}
	after := h.do("PUT", "/api/v1/cameras/"+cam+"/access", save, owner)
	if after.code() == "not_registered" { // only verified addresses are found (ruling 9)
		t.Fatal("this account's address is not verified")
	}
	after.want(t, 200)
	if !strings.Contains(string(after.body), `"state":"offered"`) || strings.Contains(string(after.body), friend.account.Email) {
		t.Errorf("%s", after.body)
	}
	if res := h.do("GET", "/api/v1/me", nil, friend).want(t, 200); !strings.Contains(string(res.body), `"offers":1`) {
		t.Errorf("%s", res.body)
	}
	stale := map[string]any{"version": save["version"], "rows": []any{}}
	if res := h.do("PUT", "/api/v1/cameras/"+cam+"/access", stale, owner).want(t, 409); res.code() != "stale" || !strings.Contains(string(res.body), `"state":"offered"`) {
		t.Errorf("%s", res.body)
	}
	offers := h.do("GET", "/api/v1/offers", nil, friend).want(t, 200)
	grant := strings.SplitN(strings.SplitN(string(offers.body), `"grant_id":"`, 2)[1], `"`, 2)[0]
	h.do("POST", "/api/v1/offers/"+grant+"/accept", nil, friend).want(t, 204)
	h.do("POST", "/api/v1/offers/"+grant+"/accept", nil, friend).want(t, 204)
	if res := h.do("GET", "/api/v1/cameras", nil, friend).want(t, 200); !strings.Contains(string(res.body), cam) || strings.Contains(string(res.body), "rtsp://") {
		t.Errorf("%s", res.body)
	}
	h.do("POST", "/api/v1/offers/"+grant+"/reject", nil, friend).want(t, 204)
	table = h.do("GET", "/api/v1/cameras/"+cam+"/access", nil, owner).want(t, 200)
	h.do("PUT", "/api/v1/cameras/"+cam+"/access", map[string]any{"version": versionOf(t, table), "rows": []any{}}, owner).want(t, 200)
	h.do("POST", "/api/v1/offers/"+grant+"/accept", nil, friend).want(t, 404)
}

func versionOf(t *testing.T, a answer) uint64 {
	t.Helper()
	_, rest, _ := strings.Cut(string(a.body), `"version":`)
	n, err := strconv.ParseUint(rest[:strings.IndexAny(rest, ",}")], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
