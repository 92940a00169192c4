package web

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/controlroom/notice"
	"sightline/internal/secret"
)

// notices reads one's notices as kind/camera/person words, newest first.
func (h *harness) notices(c *caller) (list []string, ids []string) {
	h.t.Helper()
	var out struct {
		Notices []struct {
			ID, Kind, Answer string
			Camera, Person   *struct{ Name string }
			Read             bool
		}
	}
	if err := json.Unmarshal(h.do("GET", "/api/v1/notices", nil, c).want(h.t, 200).body, &out); err != nil {
		h.t.Fatal(err)
	}
	for _, n := range out.Notices {
		s := n.Kind + n.Answer
		if n.Camera != nil {
			s += " " + n.Camera.Name
		}
		if n.Person != nil {
			s += " " + n.Person.Name
		}
		if n.Read {
			s += " read"
		}
		list, ids = append(list, s), append(ids, n.ID)
	}
	return list, ids
}

// One page of each is open: badge and "changed" arrive by themselves, within
// the 2 s of R26, and nobody else's page hears of it.
func TestR26_R31_NoticesReachOpenPages(t *testing.T) {
	h := newHarness(t)
	owner, friend := h.person("owner", true), h.person("friend", false)
	stranger := h.person("stranger", false)
	cam := h.camera(owner, "Yard")
	mine, his, third := h.socket(t, "/api/v1/socket", owner), h.socket(t, "/api/v1/socket", friend), h.socket(t, "/api/v1/socket", stranger)
	for _, s := range []*client{mine, his, third} {
		s.send(map[string]any{"type": "hello"})
		if b := s.until("badges"); b["notices"] != float64(0) {
			t.Fatalf("%v", b)
		}
	}
	save := func(rows ...map[string]any) {
		t.Helper()
		var table struct{ Version uint64 }
		if err := json.Unmarshal(h.do("GET", "/api/v1/cameras/"+cam+"/access", nil, owner).want(t, 200).body, &table); err != nil {
			t.Fatal(err)
		}
		if rows == nil {
			rows = []map[string]any{}
		}
		h.do("PUT", "/api/v1/cameras/"+cam+"/access", map[string]any{"version": table.Version, "rows": rows}, owner).want(t, 200)
	}
	badge := func(s *client, n float64, since time.Time) {
		t.Helper()
		for s.until("badges")["notices"] != n {
		}
		if d := time.Since(since); d > soon {
			t.Errorf("the badge came after %v", d)
		}
	}
	at := time.Now()
	save(map[string]any{"email": "friend@example.org", "levels": []string{"online"}})
	badge(his, 1, at)
	for his.until("changed")["what"] != "notices" {
	}
	if got, _ := h.notices(friend); len(got) != 1 || got[0] != "offer_received Yard owner" {
		t.Fatalf("%q", got)
	}

	// R32: reading it leaves the offer.
	_, ids := h.notices(friend)
	at = time.Now()
	h.do("POST", "/api/v1/notices/read", map[string]any{"ids": ids}, friend).want(t, 204)
	badge(his, 0, at)
	offers, err := h.authority.Offers(t.Context(), authzSubject(t, h, friend))
	if err != nil || len(offers) != 1 || offers[0].State != "offered" {
		t.Fatalf("%v %v", offers, err)
	}

	at = time.Now()
	h.do("POST", "/api/v1/offers/"+offers[0].Grant.ID+"/reject", nil, friend).want(t, 204)
	badge(mine, 1, at)
	if got, _ := h.notices(owner); len(got) != 1 || got[0] != "offer_answereddeclined Yard friend" {
		t.Fatalf("%q", got)
	}
	if me := h.do("GET", "/api/v1/me", nil, owner).want(t, 200); !json.Valid(me.body) || h.badge(owner) != 1 {
		t.Errorf("%s", me.body)
	}
	h.do("POST", "/api/v1/notices/read", map[string]any{"all": true}, owner).want(t, 204)
	badge(mine, 0, time.Now())

	// R14: with the access the name goes, from what was told before too.
	h.do("POST", "/api/v1/offers/"+offers[0].Grant.ID+"/accept", nil, friend).want(t, 204)
	badge(mine, 1, time.Now())
	save()
	h.poll("the end is told without the camera's name", func() bool {
		got, _ := h.notices(friend)
		return len(got) == 1 && got[0] == "access_ended owner"
	})
	if got, _ := h.notices(stranger); len(got) != 0 || h.badge(stranger) != 0 {
		t.Errorf("a stranger reads %q", got)
	}
	// Nobody marks another's as read, and nothing is said of whether it exists.
	_, ids = h.notices(friend)
	h.do("POST", "/api/v1/notices/read", map[string]any{"ids": ids}, stranger).want(t, 204)
	if h.badge(friend) != 1 {
		t.Errorf("%d unread after a stranger read them", h.badge(friend))
	}
}

// authzSubject is the subject behind a caller's cookie.
func authzSubject(t *testing.T, h *harness, c *caller) authz.Subject {
	t.Helper()
	s, _, err := h.authority.Authenticate(t.Context(), secret.New(strings.TrimPrefix(c.cookie, "__Host-sightline=")))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// badge is the unread count of the page's head.
func (h *harness) badge(c *caller) int {
	h.t.Helper()
	var me struct{ Badges struct{ Notices int } }
	if err := json.Unmarshal(h.do("GET", "/api/v1/me", nil, c).want(h.t, 200).body, &me); err != nil {
		h.t.Fatal(err)
	}
	return me.Badges.Notices
}

func TestNoticesInput(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	cam := h.camera(owner, "Yard")
	h.do("GET", "/api/v1/notices?before=nonsense", nil, owner).want(t, 422)
	h.do("POST", "/api/v1/notices/read", map[string]any{}, owner).want(t, 422)
	h.do("POST", "/api/v1/notices/read", map[string]any{"all": true, "ids": []string{cam}}, owner).want(t, 422)
	h.do("PUT", "/api/v1/cameras/"+cam+"/mute", map[string]any{"muted": true}, owner).want(t, 204)
	hidden := h.do("GET", "/api/v1/nothing", nil, nil).want(t, 404)
	if res := h.do("PUT", "/api/v1/cameras/"+cam+"/mute", map[string]any{"muted": true}, other).want(t, 404); string(res.body) != string(hidden.body) {
		t.Errorf("%s", res.body)
	}
	var out struct{ Muted []string }
	if err := json.Unmarshal(h.do("GET", "/api/v1/notices", nil, owner).want(t, 200).body, &out); err != nil || len(out.Muted) != 1 || out.Muted[0] != cam {
		t.Errorf("muted %v, %v", out.Muted, err)
	}
	h.do("PUT", "/api/v1/cameras/"+cam+"/mute", map[string]any{"muted": false}, owner).want(t, 204)
}

// A camera's owner says whether an image that arrives is told; what is written is
// in the settings, and reaches who may be told.
func TestAnImageThatArrivesIsToldWhereItIsWanted(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam := h.camera(owner, "Yard")
	if err := h.room.Arrived(t.Context(), cam, "i0"); err != nil { // nothing comes in yet
		t.Fatal(err)
	}
	h.do("PUT", "/api/v1/cameras/"+cam+"/intake", map[string]any{"tell": false}, owner).want(t, 200)
	if err := h.room.Arrived(t.Context(), cam, "i1"); err != nil {
		t.Fatal(err)
	}
	set := decoded[intakeView](t, h.do("PUT", "/api/v1/cameras/"+cam+"/intake", map[string]any{"tell": true}, owner).want(t, 200))
	if !set.Tell {
		t.Errorf("%+v", set)
	}
	for _, id := range []string{"i2", "i3"} {
		if err := h.room.Arrived(t.Context(), cam, id); err != nil {
			t.Fatal(err)
		}
	}
	h.poll("one notice", func() bool {
		got, _ := h.notices(owner)
		return len(got) == 1 && got[0] == "still Yard"
	})
}

// Preferences over HTTP, by version, and the filters of the list.
func TestHowOneIsTold(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	const url = "/api/v1/me/notices/preferences"
	p := decoded[notice.Preferences](t, h.do("GET", url, nil, owner).want(t, 200))
	p.Digest, p.Quiet.On = "daily", true
	p.Kinds["motion"] = notice.Ways{Mail: true}
	now := decoded[notice.Preferences](t, h.do("PUT", url, p, owner).want(t, 200))
	if now.Version == 0 || now.Digest != "daily" || now.Kinds["motion"] != (notice.Ways{Mail: true}) {
		t.Errorf("%+v", now)
	}
	if p := decoded[problemBody](t, h.do("PUT", url, p, owner).want(t, 409)); p.Code != "stale" {
		t.Errorf("%+v", p)
	}
	now.Quiet.From = "7 pm"
	if p := decoded[problemBody](t, h.do("PUT", url, now, owner).want(t, 422)); p.Field != "quiet.from" {
		t.Errorf("%+v", p)
	}
	h.do("GET", url, nil, nil).want(t, 401)
	for _, q := range []string{"kind=nothing", "camera=x", "from=yesterday", "to=1066-10-14T09:00:00Z", "unread=maybe", "unread=TRUE", "from=2026-11-22T10:00:00Z&to=2026-11-22T10:00:00Z"} {
		h.do("GET", "/api/v1/notices?"+q, nil, owner).want(t, 422)
	}
	h.do("GET", "/api/v1/notices?kind=motion,person&from=2026-11-22T10:00:00Z&to=2026-11-22T11:00:00%2B00:00&unread=true", nil, owner).want(t, 200)
}
