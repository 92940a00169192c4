package controlroom

import (
	"context"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/sfu"
)

// OpenRequest begins a viewing session.
type OpenRequest struct {
	SDP     string     `json:"sdp"`
	Version uint64     `json:"version"`
	Tiles   []TileWant `json:"tiles"`
	Client  Client     `json:"-"` // for whoever takes the request to fill in
}

// Opened is a begun viewing session. Tiles whose decision is not yet known are connecting.
type Opened struct {
	ID    string      `json:"id"`
	SDP   string      `json:"sdp"`
	Tiles []TileState `json:"tiles"`
	// ICEServers are for RTCConfiguration.iceServers, where TURN servers are configured: a
	// client that does not get through sets them and restarts ICE, or begins with them.
	ICEServers []sfu.ICEServer `json:"ice_servers,omitempty"`
}

// Open begins a viewing session of an account's login (or token) or a guest's visit.
// Refused: fault.Conflict too_many_viewers, fault.Malformed bad_sdp, fault.Unavailable
// authz_unavailable (store away and no tile could be decided) or draining.
func (r *Room) Open(ctx context.Context, sub authz.Subject, req OpenRequest) (Opened, error) {
	tiles, err := checkTiles(req.Tiles, r.cfg.Limits.Tiles)
	if err != nil {
		return Opened{}, err
	}
	s, answer, err := r.begin(ctx, sub, "", req.SDP, req.Version, tiles, req.Client)
	if err != nil {
		return Opened{}, err
	}
	states := s.snapshot()
	if away(states) {
		s.stop(ending{})
		return Opened{}, r.refused(unavailable())
	}
	return Opened{ID: s.id, SDP: answer, Tiles: states, ICEServers: r.ICEServers()}, nil
}

// ICEServers are TURN servers for one client, with credentials of its own where a shared
// secret is configured; none where none is.
func (r *Room) ICEServers() []sfu.ICEServer {
	return r.cfg.Relays.Servers(r.deps.clock.Now(), authz.NewID()[:8])
}

// away reports whether the store's silence is all there is to tell.
func away(states []TileState) bool {
	for _, st := range states {
		if st.Reason != string(authz.ReasonUnavailable) || st.State == StateThrottled {
			return false
		}
	}
	return len(states) > 0
}

func unavailable() *fault.Error {
	return fault.New(fault.Unavailable, string(authz.ReasonUnavailable),
		"Your access cannot be checked right now. Try again in a moment.").After(backoff(0))
}

// begin makes the peer and starts the session; it returns after the first pass,
// so that what could be decided at once is in the first answer.
func (r *Room) begin(ctx context.Context, sub authz.Subject, whep, offer string, version uint64, tiles []TileWant, c Client) (*session, string, error) {
	if sub.Session() == "" {
		return nil, "", r.refused(fault.New(fault.Unauthenticated, fault.CodeNotSignedIn, "Sign in first."))
	}
	s := newSession(r.deps, authz.NewID(), sub)
	s.whep = whep
	s.allow, s.from = r.allowanceOf(sub, c), c.IP
	if err := r.sessions.add(s, r.deps.clock.Now()); err != nil {
		return nil, "", r.refused(err)
	}
	if err := r.takeSeat(ctx, sub); err != nil {
		r.sessions.remove(s)
		return nil, "", r.refused(err)
	}
	p, answer, err := r.dialer.newPeer(ctx, sfu.PeerConfig{Offer: offer, OnState: s.onPeer})
	if err != nil {
		r.sessions.remove(s)
		r.leaveSeat(sub)
		return nil, "", r.refused(err)
	}
	s.peer = p
	s.ready.Store(true)
	s.setTiles(version, tiles)
	if !r.start(s) {
		p.Close()
		r.sessions.remove(s)
		r.leaveSeat(sub)
		return nil, "", r.refused(fault.New(fault.Unavailable, string(sfu.ReasonDraining), "The server is restarting.").After(backoff(0)))
	}
	r.deps.metrics.opened.WithLabelValues(s.kind()).Inc()
	select {
	case <-s.passed:
	case <-ctx.Done():
		s.stop(ending{})
		return nil, "", fault.Wrap(ctx.Err(), fault.Unavailable, string(authz.ReasonUnavailable), "That took too long. Try again.")
	}
	return s, answer, nil
}

// start runs the session's loop unless the room is closing.
func (r *Room) start(s *session) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil || r.ctx.Err() != nil {
		return false
	}
	ctx := r.ctx
	r.wg.Go(func() {
		defer func() {
			r.sessions.remove(s)
			r.keepTotal(s)
			r.tellVisits(true, s)
			r.leaveSeat(s.subject)
		}()
		s.run(ctx)
	})
	return true
}

func (r *Room) refused(err error) error {
	r.deps.metrics.refused.WithLabelValues(fault.Code(err)).Inc()
	return err
}

// Renegotiate answers a new offer of the same viewing session: pool growth, ICE restart.
func (r *Room) Renegotiate(ctx context.Context, sub authz.Subject, id, sdp string) (string, error) {
	s := r.sessions.find(id, sub)
	if s == nil || s.whep != "" {
		return "", errNoSession()
	}
	answer, err := s.peer.Renegotiate(sdp)
	if err != nil {
		return "", err
	}
	s.poke() // there may be new mids
	return answer, nil
}

// CloseViewing ends a viewing session. Another login's or visit's is NotFound.
func (r *Room) CloseViewing(ctx context.Context, sub authz.Subject, id string) error {
	s := r.sessions.find(id, sub)
	if s == nil || s.whep != "" {
		return errNoSession()
	}
	return s.leave(ctx)
}

// leave ends the session for its client and waits until nothing is sent any more.
func (s *session) leave(ctx context.Context) error {
	s.stop(ending{})
	select {
	case <-s.done:
	case <-ctx.Done():
	}
	return nil
}
