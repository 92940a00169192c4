package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sightline/controlroom/notice"
	"sightline/internal/clock"
	"sightline/ratelimit"
)

func (h *harness) visitsOf(t *testing.T, owner *caller, link string) []visitRow {
	t.Helper()
	return decoded[visitsView](t, h.do("GET", "/api/v1/links/"+link+"/visits", nil, owner).want(t, 200)).Visits
}

// from is the row of the visit that comes from an address, "127.0.1.2" say.
func (h *harness) rowOf(t *testing.T, owner *caller, link, visit string) (row visitRow) {
	t.Helper()
	for _, v := range h.visitsOf(t, owner, link) {
		if v.ID == visit {
			return v
		}
	}
	t.Fatalf("no visit %s", visit)
	return row
}

// TestR76_R82_R84_UseOfALinkFromBothSides: two places, three guests, one of them
// slowed. The owner sees who used what, is told once of each part, and blocks an
// address; the guest is told what he gets and why.
func TestR76_R82_R84_UseOfALinkFromBothSides(t *testing.T) {
	h := newHarnessBudgets(t, clock.System, nil, testBudgets{slots: ratelimit.SlotRules{Slots: 2}}, trusting)
	owner := h.person("owner", true)
	cam := h.liveCamera(t, owner, "Yard")
	link, sec := h.link(owner, "Yard", cam)
	proxy := h.proxy(t)
	page := h.watch(t, owner, cam)
	page.plays("the owner")
	one, two := h.arrive(t, proxy, sec, "127.0.1.1", ""), h.arrive(t, proxy, sec, "127.0.1.2", "")
	one.plays("the first")
	two.plays("the second")
	h.poll("the owner's page hears of it", func() bool { return page.heard("usage") > 0 })
	three := h.arrive(t, proxy, sec, "127.0.1.3", "")
	h.poll("stills", func() bool { state, _, _, _ := three.tile(); return state == "throttled" })

	// The guest: his visit says so, by the socket and when it is asked for.
	h.poll("the socket's word", func() bool { s, why, _ := three.visit(); return s == "throttled" && why == "throttled_users" })
	v := decoded[visitView](t, three.ask("GET", "/visit").want(t, 200))
	if v.State != "throttled" || v.Reason != "throttled_users" || v.Until == nil || v.Until.Before(time.Now().Add(23*time.Hour)) {
		t.Errorf("%+v", v)
	}
	if v := decoded[visitView](t, one.ask("GET", "/visit").want(t, 200)); v.State != "live" || v.Reason != "" {
		t.Errorf("who has a place: %+v", v)
	}

	// The owner: a row each, with what it used.
	ids := map[string]string{}
	h.poll("three rows", func() bool {
		for _, v := range h.visitsOf(t, owner, link) {
			switch {
			case v.Throttled && !v.Slot && !v.Watching:
				ids["three"] = v.ID
			case v.Watching && v.Slot && !v.Throttled && v.ViewingSeconds > 0:
				ids[fmt.Sprint(len(ids))] = v.ID
			}
			if v.IPMasked != "127.0.*.*" || v.Browser == "" || v.Owner || v.FirstSeen.IsZero() || v.LastSeen.Before(v.FirstSeen) {
				t.Fatalf("%+v", v)
			}
		}
		return ids["three"] != "" && len(ids) >= 3
	})
	h.poll("an update is in its row", func() bool {
		one.ask("POST", "/gallery").want(t, 200)
		n := 0
		for _, v := range h.visitsOf(t, owner, link) {
			n += v.GalleryUpdates
		}
		return n >= 1
	})

	// One notice at 80 %, one at 100 %, each naming link and budget.
	kinds := func() map[string]int {
		out := map[string]int{}
		for _, n := range decoded[noticesView](t, h.do("GET", "/api/v1/notices", nil, owner).want(t, 200)).Notices {
			if n.Link != nil && n.Link.ID == link && n.Link.Name == "Yard" {
				out[n.Kind+" "+n.Budget]++
			}
		}
		return out
	}
	h.poll("two notices", func() bool {
		k := kinds()
		return k[notice.LinkNear+" users"] == 1 && k[notice.LinkUsedUp+" users"] == 1
	})

	// The account, all links together.
	var mine myUsageView
	h.poll("three addresses", func() bool {
		mine = decoded[myUsageView](t, h.do("GET", "/api/v1/me/usage", nil, owner).want(t, 200))
		return mine.Totals.Addresses == 3
	})
	if len(mine.Links) != 1 || mine.Links[0].ID != link || mine.Links[0].State != "throttled" || mine.Links[0].Users.Used != 2 ||
		mine.Totals.GalleryUpdates < 1 || mine.Egress.BudgetBytes != nil || mine.Egress.State != "normal" {
		t.Errorf("%+v", mine)
	}

	h.blocks(t, owner, link, ids["three"], three, one)
	if k := kinds(); k[notice.LinkNear+" users"] != 1 || k[notice.LinkUsedUp+" users"] != 1 {
		t.Errorf("told again: %v", k)
	}
	one.plays("who is not blocked")
}

// blocks blocks the address of a visit and lets it in again.
func (h *harness) blocks(t *testing.T, owner *caller, link, visit string, bad, good *proxied) {
	t.Helper()
	at := "/api/v1/links/" + link
	other := h.person("other", false)
	for _, try := range []struct{ method, path string }{{"GET", "/visits"}, {"GET", "/blocks"}, {"POST", "/visits/" + visit + "/address"}} {
		if res := h.do(try.method, at+try.path, nil, other); res.StatusCode != 404 {
			t.Errorf("%s %s by another account: %d", try.method, try.path, res.StatusCode)
		}
	}
	if got := h.do("POST", at+"/visits/"+visit+"/address", nil, owner).want(t, 200).field("ip"); got != "127.0.1.3" {
		t.Errorf("the address is %q", got)
	}
	h.poll("it is in the log", func() bool {
		return strings.Contains(string(h.do("GET", "/api/v1/audit", nil, owner).want(t, 200).body), `"visit.address"`)
	})
	begun := time.Now()
	made := decoded[blockView](t, h.do("POST", at+"/blocks", row{"visit": visit}, owner).want(t, 201))
	if d := made.Until.Sub(begun); d < 24*time.Hour-time.Minute || d > 24*time.Hour+time.Minute || made.IPMasked != "127.0.*.*" {
		t.Errorf("%+v", made)
	}
	h.poll("the end", func() bool {
		s, why, at := bad.visit()
		return s == "ended" && why == "ip_blocked" && at.Sub(begun) < soon
	})
	if v := h.rowOf(t, owner, link, visit); v.BlockedUntil == nil {
		t.Errorf("%+v", v)
	}
	h.poll("a refusal of pictures", func() bool { return bad.ask("POST", "/gallery").StatusCode == 403 })
	if v := decoded[visitView](t, bad.ask("GET", "/visit").want(t, 200)); v.State != "ended" || v.Reason != "ip_blocked" {
		t.Errorf("%+v", v)
	}
	// Another browser from there; a cookie taken there from elsewhere; and what nobody may tell apart.
	if v := decoded[visitView](t, bad.again(t)); v.State != "ended" || v.Reason != "ip_blocked" {
		t.Errorf("a new visit from the address: %+v", v)
	}
	unknown := row{"secret": strings.Repeat("A", 43)}
	a, b := bad.behind().do("POST", "/g/exchange", unknown, nil), good.behind().do("POST", "/g/exchange", unknown, nil)
	if a.StatusCode != b.StatusCode || withoutID(a.body) != withoutID(b.body) {
		t.Errorf("a blocked address is told apart: %s, %s", a.body, b.body)
	}
	if list := decoded[blocksView](t, h.do("GET", at+"/blocks", nil, owner).want(t, 200)).Blocks; len(list) != 1 || list[0].ID != made.ID {
		t.Errorf("%+v", list)
	}
	h.do("DELETE", at+"/blocks/"+made.ID, nil, owner).want(t, 204)
	h.do("DELETE", at+"/blocks/"+made.ID, nil, owner).want(t, 404)
	if v := decoded[visitView](t, bad.ask("GET", "/visit").want(t, 200)); v.State == "ended" {
		t.Errorf("after the block: %+v", v)
	}
}

// withoutID is a problem without the id of its request.
func withoutID(body []byte) string {
	var m map[string]any
	_ = json.Unmarshal(body, &m)
	for k := range m {
		if strings.Contains(k, "id") || k == "instance" {
			delete(m, k)
		}
	}
	return fmt.Sprint(m)
}

// TestR77_AForgedForwardedForChangesNothing: without a trusted proxy in between,
// the connection's own address is the only one there is.
func TestR77_AForgedForwardedForChangesNothing(t *testing.T) {
	h := newHarnessBudgets(t, clock.System, nil, testBudgets{slots: ratelimit.SlotRules{Slots: 1}})
	owner := h.person("owner", true)
	link, sec := h.link(owner, "Yard", h.liveCamera(t, owner, "Yard"))
	for i, forged := range []string{"", "203.0.113.1", "203.0.113.2, 198.51.100.7", "2001:db8::1"} {
		g := h.arrive(t, h.url, sec, "127.0.0.1", forged)
		g.plays("guest " + fmt.Sprint(i))
	}
	if u := h.usageOf(t, owner, link); u.Users.Used != 1 || u.Addresses > 1 {
		t.Errorf("%+v", u)
	}
	late := h.arrive(t, h.url, sec, "127.0.0.9", "127.0.0.1") // another address that claims the one with the place
	h.poll("stills", func() bool { state, why, _, _ := late.tile(); return state == "throttled" && why == "throttled_users" })
}

// TestEveryRouteOfTheAPIHasABucket, by address before anybody is looked up and by
// account: the answer is 429 with Retry-After, at once.
func TestEveryRouteOfTheAPIHasABucket(t *testing.T) {
	h := newHarness(t, standing(ratelimit.Rules{Requests: 1, RequestsAtOnce: 30, RequestsAddress: 1, RequestsAddressAtOnce: 60}))
	owner := h.person("owner", true)
	tries := func(path string, c *caller) (passed int, refused *answer) {
		for range 80 {
			res := h.do("GET", path, nil, c)
			if res.StatusCode == http.StatusTooManyRequests {
				if res.Header.Get("Retry-After") == "" {
					t.Errorf("%s: %v", path, res.Header)
				}
				return passed, &res
			}
			passed++
		}
		return passed, nil
	}
	if n, refused := tries("/api/v1/me", owner); n != 30 || refused == nil {
		t.Errorf("an account made %d requests at once", n)
	}
	if n, refused := tries("/api/v1/status", nil); n > 30 || refused == nil { // of 60, 31 were asked with the login
		t.Errorf("an address made %d more without a login", n)
	}
	if h.do("GET", "/s", nil, nil).StatusCode != 200 {
		t.Error("a page is refused too")
	}
}

// TestInstanceLimits are for the instance administrator only.
func TestInstanceLimits(t *testing.T) {
	h := newHarness(t, func(c *Config) {
		c.LimitRows = []LimitRow{{Key: "limits.share_links", Value: "3", Default: "3", Help: "Share links."}}
	})
	owner, other := h.person("owner", true), h.person("other", false)
	if l := decoded[limitsView](t, h.do("GET", "/api/v1/instance/limits", nil, owner).want(t, 200)).Limits; len(l) != 1 || l[0].Key != "limits.share_links" {
		t.Errorf("%+v", l)
	}
	h.do("GET", "/api/v1/instance/limits", nil, other).want(t, 404)
}

// TestR88_NoLabelNamesAnybody: no metric of the whole server has an address, an
// id, a name or a secret in a label.
func TestR88_NoLabelNamesAnybody(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", true)
	cam := h.liveCamera(t, owner, "Yard")
	link, sec := h.link(owner, "Balcony", cam)
	h.arrive(t, h.url, sec, "127.0.0.1", "").plays("a guest")
	families, err := h.registry.Gather()
	if err != nil || len(families) < 50 {
		t.Fatalf("%d metrics, %v", len(families), err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				v := l.GetValue()
				_, ip := netip.ParseAddr(v)
				for _, secret := range []string{link, sec, owner.account.ID, "Yard", "Balcony", "owner", "@"} {
					if strings.Contains(v, secret) && v != "owner" && v != "owner_hold" && v != "not_owner" && v != "stopped_by_owner" {
						t.Errorf("%s{%s=%q}", f.GetName(), l.GetName(), v)
					}
				}
				if ip == nil {
					t.Errorf("%s{%s=%q} is an address", f.GetName(), l.GetName(), v)
				}
			}
		}
	}
}
