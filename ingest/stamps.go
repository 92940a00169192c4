package ingest

import (
	"sync"
	"time"

	"sightline/sfu"
)

// stamps gives what goes into a child a time in milliseconds since its
// beginning, and finds back what a picture that comes out was.
type stamps struct {
	begin int64    // clock.Mono of the beginning
	line  timeline // audio: sample-exact distances, on our clock
	audio bool

	mu   sync.Mutex
	last int64
	list []stamp
}

type stamp struct {
	ms, mono int64
	ts       uint32
}

// maxStamps bounds how many pictures may be inside a child.
const maxStamps = 256

func newStamps(t *track, begin int64) *stamps {
	return &stamps{begin: begin, last: -1, audio: t.Kind == sfu.Audio, line: audioTimeline(t.Rate)}
}

func (s *stamps) add(r raw) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := r.mono - s.begin
	if s.audio {
		first := !s.line.begun
		s.line.at(r.ts, r.mono)
		if at = s.line.out*int64(time.Second/1000)/s.line.rate*1000 - s.begin; first {
			s.begin += at
			at = 0
		}
	}
	ms := max(at/int64(time.Millisecond), s.last+1)
	s.last = ms
	if !s.audio {
		if len(s.list) == maxStamps {
			s.list = append(s.list[:0], s.list[1:]...)
		}
		s.list = append(s.list, stamp{ms: ms, mono: r.mono, ts: r.ts})
	}
	return ms
}

// start is the clock.Mono of the beginning.
func (s *stamps) start() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begin
}

// find forgets all pictures before the one it finds.
func (s *stamps) find(ms int64) (stamp, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, x := range s.list {
		if x.ms == ms {
			s.list = append(s.list[:0], s.list[i+1:]...)
			return x, true
		}
	}
	return stamp{}, false
}
