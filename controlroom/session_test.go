package controlroom

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/sfu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSixTilesAreAttachedInTheFirstAnswer(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1", "c2", "c3", "c4", "c5")
	_, p, o := tr.open(t, olena, cameraTiles("c0", "c1", "c2", "c3", "c4", "c5")...)
	if o.SDP != "answer" || len(o.Tiles) != 6 {
		t.Fatalf("opened %+v", o)
	}
	mids := map[string]bool{}
	for _, st := range o.Tiles {
		if st.Mid == "" || mids[st.Mid] {
			t.Fatalf("mid %q of %+v", st.Mid, st)
		}
		mids[st.Mid] = true
		if st.Name != "name of "+st.Camera {
			t.Errorf("name %q", st.Name)
		}
	}
	if on, _ := p.count(); on != 6 {
		t.Fatalf("%d attached", on)
	}
	if h := tr.fleet.held("c0"); h != [2]int{1, 0} {
		t.Fatalf("held %v: six tiles take the sub layer only", h)
	}
}

func TestR101_LeaseEndDetachesAndSaysWhy(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	s, p, _ := tr.open(t, olena, cameraTiles("c0", "c1")...)
	eventually(t, "live", func() bool { return s.at(0).State == StateLive && s.at(1).State == StateLive })
	mid := s.at(0).Mid
	next := tr.clock.Now().Add(time.Hour)
	for _, tc := range []struct {
		d     authz.Decision
		state string
	}{
		{denied403(authz.ReasonRevoked), StateEnded},
		{denied403(authz.ReasonLevelMissing), StateEnded},
		{authz.Decision{Reason: authz.ReasonOutsideSchedule, Next: next}, StateClosed},
		{denied403(authz.ReasonCameraOff), StateOff},
		{authz.Decision{Reason: authz.ReasonCameraGone, Invisible: true}, StateEnded},
	} {
		tr.decider.set("c0", authz.ActLive, tc.d)
		tr.decider.last(t, "c0", authz.ActLive).end(tc.d)
		eventually(t, "ended", func() bool { return s.at(0).State == tc.state })
		st := s.at(0)
		if st.Reason != string(tc.d.Reason) || st.Name != "" || st.Mid != "" {
			t.Errorf("told %+v", st)
		}
		if !tc.d.Next.IsZero() && (st.Next == nil || !st.Next.Equal(next)) {
			t.Errorf("next opening %v", st.Next)
		}
		if p.carries(mid) {
			t.Errorf("%s: still attached", tc.d.Reason)
		}
		if s.at(1).State != StateLive {
			t.Errorf("the other tile is %s", s.at(1).State)
		}
		// A grant that appears again heals the tile by itself.
		tr.decider.set("c0", authz.ActLive, authz.Decision{Allowed: true, Reason: authz.ReasonOK})
		s.change(func() { s.recheck = true })
		eventually(t, "healed", func() bool { return s.at(0).State == StateLive && p.carries(mid) })
	}
	if h := tr.fleet.held("c0"); h != [2]int{1, 0} {
		t.Fatalf("held %v", h)
	}
}

func TestR99_InvisibleIsRestrictedWithoutName(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	tr.decider.set("c1", authz.ActLive, authz.Decision{Reason: authz.ReasonCameraGone, Invisible: true})
	tr.decider.set("nowhere", authz.ActLive, authz.Decision{Reason: authz.ReasonCameraGone, Invisible: true})
	s, p, _ := tr.open(t, olena, cameraTiles("c0", "c1", "nowhere")...)
	eventually(t, "live", func() bool { return s.at(0).State == StateLive })
	a, b := s.at(1), s.at(2)
	a.Cell, a.Camera, b.Cell, b.Camera = 0, "", 0, ""
	if string(encode(a)) != string(encode(b)) || a.State != StateRestricted || a.Name != "" {
		t.Fatalf("a camera of somebody else %s differs from none %s", encode(a), encode(b))
	}
	if on, _ := p.count(); on != 1 {
		t.Fatalf("%d attached", on)
	}
}

func TestStoreAwayIsTriedAgainByItself(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	tr.decider.fail(fault.New(fault.Unavailable, "authz_unavailable", "away"))
	_, err := tr.Open(t.Context(), olena, OpenRequest{SDP: "o", Version: 1, Tiles: cameraTiles("c0")})
	if !fault.Is(err, fault.Unavailable) || fault.Code(err) != "authz_unavailable" {
		t.Fatalf("new session with the store away: %v", err)
	}
	eventually(t, "gone again", func() bool { return len(tr.sessions.all()) == 0 })

	tr.decider.fail(nil)
	s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
	eventually(t, "live", func() bool { return s.at(0).State == StateLive })
	tr.decider.fail(fault.New(fault.Unavailable, "authz_unavailable", "away"))
	s.setTiles(2, cameraTiles("c0", "c1"))
	eventually(t, "away", func() bool { return s.at(1).Reason == string(authz.ReasonUnavailable) })
	if st := s.at(1); st.State != StateReconnecting || st.RetryAt == nil {
		t.Fatalf("told %+v", st)
	}
	if s.at(0).State != StateLive {
		t.Fatal("the running tile stopped")
	}
	tr.decider.fail(nil)
	tr.clock.Advance(3 * time.Second) // the wait is over
	s.poke()
	eventually(t, "back", func() bool { return s.at(1).State == StateLive })

	tr.decider.last(t, "c0", authz.ActLive).end(denied403(authz.ReasonUnavailable))
	eventually(t, "ran out", func() bool { return s.at(0).Reason == string(authz.ReasonUnavailable) })
	tr.clock.Advance(3 * time.Second)
	s.poke()
	eventually(t, "back again", func() bool { return s.at(0).State == StateLive })
}

func TestSwapKeepsWhatStays(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1", "c2", "c3")
	s, p, _ := tr.open(t, olena, cameraTiles("c0", "c1", "c2")...)
	eventually(t, "live", func() bool { return s.at(2).State == StateLive })
	mid0, mid1, mid2 := s.at(0).Mid, s.at(1).Mid, s.at(2).Mid
	_, before := p.count()
	ts := *s.at(2).FirstTS
	// c0 and c1 change places, c2 gives way to c3.
	s.setTiles(2, cameraTiles("c1", "c0", "c3"))
	eventually(t, "swapped", func() bool { return s.at(2).Camera == "c3" && s.at(2).State == StateLive })
	if s.at(0).Mid != mid1 || s.at(1).Mid != mid0 {
		t.Errorf("cameras that stayed changed their mids")
	}
	if s.at(2).Mid != mid2 {
		t.Errorf("c3 is on %s, the free mid is %s", s.at(2).Mid, mid2)
	}
	if _, after := p.count(); after != before+1 {
		t.Errorf("%d attaches for one new camera", after-before)
	}
	if *s.at(2).FirstTS == ts {
		t.Error("the swap does not tell the new source's first timestamp")
	}
	eventually(t, "c2 given back", func() bool { return tr.fleet.held("c2") == [2]int{} })
	// An older list than the last changes nothing.
	s.setTiles(1, cameraTiles("c2"))
	if got := s.at(2).Camera; got != "c3" {
		t.Errorf("an old list was taken: %s", got)
	}
	// The same camera twice has two mids.
	s.setTiles(3, cameraTiles("c0", "c0"))
	eventually(t, "twice", func() bool { return len(s.snapshot()) == 2 && s.at(1).State == StateLive && s.at(0).State == StateLive })
	if s.at(0).Mid == s.at(1).Mid {
		t.Error("two cells share a mid")
	}
}

func TestManySwapsLeakNothing(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7")
	s, p, _ := tr.open(t, olena, cameraTiles("c0")...)
	all := []string{"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"}
	for i := range 500 {
		n := i % 7
		var cams []string
		for k := range n {
			cams = append(cams, all[(i*3+k)%len(all)])
		}
		s.setTiles(uint64(i+2), cameraTiles(cams...))
	}
	s.setTiles(1000, cameraTiles("c7", "c1"))
	eventually(t, "settled", func() bool {
		return len(s.snapshot()) == 2 && s.at(0).State == StateLive && s.at(1).State == StateLive && tr.decider.held() == 2
	})
	if on, _ := p.count(); on != 2 {
		t.Fatalf("%d attached", on)
	}
	if err := tr.CloseViewing(t.Context(), olena, s.id); err != nil {
		t.Fatal(err)
	}
	if tr.decider.held() != 0 {
		t.Fatal("leases are left")
	}
	for _, c := range all {
		if h := tr.fleet.held(c); h != [2]int{} {
			t.Fatalf("%s is still held: %v", c, h)
		}
	}
}

func TestR92_LayerFollowsSizeAndFocus(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1", "c2", "c3", "c4")
	s, p, _ := tr.open(t, olena, TileWant{Cell: 0, Camera: "c0", Px: 640})
	eventually(t, "live", func() bool { return s.at(0).State == StateLive })
	mid := s.at(0).Mid
	if h := tr.fleet.held("c0"); h != [2]int{1, 0} || p.want(mid) != 0 {
		t.Fatalf("640 px: held %v, want %d", h, p.want(mid))
	}
	_, before := p.count()
	s.setTiles(2, []TileWant{{Cell: 0, Camera: "c0", Px: 641}})
	eventually(t, "main", func() bool { return p.want(mid) == 1 && tr.fleet.held("c0") == [2]int{1, 1} })
	five := cameraTiles("c0", "c1", "c2", "c3", "c4")
	for i := range five {
		five[i].Px = 900
	}
	s.setTiles(3, five)
	eventually(t, "sub with five tiles", func() bool { return p.want(mid) == 0 && tr.fleet.held("c0") == [2]int{1, 0} })
	five = append([]TileWant(nil), five...) // the session has the other
	five[0].Focus = true
	s.setTiles(4, five)
	eventually(t, "full screen takes main", func() bool { return p.want(mid) == 1 && tr.fleet.held("c0") == [2]int{1, 1} })
	eventually(t, "full screen is the last to go", func() bool { return p.rank(mid) == 1 })
	if _, after := p.count(); after != before+4 {
		t.Fatalf("changing layers attached again: %d", after-before)
	}
}

// What the allocation of bandwidth does to a tile is told with its reason.
func TestLowBandwidthIsTold(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, p, _ := tr.open(t, olena, TileWant{Cell: 0, Camera: "c0", Px: 1280})
	is := func(state, reason, layer, why string) {
		t.Helper()
		eventually(t, state+" "+reason+" "+layer+" "+why, func() bool {
			st := s.at(0)
			return st.State == state && st.Reason == reason && st.Layer == layer && st.LayerWhy == why
		})
	}
	is(StateLive, "", "sub", LayerStarting)
	tell := p.subscription(s.at(0).Mid).OnEvent
	tell(sfu.Event{Kind: sfu.EventLayer, Layer: 1, FirstTS: 5})
	is(StateLive, "", "main", LayerSize)
	tell(sfu.Event{Kind: sfu.EventLayer, Layer: 0, FirstTS: 6})
	tell(sfu.Event{Kind: sfu.EventReason, Reason: sfu.ReasonLowBandwidth, Layer: 0})
	is(StateLive, "low_bandwidth", "sub", LayerBandwidth)
	tell(sfu.Event{Kind: sfu.EventReason, Reason: sfu.ReasonLowBandwidth, Layer: -1})
	is(StateStalled, "low_bandwidth", "sub", LayerBandwidth)
	tell(sfu.Event{Kind: sfu.EventReason, Layer: 0})
	is(StateLive, "", "sub", LayerStarting)
}

func TestSubLayerThatFailsGivesWayToMain(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, p, _ := tr.open(t, olena, cameraTiles("c0")...)
	eventually(t, "live", func() bool { return s.at(0).State == StateLive })
	tr.fleet.mu.Lock()
	st := tr.fleet.state["c0"]
	st.Layers[ingest.Sub] = ingest.LayerState{Status: ingest.Offline, Reason: sfu.ReasonCameraUnreachable}
	tr.fleet.state["c0"] = st
	tr.fleet.mu.Unlock()
	tr.cameraMoved("c0")
	eventually(t, "main is pulled", func() bool { return tr.fleet.held("c0") == [2]int{1, 1} && p.want(s.at(0).Mid) == 1 })
	if s.at(0).State != StateLive {
		t.Fatalf("state %s", s.at(0).State)
	}
}

func TestIngestStatesReachTheTile(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
	for _, tc := range []struct {
		status ingest.Status
		reason sfu.Reason
		want   string
	}{
		{ingest.Reconnecting, sfu.ReasonCameraUnreachable, StateReconnecting},
		{ingest.Offline, sfu.ReasonCameraLogin, StateOffline},
		{ingest.Connecting, "", StateConnecting},
		{ingest.Offline, sfu.ReasonCodecUnsupported, StateUnsupported},
		{ingest.Live, sfu.ReasonBFrames, StateLive},
		{ingest.Live, "", StateLive},
	} {
		tr.fleet.setStatus("c0", tc.status, tc.reason)
		tr.cameraMoved("c0")
		eventually(t, tc.want, func() bool { return s.at(0).State == tc.want && s.at(0).Reason == string(tc.reason) })
	}
}

func TestR87_IdleFreezesAndContinueThaws(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, p, _ := tr.open(t, olena, cameraTiles("c0")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	eventually(t, "live", func() bool { return s.at(0).State == StateLive })
	tr.clock.Advance(59 * time.Minute)
	sock.say(t, `{"type":"input"}`)
	tr.clock.Advance(59 * time.Minute)
	tr.tick(0)
	if s.at(0).State != StateLive {
		t.Fatal("froze in spite of input")
	}
	tr.clock.Advance(time.Minute)
	tr.tick(0)
	eventually(t, "frozen", func() bool { return s.at(0).State == StateFrozen })
	if st := s.at(0); st.Reason != string(authz.ReasonFrozenIdle) || p.carries("0") || tr.decider.held() != 0 || tr.fleet.held("c0") != [2]int{} {
		t.Fatalf("frozen %+v, media goes on", st)
	}
	sock.say(t, `{"type":"input"}`) // only Continue thaws
	tr.tick(0)
	if s.at(0).State != StateFrozen {
		t.Fatal("thawed by input")
	}
	sock.say(t, `{"type":"continue"}`)
	eventually(t, "live again", func() bool { return s.at(0).State == StateLive && p.carries("0") })
}

func TestHiddenClientGetsNoMedia(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, p, _ := tr.open(t, olena, cameraTiles("c0")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	sock.say(t, `{"type":"visible","visible":false}`)
	eventually(t, "stopped", func() bool { on, _ := p.count(); return on == 0 && tr.decider.held() == 0 })
	sock.say(t, `{"type":"visible","visible":true}`)
	eventually(t, "back", func() bool { return s.at(0).State == StateLive && p.carries(s.at(0).Mid) })
}

func TestR93_SoundOnOneTileUnderItsOwnRight(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	s, p, _ := tr.open(t, olena, cameraTiles("c0", "c1")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	eventually(t, "live", func() bool { return s.at(1).State == StateLive })
	if p.carries("a") {
		t.Fatal("sound at the start")
	}
	sock.say(t, `{"type":"sound","cell":0}`)
	eventually(t, "refused", func() bool { return s.at(0).Sound == string(authz.ReasonLevelMissing) })
	if p.carries("a") {
		t.Fatal("sound without the right")
	}
	tr.decider.set("c1", authz.ActSound, authz.Decision{Allowed: true, Reason: authz.ReasonOK})
	sock.say(t, `{"type":"sound","cell":1}`)
	eventually(t, "on", func() bool { return s.at(1).Sound == "on" && s.at(0).Sound == "" && p.carries("a") })
	tr.decider.last(t, "c1", authz.ActSound).end(denied403(authz.ReasonLevelMissing))
	eventually(t, "cut", func() bool { return s.at(1).Sound == string(authz.ReasonLevelMissing) && !p.carries("a") })
	if s.at(1).State != StateLive {
		t.Fatal("the picture went with the sound")
	}
	tr.decider.set("c1", authz.ActSound, authz.Decision{Allowed: true, Reason: authz.ReasonOK})
	sock.say(t, `{"type":"sound","cell":null}`)
	sock.say(t, `{"type":"sound","cell":1}`)
	eventually(t, "on again", func() bool { return p.carries("a") })
	tr.decider.last(t, "c1", authz.ActLive).end(denied403(authz.ReasonRevoked))
	eventually(t, "no sound without picture", func() bool { return !p.carries("a") })
}

func TestT10_SessionsAreTheirLoginsOnly(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
	other := olena
	other.Login = "another-login"
	for name, sub := range map[string]authz.Subject{
		"same account, other login": other, "guest": guest("1"), "nobody": {},
		"token of the account": {Kind: authz.AccountSubject, Account: olena.Account, Token: "t"},
	} {
		e1 := tr.CloseViewing(t.Context(), sub, s.id)
		e2 := tr.CloseViewing(t.Context(), sub, authz.NewID())
		if !fault.Is(e1, fault.NotFound) || e1.Error() != e2.Error() {
			t.Errorf("%s: %v, unknown id: %v", name, e1, e2)
		}
		if _, err := tr.Renegotiate(t.Context(), sub, s.id, "sdp"); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s may renegotiate: %v", name, err)
		}
		if sub.Session() != "" {
			sock := tr.connect(t, sub)
			sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
			if m := sock.wait(t, "viewing_gone"); m["viewing"] != s.id {
				t.Errorf("%s joined", name)
			}
		}
	}
	if err := tr.CloseViewing(t.Context(), olena, s.id); err != nil {
		t.Fatal(err)
	}
	if err := tr.CloseViewing(t.Context(), olena, s.id); !fault.Is(err, fault.NotFound) {
		t.Fatalf("closed twice: %v", err)
	}
}

func TestRuling3_ThirdViewingOfAVisitIsRefused(t *testing.T) {
	tr := fakeRoom(t, "c0")
	a, _, _ := tr.open(t, guest("1"), cameraTiles("c0")...)
	tr.clock.Advance(time.Millisecond)
	tr.open(t, guest("1"), cameraTiles("c0")...)
	_, err := tr.Open(t.Context(), guest("1"), OpenRequest{SDP: "o", Tiles: cameraTiles("c0")})
	if !fault.Is(err, fault.Conflict) || fault.Code(err) != "too_many_viewers" {
		t.Fatalf("the third: %v", err)
	}
	if _, err := tr.Open(t.Context(), guest("2"), OpenRequest{SDP: "o", Tiles: cameraTiles("c0")}); err != nil {
		t.Fatalf("another visit: %v", err)
	}
	// One that nobody looks at any more gives way to a reloaded page.
	tr.clock.Advance(orphan)
	if _, err := tr.Open(t.Context(), guest("1"), OpenRequest{SDP: "o", Tiles: cameraTiles("c0")}); err != nil {
		t.Fatalf("after a reload: %v", err)
	}
	eventually(t, "the oldest gave way", func() bool { return a.ending() != nil })
}

func TestNoSocketFor30sClosesButWHEPStays(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, p, _ := tr.open(t, olena, cameraTiles("c0")...)
	w, _, err := tr.begin(t.Context(), olena, "auto", "offer", 0, cameraTiles("c0"), Client{})
	if err != nil {
		t.Fatal(err)
	}
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	tr.clock.Advance(10 * time.Minute)
	tr.tick(0)
	if s.ending() != nil {
		t.Fatal("closed under a socket")
	}
	sock.Close()
	tr.clock.Advance(29 * time.Second)
	tr.tick(0)
	if s.ending() != nil {
		t.Fatal("closed too early")
	}
	// A new socket takes it over with one whole snapshot.
	sock = tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`","seq":1}`)
	m := sock.wait(t, "tiles")
	if tiles := m["tiles"].([]any); len(tiles) != 1 || tiles[0].(map[string]any)["state"] != StateLive || m["seq"] == nil {
		t.Fatalf("snapshot %v", m)
	}
	sock.Close()
	tr.clock.Advance(30 * time.Second)
	tr.tick(0)
	<-s.done
	if !p.closed {
		t.Fatal("the peer is still there")
	}
	if w.ending() != nil {
		t.Fatal("a player of others needs no socket")
	}
}

func TestPanicInOneSessionTouchesNoOther(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	bad, p, _ := tr.open(t, olena, cameraTiles("c0")...)
	good, _, _ := tr.open(t, olena, cameraTiles("c0")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+bad.id+`"}`)
	p.mu.Lock()
	p.boom = true
	p.mu.Unlock()
	bad.setTiles(2, cameraTiles("c1"))
	<-bad.done
	sock.wait(t, "viewing_gone")
	good.setTiles(2, cameraTiles("c0", "c1"))
	eventually(t, "the other goes on", func() bool { return good.at(1).State == StateLive })
	if !p.closed || tr.decider.held() != 2 {
		t.Fatalf("the failed session left %d leases, closed %v", tr.decider.held()-2, p.closed)
	}
}

func TestPanicInADecisionIsContained(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
	tr.decider.mu.Lock()
	tr.decider.hook = func(c string) {
		if c == "c1" {
			panic("a part fails")
		}
	}
	tr.decider.mu.Unlock()
	s.setTiles(2, cameraTiles("c0", "c1"))
	eventually(t, "told", func() bool { return s.at(1).Reason == string(authz.ReasonUnavailable) })
	if s.at(0).State != StateLive {
		t.Fatal("the other tile went with it")
	}
}

func TestPeerGoneEndsTheSession(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, p, _ := tr.open(t, olena, cameraTiles("c0")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	p.onState(sfu.PeerClosed)
	sock.wait(t, "viewing_gone")
	<-s.done
	if tr.decider.held() != 0 {
		t.Fatal("leases are left")
	}
}

func TestLoginEndedEndsTheSessionWithItsReason(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	s, _, _ := tr.open(t, olena, cameraTiles("c0", "c1")...)
	eventually(t, "live", func() bool { return s.at(1).State == StateLive })
	tr.decider.last(t, "c0", authz.ActLive).end(denied403(authz.ReasonLoginEnded))
	<-s.done
	for i := range 2 {
		if st := s.at(i); st.State != StateEnded || st.Reason != string(authz.ReasonLoginEnded) {
			t.Errorf("cell %d: %+v", i, st)
		}
	}
	if tr.decider.held() != 0 {
		t.Errorf("%d leases are left", tr.decider.held())
	}
}

func TestRuling14_ViewingTimeNeedsAFrameInTheLast4s(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, p, _ := tr.open(t, guest("1"), cameraTiles("c0")...)
	tr.tick(time.Second)
	if s.viewed.Load() != 0 {
		t.Fatal("counted before a frame")
	}
	p.last.Store(clock.Mono())
	tr.tick(time.Second)
	tr.tick(time.Second)
	if got := time.Duration(s.viewed.Load()); got != 2*time.Second {
		t.Fatalf("counted %v", got)
	}
	if n := tr.Watching([]string{"link-1", "other"}); n["link-1"] != 1 || n["other"] != 0 {
		t.Fatalf("watching %v", n)
	}
	p.last.Store(clock.Mono() - int64(4*time.Second))
	tr.tick(time.Second)
	if got := time.Duration(s.viewed.Load()); got != 2*time.Second {
		t.Fatalf("counted without frames: %v", got)
	}
}

func TestMoreTilesThanMidsWaitForTheClientsOffer(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1", "c2")
	tr.size = 2
	s, p, _ := tr.open(t, olena, cameraTiles("c0", "c1", "c2")...)
	eventually(t, "two live", func() bool { return s.at(1).State == StateLive })
	if st := s.at(2); st.State != StateConnecting || st.Mid != "" || tr.decider.count("c2", authz.ActLive) != 0 {
		t.Fatalf("third %+v", st)
	}
	p.mu.Lock()
	p.mids = append(p.mids, sfu.Mid{ID: "2", Kind: sfu.Video})
	p.mu.Unlock()
	if _, err := tr.Renegotiate(t.Context(), olena, s.id, "offer"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "third live", func() bool { return s.at(2).State == StateLive })
}

func TestCameraNotYetOnThisNodeIsAttachedWhenItComes(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, _, _ := tr.open(t, olena, cameraTiles("c1")...)
	if s.at(0).State != StateConnecting {
		t.Fatalf("%+v", s.at(0))
	}
	tr.fleet.mu.Lock()
	tr.fleet.cams["c1"] = ingest.Streams{Video: [2]*sfu.Stream{nil, new(sfu.Stream)}}
	tr.fleet.state["c1"] = ingest.CameraState{Layers: [2]ingest.LayerState{{}, {Status: ingest.Live}}}
	tr.fleet.mu.Unlock()
	tr.cameraMoved("c1")
	eventually(t, "live", func() bool { return s.at(0).State == StateLive })
	if h := tr.fleet.held("c1"); h != [2]int{0, 1} {
		t.Fatalf("held %v of a camera with one layer", h)
	}
	// An edit gives it a second layer: attached anew under the same mid.
	mid := s.at(0).Mid
	tr.fleet.mu.Lock()
	st := tr.fleet.cams["c1"]
	st.Video[ingest.Sub] = new(sfu.Stream)
	tr.fleet.cams["c1"] = st
	tr.fleet.state["c1"] = ingest.CameraState{Layers: [2]ingest.LayerState{{Status: ingest.Live}, {Status: ingest.Live}}}
	tr.fleet.mu.Unlock()
	tr.cameraMoved("c1")
	eventually(t, "sub", func() bool { return tr.fleet.held("c1") == [2]int{1, 0} })
	if s.at(0).Mid != mid {
		t.Error("the mid changed")
	}
}

func TestF21_ClientThatNeverReadsIsClosed(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	for i := range 2 * outboxMessages {
		tr.clock.Advance(100 * time.Millisecond)
		sock.Socket.Receive(t.Context(), []byte(`{"type":"ping","t":`+string('0'+rune(i%10))+`}`))
	}
	select {
	case <-sock.Done():
	case <-time.After(5 * time.Second):
		t.Fatal("still open")
	}
	if code, _ := sock.Code(); code != CloseSlow {
		t.Fatalf("code %d", code)
	}
	sock.out.mu.Lock()
	left := len(sock.out.queue)
	sock.out.mu.Unlock()
	if left != 0 {
		t.Fatalf("%d messages kept for nobody", left)
	}
	s.setTiles(2, cameraTiles("c0", "c1")) // the session is not held up by it
	eventually(t, "session goes on", func() bool { return s.at(1).State == StateLive })
}

func TestSocketProtocolErrors(t *testing.T) {
	tr := fakeRoom(t, "c0")
	for name, lines := range map[string][]string{
		"no hello":       {`{"type":"ping","t":1}`},
		"no json":        {`{"type":"hello"}`, `{"type"`},
		"two tiles":      nil,
		"unknown":        nil,
		"cell twice":     nil,
		"camera + still": nil,
		"flood":          nil,
		"too long":       {`{"type":"hello"}`, `{"type":"` + strings.Repeat("x", maxText) + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			sock := tr.connect(t, olena)
			if lines == nil {
				s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
				lines = []string{`{"type":"hello","viewing":"` + s.id + `"}`}
				switch name {
				case "two tiles":
					lines = append(lines, `{"type":"tiles","version":2,"tiles":[`+strings.Repeat(`{"cell":1,"camera":"c0"},`, 16)+`{"cell":2,"camera":"c0"}]}`)
				case "unknown":
					lines = append(lines, `{"type":"party"}`)
				case "cell twice":
					lines = append(lines, `{"type":"tiles","version":2,"tiles":[{"cell":1,"camera":"c0"},{"cell":1,"camera":"c0"}]}`)
				case "camera + still":
					lines = append(lines, `{"type":"tiles","version":2,"tiles":[{"cell":1,"camera":"c0","still":1}]}`)
				case "flood":
					for range burst + 1 {
						lines = append(lines, `{"type":"input"}`)
					}
				}
			}
			for _, l := range lines {
				sock.Socket.Receive(t.Context(), []byte(l))
			}
			select {
			case <-sock.Done():
			default:
				t.Fatal("still open")
			}
			if code, text := sock.Code(); code != CloseProtocol || text == "" {
				t.Fatalf("code %d %q", code, text)
			}
		})
	}
}

func TestDrainTellsAndRefuses(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	tr.Drain()
	sock.wait(t, "draining")
	_, err := tr.Open(t.Context(), olena, OpenRequest{SDP: "o", Tiles: cameraTiles("c0")})
	if !fault.Is(err, fault.Unavailable) || fault.Code(err) != "draining" {
		t.Fatalf("new session: %v", err)
	}
	if s.ending() != nil {
		t.Fatal("a running session was ended by draining")
	}
	tr.Close()
	if code, _ := sock.Code(); code != CloseRestart {
		t.Fatalf("code %d", code)
	}
	<-s.done
}

func TestOpenRefusesWhatCannotBeMeant(t *testing.T) {
	tr := fakeRoom(t, "c0")
	for name, req := range map[string]OpenRequest{
		"17 tiles":   {Tiles: make([]TileWant, 17)},
		"empty cell": {Tiles: []TileWant{{Cell: 1}}},
		"cell 64":    {Tiles: []TileWant{{Cell: 64, Camera: "c0"}}},
	} {
		if _, err := tr.Open(t.Context(), olena, req); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	tr.Room.dialer = fakeDialer{func() *fakePeer { return nil }}
	if _, err := tr.Open(t.Context(), olena, OpenRequest{SDP: "x", Tiles: cameraTiles("c0")}); fault.Code(err) != fault.CodeBadSDP {
		t.Errorf("bad offer: %v", err)
	}
	if n := len(tr.sessions.byID); n != 0 {
		t.Errorf("%d sessions of refused offers", n)
	}
	if _, err := tr.Open(t.Context(), authz.Subject{}, OpenRequest{SDP: "x"}); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("nobody: %v", err)
	}
}

// testSocket reads what a socket is told.
type testSocket struct {
	*Socket
}

func (tr *testRoom) connect(t *testing.T, sub authz.Subject) *testSocket {
	t.Helper()
	// The watcher of records needs a real authority; the wall channel does not.
	s := &Socket{room: tr.Room, subject: sub, out: newOutbox(), done: make(chan struct{}), kick: make(chan struct{}, 1),
		cancel: func() {}, budget: budget{at: tr.clock.Now(), left: burst}, about: interest{}}
	if err := tr.sockets.add(s, 100); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &testSocket{s}
}

func (s *testSocket) say(t *testing.T, text string) {
	t.Helper()
	s.Receive(t.Context(), []byte(text))
	select {
	case <-s.Done():
		code, why := s.Code()
		t.Fatalf("%s: closed %d %s", text, code, why)
	default:
	}
}

// wait reads until a message of the type.
func (s *testSocket) wait(t *testing.T, kind string) map[string]any {
	t.Helper()
	for {
		b, ok := s.Next(t.Context())
		if !ok {
			t.Fatalf("the socket ended without %q", kind)
		}
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		if m["type"] == kind {
			return m
		}
	}
}
