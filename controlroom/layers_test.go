package controlroom

import (
	"testing"

	"sightline/ingest"
	"sightline/sfu"
)

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
	eventually(t, "main is pulled and told", func() bool {
		return tr.fleet.held("c0") == [2]int{1, 1} && p.want(s.at(0).Mid) == 1 && s.at(0).State == StateLive
	})
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
