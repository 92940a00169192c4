package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

// answers of the slice, as a client reads them.
type (
	rowOf struct {
		GrantID  string       `json:"grant_id"`
		Account  accessPerson `json:"account"`
		Email    string       `json:"email"`
		Waiting  bool         `json:"waiting"`
		Watching bool         `json:"watching"`
		State    string       `json:"state"`
		Levels   []string     `json:"levels"`
		Rights   []string     `json:"rights"`
		Until    *time.Time   `json:"until"`
		Message  string       `json:"message"`
		Answered *time.Time   `json:"answered_at"`
	}
	tableOf struct {
		Version uint64        `json:"version"`
		Rows    []rowOf       `json:"rows"`
		Invited []invitedView `json:"invited"`
	}
	problemBody struct {
		Code  string   `json:"code"`
		Field string   `json:"field"`
		Table *tableOf `json:"table"`
	}
	row map[string]any
)

var allKeys = []kv.Scan{{}}

func read[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return v
}

// named makes an account whose name is not its e-mail.
func (h *harness) named(email, name string) *caller {
	h.t.Helper()
	in := newAccount("x", false)
	in.Email, in.Profile.Name = email, name
	acc, err := h.authority.AddAccount(context.Background(), authz.Operator, in)
	if err != nil {
		h.t.Fatal(err)
	}
	c := &caller{name: name, account: acc}
	h.signIn(c)
	return c
}

func (h *harness) table(c *caller, cam string) tableOf {
	h.t.Helper()
	return read[tableOf](h.t, h.do("GET", "/api/v1/cameras/"+cam+"/access", nil, c).want(h.t, 200))
}

// save keeps the rows that are there and adds or changes some.
func (h *harness) save(c *caller, cam string, version uint64, rows ...row) answer {
	h.t.Helper()
	if rows == nil {
		rows = []row{}
	}
	return h.do("PUT", "/api/v1/cameras/"+cam+"/access", map[string]any{"version": version, "rows": rows}, c)
}

// grant offers a camera and accepts, and returns the grant.
func (h *harness) grant(owner *caller, cam string, to *caller, extra row) string {
	h.t.Helper()
	t := h.table(owner, cam)
	r := row{"account": to.account.ID, "levels": []string{"online"}}
	for k, v := range extra {
		r[k] = v
	}
	rows := []row{r}
	for _, old := range t.Rows {
		rows = append(rows, row{"grant_id": old.GrantID, "levels": old.Levels, "rights": old.Rights, "until": old.Until})
	}
	after := read[tableOf](h.t, h.save(owner, cam, t.Version, rows...).want(h.t, 200))
	for _, got := range after.Rows {
		if got.Account.ID == to.account.ID {
			h.do("POST", "/api/v1/offers/"+got.GrantID+"/accept", nil, to).want(h.t, 204)
			return got.GrantID
		}
	}
	h.t.Fatal("no row")
	return ""
}

func (h *harness) search(c *caller, q, cam string) (names []string) {
	h.t.Helper()
	res := h.do("GET", "/api/v1/people?q="+url.QueryEscape(q)+"&camera="+cam, nil, c).want(h.t, 200)
	for _, p := range read[peopleView](h.t, res).People {
		if p.ID == "" || !strings.Contains(p.EmailMasked, "***@") || strings.Contains(string(res.body), "annika@") {
			h.t.Errorf("%s", res.body)
		}
		names = append(names, p.Name)
	}
	return names
}

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
	h := newHarness(t)
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

// Rows R8-R10: all or nothing, errors by row, at most one grant a person, the
// same Save twice is one, another at the old version gets the fresh table.
func TestR9_SaveOverHTTP(t *testing.T) {
	h := newHarness(t)
	owner, bob, eve := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby"), h.named("eve@example.org", "Evelyn")
	cam := h.camera(owner, "Yard")
	online := []string{"online"}
	past := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for name, c := range map[string]struct {
		bad   row
		field string
	}{
		"download alone": {row{"account": eve.account.ID, "levels": []string{"download"}}, "rows[1].levels"},
		"no level":       {row{"account": eve.account.ID, "levels": []string{}}, "rows[1].levels"},
		"sound a level":  {row{"account": eve.account.ID, "levels": []string{"online", "sound"}}, "rows[1].levels"},
		"no such right":  {row{"account": eve.account.ID, "levels": online, "rights": []string{"delete"}}, "rows[1].rights"},
		"past":           {row{"account": eve.account.ID, "levels": online, "until": past}, "rows[1].until"},
		"schedule":       {row{"account": eve.account.ID, "levels": online, "schedule": row{"intervals": []row{{"day": 1, "from": 7, "to": 60}}}}, "rows[1].schedule"},
		"twice":          {row{"account": bob.account.ID, "levels": online}, "rows[1].account"},
		"twice by mail":  {row{"email": "BOB@example.org", "levels": online}, "rows[1].email"},
		"oneself":        {row{"account": owner.account.ID, "levels": online}, "rows[1].account"},
		"nobody":         {row{"account": authz.NewID(), "levels": online}, "rows[1].account"},
		"not an id":      {row{"account": "../x", "levels": online}, "rows[1].account"},
		"not an address": {row{"email": "bob", "levels": online}, "rows[1].email"},
		"no such row":    {row{"grant_id": authz.NewID(), "levels": online}, "rows[1].grant_id"},
		"long message":   {row{"account": eve.account.ID, "levels": online, "message": strings.Repeat("x", 501)}, "rows[1].message"},
	} {
		res := h.save(owner, cam, 0, row{"account": bob.account.ID, "levels": online}, c.bad)
		if p := read[problemBody](t, res); res.StatusCode != 422 || p.Field != c.field {
			t.Errorf("%s: %s", name, res.body)
		}
	}
	if tab := h.table(owner, cam); len(tab.Rows) != 0 { // all or none
		t.Fatalf("%+v", tab)
	}
	if res := h.do("GET", "/api/v1/me", nil, bob); !strings.Contains(string(res.body), `"offers":0`) { // R8
		t.Errorf("%s", res.body)
	}
	rows := []row{{"account": bob.account.ID, "levels": online}, {"account": eve.account.ID, "levels": []string{"archive", "download"}}}
	first := h.save(owner, cam, 0, rows...).want(t, 200)
	again := h.save(owner, cam, 0, rows...).want(t, 200)
	if string(first.body) != string(again.body) {
		t.Errorf("the same Save twice:\n%s%s", first.body, again.body)
	}
	tab := read[tableOf](t, first)
	res := h.save(owner, cam, 0, rows[0]).want(t, 409)
	p := read[problemBody](t, res)
	if p.Code != "stale" || p.Table == nil || p.Table.Version != tab.Version || len(p.Table.Rows) != 2 {
		t.Fatalf("%s", res.body)
	}
	h.save(owner, cam, tab.Version, row{"grant_id": tab.Rows[0].GrantID, "levels": online}).want(t, 200)
	if res := h.save(owner, cam, 0, rows...).want(t, 409); res.code() != "stale" { // no longer the last one
		t.Errorf("%s", res.body)
	}
	if fresh := h.table(owner, cam); len(fresh.Rows) != 1 || fresh.Rows[0].Account.ID != tab.Rows[0].Account.ID {
		t.Errorf("%+v", fresh)
	}
}

// Rows R25-R32: the inbox and the owner's table through a whole life of an offer.
func TestR28_TheInbox(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	tab := read[tableOf](t, h.save(owner, cam, 0, row{"account": bob.account.ID, "levels": []string{"online", "notices"}, "rights": []string{"sound"},
		"until": until, "message": "while I am away"}).want(t, 200))
	g := tab.Rows[0].GrantID
	offer := func() offerView {
		t.Helper()
		list := read[offersView](t, h.do("GET", "/api/v1/offers", nil, bob).want(t, 200)).Offers
		if len(list) != 1 {
			t.Fatalf("%+v", list)
		}
		return list[0]
	}
	sees := func() bool {
		return strings.Contains(string(h.do("GET", "/api/v1/cameras", nil, bob).want(t, 200).body), cam)
	}
	state := func(want string, visible bool) {
		t.Helper()
		if r := h.table(owner, cam).Rows[0]; r.State != want || (want != "offered") != (r.Answered != nil) {
			t.Errorf("the owner sees %+v, want %s", r, want)
		}
		if o := offer(); o.State != want || sees() != visible {
			t.Errorf("the recipient sees %s (camera in the list: %v), want %s", o.State, sees(), want)
		}
	}
	o := offer()
	if o.Camera.Name != "Yard" || o.Owner.Name != "Owner" || o.Message != "while I am away" || o.Until == nil || !o.Until.Equal(until) || o.Zone == "" ||
		strings.Join(o.Levels, "+") != "online+notices" || strings.Join(o.Rights, "+") != "sound" {
		t.Errorf("%+v", o)
	}
	state("offered", false)
	for _, step := range []struct {
		do, want string
		visible  bool
	}{{"reject", "declined", false}, {"reject", "declined", false}, {"accept", "accepted", true}, {"accept", "accepted", true},
		{"reject", "declined", false}, {"accept", "accepted", true}} { // R29, R30, R33
		h.do("POST", "/api/v1/offers/"+g+"/"+step.do, nil, bob).want(t, 204)
		state(step.want, step.visible)
	}
	// R17, R29: what is in force now is what counts, without a new answer.
	tab = h.table(owner, cam)
	tab = read[tableOf](t, h.save(owner, cam, tab.Version, row{"grant_id": g, "levels": []string{"archive"}, "until": until}).want(t, 200))
	state("accepted", true)
	if o := offer(); strings.Join(o.Levels, "+") != "archive" || len(o.Rights) != 0 {
		t.Errorf("%+v", o)
	}
	h.save(owner, cam, tab.Version).want(t, 200) // R23
	if list := read[offersView](t, h.do("GET", "/api/v1/offers", nil, bob)).Offers; len(list) != 0 || sees() {
		t.Errorf("%+v", list)
	}
	h.do("POST", "/api/v1/offers/"+g+"/accept", nil, bob).want(t, 404)
	tab = read[tableOf](t, h.save(owner, cam, h.table(owner, cam).Version, row{"account": bob.account.ID, "levels": []string{"online"}}).want(t, 200))
	if tab.Rows[0].GrantID == g || tab.Rows[0].State != "offered" {
		t.Errorf("%+v", tab)
	}
}

// Row R27: all at once, and only what waits for an answer.
func TestR27_AcceptAll(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	var grants []string
	for _, name := range []string{"One", "Two", "Three"} {
		cam := h.camera(owner, name)
		grants = append(grants, read[tableOf](t, h.save(owner, cam, 0, row{"account": bob.account.ID, "levels": []string{"online"}}).want(t, 200)).Rows[0].GrantID)
	}
	h.do("POST", "/api/v1/offers/"+grants[0]+"/reject", nil, bob).want(t, 204)
	got := read[acceptedView](t, h.do("POST", "/api/v1/offers/accept_all", nil, bob).want(t, 200))
	if len(got.Accepted) != 2 {
		t.Errorf("%+v", got)
	}
	if again := h.do("POST", "/api/v1/offers/accept_all", nil, bob).want(t, 200); string(again.body) != `{"accepted":[]}`+"\n" {
		t.Errorf("%s", again.body)
	}
	states := map[string]string{}
	for _, o := range read[offersView](t, h.do("GET", "/api/v1/offers", nil, bob)).Offers {
		states[o.GrantID] = o.State
	}
	if states[grants[0]] != "declined" || states[grants[1]] != "accepted" || states[grants[2]] != "accepted" {
		t.Errorf("%v", states)
	}
}

// Row R26: the badge of an open page follows within 2 s, up and down.
func TestR26_TheBadgeOfAnOpenPage(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam, dock := h.camera(owner, "Yard"), h.camera(owner, "Dock")
	sock := h.socket(t, "/api/v1/socket", bob)
	sock.send(map[string]any{"type": "hello"})
	badge := func(want float64, began time.Time) {
		t.Helper()
		for {
			m := sock.until("badges")
			if m["offers"] != want {
				continue
			}
			if d := time.Since(began); d > 2*time.Second {
				t.Errorf("the badge says %v after %v", want, d)
			}
			return
		}
	}
	badge(0, time.Now())
	step := func(want float64, do func()) {
		t.Helper()
		began := time.Now()
		do()
		badge(want, began)
	}
	var g string
	step(1, func() {
		g = read[tableOf](t, h.save(owner, cam, 0, row{"account": bob.account.ID, "levels": []string{"online"}}).want(t, 200)).Rows[0].GrantID
	})
	step(2, func() {
		h.save(owner, dock, 0, row{"account": bob.account.ID, "levels": []string{"online"}}).want(t, 200)
	})
	step(1, func() { h.do("POST", "/api/v1/offers/"+g+"/accept", nil, bob).want(t, 204) })
	step(0, func() { h.save(owner, dock, h.table(owner, dock).Version).want(t, 200) }) // R23: withdrawn
	step(1, func() {
		h.save(owner, dock, h.table(owner, dock).Version, row{"account": bob.account.ID, "levels": []string{"online"}}).want(t, 200)
	})
	step(0, func() { h.do("DELETE", "/api/v1/cameras/"+dock, nil, owner).want(t, 204) }) // R24
}

// Row R22: at the instant it is expired for both, and an extension needs no answer.
func TestR22_ExpiryAndExtension(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	end := time.Now().Add(1500 * time.Millisecond).UTC()
	g := h.grant(owner, cam, bob, row{"until": end})
	access := func() (bool, string) {
		var c struct {
			Access struct {
				Allowed bool
				Reason  string
			}
		}
		res := h.do("GET", "/api/v1/cameras/"+cam, nil, bob)
		if res.StatusCode != 200 {
			return false, res.code()
		}
		c = read[struct {
			Access struct {
				Allowed bool
				Reason  string
			}
		}](t, res)
		return c.Access.Allowed, c.Access.Reason
	}
	if ok, why := access(); !ok {
		t.Fatal(why)
	}
	h.poll("the end", func() bool { ok, _ := access(); return !ok })
	if d := time.Since(end); d > time.Second {
		t.Errorf("it ended %v late", d)
	}
	if _, why := access(); why != "expired" {
		t.Errorf("the reason is %s", why)
	}
	tab := h.table(owner, cam)
	if len(tab.Rows) != 1 || tab.Rows[0].State != "expired" {
		t.Fatalf("%+v", tab)
	}
	if res := h.do("POST", "/api/v1/offers/"+g+"/reject", nil, bob); res.StatusCode != 204 {
		t.Errorf("%s", res.body)
	}
	if res := h.do("POST", "/api/v1/offers/"+g+"/accept", nil, bob).want(t, 403); res.code() != "expired" {
		t.Errorf("%s", res.body)
	}
	cam2 := h.camera(owner, "Dock")
	g2 := h.grant(owner, cam2, bob, row{"until": time.Now().Add(700 * time.Millisecond).UTC()})
	h.poll("the second end", func() bool { return h.table(owner, cam2).Rows[0].State == "expired" })
	tab = h.table(owner, cam2)
	h.save(owner, cam2, tab.Version, row{"grant_id": g2, "levels": []string{"online"}, "until": tab.Rows[0].Until}).want(t, 200) // as it is
	tab = read[tableOf](t, h.save(owner, cam2, h.table(owner, cam2).Version, row{"grant_id": g2, "levels": []string{"online"}, "until": time.Now().Add(time.Hour).UTC()}).want(t, 200))
	if tab.Rows[0].State != "accepted" {
		t.Errorf("%+v", tab)
	}
	if s := read[sightView](t, h.do("GET", "/api/v1/cameras/"+cam2+"/see_as?grant="+g2, nil, owner)); !s.Allowed || s.Until == nil {
		t.Errorf("%+v", s)
	}
}

// Rows R12, R16 and R18-R20 as the owner's "See as them" and the recipient's
// list have them: level, right, schedule with its next opening.
func TestR18_SeeAsThem(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	h.do("PATCH", "/api/v1/cameras/"+cam, map[string]any{"sound": true, "zone": "Europe/Kyiv"}, owner).want(t, 200)
	g := h.grant(owner, cam, bob, nil)
	see := func(change row) sightView {
		t.Helper()
		r := row{"grant_id": g, "levels": []string{"online"}}
		for k, v := range change {
			r[k] = v
		}
		h.save(owner, cam, h.table(owner, cam).Version, r).want(t, 200)
		return read[sightView](t, h.do("GET", "/api/v1/cameras/"+cam+"/see_as?grant="+g, nil, owner).want(t, 200))
	}
	live := func() bool {
		return strings.Contains(string(h.do("GET", "/api/v1/cameras/"+cam, nil, bob).want(t, 200).body), `"access":{"allowed":true`)
	}
	s := see(nil)
	if !s.Allowed || !live() || s.Zone != "Europe/Kyiv" {
		t.Errorf("%+v", s)
	}
	for _, act := range []string{"archive", "notices", "download", "sound", "ptz"} { // R12, R16
		if a := s.Actions[act]; a.Allowed || a.Reason != "level_missing" {
			t.Errorf("online alone, %s: %+v", act, a)
		}
	}
	if s := see(row{"rights": []string{"sound"}}); !s.Actions["sound"].Allowed || strings.Join(s.Rights, "") != "sound" {
		t.Errorf("%+v", s)
	}
	if s := see(row{"levels": []string{"archive", "download"}}); !s.Allowed || s.Actions["live"].Allowed || !s.Actions["download"].Allowed || live() {
		t.Errorf("%+v", s)
	}
	if s := see(row{"schedule": row{"intervals": []row{}}}); s.Allowed || s.Reason != "outside_schedule" || s.Next != nil || live() { // R18: never
		t.Errorf("%+v", s)
	}
	zone, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	day := int(time.Now().In(zone).Weekday())
	all := []row{}
	for d := range 7 {
		if d != (day+3)%7 {
			all = append(all, row{"day": d, "from": 0, "to": 1440})
		}
	}
	s = see(row{"schedule": row{"intervals": all}})
	if !s.Allowed || s.Until == nil || int(s.Until.In(zone).Weekday()) != (day+3)%7 || s.Until.In(zone).Hour() != 0 || !live() {
		t.Errorf("%+v", s)
	}
	s = see(row{"schedule": row{"intervals": []row{{"day": (day + 2) % 7, "from": 540, "to": 60}}}}) // crosses midnight
	if s.Allowed || s.Reason != "outside_schedule" || s.Next == nil || s.Next.In(zone).Hour() != 9 || int(s.Next.In(zone).Weekday()) != (day+2)%7 || live() {
		t.Errorf("%+v", s)
	}
	h.do("PATCH", "/api/v1/cameras/"+cam, map[string]any{"enabled": false}, owner).want(t, 200)
	if s := see(nil); s.Allowed || s.Reason != "camera_off" {
		t.Errorf("%+v", s)
	}
}

// Row R23 and spec 5.1: everything by person, and all of it revoked at once.
func TestR23_EverythingByPerson(t *testing.T) {
	h := newHarness(t)
	admin := h.person("admin", true)
	h.do("PATCH", "/api/v1/instance", map[string]any{"registration": "invite"}, admin).want(t, 200)
	owner, bob, eve := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby"), h.named("eve@example.org", "Evelyn")
	cams := []string{h.camera(owner, "Yard"), h.camera(owner, "Dock"), h.camera(owner, "Gate")}
	h.grant(owner, cams[0], bob, nil)
	h.grant(owner, cams[1], bob, row{"levels": []string{"archive"}})
	h.grant(owner, cams[0], eve, nil)
	h.save(owner, cams[2], 0, row{"email": "new@example.net", "invite": true, "levels": []string{"online"}}).want(t, 200)
	group := h.do("POST", "/api/v1/groups", map[string]any{"name": "Street"}, owner).want(t, 201).field("id")
	code := h.do("POST", "/api/v1/groups/"+group+"/codes", map[string]any{"role": "viewer"}, owner).want(t, 201).field("code")
	h.do("POST", "/api/v1/groups/join", map[string]any{"code": code}, eve).want(t, 200)
	groups := func() int {
		t.Helper()
		n := 0
		for _, p := range read[sharingPeopleView](t, h.do("GET", "/api/v1/sharing/people", nil, owner).want(t, 200)).People {
			for _, g := range p.Groups {
				if n++; p.Account.Name != "Evelyn" || g.Name != "Street" || g.Role != "viewer" {
					t.Errorf("%+v", p)
				}
			}
		}
		return n
	}
	if groups() != 0 {
		t.Error("a group in which nothing is shared is listed")
	}
	h.do("PUT", "/api/v1/groups/"+group+"/cameras/"+cams[0], map[string]any{"images_only": false}, owner).want(t, 200)
	if groups() != 1 {
		t.Error("the group is not listed")
	}
	if res := h.do("GET", "/api/v1/cameras/"+cams[0]+"/sharing", nil, owner).want(t, 200); string(res.body) != `{"people":2,"links":0,"groups":1}`+"\n" {
		t.Errorf("%s", res.body)
	}
	open := h.table(owner, cams[1])
	list := read[sharingPeopleView](t, h.do("GET", "/api/v1/sharing/people", nil, owner).want(t, 200)).People
	if len(list) != 3 || list[0].Account.Name != "Bobby" || len(list[0].Cameras) != 2 || list[0].Cameras[1].State != "accepted" ||
		list[1].Account.Name != "Evelyn" || list[2].Account != nil || list[2].Email != "new@example.net" {
		t.Fatalf("%+v", list)
	}
	if res := h.do("GET", "/api/v1/sharing/people", nil, bob).want(t, 200); string(res.body) != `{"people":[]}`+"\n" {
		t.Errorf("%s", res.body)
	}
	h.do("POST", "/api/v1/sharing/people/"+owner.account.ID+"/revoke", nil, eve).want(t, 200) // nothing of hers
	h.do("POST", "/api/v1/sharing/people/"+authz.NewID()+"/revoke", nil, owner).want(t, 200)
	if n := len(h.table(owner, cams[0]).Rows); n != 2 {
		t.Fatalf("%d rows", n)
	}
	if res := h.do("POST", "/api/v1/sharing/people/"+bob.account.ID+"/revoke?wait=cut", nil, owner).want(t, 200); !strings.Contains(string(res.body), `"revision":`) {
		t.Errorf("%s", res.body)
	}
	hidden := string(h.do("GET", "/api/v1/nothing", nil, bob).body)
	for _, cam := range cams {
		if res := h.do("GET", "/api/v1/cameras/"+cam, nil, bob); res.StatusCode != 404 || string(res.body) != hidden {
			t.Errorf("%d %s", res.StatusCode, res.body)
		}
	}
	if res := h.save(owner, cams[1], open.Version, row{"grant_id": open.Rows[0].GrantID, "levels": []string{"online"}}).want(t, 409); res.code() != "stale" {
		t.Errorf("a dialog that was open: %s", res.body)
	}
	if list := read[sharingPeopleView](t, h.do("GET", "/api/v1/sharing/people", nil, owner)).People; len(list) != 2 || list[0].Account.Name != "Evelyn" {
		t.Errorf("%+v", list)
	}
	h.do("GET", "/api/v1/cameras/"+cams[0], nil, eve).want(t, 200)
}

// Row R24: with the camera goes everything on it, waiting grants too.
func TestR24_NothingIsLeftOfACamera(t *testing.T) {
	h := newHarness(t)
	admin := h.person("admin", true)
	h.do("PATCH", "/api/v1/instance", map[string]any{"registration": "invite"}, admin).want(t, 200)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	h.save(owner, cam, 0, row{"account": bob.account.ID, "levels": []string{"online"}}, row{"email": "new@example.net", "invite": true, "levels": []string{"online"}}).want(t, 200)
	h.link(owner, "Link", cam)
	began := time.Now()
	h.do("DELETE", "/api/v1/cameras/"+cam, nil, owner).want(t, 204)
	h.poll("the last record to go", func() bool {
		snap, err := h.store.Read(t.Context(), "control", nil, allKeys)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range snap.Scans[0] {
			if strings.Contains(v.Key, cam) && !strings.HasPrefix(v.Key, "ev") {
				return false
			}
		}
		return true
	})
	if d := time.Since(began); d > 2*time.Second {
		t.Errorf("it took %v", d)
	}
	if list := read[offersView](t, h.do("GET", "/api/v1/offers", nil, bob)).Offers; len(list) != 0 {
		t.Errorf("%+v", list)
	}
}
