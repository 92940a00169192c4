package controlroom

import (
	"math"

	"sightline/authz"
	"sightline/ingest"
)

// face is a camera as the subject of a may see it: sources are its owner's, and
// the state of its layers is for who may watch it now.
func (r *Room) face(a authz.CameraAccess, src *source) Camera {
	c := Camera{
		ID: a.Camera.ID, Name: a.Camera.Name, Kind: string(a.Camera.Kind), Zone: a.Camera.Zone,
		Mine: a.Mine, Owner: Person{ID: a.Owner.ID, Name: a.Owner.Name},
		Enabled: a.Camera.Enabled, Sound: a.Sound, Snapshot: a.Take, Archive: a.Past,
		PTZ:    a.Steer && r.devices != nil && r.devices.MaySteer(a.Camera.ID),
		Access: Access{Allowed: a.Live.Allowed, Reason: string(a.Live.Reason), Until: instant(a.Live.Until), Next: instant(a.Live.Next)},
	}
	if a.Mine {
		shared := a.Shared
		c.Shared, c.Order = &shared, a.Camera.Order
		c.Sound = a.Camera.Sound
		if src != nil {
			c.Source = src.view()
		}
	}
	if st, ok := r.deps.fleet.State(a.Camera.ID); ok && (a.Mine || a.Live.Allowed) {
		v := stateFace(st)
		if !a.Mine { // how a camera is reached is its owner's business
			for l, s := range v.Layers {
				s.Attempt, s.NextAt = 0, nil
				v.Layers[l] = s
			}
		}
		c.State, c.Aspect = &v, aspect(st)
	}
	return c
}

// aspect is the picture's width over height as far as known on this node, 0 else.
func aspect(st ingest.CameraState) float64 {
	for _, l := range []ingest.Layer{ingest.Main, ingest.Sub} {
		if f := st.Layers[l].Format; f.Width > 0 && f.Height > 0 {
			return math.Round(float64(f.Width)/float64(f.Height)*1000) / 1000
		}
	}
	return 0
}

func stateFace(st ingest.CameraState) StateView {
	v := StateView{Layers: map[string]LayerView{}, Audio: st.Audio}
	for _, l := range []ingest.Layer{ingest.Sub, ingest.Main} {
		s := st.Layers[l]
		if s.Status == "" { // there is no such layer
			continue
		}
		v.Layers[l.String()] = LayerView{
			Status: string(s.Status), Reason: string(s.Reason), Since: instant(s.Since), LastFrameAt: instant(s.LastFrame),
			Attempt: s.Attempt, NextAt: instant(s.Next), Codec: string(s.Format.Codec), Profile: s.Format.Profile,
			Width: s.Format.Width, Height: s.Format.Height, FPS: round(s.FPS), BitsPerSecond: s.BitsPerSecond,
			KeyIntervalS: round(s.KeyInterval.Seconds()),
		}
	}
	return v
}

// round to a tenth: more is noise to a person.
func round(f float64) float64 { return math.Round(f*10) / 10 }
