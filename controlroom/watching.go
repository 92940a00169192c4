package controlroom

import "sightline/internal/clock"

// WatchingCamera is which accounts have a camera's live picture on this node
// now, in a viewing session or in a player of theirs. For the camera's owner.
func (r *Room) WatchingCamera(camera string) map[string]bool {
	out := make(map[string]bool)
	mono := clock.Mono()
	for _, s := range r.sessions.all() {
		if s.subject.Account == "" || !s.live(mono) {
			continue
		}
		s.mu.Lock()
		for _, st := range s.states {
			if st.Camera == camera && st.State == StateLive {
				out[s.subject.Account] = true
			}
		}
		s.mu.Unlock()
	}
	return out
}
