package ingest

import (
	"bytes"
	"sync"

	"sightline/sfu"
)

// sound is a camera's one audio stream. The sub layer's sound is taken where
// there is some (it is the warm one), else the main layer's.
type sound struct {
	stream *sfu.Stream

	mu     sync.Mutex // also makes writes to the stream one at a time
	owner  *puller    // whose session writes
	format sfu.Format
	line   timeline
	notes  [2]string
}

// write takes one packet; changed reports that the camera's state is another now.
func (s *sound) write(p *puller, t track, k packet) (changed bool) {
	if len(k.Payload) == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner != p {
		if s.owner != nil && p.layer != Sub {
			return false
		}
		f := sfu.Format{Codec: t.Codec, ClockRate: t.Rate, Channels: t.Channels}
		if f != s.format {
			s.format = f
			s.line = audioTimeline(t.Rate) // another rate is another scale of the same clock
			s.stream.SetFormat(f)
		}
		s.line.newSession()
		s.owner = p
		changed = true
	}
	body := k.Payload
	ts := k.TS
	for len(body) > 0 {
		n := len(body)
		if n > sfu.MaxPayload {
			if t.Codec == sfu.Opus {
				return changed // no Opus packet of a camera is that large
			}
			n = sfu.MaxPayload / 8 * 8 // G.711 and G.722: one byte is one step of the clock
		}
		s.stream.Write(sfu.Frame{Mono: k.Mono, TS: s.line.at(ts, k.Mono), Payloads: [][]byte{bytes.Clone(body[:n])}})
		body = body[n:]
		ts += uint32(n)
	}
	return changed
}

// end is called when a session of p has ended.
func (s *sound) end(p *puller) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner != p {
		return false
	}
	s.owner = nil
	return true
}

func (s *sound) setNote(l Layer, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes[l] = text
}

func (s *sound) state() (on bool, note string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner != nil {
		return true, ""
	}
	for _, n := range s.notes {
		if n != "" {
			note = n
		}
	}
	return false, note
}
