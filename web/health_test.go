package web

import (
	"encoding/json"
	"testing"

	"sightline/controlroom"
)

// The owner reads how his camera does; nobody else learns that there is anything to read.
func TestHealthOfACameraIsItsOwners(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	cam := h.liveCamera(t, owner, "Yard")
	h.grant(owner, cam, other, row{})
	path := "/api/v1/cameras/" + cam + "/health"
	var got controlroom.Health
	h.poll("figures of the layer", func() bool {
		got = controlroom.Health{}
		if err := json.Unmarshal(h.do("GET", path, nil, owner).want(t, 200).body, &got); err != nil {
			t.Fatal(err)
		}
		m := got.Layers["sub"]
		return m.Status == "live" && m.FPS > 0 && m.BitsPerSecond > 0 && m.KeyIntervalS > 0
	})
	m := got.Layers["sub"]
	if m.Codec != "h264" || m.Profile == "" || m.ProfileName == "" || m.Width == 0 || m.Height == 0 || m.ReceivedPackets == 0 ||
		m.LostPackets != 0 || m.LossPercent != 0 || m.LastError != "" || m.Transcoding != nil {
		t.Errorf("%+v", m)
	}
	h.do("GET", path, nil, other).want(t, 403) // he watches it
	stranger := h.person("stranger", false)
	h.do("GET", path, nil, stranger).want(t, 404)

	// the grid of a guest has the picture's shape before the first picture
	link, sec := h.link(owner, "Yard link", cam)
	_, g := h.guest(sec)
	v := h.visit(link, g)
	if want := float64(m.Width) / float64(m.Height); len(v.Cameras) != 1 || v.Cameras[0].Aspect < want-.01 || v.Cameras[0].Aspect > want+.01 {
		t.Errorf("cameras %+v, want aspect %.3f", v.Cameras, want)
	}
}
