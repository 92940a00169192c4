package controlroom

import (
	"bytes"

	"sightline/ingest"
)

// tell derives the state of every tile and sends what differs from what was
// told: tile by tile, or as one whole list when the client's list is a new one.
func (s *session) tell(in input) {
	states := make([]TileState, len(s.tiles))
	for i, t := range s.tiles {
		states[i] = s.state(t, in.frozen)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !sameWant(s.want, in.want) {
		return // a newer list waits; telling about the old one would only confuse
	}
	s.states = states
	whole := s.toldFor != s.version
	if whole {
		s.told, s.toldFor = map[int][]byte{}, s.version
	}
	for _, st := range states {
		b := encode(st)
		if bytes.Equal(s.told[st.Cell], b) {
			continue
		}
		s.told[st.Cell] = b
		if whole {
			continue
		}
		s.seq++
		if s.socket != nil {
			s.socket.send(serverMessage{Type: "tile", Viewing: s.id, Seq: s.seq, Version: &s.version, TileState: &st})
		}
	}
	if whole {
		s.seq++
		if s.socket != nil {
			s.socket.send(s.wholeLocked())
		}
	}
}

// wholeLocked is the snapshot message. mu is held.
func (s *session) wholeLocked() serverMessage {
	tiles := append([]TileState{}, s.states...)
	return serverMessage{Type: "tiles", Viewing: s.id, Seq: s.seq, Version: &s.version, Tiles: &tiles}
}

// state gathers what is known about a tile for derive.
func (s *session) state(t *tile, frozen bool) TileState {
	m := media{throttle: s.allow.throttle()}
	g, own := s.egressOf(t.want.Camera)
	if m.throttle.reason == "" && !own {
		m.throttle = g.throttle()
	}
	if u := t.sub; u != nil {
		m.camera, m.known = s.fleet.State(t.want.Camera)
		for l := range u.holds {
			m.held[l] = u.holds[l] != nil
		}
		s.mu.Lock()
		if on := u.on; on != nil {
			m.first, m.firstTS, m.firstAt, m.reason, m.paused = on.first, on.firstTS, on.firstAt, on.reason, on.paused
			m.still, m.stillAt = on.still, on.stillAt
			if on.layer >= 0 && on.layer < len(u.layers) {
				m.layer = u.layers[on.layer]
				if m.why = LayerBudget; g.is() == EgressFree {
					m.why = layerWhy(t.want, liveTiles(s.want), s.limits, s.whep, m.layer, len(u.layers), m.camera.Layers[ingest.Main], on.reason)
				}
			}
		}
		s.mu.Unlock()
		if m.held[ingest.Sub] && len(u.layers) == 1 && u.layers[0] == ingest.Main {
			m.held = [2]bool{ingest.Main: true} // a camera without a sub layer
		}
	}
	st := derive(t.want, t.mid, t.name, frozen, t.verdict, m)
	if t.still.on && t.sub != nil && !frozen {
		st = imaged(TileState{Cell: st.Cell, Camera: st.Camera, Name: st.Name, Until: st.Until}, t.still)
	}
	if e := s.ear; e != nil && e.camera == t.want.Camera && t.want.Cell == s.soundCell() {
		st.Sound = e.told
	}
	return st
}

func (s *session) soundCell() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sound
}

// tellEnd words the end of the whole session on every tile that was running.
func (s *session) tellEnd(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, st := range s.states {
		if st.State == StateImage || st.State == StateRestricted || st.State == StateClosed {
			continue
		}
		s.states[i] = TileState{Cell: st.Cell, Camera: st.Camera, State: StateEnded, Reason: reason}
		s.seq++
		if s.socket != nil {
			s.socket.send(serverMessage{Type: "tile", Viewing: s.id, Seq: s.seq, Version: &s.version, TileState: &s.states[i]})
		}
	}
}

// sameWant compares by identity: setTiles replaces the list, nobody changes one.
func sameWant(a, b []TileWant) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
