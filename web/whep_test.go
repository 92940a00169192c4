package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/testpeer"
	"sightline/ratelimit"
)

// whep joins a camera as a player does and returns the session's location.
func (h *harness) whep(t *testing.T, cam, query string, c *caller, change ...func(*http.Request)) (location string, res answer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := testpeer.Join(ctx, testpeer.Config{Video: 1, Exchange: func(_ context.Context, offer string) (string, error) {
		h.poll("the offers' limit", func() bool {
			res = h.do("POST", "/whep/"+cam+query, offer, c, append([]func(*http.Request){header("Content-Type", "application/sdp")}, change...)...)
			return res.StatusCode != 429
		})
		if res.StatusCode != 201 {
			return "", fmt.Errorf("status %d", res.StatusCode)
		}
		return string(res.body), nil
	}})
	if p != nil {
		t.Cleanup(func() { p.Close() })
	}
	if res.StatusCode == 201 && err != nil {
		t.Fatal(err)
	}
	return res.Header.Get("Location"), res
}

// Threat T10: the URL of a WHEP session is worth nothing to anybody else, and
// nothing to anybody once it has ended.
func TestWHEP(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	cam := h.camera(owner, "Yard")
	loc, res := h.whep(t, cam, "?layer=sub&token=x", owner)
	if res.Header.Get("Content-Type") != "application/sdp" || !strings.Contains(string(res.body), "a=candidate") {
		t.Errorf("%v %s", res.Header, res.body)
	}
	if l := res.Header.Get("Link"); !strings.HasPrefix(l, `<turn:turn.example.org>; rel="ice-server"; username="`) || strings.Contains(l, "a shared secret") {
		t.Errorf("Link %q", l)
	}
	id, ok := strings.CutPrefix(loc, "/whep/"+cam+"/")
	if !ok || !authz.ValidID(id) {
		t.Fatalf("Location %q", loc)
	}
	hidden := string(h.do("GET", "/api/v1/none", nil, nil).body)
	for name, r := range map[string]answer{
		"another account":        h.do("DELETE", loc, nil, other),
		"the owner's token":      h.do("DELETE", loc, nil, nil, bearer(h.tokenOf(owner))),
		"another camera":         h.do("DELETE", "/whep/"+authz.NewID()+"/"+id, nil, owner),
		"another session":        h.do("DELETE", "/whep/"+cam+"/"+authz.NewID(), nil, owner),
		"a viewing session's id": h.do("DELETE", "/api/v1/viewing/"+authz.NewID(), nil, owner),
	} {
		if r.StatusCode != 404 || string(r.body) != hidden {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.body)
		}
	}
	h.do("PATCH", loc, "x", owner, header("Content-Type", "application/trickle-ice-sdpfrag")).want(t, 405)
	h.do("DELETE", loc, nil, nil).want(t, 401)
	h.do("DELETE", loc, nil, owner).want(t, 200)
	h.do("DELETE", loc, nil, owner).want(t, 404)

	// With a token, from no page at all.
	loc, res = h.whep(t, cam, "", nil, func(r *http.Request) { bearer(h.tokenOf(owner))(r) })
	if res.StatusCode != 201 {
		t.Fatalf("%s", res.body)
	}
	h.do("DELETE", loc, nil, nil, bearer(h.tokenOf(owner))).want(t, 200)
	// What one may not see is not there.
	if _, res := h.whep(t, cam, "", other); res.StatusCode != 404 || string(res.body) != hidden {
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
	// A session ends with the camera, and its URL with it.
	loc, _ = h.whep(t, cam, "", owner)
	h.do("DELETE", "/api/v1/cameras/"+cam, nil, owner).want(t, 204)
	h.poll("the session's URL to be gone", func() bool { return h.do("DELETE", loc, nil, owner).StatusCode == 404 })
}

// By default no other origin may use WHEP; configured ones may, with a token.
func TestWHEPOrigins(t *testing.T) {
	const friend, foe = "https://player.example", "https://evil.example"
	closed := newHarness(t)
	res := closed.do("OPTIONS", "/whep/"+authz.NewID(), nil, nil, header("Origin", friend), header("Sec-Fetch-Site", "cross-site")).want(t, 204)
	if res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("CORS without configuration")
	}
	h := newHarness(t, func(c *Config) { c.WHEPOrigins = []string{friend + "/"} })
	owner := h.person("owner", true)
	cam := h.camera(owner, "Yard")
	res = h.do("OPTIONS", "/whep/"+cam, nil, nil, header("Origin", friend), header("Sec-Fetch-Site", "cross-site")).want(t, 204)
	if res.Header.Get("Access-Control-Allow-Origin") != friend || res.Header.Get("Access-Control-Allow-Credentials") != "" ||
		!strings.Contains(res.Header.Get("Access-Control-Allow-Headers"), "Authorization") || res.Header.Get("Accept-Post") != "application/sdp" {
		t.Errorf("%v", res.Header)
	}
	if res := h.do("OPTIONS", "/whep/"+cam, nil, nil, header("Origin", foe)).want(t, 204); res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("any origin is allowed")
	}
	_, res = h.whep(t, cam, "", nil, func(r *http.Request) {
		bearer(h.tokenOf(owner))(r)
		r.Header.Set("Origin", friend)
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	})
	if res.StatusCode != 201 || res.Header.Get("Access-Control-Expose-Headers") != "Location, Link" || res.Header.Get("Access-Control-Allow-Origin") != friend {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	refused := h.do("POST", "/whep/"+cam, "v=0", nil, header("Content-Type", "application/sdp"), header("Origin", friend), header("Sec-Fetch-Site", "cross-site"), header("Authorization", "Bearer x"))
	if refused.StatusCode != 401 || refused.Header.Get("Access-Control-Allow-Origin") != friend {
		t.Errorf("%d %v", refused.StatusCode, refused.Header)
	}
	h.do("POST", "/whep/"+cam, "v=0", owner, header("Content-Type", "application/sdp"), header("Origin", friend), header("Sec-Fetch-Site", "cross-site")).want(t, 403)
	h.do("GET", "/api/v1/me", nil, owner, header("Origin", friend)).want(t, 200)
	if res := h.do("GET", "/api/v1/me", nil, owner, header("Origin", friend)); res.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("the API has CORS")
	}
}

// A viewing session belongs to the login or visit that began it.
func TestViewing(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	cam := h.camera(owner, "Yard")
	_, sec := h.link(owner, "Yard link", cam)
	link, g := h.guest(sec)
	_, g2 := h.guest(sec)
	second := &caller{account: owner.account}
	h.signIn(second)
	for _, c := range []struct {
		name, base string
		by         *caller
		strangers  []*caller
	}{{"account", "/api/v1", owner, []*caller{second}}, {"guest", "/g/" + link, g, []*caller{g2}}} {
		t.Run(c.name, func(t *testing.T) {
			var opened answer
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			p, err := testpeer.Join(ctx, testpeer.Config{Video: 2, Audio: true, Exchange: func(_ context.Context, offer string) (string, error) {
				opened = h.do("POST", c.base+"/viewing", map[string]any{"sdp": offer, "version": 1,
					"tiles": []any{map[string]any{"cell": 0, "camera": cam, "px": 640, "focus": false}}}, c.by).want(t, 201)
				return opened.field("sdp"), nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if !strings.Contains(string(opened.body), `"cell":0,"camera":"`+cam+`"`) {
				t.Errorf("%s", opened.body)
			}
			id := opened.field("id")
			for _, s := range c.strangers {
				h.do("PUT", c.base+"/viewing/"+id+"/sdp", map[string]any{"sdp": "v=0"}, s).want(t, 404)
				h.do("DELETE", c.base+"/viewing/"+id, nil, s).want(t, 404)
			}
			sock := h.socket(t, c.base+"/socket", c.by)
			sock.send(map[string]any{"type": "hello", "viewing": id})
			if m := sock.until("tiles"); len(m["tiles"].([]any)) != 1 {
				t.Errorf("%v", m)
			}
			sock.send(map[string]any{"type": "tiles", "version": 2, "tiles": []any{}})
			stranger := h.socket(t, c.base+"/socket", c.strangers[0])
			stranger.send(map[string]any{"type": "hello", "viewing": id})
			stranger.until("viewing_gone")
			h.do("DELETE", c.base+"/viewing/"+id, nil, c.by).want(t, 204)
			h.do("DELETE", c.base+"/viewing/"+id, nil, c.by).want(t, 404)
			sock.send(map[string]any{"type": "hello", "viewing": id})
			sock.until("viewing_gone")
		})
	}
}

// Threat T25: offers beyond the bucket are 429 at once, and cost no peer.
func TestOfferFlood(t *testing.T) {
	h := newHarness(t, standing(ratelimit.Rules{}))
	owner := h.person("owner", true)
	refused := 0
	for range 40 {
		res := h.do("POST", "/api/v1/viewing", map[string]any{"sdp": "v=0", "version": 1, "tiles": []any{}}, owner)
		switch {
		case res.StatusCode == 429 && res.Header.Get("Retry-After") == "1":
			refused++
		case res.StatusCode != 400:
			t.Fatalf("%d %s", res.StatusCode, res.body)
		}
	}
	if refused != 20 {
		t.Errorf("%d of 40 offers were refused, 20 may be made in one moment", refused)
	}
	h.do("GET", "/api/v1/me", nil, owner).want(t, 200)
}
