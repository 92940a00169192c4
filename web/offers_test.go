package web

import (
	"strings"
	"testing"
	"time"

	"sightline/authz"
)

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
			if d := time.Since(began); d > soon {
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
	clk := shiftedTo(time.Now())
	h := newHarnessAt(t, clk)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	end := clk.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
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
	clk.stand(end.Add(-time.Millisecond))
	if ok, why := access(); !ok {
		t.Errorf("before the end it is %s", why)
	}
	clk.stand(end)
	if ok, why := access(); ok || why != "expired" {
		t.Errorf("at the end it is %v %s", ok, why)
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
	g2 := h.grant(owner, cam2, bob, row{"until": clk.Now().Add(time.Minute).UTC()})
	clk.jump(time.Minute)
	if tab = h.table(owner, cam2); tab.Rows[0].State != "expired" {
		t.Fatalf("%+v", tab)
	}
	h.save(owner, cam2, tab.Version, row{"grant_id": g2, "levels": []string{"online"}, "until": tab.Rows[0].Until}).want(t, 200) // as it is
	tab = read[tableOf](t, h.save(owner, cam2, h.table(owner, cam2).Version, row{"grant_id": g2, "levels": []string{"online"}, "until": clk.Now().Add(time.Hour).UTC()}).want(t, 200))
	if tab.Rows[0].State != "accepted" {
		t.Errorf("%+v", tab)
	}
	if s := read[sightView](t, h.do("GET", "/api/v1/cameras/"+cam2+"/see_as?grant="+g2, nil, owner)); !s.Allowed || s.Until == nil {
		t.Errorf("%+v", s)
	}
}

// Row R8: looking for somebody and having his row in a draft is nothing yet: no
// grant, no offer, no notice, until the table is saved.
func TestR8_NothingBeforeSave(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bobby@example.org", "Bobby Brown")
	cam := h.camera(owner, "Yard")
	if got := h.search(owner, "bobb", cam); len(got) != 1 {
		t.Fatalf("%v", got)
	}
	tab := h.table(owner, cam)
	for _, bad := range []row{{"account": bob.account.ID, "levels": []string{"download"}}, {"account": bob.account.ID, "until": time.Now().Add(-time.Hour)}} {
		h.save(owner, cam, tab.Version, bad).want(t, 422) // a Save that fails saves nothing either
	}
	nothing := func() bool {
		offers := read[offersView](t, h.do("GET", "/api/v1/offers", nil, bob).want(t, 200)).Offers
		notices, _ := h.notices(bob)
		return len(offers) == 0 && len(notices) == 0 && len(h.table(owner, cam).Rows) == 0
	}
	if !nothing() || h.table(owner, cam).Version != tab.Version {
		t.Error("something was sent before Save")
	}
	h.save(owner, cam, tab.Version, row{"account": bob.account.ID}).want(t, 200)
	h.poll("the offer after Save", func() bool { return !nothing() && h.badge(bob) == 1 })
}

// Row R10: one grant for a person and a camera, however he is named.
func TestR10_OneRowAPerson(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	g := h.grant(owner, cam, bob, nil)
	version := h.table(owner, cam).Version
	for name, rows := range map[string][]row{
		"by id":           {{"grant_id": g, "levels": []string{"online"}}, {"account": bob.account.ID}},
		"by e-mail":       {{"grant_id": g, "levels": []string{"online"}}, {"email": "BOB@example.org"}},
		"two new rows":    {{"account": bob.account.ID}, {"email": "bob@example.org"}},
		"one grant twice": {{"grant_id": g, "levels": []string{"online"}}, {"grant_id": g, "levels": []string{"archive"}}},
	} {
		res := h.save(owner, cam, version, rows...)
		if p := read[problemBody](t, res); res.StatusCode != 422 || !strings.HasPrefix(p.Field, "rows[1].") {
			t.Errorf("%s: %d %s", name, res.StatusCode, res.body)
		}
	}
	if rows := h.table(owner, cam).Rows; len(rows) != 1 || rows[0].GrantID != g || rows[0].State != "accepted" {
		t.Errorf("%+v", rows)
	}
}

// Row R29: what was rejected can be accepted any number of times, with the levels
// in force now, while the grant exists and has not expired.
func TestR29_RejectedAndAcceptedAgain(t *testing.T) {
	clk := shiftedTo(time.Now())
	h := newHarnessAt(t, clk)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	g := h.grant(owner, cam, bob, nil)
	change := func(r row) {
		t.Helper()
		r["grant_id"] = g
		h.save(owner, cam, h.table(owner, cam).Version, r).want(t, 200)
	}
	for i := range 3 {
		h.do("POST", "/api/v1/offers/"+g+"/reject", nil, bob).want(t, 204)
		h.do("GET", "/api/v1/cameras/"+cam, nil, bob).want(t, 403)
		levels := []string{"online", "archive"}[i%2 : i%2+1]
		change(row{"levels": levels})
		h.do("POST", "/api/v1/offers/"+g+"/accept", nil, bob).want(t, 204)
		s := h.seeAs(owner, cam, g)
		if s.Actions["live"].Allowed != (levels[0] == "online") || s.Actions["archive"].Allowed != (levels[0] == "archive") {
			t.Errorf("%v: %+v", levels, s.Actions)
		}
	}
	h.do("POST", "/api/v1/offers/"+g+"/reject", nil, bob).want(t, 204)
	change(row{"levels": []string{"online"}, "until": clk.Now().Add(time.Minute).UTC()})
	clk.jump(time.Minute)
	if res := h.do("POST", "/api/v1/offers/"+g+"/accept", nil, bob).want(t, 403); res.code() != "expired" {
		t.Errorf("%s", res.body)
	}
	h.save(owner, cam, h.table(owner, cam).Version).want(t, 200)
	h.do("POST", "/api/v1/offers/"+g+"/accept", nil, bob).want(t, 404)
}
