package controlroom

import (
	"sync"
	"testing"
	"time"

	"sightline/authz"
)

// Hundreds of sockets that drop at one moment take no picture away: each session
// is taken over by its next socket, with a whole snapshot, and nothing is
// attached or decided anew.
func TestSessionsSurviveTheirSocketsUnderLoad(t *testing.T) {
	const n = 300
	tr := fakeRoom(t, "c0", "c1", "c2", "c3", "c4", "c5")
	type screen struct {
		sub      authz.Subject
		s        *session
		p        *fakePeer
		sock     *testSocket
		attached int
	}
	screens := make([]*screen, n)
	for i := range screens {
		sub := guest("visit-" + authz.NewID())
		s, p, _ := tr.open(t, sub, cameraTiles("c0", "c1", "c2", "c3", "c4", "c5")...)
		sock := tr.connect(t, sub)
		sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
		sock.wait(t, "tiles")
		screens[i] = &screen{sub: sub, s: s, p: p, sock: sock}
	}
	for _, sc := range screens {
		eventually(t, "live", func() bool { return sc.s.at(5).State == StateLive })
		_, sc.attached = sc.p.count()
	}
	held := tr.decider.held()
	for round := range 3 {
		var wg sync.WaitGroup
		for _, sc := range screens {
			wg.Go(sc.sock.Close)
		}
		wg.Wait()
		tr.clock.Advance(time.Duration(round) * 14 * time.Second) // always before 30 s are over
		tr.tick(0)
		next := make([]*testSocket, n)
		for i, sc := range screens {
			next[i] = tr.connect(t, sc.sub)
		}
		for i, sc := range screens {
			wg.Go(func() {
				next[i].Receive(t.Context(), []byte(`{"type":"hello","viewing":"`+sc.s.id+`","seq":1}`))
			})
		}
		wg.Wait()
		for i, sc := range screens {
			sc.sock = next[i]
			m := sc.sock.wait(t, "tiles")
			tiles := m["tiles"].([]any)
			if m["viewing"] != sc.s.id || len(tiles) != 6 {
				t.Fatalf("round %d: snapshot %v", round, m)
			}
			for _, st := range tiles {
				if st.(map[string]any)["state"] != StateLive {
					t.Fatalf("round %d: %v", round, st)
				}
			}
		}
	}
	for _, sc := range screens {
		if on, attached := sc.p.count(); on != 6 || attached != sc.attached || sc.s.ending() != nil {
			t.Fatalf("%d on, %d attached after %d", on, attached, sc.attached)
		}
	}
	if got := tr.decider.held(); got != held {
		t.Fatalf("%d leases after %d", got, held)
	}
}

// What a second device of the same person does is its own affair.
func TestSecondDeviceDoesNotDisturbTheFirst(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	first, p, _ := tr.open(t, olena, cameraTiles("c0", "c1")...)
	a := tr.connect(t, olena)
	a.say(t, `{"type":"hello","viewing":"`+first.id+`"}`)
	eventually(t, "live", func() bool { return first.at(1).State == StateLive })
	a.wait(t, "tiles")
	_, attached := p.count()

	phone := olena
	phone.Login = "login-of-the-phone"
	second, _, _ := tr.open(t, phone, cameraTiles("c0")...)
	b := tr.connect(t, phone)
	b.say(t, `{"type":"hello","viewing":"`+second.id+`"}`)
	b.say(t, `{"type":"visible","visible":false}`)
	b.say(t, `{"type":"tiles","version":9,"tiles":[{"cell":0,"camera":"c1","px":640,"focus":true}]}`)
	b.say(t, `{"type":"sound","cell":0}`)
	b.Close()
	if err := tr.CloseViewing(t.Context(), phone, second.id); err != nil {
		t.Fatal(err)
	}
	if on, n := p.count(); on != 2 || n != attached || first.ending() != nil {
		t.Fatalf("%d on, %d attached", on, n)
	}
	a.say(t, `{"type":"ping","t":1}`)
	if m := a.wait(t, "pong"); m["t"] != 1.0 {
		t.Fatalf("%v", m)
	}
	if states := first.snapshot(); states[0].State != StateLive || states[1].State != StateLive {
		t.Fatalf("%+v", states)
	}
}

// A picture that is sent and not seen is sent anew, once in 2 s however many ask.
func TestTryNowSendsAnewWhatTheViewerCannotSee(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	s, p, _ := tr.open(t, olena, cameraTiles("c0", "c1")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	eventually(t, "live", func() bool { return s.at(0).State == StateLive && s.at(1).State == StateLive })
	_, attached := p.count()
	mid, ts, other := s.at(0).Mid, *s.at(0).FirstTS, *s.at(1).FirstTS
	sock.say(t, `{"type":"try_now","cell":0}`)
	sock.say(t, `{"type":"try_now","cell":1}`)
	eventually(t, "sent anew", func() bool { return *s.at(0).FirstTS != ts && s.at(0).State == StateLive })
	if _, n := p.count(); n != attached+1 || s.at(0).Mid != mid || *s.at(1).FirstTS != other {
		t.Fatalf("%d attached after %d, %+v", n, attached, s.snapshot())
	}
	tr.clock.Advance(2 * time.Second)
	sock.say(t, `{"type":"try_now","cell":1}`)
	eventually(t, "the other", func() bool { return *s.at(1).FirstTS != other })
	if tr.fleet.tries != 0 {
		t.Fatal("the camera was bothered")
	}
}
