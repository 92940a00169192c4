package web

import (
	"strings"
	"testing"
	"time"

	"sightline/authz"
)

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

	// What waits for an e-mail has an address, not an account.
	h.do("POST", "/api/v1/sharing/waiting/revoke", row{"email": "nobody@example.net"}, owner).want(t, 200)
	h.do("POST", "/api/v1/sharing/waiting/revoke", row{"email": "New@example.net"}, eve).want(t, 200) // nothing of hers
	if n := len(h.table(owner, cams[2]).Rows); n != 1 {
		t.Fatalf("%d rows", n)
	}
	h.do("POST", "/api/v1/sharing/waiting/revoke", row{"email": "New@example.net"}, owner).want(t, 200)
	if n := len(h.table(owner, cams[2]).Rows); n != 0 {
		t.Errorf("%d rows wait", n)
	}
	h.do("POST", "/api/v1/sharing/waiting/revoke", row{"email": "no address"}, owner).want(t, 422)

	// A group is not revoked: the answer says that it is left, and she still sees
	// by it what is shared there.
	left := read[revokedView](t, h.do("POST", "/api/v1/sharing/people/"+eve.account.ID+"/revoke", nil, owner).want(t, 200))
	if len(left.Groups) != 1 || left.Groups[0].Name != "Street" {
		t.Errorf("%+v", left)
	}
	h.do("GET", "/api/v1/cameras/"+cams[0], nil, eve).want(t, 200)
	h.do("DELETE", "/api/v1/groups/"+group+"/people/"+eve.account.ID, nil, owner).want(t, 200)
	h.do("GET", "/api/v1/cameras/"+cams[0], nil, eve).want(t, 404)
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
	if d := time.Since(began); d > soon {
		t.Errorf("it took %v", d)
	}
	if list := read[offersView](t, h.do("GET", "/api/v1/offers", nil, bob)).Offers; len(list) != 0 {
		t.Errorf("%+v", list)
	}
}
