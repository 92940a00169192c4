package controlroom

import (
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/sfu"
)

// pulse is how often the room looks at all sessions: idle time, sessions without
// a socket, viewing time.
const pulse = time.Second

// tick looks at all sessions once. elapsed is the monotonic time since the last
// look: what viewing time grows by where a frame was forwarded in the last 4 s.
func (r *Room) tick(elapsed time.Duration) {
	now, mono := r.deps.clock.Now(), clock.Mono()
	live := map[string]int{kindAccount: 0, kindGuest: 0}
	open := map[string]int{kindAccount: 0, kindGuest: 0}
	stalled := 0
	for _, s := range r.sessions.all() {
		open[s.kind()]++
		s.countEgress()
		if s.live(mono) {
			live[s.kind()]++
			s.viewed.Add(int64(elapsed))
			r.deps.metrics.viewing.WithLabelValues(s.kind()).Add(elapsed.Seconds())
			if s.allow != nil && r.deps.guests != nil {
				r.deps.guests.viewing.Add(elapsed.Seconds())
			}
		}
		stalled += s.stalled(now)
		s.age(now)
	}
	for k, n := range live {
		r.deps.metrics.viewers.WithLabelValues(k).Set(float64(n))
		r.deps.metrics.sessions.WithLabelValues(k).Set(float64(open[k]))
	}
	r.deps.metrics.stalled.Set(float64(stalled))
}

// age freezes a session nobody touched for the idle time and ends one that has no
// socket any more; players of others have neither.
func (s *session) age(now time.Time) {
	if s.whep != "" {
		return
	}
	s.mu.Lock()
	gone := s.socket == nil && now.Sub(s.alone) >= s.limits.NoSocket
	kiosk := s.subject.Kind == authz.DeviceSubject // nobody touches a screen on a wall (R87)
	freeze := !s.frozen && !kiosk && now.Sub(s.lastInput) >= s.limits.Idle
	if freeze {
		s.frozen = true
	}
	s.mu.Unlock()
	if gone {
		s.stop(ending{reason: string(sfu.ReasonStalled), gone: true})
	} else if freeze {
		s.poke()
	}
}

// stalled counts the tiles that have been connecting for longer than 5 s.
func (s *session) stalled(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, st := range s.states {
		if st.State == StateConnecting && !s.hidden && st.Since != nil && now.Sub(*st.Since) > 5*time.Second {
			n++
		}
	}
	return n
}

// Watching is how many viewing sessions of each link have media now on this node.
func (r *Room) Watching(links []string) map[string]int {
	out := make(map[string]int, len(links))
	for _, l := range links {
		out[l] = 0
	}
	mono := clock.Mono()
	for _, s := range r.sessions.all() {
		if n, asked := out[s.subject.Link]; asked && s.subject.Link != "" && s.live(mono) {
			out[s.subject.Link] = n + 1
		}
	}
	return out
}

// WatchingVisits are the visits of a link that have media now on this node.
func (r *Room) WatchingVisits(link string) map[string]bool {
	out := map[string]bool{}
	mono := clock.Mono()
	for _, s := range r.sessions.all() {
		if link != "" && s.subject.Link == link && s.live(mono) {
			out[s.subject.Visit] = true
		}
	}
	return out
}
