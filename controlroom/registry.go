package controlroom

import (
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/sfu"
)

// Kinds of viewers, the only label of viewing metrics.
const (
	kindAccount = "account"
	kindGuest   = "guest"
)

func kindOf(s authz.Subject) string {
	if s.Kind == authz.GuestSubject {
		return kindGuest
	}
	return kindAccount
}

func (s *session) kind() string { return kindOf(s.subject) }

// registry holds the viewing sessions of this node and their caps.
type registry struct {
	limits  Limits
	mu      sync.Mutex
	byID    map[string]*session
	closing bool
}

// orphan is how long a session must have been without a socket to give way to a
// new one of the same viewer: a reloaded page is not a further viewer.
const orphan = 2 * time.Second

// add registers a session, or says why there is no room for it: of a visit the
// third at once, of an account one too many (spec ruling 3). Sessions of the same
// viewer that nobody looks at any more give way.
func (r *registry) add(s *session, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return fault.New(fault.Unavailable, string(sfu.ReasonDraining), "The server is restarting. Try again in a moment.").After(2 * time.Second)
	}
	same, limit := func(o *session) bool { return o.subject.Account == s.subject.Account }, r.limits.PerAccount
	if s.whep != "" {
		limit = r.limits.PlayersPer // players hold a token, not a person's attention
	}
	if s.subject.Kind == authz.GuestSubject {
		same, limit = func(o *session) bool { return o.subject.Session() == s.subject.Session() }, r.limits.PerVisit
	}
	var mine []*session
	for _, o := range r.byID {
		if o.kind() == s.kind() && (o.whep == "") == (s.whep == "") && same(o) && o.ending() == nil {
			mine = append(mine, o)
		}
	}
	if len(mine) >= limit {
		if old := oldestOrphan(mine, now); old != nil {
			old.stop(ending{gone: true})
		} else {
			return fault.New(fault.Conflict, string(authz.ReasonTooManyViewers), "You are watching on too many screens at once. Close one.")
		}
	}
	r.byID[s.id] = s
	return nil
}

func oldestOrphan(sessions []*session, now time.Time) *session {
	var old *session
	var since time.Time
	for _, s := range sessions {
		s.mu.Lock()
		alone, at := s.socket == nil && s.whep == "", s.alone
		s.mu.Unlock()
		if alone && now.Sub(at) >= orphan && (old == nil || at.Before(since)) {
			old, since = s, at
		}
	}
	return old
}

func (r *registry) remove(s *session) {
	r.mu.Lock()
	delete(r.byID, s.id)
	r.mu.Unlock()
}

// find returns the session if it is the same login's, token's or visit's. One that
// is somebody else's, or is ending, is none (threat T10).
func (r *registry) find(id string, sub authz.Subject) *session {
	r.mu.Lock()
	s := r.byID[id]
	r.mu.Unlock()
	if s == nil || !s.ready.Load() || sub.Session() == "" || s.subject.Session() != sub.Session() || s.ending() != nil {
		return nil
	}
	return s
}

// all returns the sessions that have a peer.
func (r *registry) all() []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*session, 0, len(r.byID))
	for _, s := range r.byID {
		if s.ready.Load() {
			out = append(out, s)
		}
	}
	return out
}

// close refuses new sessions from now on.
func (r *registry) close() {
	r.mu.Lock()
	r.closing = true
	r.mu.Unlock()
}

func errNoSession() error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "There is no such thing here.")
}
