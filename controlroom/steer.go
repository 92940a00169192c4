package controlroom

import (
	"context"

	"sightline/authz"
	"sightline/ingest/onvif"
	"sightline/internal/fault"
)

// Steer carries out one command of a call. It does not wait until the camera
// has obeyed.
func (r *Room) Steer(ctx context.Context, sub authz.Subject, camera string, c SteerCommand) error {
	return r.steering.call(ctx, sub, camera, c)
}

// SteerView asks a camera what can be steered, for who may.
func (r *Room) SteerView(ctx context.Context, sub authz.Subject, camera string) (SteerView, error) {
	d, err := r.cfg.Authority.Check(ctx, sub, authz.ActPTZ, authz.Object{Camera: camera})
	if err == nil {
		err = d.Fault()
	}
	if err != nil {
		return SteerView{}, err
	}
	if r.devices == nil || !r.devices.MaySteer(camera) {
		return SteerView{}, fault.New(fault.Conflict, onvif.CodeNoPTZ, "This camera cannot be steered.")
	}
	st, err := r.devices.Steering(ctx, camera, false)
	if err != nil {
		return SteerView{}, err
	}
	v := SteerView{PanTilt: st.PanTilt, Zoom: st.Zoom, Home: st.Home, Presets: []SteerPreset{}}
	for _, p := range st.Presets {
		v.Presets = append(v.Presets, SteerPreset{Token: p.Token, Name: p.Name})
	}
	return v, nil
}

// steerMessage is a "ptz" message of a client: watch takes and gives back the
// camera, everything else is a command.
type steerMessage struct {
	Camera string `json:"camera"`
	Watch  *bool  `json:"watch"`
	SteerCommand
}

// steer takes a "ptz" message. A tab has one camera in hand at a time.
func (s *Socket) steer(ctx context.Context, m steerMessage) {
	s.mu.Lock()
	h, left := s.hand, s.left
	s.mu.Unlock()
	if left {
		return
	}
	if h != nil && (h.helm.camera != m.Camera || m.Watch != nil && !*m.Watch) {
		s.letGo()
		h = nil
	}
	if m.Watch != nil && !*m.Watch {
		return
	}
	if h == nil || !h.helm.holds(h) {
		if m.Stop { // of something given back already
			return
		}
		var err error
		if h, err = s.take(ctx, m.Camera); err != nil {
			s.refuse(m.Camera, err, true)
			return
		}
	}
	if m.Watch != nil {
		return
	}
	err := m.check()
	if err == nil {
		err = h.helm.command(h, m.SteerCommand)
	}
	if err != nil && !fault.Is(err, fault.RateLimited) {
		s.refuse(m.Camera, err, false)
	}
}

// take gets a hand on a camera; the one before, if any, has lost its right.
func (s *Socket) take(ctx context.Context, camera string) (*hand, error) {
	s.letGo()
	h, err := s.room.steering.attach(ctx, s.subject, camera, func(st SteerState) { s.send(serverMessage{Type: "ptz", PTZ: &st}) })
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	left := s.left
	if !left {
		s.hand = h
	}
	s.mu.Unlock()
	if left { // the tab went away meanwhile
		h.helm.leave(h)
		return nil, unavailable()
	}
	return h, nil
}

// letGo gives the camera in hand back; what moves stops.
func (s *Socket) letGo() {
	s.mu.Lock()
	h := s.hand
	s.hand = nil
	s.mu.Unlock()
	if h != nil {
		h.helm.leave(h)
	}
}

func (s *Socket) refuse(camera string, err error, ended bool) {
	st := SteerState{Camera: camera, Reason: fault.Code(err), Ended: ended}
	s.send(serverMessage{Type: "ptz", PTZ: &st})
}
