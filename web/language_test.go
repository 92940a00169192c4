package web

import (
	"net/http"
	"strings"
	"testing"
)

// Who does not say a language gets the best of those there are: his region's
// language, else English; one that is said is taken or refused.
func TestLanguageByTheHeader(t *testing.T) {
	h := newHarness(t)
	admin := h.person("admin", true)
	h.do("PATCH", "/api/v1/instance", map[string]any{"registration": "invite"}, admin).want(t, 200)
	for email, c := range map[string]struct {
		accept, said, want string
		status             int
	}{
		"a@example.org": {accept: "uk-UA,de;q=0.5", want: "uk", status: 201},
		"b@example.org": {accept: "ja", want: "en", status: 201},
		"c@example.org": {want: "en", status: 201},
		"d@example.org": {accept: "uk", said: "ar", want: "ar", status: 201},
		"e@example.org": {accept: "uk", said: "no tag", status: 422},
	} {
		inv := h.do("POST", "/api/v1/instance/invitations", map[string]any{"email": email}, admin).want(t, 201)
		_, tok, _ := strings.Cut(inv.field("url"), "/invite#")
		in := map[string]any{"token": tok, "name": "Guest", "password": testPassword, "zone": "Europe/Kyiv"}
		if c.said != "" {
			in["language"] = c.said
		}
		made := h.do("POST", "/api/v1/invitations/redeem", in, nil, func(r *http.Request) {
			if c.accept != "" {
				r.Header.Set("Accept-Language", c.accept)
			}
		}).want(t, c.status)
		if c.status == 201 && !strings.Contains(string(made.body), `"language":"`+c.want+`"`) {
			t.Errorf("%+v: %s", c, made.body)
		}
	}
}
