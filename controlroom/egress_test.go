package controlroom

import (
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/kv/boltkv"
	"sightline/ratelimit"
	"sightline/ratelimit/locallimit"
	"sightline/sfu"
)

// TestEgressLevelIsAPureFunctionOfTheCounters.
func TestEgressLevelIsAPureFunctionOfTheCounters(t *testing.T) {
	for _, c := range []struct {
		used, budget int64
		want         EgressLevel
	}{{0, 0, EgressFree}, {1 << 50, 0, EgressFree}, {999, 1000, EgressFree}, {1000, 1000, EgressSub}, {1099, 1000, EgressSub}, {1100, 1000, EgressStills}} {
		if got := EgressLevelOf(c.used, c.budget); got != c.want {
			t.Errorf("%d of %d: %d, want %d", c.used, c.budget, got, c.want)
		}
	}
}

// TestEgressBudgetGoesFromMainToSubToStillsAndBack: what an account's cameras send
// is counted at its owner, others go from main to sub to stills, the owner keeps
// moving pictures, and nobody is attached anew or goes dark.
func TestEgressBudgetGoesFromMainToSubToStillsAndBack(t *testing.T) {
	fake := clock.NewFake(clock.System.Now())
	store, err := boltkv.Open(t.Context(), t.TempDir(), boltkv.Config{Clock: fake, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	rules := ratelimit.EgressRules{Budget: 10 << 20}
	tr, _, _ := budgetRoom(t)
	tr.deps.egress = newEgressBook(ratelimit.NewEgress(locallimit.NewHours(store, rules.Hours(), fake), rules), nil)
	tr.deps.owners = func(string) string { return olena.Account }
	focus := []TileWant{{Cell: 0, Camera: "c0", Px: 1920, Focus: true}}
	s, p := tr.openFrom(t, guest("a"), fromOne, focus...)
	own, mine := tr.openFrom(t, olena, Client{}, focus...)
	sent := uint64(0)
	send := func(mb uint64) {
		sent += mb << 20
		p.sentMu.Lock()
		p.sent = map[string]uint64{s.at(0).Mid: sent}
		p.sentMu.Unlock()
		tr.tick(0)
		tr.reportEgress(t.Context())
	}
	layer := func(p *fakePeer) int {
		p.mu.Lock()
		defer p.mu.Unlock()
		w, changed := p.wants["0"]
		if !changed {
			w = p.on["0"].Want
		}
		return w + 2 - len(p.on["0"].Layers) // 1 is the main layer, with one layer or with two
	}
	send(9)
	if s.at(0).State != StateLive || layer(p) != 1 {
		t.Fatalf("%+v, layer %d", s.at(0), layer(p))
	}
	send(1)
	eventually(t, "the sub layer for both", func() bool { return len(p.subscription("0").Layers) == 1 && len(mine.subscription("0").Layers) == 1 })
	if s.at(0).State != StateLive || p.subscription("0").Budget.Mode() != sfu.ModeLive {
		t.Errorf("%+v", s.at(0))
	}
	send(1)
	eventually(t, "stills for the guest", func() bool {
		st := s.at(0)
		return st.State == StateThrottled && st.Reason == string(authz.ReasonThrottledEgress) && st.Until != nil && p.subscription("0").Budget.Mode() == sfu.ModeStill
	})
	if own.at(0).State != StateLive || mine.subscription("0").Budget != nil {
		t.Errorf("the owner: %+v", own.at(0))
	}
	fake.Advance(rules.Hours().WithDefaults().Window + 1)
	tr.reportEgress(t.Context())
	eventually(t, "all again", func() bool { return s.at(0).State == StateLive && len(p.subscription("0").Layers) == 2 })
}

// TestEgressCountsWhatWasSentBeforeATileWent: what is sent to a tile that goes to
// another owner's camera, or away, between two pulses is counted, and at its owner.
func TestEgressCountsWhatWasSentBeforeATileWent(t *testing.T) {
	tr, slots, _ := budgetRoom(t)
	slots.say(ratelimit.Admission{Waiting: 1}, nil) // stills
	store, err := boltkv.Open(t.Context(), t.TempDir(), boltkv.Config{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	rules := ratelimit.EgressRules{Budget: 10 << 20}
	tr.deps.egress = newEgressBook(ratelimit.NewEgress(locallimit.NewHours(store, rules.Hours(), clock.System), rules), nil)
	tr.deps.owners = func(camera string) string { return "owner of " + camera }
	s, p := tr.openFrom(t, guest("a"), fromOne, cameraTiles("c0")...)
	if v := p.subscription("0").Viewer; v != s.subject.Session() {
		t.Errorf("the tile is for %q", v)
	}
	send := func(n uint64) {
		p.sentMu.Lock()
		defer p.sentMu.Unlock()
		p.sent = map[string]uint64{"0": p.sent["0"] + n}
	}
	counted := func(camera string) int64 {
		tr.deps.egress.mu.Lock()
		defer tr.deps.egress.mu.Unlock()
		if e := tr.deps.egress.sent["owner of "+camera]; e != nil {
			return e.bytes
		}
		return 0
	}
	send(1000)
	s.setTiles(2, cameraTiles("c1"))
	eventually(t, "the other camera", func() bool { return s.at(0).Camera == "c1" && p.carries("0") })
	if n := counted("c0"); n != 1000 || counted("c1") != 0 {
		t.Errorf("%d bytes at the first owner, %d at the second", n, counted("c1"))
	}
	send(200)
	s.setTiles(3, nil)
	eventually(t, "nothing attached", func() bool { return !p.carries("0") })
	tr.tick(0)
	if n := counted("c1"); n != 200 {
		t.Errorf("%d bytes of a tile that went are counted", n)
	}
	s.setTiles(4, cameraTiles("c0"))
	eventually(t, "the first camera", func() bool { return s.at(0).Camera == "c0" && p.carries("0") })
	send(30)
	s.stop(ending{})
	<-s.done
	if n := counted("c0"); n != 1030 {
		t.Errorf("%d bytes after the end, want 1030", n)
	}
}

// TestRuling3_AHiddenGuestKeepsHisPlace as long as his page has its socket.
func TestRuling3_AHiddenGuestKeepsHisPlace(t *testing.T) {
	tr, slots, _ := budgetRoom(t)
	slots.say(ratelimit.Admission{Waiting: 1}, nil)
	s, p := tr.openFrom(t, guest("a"), fromOne, cameraTiles("c0")...)
	sock := tr.connect(t, guest("a"))
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	sock.say(t, `{"type":"visible","visible":false}`)
	eventually(t, "no media for a hidden page", func() bool { n, _ := p.count(); return n == 0 })
	for range 3 {
		n := slots.count()
		s.again()
		tr.renewSlots(t.Context())
		if slots.count() != n+1 {
			t.Fatal("a hidden guest is not asked for")
		}
	}
	sock.Close()
	n := slots.count()
	s.again()
	tr.renewSlots(t.Context())
	if slots.count() != n {
		t.Error("a guest without a page keeps his place")
	}
}
