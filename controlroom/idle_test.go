package controlroom

import (
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
)

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

func TestRuling14_ViewingTimeNeedsAFrameInTheLast4s(t *testing.T) {
	tr := fakeRoom(t, "c0")
	s, p, _ := tr.open(t, guest("1"), cameraTiles("c0")...)
	tr.tick(time.Second)
	if s.viewed.Load() != 0 {
		t.Fatal("counted before a frame")
	}
	p.flow()
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
