package controlroom

import (
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
)

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
