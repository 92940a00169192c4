package web

import (
	"net/http"
	"strings"
	"testing"
)

// Threat T2: secrets that passed through the server are in no log line and in
// no answer but the one that hands them out.
func TestCanaries(t *testing.T) {
	h := newHarness(t)
	me := h.person("owner", true)
	const rtspPassword = "canary-rtsp-pw-7731"
	cam := h.do("POST", "/api/v1/cameras", map[string]any{"name": "Yard", "main": "rtsp://127.0.0.1:9/main", "user": "u", "password": rtspPassword}, me).want(t, 201).field("id")
	tok := h.tokenOf(me)
	id, sec := h.link(me, "L", cam)
	ex := h.do("POST", "/g/exchange", map[string]string{"secret": sec}, nil).want(t, 200)
	ticket := ex.field("ticket")
	visit := h.do("POST", "/g/"+id+"/visit", map[string]string{"ticket": ticket}, nil).want(t, 200)
	guestCookie := visit.cookie("__Secure-sightline-guest")
	h.do("PATCH", "/api/v1/instance", map[string]any{"registration": "invite"}, me).want(t, 200)
	inv := h.do("POST", "/api/v1/instance/invitations", map[string]any{"email": "a@example.org"}, me).want(t, 201)
	_, invite, _ := strings.Cut(inv.field("url"), "#")
	loginCookie := strings.TrimPrefix(me.cookie, "__Host-sightline=")
	canaries := map[string]string{
		"login password": testPassword, "RTSP password": rtspPassword, "token": tok, "link secret": sec, "ticket": ticket,
		"guest cookie": guestCookie, "login cookie": loginCookie, "invitation": invite, "set-up code": h.authority.SetupCode().Reveal(),
	}
	g := &caller{cookie: "__Secure-sightline-guest=" + guestCookie}
	var seen strings.Builder
	for i := range h.srv.table {
		rt := &h.srv.table[i]
		if rt.path == "/api/v1/links" || rt.path == "/api/v1/logout" || rt.path == "/api/v1/me/password" || rt.method == "DELETE" {
			continue // the first hands the secret to the owner; the others end what is walked with
		}
		path := strings.NewReplacer("/g/:link/", "/g/"+id+"/", ":camera", cam, ":id", cam, ":view", "default").Replace(rt.path)
		for _, c := range []*caller{nil, me, g} {
			for _, body := range []any{nil, "{}", `{"secret":"` + sec + `x","token":"` + invite + `x","code":"` + sec + `"}`, `{"password":"***"}`} {
				if rt.body == noBody {
					body = nil
				}
				res := h.do(rt.method, path, body, c, header("Authorization-Not", sec), func(r *http.Request) { r.URL.RawQuery = "t=1" })
				seen.Write(res.body)
				for k, v := range res.Header {
					if k != "Set-Cookie" {
						seen.WriteString(k + strings.Join(v, " "))
					}
				}
			}
		}
	}
	// A path with a secret in it, a wrong one in the header, an offer with one.
	h.do("GET", "/s/"+sec, nil, nil)
	h.do("GET", "/api/v1/me", nil, nil, header("Authorization", "Bearer "+tok+"x"))
	h.do("POST", "/api/v1/viewing", map[string]any{"sdp": "v=0 " + tok, "version": 1, "tiles": []any{}}, me)
	logged := h.log.String()
	for name, value := range canaries {
		if value == "" {
			t.Errorf("no %s to look for", name)
			continue
		}
		if strings.Contains(logged, value) {
			t.Errorf("the %s is in the log", name)
		}
		if strings.Contains(seen.String(), value) && name != "login password" {
			t.Errorf("the %s is in an answer", name)
		}
	}
	families, err := h.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, v := range canaries {
			if strings.Contains(f.String(), v) {
				t.Errorf("a secret is in the metric %s", f.GetName())
			}
		}
	}

}
