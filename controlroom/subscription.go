package controlroom

import (
	"time"

	"sightline/authz"
	"sightline/ingest"
	"sightline/sfu"
)

// subscription is a right that has been granted and what is attached under it.
// The session's loop owns it; the fields marked so are guarded by session.mu.
type subscription struct {
	lease  lease
	ended  *authz.Decision // guarded: why the lease is over
	over   int64           // guarded: clock.Mono when it ended
	on     *attachment     // nil until attached
	mid    string          // that on is attached to
	layers []ingest.Layer  // of on, low to high
	from   ingest.Streams  // that on was made from
	want   int             // index into layers
	rank   int             // where the viewer's path does not carry all
	holds  [2]func()       // by ingest.Layer, nil where not held
}

// attachment is one sfu attach and what came of it. Guarded by session.mu.
type attachment struct {
	first   bool
	firstTS uint32
	firstAt int64 // clock.Mono that firstTS stands for
	layer   int
	reason  sfu.Reason
	paused  bool      // nothing is sent, for the reason
	still   bool      // a picture of the still gate was sent
	stillAt time.Time // when that picture came from the camera
}

// holdOnly keeps exactly the layers wanted pulled: new ones are taken before
// others are given back.
func (u *subscription) holdOnly(f fleet, camera string, want [2]bool) {
	for l, w := range want {
		if w && u.holds[l] == nil {
			u.holds[l] = f.Hold(camera, ingest.Layer(l))
		}
	}
	for l, w := range want {
		if !w && u.holds[l] != nil {
			u.holds[l]()
			u.holds[l] = nil
		}
	}
}

// release gives everything back. Media stops first, then the lease, then the pull.
func (u *subscription) release(p peer, f fleet, camera string) {
	if u.on != nil {
		p.Detach(u.mid)
		u.on = nil
	}
	if u.lease != nil {
		u.lease.Release()
		u.lease = nil
	}
	u.holdOnly(f, camera, [2]bool{})
}

// plan is which layers a tile is attached to, which is wanted and which are pulled.
type plan struct {
	layers  []ingest.Layer
	streams []*sfu.Stream
	want    int
	hold    [2]bool
}

// layerPlan chooses the layers of a tile. only is "sub" or "main" for a player
// that asked for one layer. The sub layer starts and is the fallback; the main
// layer is pulled while it is wanted, or while the sub layer cannot be shown.
func layerPlan(st ingest.Streams, only string, main bool, state ingest.CameraState, reason sfu.Reason) plan {
	var p plan
	add := func(l ingest.Layer) {
		if s := st.Video[l]; s != nil {
			p.layers, p.streams = append(p.layers, l), append(p.streams, s)
		}
	}
	if only != "main" || st.Video[ingest.Main] == nil {
		add(ingest.Sub)
	}
	if only != "sub" || st.Video[ingest.Sub] == nil {
		add(ingest.Main)
	}
	if len(p.layers) == 0 {
		return p
	}
	sub := state.Layers[ingest.Sub]
	broken := reason == sfu.ReasonCodecUnsupported || sub.Status == ingest.Offline || sub.Reason == sfu.ReasonBFrames
	p.hold[p.layers[0]] = true
	if len(p.layers) == 2 && (main || broken || only == "main" || only == "auto") {
		p.want, p.hold[ingest.Main] = 1, true
	}
	return p
}
