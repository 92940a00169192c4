package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/ratelimit"
)

// into reads an answer's body.
func into[T any](t testing.TB, a answer) (v T) {
	t.Helper()
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return v
}

// group makes one; who comes with a role joins by a code of it, administrators
// by an invitation.
func (h *harness) group(admin *caller, people map[*caller]string) string {
	h.t.Helper()
	id := h.do("POST", "/api/v1/groups", map[string]string{"name": "Crew"}, admin).want(h.t, 201).field("id")
	for who, role := range people {
		h.join(who, h.code(admin, id, who, role)).want(h.t, 200)
	}
	return id
}

func (h *harness) code(admin *caller, group string, who *caller, role string) string {
	h.t.Helper()
	if role == "administrator" {
		return h.do("POST", "/api/v1/groups/"+group+"/invitations", map[string]string{"email": who.account.Email}, admin).want(h.t, 201).field("code")
	}
	return h.do("POST", "/api/v1/groups/"+group+"/codes", map[string]string{"role": role}, admin).want(h.t, 201).field("code")
}

func (h *harness) join(who *caller, code string) answer {
	h.t.Helper()
	return h.do("POST", "/api/v1/groups/join", map[string]string{"code": code}, who)
}

func (h *harness) page(who *caller, group string) groupPage {
	h.t.Helper()
	return into[groupPage](h.t, h.do("GET", "/api/v1/groups/"+group, nil, who).want(h.t, 200))
}

func (h *harness) share(who *caller, group, camera string, imagesOnly bool) answer {
	h.t.Helper()
	return h.do("PUT", "/api/v1/groups/"+group+"/cameras/"+camera, map[string]bool{"images_only": imagesOnly}, who)
}

// live is the reason that an account is told for a camera's live picture.
func (h *harness) live(who *caller, camera string) string {
	h.t.Helper()
	res := h.do("GET", "/api/v1/cameras/"+camera, nil, who)
	if res.StatusCode == 404 {
		return "404"
	}
	return into[struct{ Access struct{ Reason string } }](h.t, res.want(h.t, 200)).Access.Reason
}

func TestR42_TheCreatorIsAdministrator(t *testing.T) {
	h := newHarness(t)
	ann := h.person("ann", false)
	made := into[groupView](t, h.do("POST", "/api/v1/groups", map[string]string{"name": " Night watch "}, ann).want(t, 201))
	if made.Role != "administrator" || made.Name != "Night watch" || made.Participants != 1 || made.Administrators != 1 || made.Cameras == nil {
		t.Fatalf("%+v", made)
	}
	if p := h.page(ann, made.ID); len(p.People) != 1 || !p.People[0].Me || p.People[0].Role != "administrator" || p.Codes == nil || p.Invitations == nil {
		t.Fatalf("%+v", p)
	}
	h.do("PATCH", "/api/v1/groups/"+made.ID, map[string]string{"name": "Day watch"}, ann).want(t, 204)
	if list := into[groupsView](t, h.do("GET", "/api/v1/groups", nil, ann).want(t, 200)); len(list.Groups) != 1 || list.Groups[0].Name != "Day watch" {
		t.Fatalf("%+v", list)
	}
	if res := h.do("POST", "/api/v1/groups", map[string]string{"name": ""}, ann).want(t, 422); res.field("field") != "name" {
		t.Fatalf("%s", res.body)
	}
}

// The role matrix, asked over HTTP: three roles, nine actions, as a table that a
// person can read. go test ./web -run TestR43 -update writes it.
func TestR43_RoleMatrix(t *testing.T) {
	h := newHarness(t)
	boss, target := h.person("boss", false), h.person("target", false)
	theirs := h.camera(target, "Theirs")
	roles := []string{"viewer", "member", "administrator"}
	type deed struct {
		what string
		do   func(actor *caller, group, own string) answer
	}
	deeds := []deed{
		{"invite", func(a *caller, g, _ string) answer {
			return h.do("POST", "/api/v1/groups/"+g+"/codes", map[string]string{"role": "viewer"}, a)
		}},
		{"change role", func(a *caller, g, _ string) answer {
			return h.do("PATCH", "/api/v1/groups/"+g+"/people/"+target.account.ID, map[string]string{"role": "viewer"}, a)
		}},
		{"remove person", func(a *caller, g, _ string) answer {
			return h.do("DELETE", "/api/v1/groups/"+g+"/people/"+target.account.ID, nil, a)
		}},
		{"share own camera", func(a *caller, g, own string) answer { return h.share(a, g, own, true) }},
		{"remove own camera", func(a *caller, g, own string) answer {
			return h.do("DELETE", "/api/v1/groups/"+g+"/cameras/"+own, nil, a)
		}},
		{"remove any camera", func(a *caller, g, _ string) answer {
			return h.do("DELETE", "/api/v1/groups/"+g+"/cameras/"+theirs, nil, a)
		}},
		{"view", func(a *caller, g, _ string) answer { return h.do("GET", "/api/v1/groups/"+g, nil, a) }},
		{"leave", func(a *caller, g, _ string) answer {
			return h.do("POST", "/api/v1/groups/"+g+"/leave", map[string]any{}, a)
		}},
		{"delete group", func(a *caller, g, _ string) answer { return h.do("DELETE", "/api/v1/groups/"+g, nil, a) }},
	}
	var got bytes.Buffer
	fmt.Fprintf(&got, "%-18s", "")
	for _, r := range roles {
		fmt.Fprintf(&got, " %-16s", r)
	}
	actors := map[string]*caller{}
	own := map[string]string{}
	for _, r := range roles {
		actors[r] = h.person("a-"+r, false)
		own[r] = h.camera(actors[r], "Mine")
	}
	for _, d := range deeds {
		fmt.Fprintf(&got, "\n%-18s", d.what)
		for _, r := range roles {
			actor := actors[r]
			g := h.group(boss, map[*caller]string{target: "member", actor: r})
			h.share(target, g, theirs, false).want(t, 200)
			if r != "viewer" {
				h.share(actor, g, own[r], false).want(t, 200)
			}
			res := d.do(actor, g, own[r])
			cell := fmt.Sprint(res.StatusCode)
			if c := res.code(); res.StatusCode >= 400 {
				cell += " " + c
			}
			fmt.Fprintf(&got, " %-16s", cell)
		}
	}
	text := strings.ReplaceAll(got.String(), " \n", "\n") + "\n"
	for strings.Contains(text, " \n") {
		text = strings.ReplaceAll(text, " \n", "\n")
	}
	const file = "testdata/group-roles.txt"
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != text {
		t.Fatalf("%s is not what the server answers (%v):\n%s", file, err, text)
	}
}

// What one is not in looks like what does not exist, byte by byte.
func TestR43_OthersGroupsAreHidden(t *testing.T) {
	h := newHarness(t)
	ann, eve := h.person("ann", true), h.person("eve", true)
	cam := h.camera(ann, "Yard")
	g := h.group(ann, nil)
	h.share(ann, g, cam, false).want(t, 200)
	code := into[groupCodeView](t, h.do("POST", "/api/v1/groups/"+g+"/codes", map[string]string{"role": "viewer"}, ann).want(t, 201))
	want := string(h.do("GET", "/api/v1/nothing", nil, eve).want(t, 404).body)
	at := "/api/v1/groups/" + g
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", at, nil}, {"PATCH", at, map[string]string{"name": "x"}}, {"DELETE", at, nil}, {"POST", at + "/leave", map[string]bool{"delete_group": true}},
		{"PATCH", at + "/people/" + ann.account.ID, map[string]string{"role": "viewer"}}, {"DELETE", at + "/people/" + ann.account.ID, nil},
		{"POST", at + "/codes", map[string]string{"role": "viewer"}}, {"POST", at + "/codes/" + code.ID + "/rotate", nil}, {"DELETE", at + "/codes/" + code.ID, nil},
		{"POST", at + "/invitations", map[string]string{"email": "eve@example.org"}}, {"DELETE", at + "/invitations/" + code.ID, nil},
		{"PUT", at + "/cameras/" + cam, map[string]bool{"images_only": true}}, {"DELETE", at + "/cameras/" + cam, nil},
	} {
		if res := h.do(c.method, c.path, c.body, eve); res.StatusCode != 404 || string(res.body) != want {
			t.Errorf("%s %s: %d %s", c.method, c.path, res.StatusCode, res.body)
		}
	}
	// Somebody who is not in it, and a camera that is not in it, are hidden from its administrators too.
	hers := h.camera(eve, "Barn")
	for _, path := range []string{"/people/" + eve.account.ID, "/people/" + authz.NewID(), "/cameras/" + hers, "/cameras/" + authz.NewID(), "/codes/" + authz.NewID()} {
		if res := h.do("DELETE", at+path, nil, ann); res.StatusCode != 404 || string(res.body) != want {
			t.Errorf("DELETE %s: %d %s", path, res.StatusCode, res.body)
		}
	}
}

func TestR44_ShareCodes(t *testing.T) {
	h := newHarness(t)
	ann, bob, eve, max := h.person("ann", false), h.person("bob", false), h.person("eve", false), h.person("max", false)
	g := h.group(ann, nil)
	at := "/api/v1/groups/" + g
	c := into[groupCodeView](t, h.do("POST", at+"/codes", map[string]string{"role": "member"}, ann).want(t, 201))
	if d := time.Until(c.ExpiresAt); d < 7*24*time.Hour-time.Minute || d > 7*24*time.Hour+time.Minute || c.Role != "member" {
		t.Fatalf("%+v", c)
	}
	for _, p := range []*caller{bob, eve} {
		if j := into[groupJoined](t, h.join(p, c.Code).want(t, 200)); j.Group.ID != g || j.Group.Role != "member" {
			t.Fatalf("%+v", j)
		}
	}
	if p := h.page(ann, g); p.Participants != 3 || len(*p.Codes) != 1 || (*p.Codes)[0].Uses != 2 || (*p.Codes)[0].Code != c.Code {
		t.Fatalf("%+v", p)
	}
	if raw := h.do("GET", at, nil, bob).want(t, 200).body; bytes.Contains(raw, []byte(c.Code)) || bytes.Contains(raw, []byte("codes")) || bytes.Contains(raw, []byte("ann@example.org")) {
		t.Fatalf("a member reads %s", raw)
	}
	fresh := into[groupCodeView](t, h.do("POST", at+"/codes/"+c.ID+"/rotate", nil, ann).want(t, 200))
	if fresh.ID != c.ID || fresh.Code == c.Code || fresh.Uses != 0 {
		t.Fatalf("%+v", fresh)
	}
	h.join(max, c.Code).want(t, 422)
	h.do("DELETE", at+"/codes/"+c.ID, nil, ann).want(t, 204)
	h.join(max, fresh.Code).want(t, 422)
	h.do("POST", at+"/codes", map[string]any{"role": "viewer", "days": 30}, ann).want(t, 201)
	for _, bad := range []map[string]any{{"role": "administrator"}, {"role": ""}, {"role": "viewer", "days": 91}, {"role": "viewer", "days": -1}} {
		h.do("POST", at+"/codes", bad, ann).want(t, 422)
	}
}

func TestR45_WrongCodesAreTheSameAndAreDelayed(t *testing.T) {
	var ahead time.Duration // only touched between requests
	limits := ratelimit.New(ratelimit.Config{Now: func() int64 { return clock.Mono() + int64(ahead) }})
	h := newHarness(t, func(c *Config) { c.Limits = limits })
	ann, bob := h.person("ann", false), h.person("bob", false)
	g := h.group(ann, nil)
	at := "/api/v1/groups/" + g
	good := into[groupCodeView](t, h.do("POST", at+"/codes", map[string]string{"role": "viewer"}, ann).want(t, 201))
	if c := good.Code; len(c) != 11 || c[5] != '-' || strings.ContainsAny(c, "ILOU") {
		t.Fatalf("a code looks like %q", c)
	}
	gone := into[groupCodeView](t, h.do("POST", at+"/codes", map[string]string{"role": "viewer"}, ann).want(t, 201))
	h.do("DELETE", at+"/codes/"+gone.ID, nil, ann).want(t, 204)
	invited := h.do("POST", at+"/invitations", map[string]string{"email": "max@example.org"}, ann).want(t, 201).field("code")
	same := ""
	wrong := func(code string) {
		t.Helper()
		res := h.join(bob, code).want(t, 422)
		var p problem
		if err := json.Unmarshal(res.body, &p); err != nil || p.Code != "share_code_invalid" || p.Field != "code" {
			t.Fatalf("%s", res.body)
		}
		p.ID = ""
		if text := fmt.Sprint(p); same == "" {
			same = text
		} else if text != same {
			t.Fatalf("%q is answered %s, others %s", code, text, same)
		}
	}
	for _, c := range []string{"AAAAA-AAAAA", "", "short", gone.Code, invited} {
		wrong(c)
	}
	h.join(bob, strings.ToLower(strings.ReplaceAll(good.Code, "-", " "))).want(t, 200) // a right one in between costs nothing
	for range 5 {
		wrong("AAAAA-AAAAA")
	}
	res := h.join(bob, "AAAAA-AAAAA").want(t, 429)
	if res.code() != "rate_limited" || res.Header.Get("Retry-After") == "" {
		t.Fatalf("%s %v", res.body, res.Header)
	}
	h.join(bob, good.Code).want(t, 429) // or guessing would go on behind the limit
	// The address counts too, whoever asks from it, and the account wherever it asks from.
	h.join(h.person("max", false), "AAAAA-AAAAA").want(t, 429)
	ahead = time.Hour + 6*time.Minute
	h.join(bob, good.Code).want(t, 200)
}

func TestR46_JoiningAgain(t *testing.T) {
	h := newHarness(t)
	ann, bob := h.person("ann", false), h.person("bob", false)
	g := h.group(ann, map[*caller]string{bob: "viewer"})
	role := func(want string) {
		t.Helper()
		if p := h.page(bob, g); p.Role != want || p.Participants != 2 {
			t.Fatalf("%+v, want %s", p, want)
		}
	}
	role("viewer")
	member := h.code(ann, g, bob, "member")
	for range 2 {
		h.join(bob, member).want(t, 200)
		role("member")
	}
	h.join(bob, h.code(ann, g, bob, "viewer")).want(t, 200)
	role("member")
	h.join(bob, h.code(ann, g, bob, "administrator")).want(t, 200)
	role("administrator")
	h.join(bob, member).want(t, 200)
	role("administrator")
}

func TestR47_AdministratorInvitations(t *testing.T) {
	h := newHarness(t)
	ann, bob, eve := h.person("ann", false), h.person("bob", false), h.person("eve", false)
	g := h.group(ann, map[*caller]string{eve: "member"})
	at := "/api/v1/groups/" + g
	res := h.do("POST", at+"/invitations", map[string]string{"email": " BOB@example.org"}, ann).want(t, 201)
	inv := into[groupInvited](t, res)
	if d := time.Until(inv.ExpiresAt); d > 24*time.Hour+time.Minute || d < 23*time.Hour || inv.Email != "bob@example.org" || inv.Mailed || inv.Code == "" {
		t.Fatalf("%+v", inv)
	}
	if p := h.page(ann, g); len(*p.Invitations) != 1 || (*p.Invitations)[0].ID != inv.ID || len(*p.Codes) != 1 {
		t.Fatalf("%+v", p)
	}
	if raw := h.do("GET", at, nil, ann).body; bytes.Contains(raw, []byte(inv.Code)) {
		t.Fatal("the invitation is shown again")
	}
	h.join(eve, inv.Code).want(t, 422)
	h.join(bob, inv.Code).want(t, 200)
	h.join(bob, inv.Code).want(t, 422)
	// An invitation that is withdrawn, or replaced by a newer one, is dead.
	old := into[groupInvited](t, h.do("POST", at+"/invitations", map[string]string{"email": "eve@example.org"}, bob).want(t, 201))
	next := into[groupInvited](t, h.do("POST", at+"/invitations", map[string]string{"email": "eve@example.org"}, bob).want(t, 201))
	h.join(eve, old.Code).want(t, 422)
	h.do("DELETE", at+"/invitations/"+next.ID, nil, bob).want(t, 204)
	h.join(eve, next.Code).want(t, 422)
	// All rights, against the creator too.
	h.do("DELETE", at+"/people/"+ann.account.ID, nil, bob).want(t, 200)
	h.do("GET", at, nil, ann).want(t, 404)
	h.do("POST", at+"/invitations", map[string]string{"email": "not an address"}, bob).want(t, 422)
}

func TestR48_TheSoleAdministratorLeaves(t *testing.T) {
	h := newHarness(t)
	h.person("root", true)
	ann, bob, eve := h.person("ann", false), h.person("bob", false), h.person("eve", false)
	cam := h.camera(bob, "Yard")
	g := h.group(ann, map[*caller]string{bob: "member", eve: "viewer"})
	at := "/api/v1/groups/" + g
	h.share(bob, g, cam, false).want(t, 200)
	if res := h.do("POST", at+"/leave", map[string]any{}, ann).want(t, 409); res.code() != "sole_administrator" {
		t.Fatalf("%s", res.body)
	}
	// What the dialog names, and offers instead.
	if p := h.page(ann, g); p.Participants != 3 || p.Administrators != 1 || len(p.Cameras) != 1 {
		t.Fatalf("%+v", p)
	}
	h.do("PATCH", at+"/people/"+bob.account.ID, map[string]string{"role": "administrator"}, ann).want(t, 200)
	h.do("POST", at+"/leave", map[string]any{"delete_group": true}, ann).want(t, 200)
	if p := h.page(bob, g); p.Participants != 2 || len(p.Cameras) != 1 {
		t.Fatalf("it was not the sole one any more: %+v", p)
	}
	if got := h.live(eve, cam); got != "ok" {
		t.Fatal(got)
	}
	h.do("POST", at+"/leave", map[string]any{"delete_group": true}, bob).want(t, 200)
	for _, p := range []*caller{ann, bob, eve} {
		h.do("GET", at, nil, p).want(t, 404)
	}
	if got := h.live(eve, cam); got != "404" {
		t.Fatal(got)
	}
	// Closing an account counts as leaving.
	lives, dies := h.group(ann, map[*caller]string{bob: "administrator", eve: "viewer"}), h.group(ann, map[*caller]string{eve: "viewer"})
	if c := into[closingView](t, h.do("GET", "/api/v1/me/closing", nil, ann).want(t, 200)); len(c.Groups) != 1 || c.Groups[0].ID != dies || c.Groups[0].Participants != 2 {
		t.Fatalf("the dialog names %+v", c)
	}
	h.do("DELETE", "/api/v1/me", map[string]string{"password": testPassword}, ann).want(t, 204)
	h.do("GET", "/api/v1/groups/"+dies, nil, eve).want(t, 404)
	if p := h.page(eve, lives); p.Participants != 2 || p.Administrators != 1 {
		t.Fatalf("%+v", p)
	}
}

func TestR49_AlwaysAnAdministrator(t *testing.T) {
	h := newHarness(t)
	ann, bob := h.person("ann", false), h.person("bob", false)
	g := h.group(ann, map[*caller]string{bob: "administrator"})
	at := "/api/v1/groups/" + g
	for range 20 { // thousands of rounds are in authz
		codes := make(chan int, 2)
		for _, c := range []struct{ actor, target *caller }{{ann, bob}, {bob, ann}} {
			go func() {
				res, err := h.try("DELETE", at+"/people/"+c.target.account.ID, nil, c.actor)
				if err != nil {
					codes <- 0
					return
				}
				codes <- res.StatusCode
			}()
		}
		first, second := <-codes, <-codes
		if first+second != 200+404 {
			t.Fatalf("answers %d and %d, want one 200 and one 404", first, second)
		}
		left, gone := ann, bob
		if h.do("GET", at, nil, ann).StatusCode == 404 {
			left, gone = bob, ann
		}
		for _, res := range []answer{
			h.do("PATCH", at+"/people/"+left.account.ID, map[string]string{"role": "member"}, left),
			h.do("DELETE", at+"/people/"+left.account.ID, nil, left),
		} {
			if res.want(t, 409).code() != "sole_administrator" {
				t.Fatalf("%s", res.body)
			}
		}
		h.join(gone, h.code(left, g, gone, "administrator")).want(t, 200)
	}
}

func TestR50_OnlyOwnCameras(t *testing.T) {
	h := newHarness(t)
	ann, bob := h.person("ann", false), h.person("bob", false)
	cam := h.camera(ann, "Yard")
	one, two := h.group(ann, map[*caller]string{bob: "administrator"}), h.group(bob, nil)
	h.share(ann, one, cam, false).want(t, 200)
	if got := h.live(bob, cam); got != "ok" {
		t.Fatal(got)
	}
	for _, g := range []string{one, two} {
		if res := h.share(bob, g, cam, false).want(t, 403); res.code() != "not_owner" {
			t.Fatalf("%s", res.body)
		}
	}
	h.share(bob, two, authz.NewID(), false).want(t, 404)
}

func TestR55_TheCamerasOfAGroupChange(t *testing.T) {
	h := newHarness(t)
	ann, bob, eve := h.person("ann", false), h.person("bob", false), h.person("eve", false)
	cam := h.camera(bob, "Yard")
	g := h.group(ann, map[*caller]string{bob: "member", eve: "viewer"})
	at := "/api/v1/groups/" + g + "/cameras/" + cam
	want := func(reason string, cameras int) {
		t.Helper()
		if got := h.live(eve, cam); got != reason {
			t.Fatalf("live is %s, want %s", got, reason)
		}
		if p := h.page(eve, g); len(p.Cameras) != cameras || cameras > 0 && (p.Cameras[0].Name != "Yard" || p.Cameras[0].Owner.Name != "bob" || p.Cameras[0].Mine) {
			t.Fatalf("%+v", p)
		}
	}
	want("404", 0)
	if into[cutView](t, h.share(bob, g, cam, false).want(t, 200)).Revision == 0 {
		t.Fatal("no revision")
	}
	want("ok", 1)
	h.share(bob, g, cam, true).want(t, 200) // R59
	want("level_missing", 1)
	h.share(bob, g, cam, false).want(t, 200)
	want("ok", 1)
	h.do("DELETE", at, nil, bob).want(t, 200)
	want("404", 0)
	h.share(bob, g, cam, false).want(t, 200)
	h.do("DELETE", at+"?wait=cut", nil, ann).want(t, 200) // an administrator takes out any
	want("404", 0)
	h.do("DELETE", at, nil, bob).want(t, 404)
}

func TestR56_WhoLeavesTakesHisCamerasAlong(t *testing.T) {
	h := newHarness(t)
	ann, bob, eve := h.person("ann", false), h.person("bob", false), h.person("eve", false)
	his, hers := h.camera(bob, "Yard"), h.camera(ann, "Gate")
	for _, out := range []func(g string) answer{
		func(g string) answer { return h.do("POST", "/api/v1/groups/"+g+"/leave", map[string]any{}, bob) },
		func(g string) answer {
			return h.do("DELETE", "/api/v1/groups/"+g+"/people/"+bob.account.ID, nil, ann)
		},
	} {
		g := h.group(ann, map[*caller]string{bob: "member", eve: "viewer"})
		h.share(bob, g, his, false).want(t, 200)
		h.share(ann, g, hers, false).want(t, 200)
		if h.live(bob, hers) != "ok" || h.live(eve, his) != "ok" {
			t.Fatal("not live before")
		}
		out(g).want(t, 200)
		if a, b, c := h.live(bob, hers), h.live(eve, his), h.live(eve, hers); a != "404" || b != "404" || c != "ok" {
			t.Fatalf("who left sees %s, others see his %s, and what stays %s", a, b, c)
		}
		if p := h.page(eve, g); len(p.Cameras) != 1 || p.Participants != 2 {
			t.Fatalf("%+v", p)
		}
		h.do("GET", "/api/v1/groups/"+g, nil, bob).want(t, 404)
		h.do("DELETE", "/api/v1/groups/"+g, nil, ann).want(t, 200)
	}
}

func TestR57_AViewerHasNoCamerasInTheGroup(t *testing.T) {
	h := newHarness(t)
	ann, bob := h.person("ann", false), h.person("bob", false)
	cam := h.camera(bob, "Yard")
	g := h.group(ann, map[*caller]string{bob: "member"})
	h.share(bob, g, cam, false).want(t, 200)
	role := func(r string) {
		t.Helper()
		h.do("PATCH", "/api/v1/groups/"+g+"/people/"+bob.account.ID, map[string]string{"role": r}, ann).want(t, 200)
	}
	role("viewer")
	if p := h.page(bob, g); len(p.Cameras) != 0 || p.Role != "viewer" || h.live(ann, cam) != "404" {
		t.Fatalf("%+v", p)
	}
	if res := h.share(bob, g, cam, false).want(t, 403); res.code() != "role_viewer" {
		t.Fatalf("%s", res.body)
	}
	role("member")
	if p := h.page(bob, g); len(p.Cameras) != 0 {
		t.Fatalf("it came back: %+v", p)
	}
}

func TestR58_ADeletedGroup(t *testing.T) {
	h := newHarness(t)
	ann, bob, max := h.person("ann", false), h.person("bob", false), h.person("max", false)
	cam := h.camera(ann, "Yard")
	g := h.group(ann, map[*caller]string{bob: "viewer"})
	h.share(ann, g, cam, false).want(t, 200)
	code := h.code(ann, g, max, "member")
	h.do("DELETE", "/api/v1/groups/"+g, nil, ann).want(t, 200)
	if got := h.live(bob, cam); got != "404" {
		t.Fatal(got)
	}
	h.join(max, code).want(t, 422)
	for _, p := range []*caller{ann, bob} {
		h.do("GET", "/api/v1/groups/"+g, nil, p).want(t, 404)
		if list := into[groupsView](t, h.do("GET", "/api/v1/groups", nil, p).want(t, 200)); len(list.Groups) != 0 {
			t.Fatalf("%+v", list)
		}
	}
	h.poll("the camera to be shared nowhere", func() bool {
		return !into[struct{ Shared bool }](t, h.do("GET", "/api/v1/cameras/"+cam, nil, ann).want(t, 200)).Shared
	})
}

func TestR59_LiveForAllRoles(t *testing.T) {
	h := newHarness(t)
	ann, bob, eve, max := h.person("ann", false), h.person("bob", false), h.person("eve", false), h.person("max", false)
	cam := h.camera(ann, "Yard")
	g := h.group(ann, map[*caller]string{bob: "member", eve: "viewer"})
	h.share(ann, g, cam, false).want(t, 200)
	for _, p := range []*caller{bob, eve} {
		if got := h.live(p, cam); got != "ok" {
			t.Fatal(got)
		}
		// Nothing of it is his to change or to give on.
		for _, path := range []string{"/access", "/health"} {
			if res := h.do("GET", "/api/v1/cameras/"+cam+path, nil, p); res.StatusCode != http.StatusForbidden || res.code() != "not_owner" {
				t.Errorf("%s: %d %s", path, res.StatusCode, res.body)
			}
		}
	}
	if got := h.live(max, cam); got != "404" {
		t.Fatal(got)
	}
}
