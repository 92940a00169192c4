package authz

import (
	"net/netip"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

// from moves a visit to an address, as its next opening does.
func (s *stand) from(g Subject, ip string) Subject {
	s.t.Helper()
	s.noteClient(s.ctx(), g, Client{IP: netip.MustParseAddr(ip), Browser: "Firefox"})
	return g
}

// TestR76_ABlockCutsAnAddressAtOnceOnEveryNode: IPv4 alone, IPv6 with its /64, of
// this link only, and until it is taken back.
func TestR76_ABlockCutsAnAddressAtOnceOnEveryNode(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		a := newStand(t, store, func(c *Config) { c.Node = "a" }).run()
		b := newStand(t, store, func(c *Config) { c.Node = "b" }).run()
		ann, bob := a.person("Ann"), a.person("Bob")
		cam := a.camera(ann.Subject, "Yard")
		link, other := a.shareLink(ann.Subject, "Gate", cam.ID), a.shareLink(ann.Subject, "Door", cam.ID)
		visit := func(l LinkView, ip string) Subject {
			g, _, _ := a.guest(l)
			return a.from(g, ip)
		}
		bad, near, far := visit(link, "2001:db8:1:2::1"), visit(link, "2001:db8:1:2:ffff::9"), visit(link, "2001:db8:1:3::1")
		elsewhere, four := visit(other, "2001:db8:1:2::1"), visit(link, "192.0.2.7")
		type running struct {
			l *Lease
			e ended
		}
		var cut []running
		for _, g := range []Subject{bad, near} {
			e := newEnded()
			cut = append(cut, running{b.subscribe(g, cam.ID, e.tell), e})
		}
		var kept []*Lease
		for _, g := range []Subject{far, elsewhere, four} {
			kept = append(kept, b.subscribe(g, cam.ID, nil))
		}
		if _, err := a.BlockAddress(a.ctx(), bob.Subject, link.Link.ID, bad.Visit, netip.MustParseAddr("2001:db8:1:2::1")); !fault.Is(err, fault.NotFound) {
			t.Fatalf("somebody else blocks: %v", err)
		}
		made, err := a.BlockAddress(a.ctx(), ann.Subject, link.Link.ID, bad.Visit, netip.MustParseAddr("2001:db8:1:2::1"))
		if err != nil || made.Prefix != "2001:db8:1:2::/64" || made.Until.Sub(made.Since) != 24*time.Hour {
			t.Fatalf("%+v, %v", made, err)
		}
		acked := time.Now()
		for _, r := range cut {
			b.wantEndSoon(r.l, r.e, ReasonIPBlocked)
		}
		if d := time.Since(acked); d > 25*time.Second { // of the 30 s that a lease is good for without a word
			t.Errorf("cut after %v", d)
		}
		for i, l := range kept {
			if dead(l) {
				t.Errorf("%d is cut too", i)
			}
		}
		for g, want := range map[Subject]Reason{bad: ReasonIPBlocked, near: ReasonIPBlocked, far: ReasonOK, elsewhere: ReasonOK, four: ReasonOK} {
			a.wantDecision(g, ActLive, cam.ID, want)
		}
		again, err := a.BlockAddress(a.ctx(), ann.Subject, link.Link.ID, bad.Visit, netip.MustParseAddr("2001:db8:1:2::5"))
		if err != nil || again.ID == made.ID {
			t.Fatalf("%+v, %v", again, err)
		}
		list, err := a.Blocks(a.ctx(), ann.Subject, link.Link.ID)
		if err != nil || len(list) != 1 || list[0].ID != again.ID {
			t.Fatalf("%+v, %v", list, err)
		}
		if err := a.Unblock(a.ctx(), ann.Subject, link.Link.ID, made.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the one before: %v", err)
		}
		if err := a.Unblock(a.ctx(), ann.Subject, link.Link.ID, again.ID); err != nil {
			t.Fatal(err)
		}
		a.wantDecision(bad, ActLive, cam.ID, ReasonOK)
	})
}

// TestR76_ABlockEndsByItself at its end, and what cannot be read still blocks.
func TestR76_ABlockEndsByItself(t *testing.T) {
	until := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := &Link{Blocks: []Block{{Prefix: "192.0.2.7/32", Until: until}}}
	if !blocked(l, "192.0.2.7", until.Add(-time.Millisecond)) || blocked(l, "192.0.2.7", until) || blocked(l, "192.0.2.8", until.Add(-time.Hour)) {
		t.Error("a block is exclusive of its end and of others")
	}
	if !blocked(l, "", until.Add(-time.Hour)) {
		t.Error("a visit without an address is let in")
	}
	if got := BlockedUntil(l.Blocks, netip.MustParseAddr("::ffff:192.0.2.7"), until.Add(-time.Hour)); !got.Equal(until) {
		t.Errorf("mapped: %v", got)
	}
}
