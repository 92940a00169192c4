package controlroom

import (
	"testing"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/fault"
	"sightline/sfu"
)

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
