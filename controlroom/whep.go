package controlroom

import (
	"context"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/sfu"
)

// OpenWHEP begins a viewing session of one camera for a player of others; layer is
// "auto", "sub" or "main" ("" = auto). There are no states to tell on a socket, so
// refusals are errors: fault.NotFound for what the account cannot see,
// fault.Forbidden with the reason otherwise, fault.Unavailable while the store is away.
// When the right ends, the connection is closed and the id is gone.
func (r *Room) OpenWHEP(ctx context.Context, sub authz.Subject, camera, layer, sdp string) (id, answer string, err error) {
	switch layer {
	case "":
		layer = "auto"
	case "auto", "sub", "main":
	default:
		return "", "", fault.Field("layer", fault.CodeBadValue, "A layer is auto, sub or main.")
	}
	if sub.Kind != authz.AccountSubject {
		return "", "", errNoSession()
	}
	d, err := r.cfg.Authority.Check(ctx, sub, authz.ActLive, authz.Object{Camera: camera})
	if err != nil {
		return "", "", r.refused(err)
	}
	if err := d.Fault(); err != nil {
		return "", "", r.refused(err)
	}
	if r.cameras.isStill(camera) {
		return "", "", r.refused(noLive())
	}
	s, answer, err := r.begin(ctx, sub, layer, sdp, 0, []TileWant{{Cell: 0, Camera: camera}}, Client{})
	if err != nil {
		return "", "", err
	}
	s.change(func() { s.sound = 0 }) // plays if the account may hear it and the player asked for audio
	switch states := s.snapshot(); {
	case s.ending() != nil || len(states) != 1:
		return "", "", r.refused(errNoSession())
	case away(states):
		s.stop(ending{})
		return "", "", r.refused(unavailable())
	case states[0].Mid == "":
		s.stop(ending{})
		return "", "", r.refused(fault.New(fault.Malformed, fault.CodeBadSDP, "The offer has no video to receive."))
	case states[0].Reason == string(sfu.ReasonCodecUnsupported):
		s.stop(ending{})
		return "", "", r.refused(fault.New(fault.Invalid, string(sfu.ReasonCodecUnsupported), "This player cannot show the camera's codec."))
	}
	return s.id, answer, nil
}

// CloseWHEP ends it. Another camera's, login's or token's id is NotFound.
func (r *Room) CloseWHEP(ctx context.Context, sub authz.Subject, camera, id string) error {
	s := r.sessions.find(id, sub)
	if s == nil || s.whep == "" || !(*s.cameras.Load())[camera] {
		return errNoSession()
	}
	return s.leave(ctx)
}
