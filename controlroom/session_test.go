package controlroom

import (
	"encoding/json"
	"testing"

	"go.uber.org/goleak"

	"sightline/authz"
	"sightline/sfu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

// What a page hears when its login ends: first why each tile ends, though one is
// being decided, then that the socket does.
func TestTilesSayWhyBeforeTheirSocketEnds(t *testing.T) {
	tr := fakeRoom(t, "c0", "c1")
	s, _, _ := tr.open(t, olena, cameraTiles("c0")...)
	sock := tr.connect(t, olena)
	sock.say(t, `{"type":"hello","viewing":"`+s.id+`"}`)
	asked, answer := make(chan struct{}), make(chan struct{})
	tr.decider.mu.Lock()
	tr.decider.hook = func(camera string) {
		if camera == "c1" {
			close(asked)
			<-answer
		}
	}
	tr.decider.mu.Unlock()
	s.setTiles(2, cameraTiles("c0", "c1"))
	<-asked
	go sock.endSubject(t.Context(), authz.ReasonLoginEnded)
	eventually(t, "told to end", func() bool { return s.ending() != nil })
	close(answer)
	<-sock.Done()
	last := map[int]TileState{}
	for {
		b, ok := sock.Next(t.Context())
		if !ok {
			break
		}
		var m struct {
			Type  string
			Tiles []TileState
			TileState
		}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		if m.Type == "tile" {
			m.Tiles = []TileState{m.TileState}
		}
		for _, st := range m.Tiles {
			last[st.Cell] = st
		}
	}
	for cell := range 2 {
		if st := last[cell]; st.State != StateEnded || st.Reason != string(authz.ReasonLoginEnded) {
			t.Errorf("of cell %d the last word is %+v", cell, st)
		}
	}
	if code, _ := sock.Code(); code != CloseLoginEnded {
		t.Errorf("code %d", code)
	}
}
