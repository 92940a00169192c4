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

// claim makes p the one that writes, unless another does; changed reports that
// the camera's state is another now.
func (s *sound) claim(p *puller, t track) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, changed = s.take(p, t)
	return changed
}

// take is called with mu held.
func (s *sound) take(p *puller, t track) (mine, changed bool) {
	if s.owner == p {
		return true, false
	}
	if s.owner != nil && p.layer != Sub {
		return false, false
	}
	f := sfu.Format{Codec: t.Codec, ClockRate: t.Rate, Channels: t.Channels}
	if f != s.format {
		s.format = f
		s.line = audioTimeline(t.Rate) // another rate is another scale of the same clock
		s.stream.SetFormat(f)
	}
	s.line.newSession()
	s.owner = p
	return true, true
}

// wanted reports whether somebody listens to what p would write.
func (s *sound) wanted(p *puller) bool {
	s.mu.Lock()
	mine := s.owner == nil || s.owner == p || p.layer == Sub
	s.mu.Unlock()
	if !mine {
		return false
	}
	st := s.stream.Stats()
	return st.Downtracks > 0 || st.Sinks > 0
}

// write takes one packet; changed reports that the camera's state is another now.
func (s *sound) write(p *puller, t track, k packet) (changed bool) {
	if len(k.Payload) == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	mine, changed := s.take(p, t)
	if !mine {
		return false
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

// health is what is said of the sound to the camera's owner.
func (s *sound) health() SoundState {
	s.mu.Lock()
	owner, f := s.owner, s.format
	s.mu.Unlock()
	if owner == nil {
		return SoundState{}
	}
	v := SoundState{Codec: f.Codec, Rate: f.ClockRate}
	owner.mu.Lock()
	sess := owner.sess
	owner.mu.Unlock()
	if sess != nil {
		v.Convert = sess.aconv.snapshot()
	}
	return v
}
