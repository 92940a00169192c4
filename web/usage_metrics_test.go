package web

import (
	"math"
	"testing"
	"time"

	"sightline/internal/clock"
	"sightline/ratelimit"
)

// number is the value of a metric without labels.
func (h *harness) number(name string) float64 {
	h.t.Helper()
	families, err := h.registry.Gather()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	h.t.Fatalf("no metric %s", name)
	return 0
}

// TestR88_OwnersAndOperatorsReadTheSameNumbers: what two links' guests used stands
// on the owner's pages, bars, hours and sums, as in the metrics; his own visit in none.
func TestR88_OwnersAndOperatorsReadTheSameNumbers(t *testing.T) {
	h := newHarnessBudgets(t, clock.System, nil, testBudgets{updates: ratelimit.UpdateRules{Repeat: time.Hour}}, trusting)
	owner := h.person("owner", true)
	cam := h.liveCamera(t, owner, "Yard")
	yard, yardSec := h.link(owner, "Yard", cam)
	gate, gateSec := h.link(owner, "Gate", cam)
	proxy := h.proxy(t)
	guests := []*proxied{h.arrive(t, proxy, yardSec, "127.0.2.1", ""), h.arrive(t, proxy, yardSec, "127.0.2.2", ""), h.arrive(t, proxy, gateSec, "127.0.2.2", "")}
	for _, g := range guests {
		g.plays(g.from)
		g.ask("POST", "/gallery").want(t, 200)
		g.ask("POST", "/gallery").want(t, 200) // a repeat
	}
	h.poll("three live places", func() bool { return h.number("sightline_guest_slots") == 3 })
	h.poll("two addresses", func() bool { return h.number("sightline_guest_addresses") == 2 })
	h.poll("some seconds", func() bool { return h.number("sightline_link_viewing_seconds_total") > 6 })
	for _, g := range guests { // they leave
		g.peer.Close()
		_ = g.conn.Close()
	}
	var page myUsageView
	deadline, seen := time.Now().Add(40*time.Second), -1.0
	for { // until nobody is live any more, and that is told
		page = decoded[myUsageView](t, h.do("GET", "/api/v1/me/usage", nil, owner).want(t, 200))
		counted := h.number("sightline_link_viewing_seconds_total")
		if counted == seen && math.Abs(float64(page.Totals.ViewerSeconds)-counted) <= 2 { // each link is rounded
			break
		}
		if seen = counted; time.Now().After(deadline) {
			t.Fatalf("the owner reads %d s, the operator %.1f", page.Totals.ViewerSeconds, counted)
		}
		<-time.After(2500 * time.Millisecond)
	}
	if n := h.number("sightline_gallery_updates_total"); n != 3 || page.Totals.GalleryUpdates != 3 || page.Totals.Users != 3 || page.Totals.Addresses != 3 {
		t.Errorf("%v updates by the metrics; %+v", n, page.Totals)
	}
	var sum myLinkUsage
	for _, id := range []string{yard, gate} {
		u := h.usageOf(t, owner, id)
		people, minutes := int64(0), 0.0
		for i, p := range u.Hours {
			people = max(people, p.Users)
			sum.GalleryUpdates.Used += p.Updates
			minutes += p.Minutes
			if i > 0 && !p.At.Equal(u.Hours[i-1].To) {
				t.Errorf("%s: hour %d begins at %v after %v", id, i, p.At, u.Hours[i-1].To)
			}
		}
		if sum.Users.Used += people; math.Abs(minutes*60-float64(u.ViewerSeconds.Used)) > 2 || people != u.Users.Used || len(u.Throttled) != 0 {
			t.Errorf("%s: by hour %v, the bars %+v", id, u.Hours, u)
		}
	}
	if sum.GalleryUpdates.Used != 3 || sum.Users.Used != 3 {
		t.Errorf("by hour: %+v", sum)
	}
}
