package web

import (
	"fmt"
	"strings"
	"testing"

	"sightline/authz"
	"sightline/internal/secret"
	"sightline/ratelimit"
)

// Row R5: nothing under four Unicode characters, prefixes of any word of name or
// e-mail, without case and accents, at most eight.
func TestR5_FourLetters(t *testing.T) {
	h := newHarness(t)
	owner := h.named("me@example.org", "Anna Owner")
	h.named("annika@example.org", "Zoë Ångström-Łuk")
	h.named("k.ivanenko@example.com", "Оксана Їжакевич")
	for _, c := range []struct {
		q    string
		want string
	}{
		{"zo", ""}, {"zoe", ""}, {"  zoe  ", ""}, {"zoë", ""}, {"zo  ", ""}, {"Їжа", ""}, {"", ""}, {"....", ""}, {"%%%%", ""}, {"z\u200do\u200de", ""},
		{"zoe a", "Zoë Ångström-Łuk"}, {"ZOË Å", "Zoë Ångström-Łuk"}, {"zoe\u0308 a", "Zoë Ångström-Łuk"},
		{"angs", "Zoë Ångström-Łuk"}, {"ÅNGSTRÖM", "Zoë Ångström-Łuk"}, {"angstrom luk", "Zoë Ångström-Łuk"},
		{"anni", "Zoë Ångström-Łuk"}, {"annika@example.org", "Zoë Ångström-Łuk"}, {"ngstrom", ""}, {"nnika", ""},
		{"їжак", "Оксана Їжакевич"}, {"ОКСА", "Оксана Їжакевич"}, {"ivan", "Оксана Їжакевич"}, {"k.iv", "Оксана Їжакевич"},
		{"exam", ""}, {"example.org", ""}, // nobody lists a domain
		{"anna", ""}, // oneself
	} {
		if got := strings.Join(h.search(owner, c.q, ""), ","); got != c.want {
			t.Errorf("%q finds %q, want %q", c.q, got, c.want)
		}
	}
	other := newHarness(t)
	owner = other.named("me@example.org", "Owner")
	for i := range 12 {
		if _, err := other.authority.AddAccount(t.Context(), authz.Operator, authz.NewAccount{Email: fmt.Sprintf("twin%d@example.org", i),
			Profile: authz.Profile{Name: "Twin Twin", Password: secret.New(testPassword), Language: "en", Zone: "Europe/Kyiv"}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := other.search(owner, "twin", ""); len(got) != 8 {
		t.Errorf("%d are listed, want 8", len(got))
	}
}

// Row R7 and ruling 9: never oneself, nor who is in the table, opted out,
// unverified, suspended or gone; a new name is found at once and the old no more.
func TestR7_WhoIsNeverListed(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bobby@example.org", "Bobby Brown")
	cam := h.camera(owner, "Yard")
	found := func(q string) int { return len(h.search(owner, q, cam)) }
	if found("owne") != 0 || found("bobb") != 1 {
		t.Fatal("not found as expected")
	}
	res := h.do("GET", "/api/v1/people?q=bobb&camera="+cam, nil, owner)
	if !strings.Contains(string(res.body), `"email_masked":"bo***@ex***.org"`) || strings.Contains(string(res.body), "bobby@") {
		t.Errorf("%s", res.body)
	}
	grant := h.grant(owner, cam, bob, nil)
	if found("bobb") != 0 || len(h.search(owner, "bobb", "")) != 1 {
		t.Error("listed though in the table")
	}
	h.save(owner, cam, h.table(owner, cam).Version).want(t, 200)
	h.do("POST", "/api/v1/offers/"+grant+"/accept", nil, bob).want(t, 404)
	if res := h.do("PATCH", "/api/v1/me", map[string]any{"discoverable": false}, bob).want(t, 200); !strings.Contains(string(res.body), `"discoverable":false`) {
		t.Errorf("%s", res.body)
	}
	if found("bobb") != 0 {
		t.Error("listed though opted out")
	}
	tab := read[tableOf](t, h.save(owner, cam, h.table(owner, cam).Version, row{"email": "Bobby@Example.org"}).want(t, 200)) // R6, R11
	if len(tab.Rows) != 1 || strings.Join(tab.Rows[0].Levels, "+") != "online" || len(tab.Rows[0].Rights) != 0 {
		t.Errorf("typed in full: %+v", tab)
	}
	h.save(owner, cam, tab.Version).want(t, 200)
	h.do("PATCH", "/api/v1/me", map[string]any{"discoverable": true, "name": "Robert Brown"}, bob).want(t, 200)
	if found("robe") != 1 || found("bobb") != 1 { // the latter by e-mail
		t.Error("the new name is not found")
	}
	h.do("PATCH", "/api/v1/me", map[string]any{"name": "Rob"}, bob).want(t, 200)
	if found("robe") != 0 || found("brow") != 0 {
		t.Error("an old name is found")
	}
	if _, err := h.authority.SetState(t.Context(), authz.Operator, bob.account.ID, authz.AccountSuspended); err != nil {
		t.Fatal(err)
	}
	if found("bobb") != 0 {
		t.Error("suspended and listed")
	}
	if _, err := h.authority.SetState(t.Context(), authz.Operator, bob.account.ID, authz.AccountActive); err != nil {
		t.Fatal(err)
	}
	if found("bobb") != 1 {
		t.Error("active again and not listed")
	}
	if _, err := h.authority.CloseAccount(t.Context(), authz.Operator, bob.account.ID); err != nil {
		t.Fatal(err)
	}
	if found("bobb") != 0 {
		t.Error("closed and listed")
	}
}

// Row R7: 30 lookups a minute, and short texts cost nothing; whole addresses in
// a Save count as lookups. Ruling 9: 100 new beginnings a day.
func TestR7_LookupsAreLimited(t *testing.T) {
	h := newHarness(t, standing(ratelimit.Rules{}))
	owner := h.named("owner@example.org", "Owner")
	cam := h.camera(owner, "Yard")
	ask := func(q string) answer { return h.do("GET", "/api/v1/people?q="+q, nil, owner) }
	for range 40 {
		ask("abc").want(t, 200)
	}
	for range 29 {
		ask("abcd").want(t, 200)
	}
	h.save(owner, cam, 0, row{"email": "nobody@example.org", "levels": []string{"online"}}).want(t, 422)
	if res := ask("abcd").want(t, 429); res.code() != "rate_limited" || res.Header.Get("Retry-After") == "" {
		t.Errorf("%s", res.body)
	}
	h.save(owner, cam, 0, row{"email": "nobody@example.org", "levels": []string{"online"}}).want(t, 429)
}

// A camera that is not one's own, or not there, answers alike; a grantee is told.
func TestR1_OnlyTheOwnerLooksForPeople(t *testing.T) {
	h := newHarness(t)
	owner, bob, eve := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby"), h.named("eve@example.org", "Evelyn")
	cam := h.camera(owner, "Yard")
	grant := h.grant(owner, cam, bob, nil)
	hidden := string(h.do("GET", "/api/v1/nothing", nil, eve).want(t, 404).body)
	none := authz.NewID()
	for _, path := range []string{"/api/v1/people?q=eveline&camera=%s", "/api/v1/cameras/%s/sharing", "/api/v1/cameras/%s/see_as?grant=" + grant, "/api/v1/cameras/%s/access"} {
		for _, id := range []string{cam, none} {
			if res := h.do("GET", fmt.Sprintf(path, id), nil, eve); res.StatusCode != 404 || string(res.body) != hidden {
				t.Errorf("%s: %d %s", path, res.StatusCode, res.body)
			}
		}
		if res := h.do("GET", fmt.Sprintf(path, cam), nil, bob); res.StatusCode != 403 || res.code() != "not_owner" {
			t.Errorf("%s by a grantee: %d %s", path, res.StatusCode, res.body)
		}
		h.do("GET", fmt.Sprintf(path, cam), nil, owner).want(t, 200)
	}
	if res := h.do("GET", "/api/v1/cameras/"+cam+"/see_as?grant="+none, nil, owner); res.StatusCode != 404 || string(res.body) != hidden {
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
	if res := h.save(bob, cam, 0).want(t, 403); res.code() != "not_owner" {
		t.Errorf("%s", res.body)
	}
	for _, to := range []*caller{eve, bob} {
		if res := h.do("POST", "/api/v1/offers/"+grant+"/accept", nil, eve); res.StatusCode != 404 || string(res.body) != hidden {
			t.Errorf("%s: %s", to.name, res.body)
		}
	}
}

// Row R6: an unknown address creates nothing and says so by row; with an
// invitation the grant waits, gives nothing, and is an offer once its address
// is proved.
func TestR6_TheGrantWaitsForARegistration(t *testing.T) {
	h := newHarness(t)
	admin := h.person("admin", true)
	owner := h.named("owner@example.org", "Owner")
	cam, second := h.camera(owner, "Yard"), h.camera(owner, "Dock")
	online := []string{"online"}
	res := h.save(owner, cam, 0, row{"email": "admin@example.org", "levels": online}, row{"email": "Olga.New@Example.net", "levels": online}).want(t, 422)
	if p := read[problemBody](t, res); p.Code != "not_registered" || p.Field != "rows[1].email" {
		t.Fatalf("%s", res.body)
	}
	if tab := h.table(owner, cam); len(tab.Rows) != 0 || tab.Version != 0 {
		t.Fatalf("something was created: %+v", tab)
	}
	invite := row{"email": "Olga.New@Example.net", "invite": true, "levels": []string{"online", "archive"}, "rights": []string{"sound"}, "message": "come in"}
	if res := h.save(owner, cam, 0, invite).want(t, 409); res.code() != "registration_closed" {
		t.Fatalf("%s", res.body)
	}
	h.do("PATCH", "/api/v1/instance", map[string]any{"registration": "invite"}, admin).want(t, 200)
	tab := read[tableOf](t, h.save(owner, cam, 0, invite).want(t, 200))
	if len(tab.Rows) != 1 || !tab.Rows[0].Waiting || tab.Rows[0].Email != "olga.new@example.net" || tab.Rows[0].Account.ID != "" ||
		tab.Rows[0].State != "offered" || len(tab.Invited) != 1 || tab.Invited[0].Mailed {
		t.Fatalf("%+v", tab)
	}
	_, token, ok := strings.Cut(tab.Invited[0].URL, "/invite#")
	if !ok {
		t.Fatalf("%+v", tab.Invited)
	}
	if again := h.table(owner, cam); len(again.Invited) != 0 || !again.Rows[0].Waiting {
		t.Errorf("%+v", again)
	}
	// Twice the same address is one row too many (R10); another camera has its own.
	if p := read[problemBody](t, h.save(owner, cam, tab.Version, row{"grant_id": tab.Rows[0].GrantID, "levels": online}, invite).want(t, 422)); p.Field != "rows[1].email" {
		t.Errorf("%+v", p)
	}
	h.save(owner, second, 0, invite).want(t, 200)
	if res := h.do("GET", "/api/v1/cameras/"+cam+"/sharing", nil, owner).want(t, 200); string(res.body) != `{"people":1,"links":0,"groups":0}`+"\n" {
		t.Errorf("%s", res.body)
	}
	if s := read[sightView](t, h.do("GET", "/api/v1/cameras/"+cam+"/see_as?grant="+tab.Rows[0].GrantID, nil, owner).want(t, 200)); s.Allowed || s.Reason != "offer_pending" {
		t.Errorf("%+v", s)
	}
	// A row that waits is changed like others, and keeps waiting.
	tab = read[tableOf](t, h.save(owner, cam, tab.Version, row{"grant_id": tab.Rows[0].GrantID, "levels": online}).want(t, 200))
	if !tab.Rows[0].Waiting || len(tab.Rows[0].Levels) != 1 {
		t.Errorf("%+v", tab)
	}
	// The first invitation was withdrawn by the second camera's; the newest works.
	h.do("POST", "/api/v1/invitations/check", map[string]any{"token": token}, nil).want(t, 410)
	tab = read[tableOf](t, h.save(owner, cam, tab.Version, row{"grant_id": tab.Rows[0].GrantID, "levels": online, "invite": true}).want(t, 200))
	_, token, _ = strings.Cut(tab.Invited[0].URL, "/invite#")
	made := h.do("POST", "/api/v1/invitations/redeem", map[string]any{"token": token, "name": "Olga", "password": testPassword,
		"language": "en", "zone": "Europe/Kyiv"}, nil).want(t, 201)
	olga := &caller{cookie: "__Host-sightline=" + made.cookie("__Host-sightline")}
	h.poll("both offers to arrive", func() bool {
		return len(read[offersView](t, h.do("GET", "/api/v1/offers", nil, olga).want(t, 200)).Offers) == 2
	})
	after := h.table(owner, cam)
	if len(after.Rows) != 1 || after.Rows[0].Waiting || after.Rows[0].Email != "" || after.Rows[0].GrantID != tab.Rows[0].GrantID || after.Rows[0].Message != "come in" {
		t.Errorf("%+v", after)
	}
	if res := h.do("GET", "/api/v1/cameras/"+cam+"/access", nil, owner); strings.Contains(string(res.body), "olga.new@") {
		t.Errorf("the address is shown in full: %s", res.body)
	}
	if got := read[acceptedView](t, h.do("POST", "/api/v1/offers/accept_all", nil, olga).want(t, 200)); len(got.Accepted) != 2 {
		t.Errorf("%+v", got)
	}
	if n := len(read[struct {
		Cameras []struct{ ID string }
	}](t, h.do("GET", "/api/v1/cameras", nil, olga)).Cameras); n != 2 {
		t.Errorf("%d cameras", n)
	}
	if got := h.search(owner, "olga", ""); len(got) != 1 {
		t.Errorf("found: %v", got)
	}
}
