package controlroom

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/sfu"
)

// ear is the sound of the one tile that may sound (row R93). Loop only.
type ear struct {
	camera  string
	sub     *subscription
	told    string // "on", or the reason why not
	retryAt time.Time
}

// hear keeps the sound of the wanted cell attached, under a decision of its own:
// seeing a camera does not include hearing it.
func (s *session) hear(ctx context.Context, in input) {
	camera := ""
	for _, t := range s.tiles {
		if t.want.Cell == in.sound && t.sub != nil && t.sub.on != nil {
			camera = t.want.Camera
		}
	}
	if s.ear != nil {
		if ended := s.earEnded(); ended != nil {
			e := *s.ear
			s.hush()
			s.ear = &ear{camera: e.camera, told: string(ended.Reason), retryAt: in.now.Add(deniedRetry)}
		}
		if s.ear.camera != camera {
			s.hush()
		}
	}
	if camera == "" {
		return
	}
	if e := s.ear; e == nil || (e.sub == nil && (in.recheck || !in.now.Before(e.retryAt))) {
		s.listen(ctx, camera, in.now)
	}
	s.plugIn()
}

// listen asks for the right to hear.
func (s *session) listen(ctx context.Context, camera string, now time.Time) {
	e := &ear{camera: camera}
	s.ear = e
	sub, d, err := s.ask(ctx, camera, authz.ActSound)
	switch {
	case err != nil:
		e.told, e.retryAt = string(authz.ReasonUnavailable), now.Add(backoff(1))
	case !d.Allowed:
		e.told, e.retryAt = string(d.Reason), now.Add(deniedRetry)
	default:
		e.sub = sub
	}
}

// plugIn attaches the allowed sound, and again when the camera's stream is another.
func (s *session) plugIn() {
	e := s.ear
	if e == nil || e.sub == nil {
		return
	}
	mid := ""
	for _, m := range s.peer.Mids() {
		if m.Kind == sfu.Audio {
			mid = m.ID
			break
		}
	}
	st, ok := s.fleet.Streams(e.camera)
	state, _ := s.fleet.State(e.camera)
	if mid == "" || !ok || st.Audio == nil || !state.Audio {
		e.told = string(sfu.ReasonNotFound)
	}
	if mid == "" || !ok || st.Audio == nil {
		return
	}
	if e.sub.on == nil || e.sub.mid != mid || e.sub.from.Audio != st.Audio {
		on := &attachment{}
		err := s.peer.Attach(mid, sfu.Subscription{Layers: []*sfu.Stream{st.Audio}, Gate: e.sub.lease, Budget: s.budget(e.camera), OnEvent: s.listener(on)})
		if err != nil {
			s.log.Warn("sound could not be attached", "camera", e.camera, "err", err)
			e.told = string(sfu.ReasonCodecUnsupported)
			return
		}
		e.sub.on, e.sub.mid, e.sub.from = on, mid, st
	}
	if state.Audio {
		e.told = "on"
	}
	if r := s.mediaReason(e.sub); r != "" {
		e.told = string(r)
	}
	th := s.allow.throttle()
	if g, own := s.egressOf(e.camera); th.reason == "" && !own {
		th = g.throttle()
	}
	if th.reason != "" {
		e.told = th.reason
	}
}

func (s *session) earEnded() *authz.Decision {
	if s.ear.sub == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ear.sub.ended
}

// hush gives the sound back.
func (s *session) hush() {
	if s.ear != nil && s.ear.sub != nil {
		s.ear.sub.release(s.peer, s.fleet, s.ear.camera)
	}
	s.ear = nil
}
