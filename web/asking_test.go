package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"sightline/authz"
)

// Asking for access (spec 5.2): one notice to the owner, and an answer that says
// nothing of what is behind an id.
func TestAskingForAccess(t *testing.T) {
	h := newHarness(t)
	owner, asker, friend := h.person("owner", true), h.person("asker", false), h.person("friend", false)
	yard, door := h.camera(owner, "Yard"), h.camera(owner, "Door")
	link, _ := h.link(owner, "Yard link", yard)
	removed, _ := h.link(owner, "Old link", yard)
	h.do("DELETE", "/api/v1/links/"+removed, nil, owner).want(t, 200)
	h.grant(owner, door, friend, nil)

	ask := func(c *caller, body any) answer { return h.do("POST", "/api/v1/access_requests", body, c) }
	first := ask(asker, map[string]string{"camera": yard}).want(t, http.StatusAccepted)
	for name, x := range map[string]struct {
		who  *caller
		body map[string]string
	}{
		"again":           {asker, map[string]string{"camera": yard}},
		"no such camera":  {asker, map[string]string{"camera": authz.NewID()}},
		"no camera's id":  {asker, map[string]string{"camera": "../" + yard}},
		"a link":          {asker, map[string]string{"link": link}},
		"a removed link":  {asker, map[string]string{"link": removed}},
		"no such link":    {asker, map[string]string{"link": authz.NewID()}},
		"one's own":       {owner, map[string]string{"camera": yard}},
		"one's own link":  {owner, map[string]string{"link": link}},
		"what one has":    {friend, map[string]string{"camera": door}},
		"a link's camera": {friend, map[string]string{"link": link}},
	} {
		res := ask(x.who, x.body)
		if res.StatusCode != first.StatusCode || string(res.body) != string(first.body) {
			t.Errorf("%s: %d %s, want the bytes of %s", name, res.StatusCode, res.body, first.body)
		}
	}
	want := []string{"access_requested Yard asker", "access_requested asker", "access_requested friend"}
	h.poll("the owner's notices", func() bool {
		got, _ := h.notices(owner)
		got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "offer_answered") })
		slices.Sort(got)
		return slices.Equal(got, want)
	})
	body := string(h.do("GET", "/api/v1/notices", nil, owner).want(t, 200).body)
	if !strings.Contains(body, `"link":{"id":"`+link+`","name":"Yard link"}`) || !strings.Contains(body, `"email_masked":"as***@ex***.org"`) ||
		strings.Contains(body, asker.account.Email) {
		t.Errorf("what the owner is told: %s", body)
	}
	for _, c := range []*caller{asker, friend} { // asking gives nothing
		h.do("GET", "/api/v1/cameras/"+yard, nil, c).want(t, 404)
		if list, _ := h.notices(c); len(list) > 1 {
			t.Errorf("%s is told %q", c.name, list)
		}
	}

	// The owner gives it with the id in the notice; then asking is for nothing.
	h.grant(owner, yard, asker, nil)
	h.do("GET", "/api/v1/cameras/"+yard, nil, asker).want(t, 200)

	// 10 a day, whatever is asked for; what was asked above counts.
	for range 3 {
		ask(asker, map[string]string{"camera": authz.NewID()}).want(t, http.StatusAccepted)
	}
	for _, id := range []string{authz.NewID(), yard} {
		if res := ask(asker, map[string]string{"camera": id}); res.StatusCode != 429 || res.Header.Get("Retry-After") == "" {
			t.Errorf("the eleventh: %d %s", res.StatusCode, res.body)
		}
	}
	ask(nil, map[string]string{"camera": yard}).want(t, 401)
	ask(friend, map[string]string{"camera": yard, "link": link}).want(t, 422)
	ask(friend, map[string]string{}).want(t, 422)
}
