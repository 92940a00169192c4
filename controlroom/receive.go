package controlroom

import (
	"context"
	"encoding/json"
	"time"

	"sightline/internal/clock"
	"sightline/internal/fault"
)

// maxText is the longest text message a client may send.
const maxText = 64 << 10

// Receive handles one text message of the client (JSON, ≤ 64 KB). Messages must be
// given in the order of arrival. A protocol error closes the socket with CloseProtocol.
func (s *Socket) Receive(ctx context.Context, text []byte) {
	var m clientMessage
	if len(text) > maxText {
		s.fail(CloseProtocol, fault.CodeTooLarge)
		return
	}
	if err := json.Unmarshal(text, &m); err != nil {
		s.fail(CloseProtocol, fault.CodeBadJSON)
		return
	}
	s.mu.Lock()
	ok := s.budget.take(s.room.deps.clock.Now())
	first := !s.hello
	if m.Type == "hello" {
		s.hello = true
	}
	v := s.session
	s.mu.Unlock()
	switch {
	case !ok:
		s.fail(CloseProtocol, "too many messages")
	case first && m.Type != "hello":
		s.fail(CloseProtocol, "hello comes first")
	case m.Type == "hello":
		s.greet(m, first)
	case m.Type == "ping":
		now := float64(s.room.deps.clock.Now().UnixMicro()) / 1000
		s.send(serverMessage{Type: "pong", T: &m.T, ServerTimeMS: &now, MediaMS: mediaMS(clock.Mono())})
	case m.Type == "ptz":
		s.steer(ctx, m.steerMessage)
	case v == nil: // its session has ended; the client knows or is about to hear it
	default:
		if err := v.hearClient(m); err != nil {
			s.fail(CloseProtocol, fault.Code(err))
		}
	}
}

// greet answers hello and attaches the named viewing session.
func (s *Socket) greet(m clientMessage, first bool) {
	if first {
		now := s.room.deps.clock.Now().UTC()
		s.send(serverMessage{Type: "hello", Node: s.room.cfg.Node, ServerTime: &now})
		s.poke()
	}
	if m.Viewing == "" {
		return
	}
	v := s.room.sessions.find(m.Viewing, s.subject)
	if v == nil || v.whep != "" {
		s.send(serverMessage{Type: "viewing_gone", Viewing: m.Viewing})
		return
	}
	s.mu.Lock()
	old, left := s.session, s.left
	if !left {
		s.session = v
	}
	s.mu.Unlock()
	if left {
		return
	}
	if old != nil && old != v {
		old.leaveSocket(s)
	}
	v.join(s)
	if v.ending() != nil { // it ended meanwhile and may not have seen this socket
		s.send(serverMessage{Type: "viewing_gone", Viewing: m.Viewing})
	}
}

// hearClient takes one message about the viewing session itself.
func (s *session) hearClient(m clientMessage) error {
	now := s.clock.Now()
	switch m.Type {
	case "tiles":
		tiles, err := checkTiles(m.Tiles, s.limits.Tiles)
		if err != nil {
			return err
		}
		s.setTiles(m.Version, tiles)
	case "sound":
		cell := -1
		if m.Cell != nil {
			cell = *m.Cell
		}
		s.change(func() { s.sound, s.recheck = cell, true })
	case "input":
		s.mu.Lock()
		s.lastInput = now
		s.mu.Unlock()
	case "visible":
		if m.Visible == nil {
			return fault.Field("visible", fault.CodeRequired, "Say whether the page is visible.")
		}
		s.change(func() { s.hidden = !*m.Visible })
	case "continue":
		s.change(func() { s.frozen, s.lastInput = false, now })
	case "try_now":
		if m.Cell == nil {
			return fault.Field("cell", fault.CodeRequired, "Say which cell.")
		}
		s.tryNow(*m.Cell, now)
	default:
		return fault.New(fault.Malformed, fault.CodeBadValue, "There is no such message.")
	}
	return nil
}

// tryNow ends a reconnect wait of the camera in a cell, for somebody who may see
// it, and asks again for what was denied. A cell that is live for us and not for
// the client, whose decoder may have lost its way, gets its stream from a key
// frame on. At most once in 2 s, however many cells.
func (s *session) tryNow(cell int, now time.Time) {
	camera := ""
	s.mu.Lock()
	soon := now.Sub(s.tried) < 2*time.Second
	if !soon {
		s.tried, s.recheck = now, true
		for _, st := range s.states {
			switch {
			case st.Cell != cell:
			case st.State == StateReconnecting || st.State == StateOffline:
				camera = st.Camera
			case st.State == StateLive:
				s.anew = map[int]bool{cell: true}
			}
		}
	}
	s.mu.Unlock()
	if soon {
		return
	}
	if camera != "" {
		s.fleet.TryNow(camera)
	}
	s.poke()
}
