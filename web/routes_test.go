package web

import (
	"fmt"
	"net/http"
	"sort"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"sightline/authz"
)

// Nothing is mounted that the table does not list, and every line says who may.
func TestEveryRouteIsInTheTable(t *testing.T) {
	s := tableOnly(t)
	s.log, s.metrics = nil, newMetrics(nil)
	if err := s.build(fiberConfig(nil, s.onError)); err != nil {
		t.Fatal(err)
	}
	mounted := map[string]int{}
	for _, r := range s.app.GetRoutes() {
		mounted[r.Method+" "+r.Path]++
	}
	for _, rt := range s.table {
		key := rt.method + " " + rt.path
		if mounted[key] != 1 {
			t.Errorf("%s is mounted %d times", key, mounted[key])
		}
		delete(mounted, key)
		if rt.who == nobody || int(rt.who) >= len(whoNames) {
			t.Errorf("%s says nothing about who may", key)
		}
		if strings.HasPrefix(rt.path, "/g/:link/") && rt.who != guest && rt.who != static && rt.path != "/g/:link/visit" {
			t.Errorf("%s is below a link and not a guest's", key)
		}
		if rt.who == public && !safeMethod(rt.method) && rt.body == noBody {
			t.Errorf("%s is public, unsafe and takes no JSON", key)
		}
	}
	for key := range mounted {
		t.Errorf("%s is mounted and not in the table", key)
	}
}

// An incomplete line stops the start.
func TestMountRefusesIncompleteLines(t *testing.T) {
	full := route{method: "GET", path: "/x", who: public, summary: "x", handle: func(*request) error { return nil }}
	for name, breakIt := range map[string]func(*route){
		"nobody":                  func(r *route) { r.who = nobody },
		"no handler":              func(r *route) { r.handle = nil },
		"no summary":              func(r *route) { r.summary = "" },
		"no slash":                func(r *route) { r.path = "x" },
		"guest outside of a link": func(r *route) { r.who = guest },
	} {
		rt := full
		breakIt(&rt)
		if (&Server{}).mount(fiber.New(), []route{rt}) == nil {
			t.Errorf("%s: mounted", name)
		}
	}
	if err := (&Server{}).mount(fiber.New(), []route{full}); err != nil {
		t.Error(err)
	}
}

// Threats T4 and T5, rows R65 and R68: every route is asked by every kind of
// subject, and the answer is of the class its line promises.
func TestR68_EveryRouteBySubject(t *testing.T) {
	h := newHarness(t)
	admin := h.person("admin", true)
	owner, other := h.person("owner", false), h.person("other", false)
	cam := h.camera(owner, "Yard")
	link, sec := h.link(owner, "Yard link", cam)
	_, g := h.guest(sec)
	_, sec2 := h.link(owner, "Second link", cam)
	_, stranger := h.guest(sec2)
	both := &caller{name: "owner with a guest cookie", cookie: owner.cookie + "; " + stranger.cookie}
	forged := &caller{name: "forged", cookie: "__Host-sightline=" + strings.Repeat("A", 43) + "; __Secure-sightline-guest=" + strings.Repeat("A", 43)}

	hidden := h.do("GET", "/api/v1/nothing", nil, nil).want(t, 404)
	gone := h.do("GET", "/g/"+authz.NewID()+"/visit", nil, nil).want(t, 410)

	wall, _ := h.kiosk(owner, defaultView)
	// The kiosk's key where a person's or a token would be.
	key := strings.TrimPrefix(wall.cookie, "__Host-sightline-kiosk=")
	crossed := &caller{name: "kiosk's key as a login", cookie: "__Host-sightline=" + key + "; __Secure-sightline-guest=" + key}
	turned := &caller{name: "login as a kiosk", cookie: "__Host-sightline-kiosk=" + strings.TrimPrefix(owner.cookie, "__Host-sightline=")}

	callers := []*caller{nil, forged, admin, owner, other, g, stranger, both, wall, crossed, turned}
	asked := 0
	for i := range h.srv.table {
		rt := &h.srv.table[i]
		if rt.path == "/api/v1/logout" || rt.path == "/api/v1/register" || rt.path == "/api/v1/login" {
			continue // their own tests; here they would end what the walk needs or meet its limits
		}
		for _, c := range callers {
			name := "nobody"
			if c != nil {
				name = c.name
			}
			path := rt.path
			path = strings.Replace(path, "/g/:link/", "/g/"+link+"/", 1)
			path = strings.Replace(path, "/whep/:camera", "/whep/"+cam, 1)
			foreign := c == other || c == admin
			for _, p := range []string{":id", ":session", ":view", ":account", ":code", ":camera", ":visit", ":block"} {
				id := authz.NewID()
				if p == ":id" && strings.HasPrefix(path, "/api/v1/cameras/:id") && foreign {
					id = cam // somebody else's, must look like none
				}
				if p == ":id" && strings.HasPrefix(path, "/api/v1/links/:id") && foreign {
					id = link
				}
				path = strings.Replace(path, p, id, 1)
			}
			path = strings.NewReplacer(":segment", "main.1700000000000000.0123abcd", ":hash", strings.Repeat("a", 16), ":ticket", "s1.k."+strings.Repeat("A", 100)).Replace(path)
			var body any
			switch rt.body {
			case jsonBody:
				body = "{}"
			case sdpBody, pictureBody, reportBody:
				body = "v=0"
			}
			res := h.do(rt.method, path, body, c, func(r *http.Request) {
				if rt.body == sdpBody {
					r.Header.Set("Content-Type", string(sdpBody))
				}
			})
			asked++
			where := fmt.Sprintf("%s %s by %s: %d %.120s", rt.method, rt.path, name, res.StatusCode, res.body)
			if res.StatusCode >= 500 {
				t.Errorf("%s: fails", where)
			}
			signedIn := c == admin || c == owner || c == other || c == both
			equalTo := func(want answer) {
				if rt.method == "HEAD" && len(res.body) == 0 {
					return
				}
				if string(res.body) != string(want.body) || res.Header.Get("Content-Type") != want.Header.Get("Content-Type") {
					t.Errorf("%s: want the same bytes as %s", where, want.body)
				}
			}
			switch rt.who {
			case account, signed, instance, player:
				if !signedIn {
					if res.StatusCode != 401 {
						t.Errorf("%s: want 401", where)
					}
					continue
				}
				if rt.who == instance && c != admin {
					if res.StatusCode != 404 {
						t.Errorf("%s: want 404", where)
					}
					equalTo(hidden)
					continue
				}
				if res.StatusCode == 401 || res.code() == "cross_site" {
					t.Errorf("%s: refused", where)
				}
				if strings.Contains(rt.path, ":id") && rt.who == account && foreign && rt.body == noBody {
					if res.StatusCode != 404 {
						t.Errorf("%s: somebody else's thing is not hidden", where)
					}
					equalTo(hidden)
				}
			case guest:
				if c != g {
					if res.StatusCode != 410 {
						t.Errorf("%s: want 410", where)
					}
					equalTo(gone)
					continue
				}
				if res.StatusCode == 410 || res.StatusCode == 401 {
					t.Errorf("%s: refused", where)
				}
			case device:
				if c != wall {
					if res.StatusCode != 401 {
						t.Errorf("%s: want 401", where)
					}
					continue
				}
				if res.StatusCode == 401 {
					t.Errorf("%s: refused", where)
				}
			case sender:
				if res.StatusCode != 401 && res.StatusCode != 429 {
					t.Errorf("%s: want 401", where)
				}
			case ticketed: // the ticket of the walk is none
				if res.StatusCode != 404 {
					t.Errorf("%s: want 404", where)
				}
				equalTo(hidden)
			case reporter:
				if res.StatusCode != 404 && res.StatusCode != 429 {
					t.Errorf("%s: want 404", where)
				}
			case static:
				if res.StatusCode != 200 {
					t.Errorf("%s: want 200", where)
				}
			case public, maybe:
				if res.StatusCode == 401 || res.StatusCode == 403 {
					t.Errorf("%s: refused", where)
				}
			}
		}
	}
	t.Logf("%d routes, %d requests", len(h.srv.table), asked)
}

// Another account's ids in every place a path has one, with a well-formed
// body: hidden, byte by byte (ruling 6).
func TestForeignObjectsAreHidden(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	cam := h.camera(owner, "Yard")
	link, _ := h.link(owner, "Yard link", cam)
	tok := h.do("POST", "/api/v1/me/tokens", map[string]any{"name": "mine"}, owner).want(t, 201).field("id")
	login := h.do("GET", "/api/v1/me", nil, owner).want(t, 200).field("login_id")
	want := string(h.do("GET", "/api/v1/nothing", nil, other).want(t, 404).body)
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/api/v1/cameras/" + cam, nil}, {"PATCH", "/api/v1/cameras/" + cam, map[string]any{"name": "x"}},
		{"DELETE", "/api/v1/cameras/" + cam, nil}, {"GET", "/api/v1/cameras/" + cam + "/health", nil},
		{"PUT", "/api/v1/cameras/order", map[string]any{"ids": []string{cam}}},
		{"GET", "/api/v1/cameras/" + cam + "/access", nil},
		{"PUT", "/api/v1/cameras/" + cam + "/access", map[string]any{"version": 1, "rows": []any{}}},
		{"PATCH", "/api/v1/links/" + link, map[string]any{"cameras": []string{cam}}},
		{"POST", "/api/v1/links/" + link + "/pause", nil}, {"POST", "/api/v1/links/" + link + "/resume", nil},
		{"DELETE", "/api/v1/links/" + link, nil}, {"DELETE", "/api/v1/links/" + link + "?wait=cut", nil},
		{"DELETE", "/api/v1/me/tokens/" + tok, nil}, {"DELETE", "/api/v1/me/logins/" + login, nil},
		{"GET", "/api/v1/instance", nil}, {"GET", "/api/v1/instance/accounts", nil},
		{"POST", "/api/v1/instance/accounts/" + owner.account.ID + "/reset", nil},
		{"GET", "/api/v1/cameras/" + strings.ToUpper(cam), nil}, {"GET", "/api/v1/cameras/%2e%2e", nil}, {"GET", "/api/v1/cameras/..%252f", nil},
		{"GET", "/api/v1/cameras/" + cam + "/", nil}, {"GET", "/API/v1/cameras", nil}, {"GET", "/api//v1/cameras", nil},
	} {
		res := h.do(c.method, c.path, c.body, other)
		if res.StatusCode != 404 || string(res.body) != want {
			t.Errorf("%s %s: %d %s", c.method, c.path, res.StatusCode, res.body)
		}
	}
	h.do("GET", "/api/v1/cameras/"+cam, nil, owner).want(t, 200)
	if got := h.do("GET", "/api/v1/cameras", nil, other).want(t, 200); string(got.body) != "{\"cameras\":[]}\n" {
		t.Errorf("the other account's list: %s", got.body)
	}
}

// A method an address does not know is 405 and says which it knows.
func TestMethodNotAllowed(t *testing.T) {
	h := newHarness(t)
	res := h.do("DELETE", "/api/v1/status", nil, nil).want(t, 405)
	if res.code() != "method_not_allowed" || res.Header.Get("Allow") != "GET" {
		t.Errorf("%s, Allow %q", res.body, res.Header.Get("Allow"))
	}
	res = h.do("PATCH", "/whep/"+authz.NewID()+"/"+authz.NewID(), nil, nil).want(t, 405)
	allow := strings.Split(strings.ReplaceAll(res.Header.Get("Allow"), " ", ""), ",")
	sort.Strings(allow)
	if strings.Join(allow, ",") != "DELETE,OPTIONS" {
		t.Errorf("Allow %q", res.Header.Get("Allow"))
	}
	for _, m := range []string{"TRACE", "PROPFIND", "CONNECTX"} {
		if res := h.do(m, "/api/v1/status", nil, nil).want(t, 405); res.code() != "method_not_allowed" {
			t.Errorf("%s: %s", m, res.body)
		}
	}
}
