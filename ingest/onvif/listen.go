package onvif

import (
	"context"
	"runtime/debug"
	"time"

	"sightline/internal/clock"
)

const (
	again     = 2 * time.Minute        // something that goes on is told again so often
	maxActive = 64                     // sources of one camera that go on at once
	burst     = 60                     // reports of one camera at once
	perSecond = 5                      // and a second
	pullEvery = 250 * time.Millisecond // one that answers at once instead of waiting is not asked without end
)

// waits are how long after a failure a camera is asked again: first and most.
var waits = map[class][2]time.Duration{
	classRefused:     {2 * time.Second, time.Minute},
	classUnreachable: {5 * time.Second, 2 * time.Minute},
	classTimeout:     {5 * time.Second, 2 * time.Minute},
	classAnswer:      {10 * time.Second, 5 * time.Minute},
	classFault:       {5 * time.Second, 5 * time.Minute}, // often all its subscriptions are taken: they end by themselves
	classTLS:         {time.Minute, 15 * time.Minute},
	classDenied:      {time.Minute, 15 * time.Minute},
	classLogin:       {time.Minute, 30 * time.Minute}, // cameras lock who guesses
	classMissing:     {time.Hour, 6 * time.Hour},
}

// wait after the n-th failure in a row (from 0) of a class, with a quarter of jitter.
func wait(c class, n int) time.Duration {
	w, ok := waits[c]
	if !ok {
		w = waits[classUnreachable]
	}
	d := min(w[0]<<min(n, 16), w[1])
	return clock.Jitter(d)
}

// listen keeps a pull point until the camera is removed or changed.
func (c *camera) listen() {
	failures := 0
	var last class
	for c.ctx.Err() == nil {
		heard, err := c.hear()
		if c.ctx.Err() != nil {
			return
		}
		cl := classOf(err)
		if heard || cl != last {
			failures = 0
		}
		last = cl
		c.f.metrics.failures.WithLabelValues("events", string(cl)).Inc()
		c.f.cfg.Log.Debug("a camera's events are not heard", "camera", c.device.Camera, "class", string(cl), "err", err)
		c.client.forget()
		pause(c.ctx, wait(cl, failures))
		failures++
	}
}

// hear subscribes and reports until that fails; heard says whether it had begun.
func (c *camera) hear() (heard bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.f.cfg.Log.Error("reading a camera's events failed", "camera", c.device.Camera, "panic", p, "stack", string(debug.Stack()))
			err = &Error{class: classAnswer}
		}
	}()
	ctx, cancel := hurry(c.ctx, 2*callLimit)
	sub, err := c.client.Subscribe(ctx)
	cancel()
	if err != nil {
		return false, err
	}
	defer sub.Close()
	c.f.metrics.listening.Inc()
	defer c.f.metrics.listening.Dec()
	s := newStates(c.f.cfg.Clock.Now())
	defer func() {
		last, cancel := hurry(context.WithoutCancel(c.ctx), 2*time.Second)
		defer cancel()
		s.end(c.tell(last))
	}()
	for {
		began := time.Now()
		list, err := sub.Pull(c.ctx)
		if err != nil {
			return true, err
		}
		for _, m := range list {
			c.f.metrics.messages.Inc()
			s.take(m, c.f.cfg.Clock.Now(), c.tell(c.ctx))
		}
		s.goesOn(c.f.cfg.Clock.Now(), c.tell(c.ctx))
		pause(c.ctx, pullEvery-time.Since(began))
	}
}

func (c *camera) tell(ctx context.Context) func(kind string, at time.Time, active *bool) {
	return func(kind string, at time.Time, active *bool) {
		c.f.cfg.Report(ctx, Report{Camera: c.device.Camera, Kind: kind, At: at, Active: active})
	}
}

// states are what goes on at one camera. A kind goes on as long as one of its
// sources does.
type states struct {
	active map[string]map[string]bool // sources by kind
	told   map[string]time.Time       // kinds that go on: when that was last told
	left   float64
	at     time.Time
}

func newStates(now time.Time) *states {
	return &states{active: map[string]map[string]bool{}, told: map[string]time.Time{}, left: burst, at: now}
}

// take tells of one message, if it is news. A camera that says too much is not
// heard for a while, but for ends.
func (s *states) take(m Message, now time.Time, tell func(string, time.Time, *bool)) {
	kind, active := m.Kind()
	if kind == "" {
		return
	}
	s.left = min(burst, s.left+max(0, now.Sub(s.at).Seconds())*perSecond)
	s.at = now
	if s.left < 1 && (active == nil || *active) {
		return
	}
	s.left = max(0, s.left-1)
	source := m.Topic + " " + m.Source
	switch {
	case active == nil:
		tell(kind, now, nil)
	case *active:
		if s.active[kind] == nil {
			s.active[kind] = map[string]bool{}
		}
		if len(s.active[kind]) < maxActive {
			s.active[kind][source] = true
		}
		tell(kind, now, active)
		s.told[kind] = now
	case s.active[kind][source]:
		delete(s.active[kind], source)
		if len(s.active[kind]) == 0 {
			delete(s.told, kind)
			tell(kind, now, active)
		}
	}
}

// goesOn tells again what has not ended: an event without reports would end.
func (s *states) goesOn(now time.Time, tell func(string, time.Time, *bool)) {
	yes := true
	for kind, at := range s.told {
		if now.Sub(at) >= again {
			s.told[kind] = now
			tell(kind, now, &yes)
		}
	}
}

// end says of everything that it has ended: nobody listens any more.
func (s *states) end(tell func(string, time.Time, *bool)) {
	no := false
	for kind := range s.told {
		tell(kind, s.at, &no)
	}
	clear(s.told)
}
