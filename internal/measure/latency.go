package measure

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"sightline/internal/testcam"
	"sightline/internal/testpeer"
)

// Latency lets n viewers watch cameras that write their send time into every
// picture (Options.Stamp), and returns, of every frame at every viewer over d,
// the time from the camera's first send call for it to the arrival of its last packet. The
// camera's own work of cutting it into packets is in it, and the way in.
func Latency(ctx context.Context, p *Program, n int, d time.Duration) (Durations, Load, error) {
	s := &stopwatch{}
	c, err := NewCrowd(ctx, p, s.viewer)
	if err != nil {
		return nil, Load{}, err
	}
	defer c.Close()
	if err := c.Grow(ctx, min(n, fullViewers)); err != nil {
		return nil, Load{}, err
	}
	if err := pause(ctx, settling); err != nil {
		return nil, Load{}, err
	}
	s.start()
	l, err := c.Measure(ctx, d)
	if err != nil {
		return nil, l, err
	}
	got := s.stop()
	if len(got) == 0 {
		return nil, l, errors.New("no picture carried its send time through the server")
	}
	return got, l, nil
}

// stopwatch collects times of frames at viewers.
type stopwatch struct {
	mu   sync.Mutex
	runs bool
	got  Durations
}

func (s *stopwatch) start() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs, s.got = true, nil
}

func (s *stopwatch) stop() Durations {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs = false
	return slices.Clone(s.got)
}

// viewer looks at one viewer's packets, in the order of their arrival.
func (s *stopwatch) viewer() func(*testpeer.Packet) {
	var ts uint32
	var sent time.Duration
	var known bool
	return func(p *testpeer.Packet) {
		if p.RTX {
			return
		}
		if p.TS != ts {
			ts, known = p.TS, false
		}
		if !known {
			sent, known = testcam.Sent(p.Payload)
		}
		if !p.Marker || !known {
			return
		}
		took := testcam.Uptime() - sent
		s.mu.Lock()
		if s.runs {
			s.got = append(s.got, took)
		}
		s.mu.Unlock()
	}
}
