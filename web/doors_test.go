package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/i18n"
	"sightline/internal/testcam"
	"sightline/internal/testpeer"
)

// wall opens a viewing session of several cameras under an address and returns
// what the answer says of each tile, and the peer.
func (h *harness) wall(t *testing.T, at string, c *caller, px int, cams ...string) ([]tileOf, *testpeer.Peer) {
	t.Helper()
	var out struct{ Tiles []tileOf }
	want := []row{}
	for i, id := range cams {
		want = append(want, row{"cell": i, "camera": id, "px": px, "focus": false})
	}
	p, err := testpeer.Join(t.Context(), testpeer.Config{Video: len(cams), Audio: true, Exchange: func(_ context.Context, offer string) (string, error) {
		var res answer
		h.poll("the offers' limit", func() bool {
			res = h.do("POST", at+"/viewing", row{"sdp": offer, "version": 1, "tiles": want}, c)
			return res.StatusCode != http.StatusTooManyRequests
		})
		if res.StatusCode != http.StatusCreated {
			return "", fmt.Errorf("%s", res.body)
		}
		return res.field("sdp"), json.Unmarshal(res.body, &out)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	if len(out.Tiles) != len(cams) {
		t.Fatalf("%d tiles", len(out.Tiles))
	}
	return out.Tiles, p
}

// Row R100: every way to a picture is decided by the one function: each door, at
// each layer, gives the same reason, and that of the list of cameras.
func TestR100_EveryDoorGivesTheSameReason(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	tab := read[tableOf](t, h.save(owner, cam, 0, row{"account": bob.account.ID}).want(t, 200))
	g := tab.Rows[0].GrantID
	change := func(r row) {
		t.Helper()
		r["grant_id"] = g
		if r["levels"] == nil {
			r["levels"] = []string{"online"}
		}
		h.save(owner, cam, h.table(owner, cam).Version, r).want(t, 200)
	}
	hidden := string(h.do("GET", "/api/v1/none", nil, bob).want(t, 404).body)
	for _, c := range []struct {
		reason string
		do     func()
	}{
		{"offer_pending", func() {}},
		{"offer_rejected", func() { h.do("POST", "/api/v1/offers/"+g+"/reject", nil, bob).want(t, 204) }},
		{"level_missing", func() {
			h.do("POST", "/api/v1/offers/"+g+"/accept", nil, bob).want(t, 204)
			change(row{"levels": []string{"archive", "notices"}})
		}},
		{"outside_schedule", func() { change(row{"schedule": row{"intervals": []row{}}}) }},
		{"camera_off", func() {
			change(row{})
			h.do("PATCH", "/api/v1/cameras/"+cam, row{"enabled": false}, owner).want(t, 200)
		}},
		{"not_found", func() { h.save(owner, cam, h.table(owner, cam).Version).want(t, 200) }},
	} {
		c.do()
		gone := c.reason == "not_found"
		for _, px := range []int{160, 1920} { // sub and main
			tiles, _ := h.wall(t, "/api/v1", bob, px, cam)
			if tiles[0].Reason != c.reason || tiles[0].Mid != "" {
				t.Errorf("%s: the tile at %d pixels says %+v", c.reason, px, tiles[0])
			}
		}
		doors := map[string]answer{"poster": h.do("GET", "/api/v1/cameras/"+cam+"/poster", nil, bob)}
		for _, layer := range []string{"auto", "sub", "main"} {
			_, doors["WHEP "+layer] = h.whep(t, cam, "?layer="+layer, bob)
		}
		for door, res := range doors {
			if gone && (res.StatusCode != 404 || string(res.body) != hidden) || !gone && (res.StatusCode != 403 || res.code() != c.reason) {
				t.Errorf("%s: %s says %d %s", c.reason, door, res.StatusCode, res.body)
			}
		}
		switch res := h.do("GET", "/api/v1/cameras/"+cam, nil, bob); {
		case res.StatusCode == 200:
			if got := read[struct{ Access struct{ Reason string } }](t, res).Access.Reason; got != c.reason {
				t.Errorf("%s: the camera says %s", c.reason, got)
			}
		case gone && string(res.body) != hidden, !gone && res.code() != c.reason:
			t.Errorf("%s: the camera says %d %s", c.reason, res.StatusCode, res.body)
		}
	}
}

// Row R25: a pending offer gives nothing, not even a still, and no list has it.
func TestR25_APendingOfferGivesNothing(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	tab := read[tableOf](t, h.save(owner, cam, 0, row{"account": bob.account.ID, "levels": fourNames}).want(t, 200))
	if tab.Rows[0].State != "offered" {
		t.Fatalf("%+v", tab)
	}
	if res := h.do("GET", "/api/v1/cameras", nil, bob).want(t, 200); string(res.body) != "{\"cameras\":[]}\n" {
		t.Errorf("%s", res.body)
	}
	for _, path := range []string{"", "/poster", "/health"} {
		if res := h.do("GET", "/api/v1/cameras/"+cam+path, nil, bob); res.StatusCode/100 != 4 || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", path, res.StatusCode, res.body)
		}
	}
	for act, a := range h.seeAs(owner, cam, tab.Rows[0].GrantID).Actions {
		if a.Allowed || a.Reason != "offer_pending" {
			t.Errorf("%s: %+v", act, a)
		}
	}
}

// Rows R99 and R105 on running pictures: a wall with a camera of somebody else
// says so in that cell and plays the other; each place carries one camera.
func TestR99_R105_OneCameraAPlace(t *testing.T) {
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	clip, err := testcam.TestClip(10, 320, 180, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	source, err := testcam.New(testcam.Config{Main: clip, Sub: clip})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(source.Close)
	var cams []string
	for _, name := range []string{"Yard", "Secret shed"} {
		cams = append(cams, h.do("POST", "/api/v1/cameras", row{"name": name, "main": source.Main(), "sub": source.Sub()}, owner).want(t, 201).field("id"))
	}
	h.grant(owner, cams[0], bob, nil)
	tiles, peer := h.wall(t, "/api/v1", bob, 320, cams...)
	if tiles[1].State != "restricted" || tiles[1].Mid != "" || tiles[1].Reason != "not_found" {
		t.Fatalf("the other's camera: %+v", tiles[1])
	}
	frames := func() map[string]uint64 {
		out := map[string]uint64{}
		for _, st := range peer.Stats() {
			if st.Frames > 0 {
				out[st.Mid] = st.Frames
			}
		}
		return out
	}
	h.poll("frames of the first", func() bool { return frames()[tiles[0].Mid] > 10 })
	if got := frames(); len(got) != 1 {
		t.Errorf("packets come at %v, only %s may carry any", got, tiles[0].Mid)
	}
	both, p := h.wall(t, "/api/v1", owner, 320, cams...)
	if both[0].Mid == "" || both[0].Mid == both[1].Mid {
		t.Fatalf("%+v", both)
	}
	h.poll("frames of both, each at its own place", func() bool {
		n := 0
		for _, st := range p.Stats() {
			if st.Frames > 5 && (st.Mid == both[0].Mid || st.Mid == both[1].Mid) {
				n++
			}
		}
		return n == 2
	})
}

// Row R103: the list of reasons is closed, each has a sentence in every
// catalogue, and what is answered over HTTP is one of them.
func TestR103_ReasonsHaveTheirSentence(t *testing.T) {
	texts, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range texts.Languages() {
		seen := map[string]authz.Reason{}
		for _, r := range authz.Reasons() {
			if r == authz.ReasonOK {
				continue
			}
			key := "reason." + string(r)
			text := texts.Text(lang, key, i18n.Args{})
			if text == "" || text == key || lang != "en" && text == texts.Text("en", key, i18n.Args{}) {
				t.Errorf("%s has no sentence for %s: %q", lang, r, text)
			}
			if other, twice := seen[text]; twice && r != authz.ReasonLinkGone && other != authz.ReasonLinkGone && r != authz.ReasonLinkRemoved && other != authz.ReasonLinkRemoved {
				t.Logf("%s: %s and %s say the same", lang, r, other)
			}
			seen[text] = r
		}
	}
	h := newHarness(t)
	owner, bob := h.named("owner@example.org", "Owner"), h.named("bob@example.org", "Bobby")
	cam := h.camera(owner, "Yard")
	h.grant(owner, cam, bob, nil)
	res := h.do("DELETE", "/api/v1/cameras/"+cam, nil, bob).want(t, 403)
	p := read[problem](t, res)
	if p.Code != "not_owner" || p.Detail == "" || p.Title != "Forbidden" || p.ID == "" {
		t.Errorf("%s", res.body)
	}
}
