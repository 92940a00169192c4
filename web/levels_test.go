package web

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var fourNames = []string{"online", "archive", "notices", "download"}

// levelSets are all 15 sets of levels, and which of them are legal.
func levelSets() (sets [][]string) {
	for bits := 1; bits < 16; bits++ {
		var set []string
		for i, name := range fourNames {
			if bits>>i&1 == 1 {
				set = append(set, name)
			}
		}
		sets = append(sets, set)
	}
	return sets
}

func legalSet(set []string) bool {
	return !slices.Contains(set, "download") || slices.Contains(set, "archive")
}

// seeAs is what the owner is told that a person may do.
func (h *harness) seeAs(owner *caller, cam, grant string) sightView {
	h.t.Helper()
	return read[sightView](h.t, h.do("GET", "/api/v1/cameras/"+cam+"/see_as?grant="+grant, nil, owner).want(h.t, 200))
}

// Row R11: any non-empty set, Download only with Archive, {Online} where nothing
// is said; over HTTP, with every set there is.
func TestR11_AnyLegalSetOfLevels(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	tab := read[tableOf](t, h.save(owner, cam, 0, row{"account": bob.account.ID}).want(t, 200))
	if got := tab.Rows[0].Levels; !slices.Equal(got, []string{"online"}) {
		t.Errorf("a new row has %v", got)
	}
	g := tab.Rows[0].GrantID
	legal := 0
	for _, set := range levelSets() {
		version := h.table(owner, cam).Version
		res := h.save(owner, cam, version, row{"grant_id": g, "levels": set})
		if !legalSet(set) {
			if p := read[problemBody](t, res.want(t, 422)); p.Field != "rows[0].levels" || h.table(owner, cam).Version != version {
				t.Errorf("%v: %s", set, res.body)
			}
			continue
		}
		legal++
		if got := read[tableOf](t, res.want(t, 200)).Rows[0].Levels; !slices.Equal(got, set) {
			t.Errorf("%v is stored as %v", set, got)
		}
	}
	if legal != 11 {
		t.Errorf("%d legal sets", legal)
	}
	for _, levels := range [][]string{{}, {"everything"}, {"sound"}, {"online", "ptz"}, {"Online"}} {
		res := h.save(owner, cam, h.table(owner, cam).Version, row{"grant_id": g, "levels": levels})
		if p := read[problemBody](t, res.want(t, 422)); p.Field != "rows[0].levels" {
			t.Errorf("%v: %s", levels, res.body)
		}
	}
}

// Rows R12, R13, R15 and R21 as decisions, over HTTP: the 11 sets on the four
// surfaces, the minute that an archive without Online is behind, and the two
// options that limit what footage there is.
func TestR12_R13_R15_R21_WhatASetGives(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	began := time.Now()
	g := h.grant(owner, cam, bob, nil)
	set := func(r row) sightView {
		t.Helper()
		r["grant_id"] = g
		h.save(owner, cam, h.table(owner, cam).Version, r).want(t, 200)
		return h.seeAs(owner, cam, g)
	}
	surface := map[string]string{"live": "online", "archive": "archive", "notices": "notices", "download": "download"}
	cases := 0
	for _, levels := range levelSets() {
		if !legalSet(levels) {
			continue
		}
		before := time.Now()
		s := set(row{"levels": levels})
		for act, level := range surface {
			cases++
			a := s.Actions[act]
			if want := slices.Contains(levels, level); a.Allowed != want || !want && a.Reason != "level_missing" {
				t.Errorf("%v on %s: %+v", levels, act, a)
			}
			guarded := a.Allowed && (act == "archive" || act == "download") && !slices.Contains(levels, "online")
			if guarded != (a.Footage != nil) {
				t.Errorf("%v on %s: footage %+v", levels, act, a.Footage)
			}
			if guarded && (a.Footage.To.Before(before.Add(-time.Minute-time.Second)) || a.Footage.To.After(time.Now().Add(-time.Minute+time.Second))) {
				t.Errorf("R13: footage to %s, a minute ago is %s", a.Footage.To, time.Now().Add(-time.Minute))
			}
		}
	}
	if cases != 44 {
		t.Errorf("%d cases, want 44", cases)
	}

	// R21: both off by default; then from the grant on, and only of its hours.
	full := []string{"online", "archive", "download"}
	if s := set(row{"levels": full}); s.Actions["archive"].Footage != nil || s.Actions["download"].Footage != nil {
		t.Errorf("%+v", s.Actions)
	}
	s := set(row{"levels": full, "only_from": true})
	if f := s.Actions["download"].Footage; f == nil || f.From == nil || f.From.Before(began.Add(-time.Second)) || f.From.After(time.Now()) || f.OnlyHours {
		t.Errorf("only from today on: %+v", f)
	}
	all := []row{}
	for day := range 7 {
		all = append(all, row{"day": day, "from": 0, "to": 1440})
	}
	s = set(row{"levels": full, "only_hours": true, "schedule": row{"intervals": all}})
	if f := s.Actions["archive"].Footage; f == nil || !f.OnlyHours || f.From != nil || f.To != nil {
		t.Errorf("only of its hours: %+v", f)
	}
	if s.Actions["live"].Footage != nil {
		t.Error("the live picture has bounds")
	}
	if got := h.table(owner, cam).Rows[0]; !slices.Equal(got.Levels, full) {
		t.Errorf("%+v", got)
	}
}

// Row R16: no level gives PTZ, sound, settings, deletion or sharing on.
func TestR16_NoLevelGivesMore(t *testing.T) {
	h := newHarness(t)
	owner, bob, eve := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby"), h.named("eve@example.org", "Evelyn")
	cam := h.camera(owner, "Yard")
	h.do("PATCH", "/api/v1/cameras/"+cam, row{"sound": true}, owner).want(t, 200)
	g := h.grant(owner, cam, bob, row{"levels": fourNames})
	s := h.seeAs(owner, cam, g)
	for _, act := range []string{"sound", "ptz"} {
		if a := s.Actions[act]; a.Allowed || a.Reason != "level_missing" {
			t.Errorf("%s: %+v", act, a)
		}
	}
	group := h.do("POST", "/api/v1/groups", row{"name": "Street"}, bob).want(t, 201).field("id")
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"PATCH", "/api/v1/cameras/" + cam, row{"name": "Mine"}},
		{"DELETE", "/api/v1/cameras/" + cam, nil},
		{"GET", "/api/v1/cameras/" + cam + "/health", nil},
		{"GET", "/api/v1/cameras/" + cam + "/access", nil},
		{"PUT", "/api/v1/cameras/" + cam + "/access", row{"version": 1, "rows": []row{{"account": eve.account.ID}}}},
		{"GET", "/api/v1/cameras/" + cam + "/sharing", nil},
		{"GET", "/api/v1/cameras/" + cam + "/see_as?grant=" + g, nil},
		{"GET", "/api/v1/people?q=evelyn&camera=" + cam, nil},
		{"POST", "/api/v1/links", row{"kind": "share", "name": "Mine", "cameras": []string{cam}, "acknowledge_risk": true}},
		{"PUT", "/api/v1/groups/" + group + "/cameras/" + cam, row{"images_only": false}},
	} {
		if res := h.do(c.method, c.path, c.body, bob); res.StatusCode != 403 || res.code() != "not_owner" {
			t.Errorf("R1, R16: %s %s: %d %s", c.method, c.path, res.StatusCode, res.body)
		}
	}
	if got := h.do("GET", "/api/v1/cameras/"+cam, nil, bob).want(t, 200); strings.Contains(string(got.body), `"name":"Mine"`) {
		t.Errorf("%s", got.body)
	}
	// The two rights stand apart, one by one.
	h.save(owner, cam, h.table(owner, cam).Version, row{"grant_id": g, "levels": []string{"online"}, "rights": []string{"ptz"}}).want(t, 200)
	if s := h.seeAs(owner, cam, g); !s.Actions["ptz"].Allowed || s.Actions["sound"].Allowed {
		t.Errorf("%+v", s.Actions)
	}
}

// Row R20 over HTTP: on the day the clock is set forward the skipped hour grants
// nothing, on the day it is set back the repeated one grants both.
func TestR20_TheClockIsSet(t *testing.T) {
	kyiv, err := time.LoadLocation("Europe/Kyiv")
	if err != nil {
		t.Fatal(err)
	}
	clk := shiftedTo(time.Date(2026, 3, 29, 0, 30, 0, 0, time.UTC)) // 02:30; at 01:00 UTC 03:00 becomes 04:00
	h := newHarnessAt(t, clk)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	h.do("PATCH", "/api/v1/cameras/"+cam, row{"zone": "Europe/Kyiv"}, owner).want(t, 200)
	g := h.grant(owner, cam, bob, row{"schedule": row{"intervals": []row{{"day": 0, "from": 180, "to": 240}}}}) // Sundays 03:00 to 04:00
	at := func(utc time.Time, wall string, open bool, next time.Time) {
		t.Helper()
		clk.jump(utc.Sub(clk.Now()))
		h.signIn(owner)
		s := h.seeAs(owner, cam, g)
		if got := utc.In(kyiv).Format("15:04"); got != wall {
			t.Fatalf("it is %s in Kyiv", got)
		}
		if s.Allowed != open {
			t.Errorf("at %s UTC, %s in Kyiv: %+v", utc.Format("15:04"), wall, s)
		}
		if open && (s.Until == nil || !s.Until.Equal(next)) || !open && (s.Next == nil || !s.Next.Equal(next)) {
			t.Errorf("at %s in Kyiv: until %v, next %v, want %v", wall, s.Until, s.Next, next)
		}
	}
	week := time.Date(2026, 4, 5, 0, 0, 0, 0, time.UTC) // the next Sunday, 03:00 summer time
	at(time.Date(2026, 3, 29, 0, 59, 0, 0, time.UTC), "02:59", false, week)
	at(time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), "04:00", false, week) // 03:00 to 04:00 is not there
	at(week.Add(time.Minute), "03:01", true, week.Add(time.Hour))
	first := time.Date(2026, 10, 25, 0, 0, 0, 0, time.UTC) // 03:00 summer time; at 01:00 UTC it is 03:00 again
	at(first.Add(30*time.Minute), "03:30", true, first.Add(2*time.Hour))
	at(first.Add(90*time.Minute), "03:30", true, first.Add(2*time.Hour))
	at(first.Add(2*time.Hour), "04:00", false, time.Date(2026, 11, 1, 1, 0, 0, 0, time.UTC))
}
