package controlroom

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"sightline/authz"
	"sightline/ingest/onvif"
	"sightline/internal/fault"
)

// helm steers one camera for all who may. One hand has it at a time: the owner
// before others, else whoever came first, until it has been quiet for steerHold.
// A loop of its own talks to the camera; a movement ends when its hand says so,
// says nothing for steerLease, loses its right, or leaves.
type helm struct {
	st     *steering
	camera string
	wake   chan struct{} // capacity 1

	mu     sync.Mutex
	done   bool // the loop has ended
	hands  map[*hand]bool
	at     *hand     // who has it; nil: nobody
	until  time.Time // and keeps it, without another command
	want   onvif.Velocity
	wantBy time.Time     // the movement ends without another word
	errand *SteerCommand // a preset or the home position to go to
	reason string        // why the last command failed
	retry  time.Time     // no command before

	sent   onvif.Velocity // loop only: what the camera was told last
	sentAt time.Time      // loop only
}

func (m *helm) poke() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// add lets a hand in; false when the helm is already over.
func (m *helm) add(h *hand) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done {
		return false
	}
	h.helm, h.last = m, m.st.clock.Now()
	m.hands[h] = true
	m.poke()
	return true
}

// leave takes a hand away; what it moved stops.
func (m *helm) leave(h *hand) {
	m.mu.Lock()
	m.drop(h)
	m.mu.Unlock()
	m.poke()
}

// drop is leave with the lock held.
func (m *helm) drop(h *hand) {
	if !m.hands[h] {
		return
	}
	delete(m.hands, h)
	h.lease.Release()
	if m.at == h {
		m.at, m.want, m.errand = nil, onvif.Velocity{}, nil
	}
}

// holds reports whether a hand is still in.
func (m *helm) holds(h *hand) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.hands[h] && h.valid()
}

// command takes one command of a hand; it does not wait for the camera.
func (m *helm) command(h *hand, c SteerCommand) error {
	now := m.st.clock.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.poke()
	switch {
	case !m.hands[h] || !h.valid():
		if h.ended != nil {
			return h.ended.Fault()
		}
		return fault.New(fault.Forbidden, string(authz.ReasonLevelMissing), "You may not steer this camera any more.")
	case c.Stop && m.at != h: // nothing of its own moves
		return nil
	case !h.budget.take(now):
		return fault.New(fault.RateLimited, string(authz.ReasonRateLimited), "Too many commands. Wait a moment.").After(time.Second)
	case !c.Stop && !m.yields(h, now):
		return fault.New(fault.Conflict, CodeSteered, "Somebody else is steering this camera.").After(steerHold)
	case !c.Stop && now.Before(m.retry) && m.reason != "":
		return fault.New(fault.Unavailable, m.reason, "The camera does not obey.").After(m.retry.Sub(now))
	}
	if m.at != h {
		m.at, m.want, m.errand = h, onvif.Velocity{}, nil
	}
	h.last, m.until = now, now.Add(steerHold)
	switch {
	case c.Stop:
		m.want = onvif.Velocity{}
	case c.Move != nil:
		m.want, m.wantBy, m.errand = onvif.Velocity{Pan: c.Move.Pan, Tilt: c.Move.Tilt, Zoom: c.Move.Zoom}, now.Add(steerLease), nil
	default:
		m.want, m.errand = onvif.Velocity{}, &c
	}
	return nil
}

// yields reports whether a hand may have the helm now. Called with mu held.
func (m *helm) yields(h *hand, now time.Time) bool {
	a := m.at
	return a == nil || a == h || a.subject.Account == h.subject.Account || h.owner && !a.owner || !now.Before(m.until)
}

// loop runs until nobody holds the camera, or ctx ends. A camera that moves is
// stopped first.
func (m *helm) loop(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			m.st.failed(m.camera, fault.Newf(fault.Internal, fault.CodeInternal, "panic: %v\n%s", p, debug.Stack()))
		}
		m.over()
	}()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next, idle := m.step(ctx)
		if ctx.Err() != nil {
			return
		}
		if idle && m.close() {
			return
		}
		timer.Reset(next)
		select {
		case <-m.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// over gives everything back: the camera stands still.
func (m *helm) over() {
	if !m.sent.Still() {
		ctx, cancel := context.WithTimeout(context.Background(), steerCall)
		defer cancel()
		m.move(ctx, onvif.Velocity{})
	}
	m.mu.Lock()
	m.done = true
	for h := range m.hands {
		m.drop(h)
	}
	m.mu.Unlock()
	m.st.forget(m)
}

// close ends the helm if nobody is there.
func (m *helm) close() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = len(m.hands) == 0
	return m.done
}

// step brings the camera in line with what is wanted and says when to look again.
func (m *helm) step(ctx context.Context) (next time.Duration, idle bool) {
	now := m.st.clock.Now()
	m.mu.Lock()
	m.sweep(now)
	if !m.want.Still() && !now.Before(m.wantBy) {
		m.want = onvif.Velocity{}
	}
	want, errand, wait := m.want, m.errand, m.retry.Sub(now)
	m.errand = nil
	var note *hand
	if m.at != nil && (!want.Still() || errand != nil) && m.st.first(m.at, now) {
		note = m.at
	}
	m.tell()
	m.mu.Unlock()

	if ctx.Err() != nil {
		return 0, false
	}
	if want.Still() && !m.sent.Still() {
		m.halt(ctx, now)
	}
	switch {
	case wait > 0:
	case errand != nil:
		m.run(ctx, *errand)
	case !want.Still() && (want != m.sent || !now.Before(m.sentAt.Add(steerAgain))):
		m.move(ctx, want)
	}
	if note != nil {
		m.note(ctx, note)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tell()
	now = m.st.clock.Now()
	next = 5 * time.Second
	if !m.sent.Still() {
		next = 100 * time.Millisecond
	}
	if !m.want.Still() {
		next = max(10*time.Millisecond, min(100*time.Millisecond, m.wantBy.Sub(now), m.sentAt.Add(steerAgain).Sub(now)))
	}
	if m.at != nil {
		next = min(next, max(10*time.Millisecond, m.until.Sub(now)))
	}
	return next, len(m.hands) == 0 && m.sent.Still()
}

// sweep takes away hands without a right and calls that were the last of theirs,
// and frees the helm of who has been quiet. Called with mu held.
func (m *helm) sweep(now time.Time) {
	for h := range m.hands {
		if h.valid() {
			if h.tell == nil && now.Sub(h.last) >= steerHold {
				m.drop(h)
			}
			continue
		}
		reason := authz.ReasonUnavailable
		if h.ended != nil {
			reason = h.ended.Reason
		}
		m.drop(h)
		if h.tell != nil {
			h.tell(SteerState{Camera: m.camera, Reason: string(reason), Ended: true})
		}
	}
	if m.at != nil && m.want.Still() && m.errand == nil && !now.Before(m.until) {
		m.at = nil
	}
}

// tell says to every hand what has changed for it. Called with mu held.
func (m *helm) tell() {
	for h := range m.hands {
		if h.tell == nil {
			continue
		}
		s := SteerState{Camera: m.camera, Moving: !m.want.Still(), Reason: m.reason}
		if a := m.at; a != nil {
			s.By = &SteerPerson{Mine: a.subject.Account == h.subject.Account}
			if s.By.Mine || a.owner || h.owner {
				s.By.Name = a.name
			}
		}
		if h.heard && s.Moving == h.told.Moving && s.Reason == h.told.Reason && samePerson(s.By, h.told.By) {
			continue
		}
		h.told, h.heard = s, true
		h.tell(s)
	}
}

func samePerson(a, b *SteerPerson) bool {
	return (a == nil) == (b == nil) && (a == nil || *a == *b)
}

// move tells the camera a speed. Loop only.
func (m *helm) move(ctx context.Context, v onvif.Velocity) {
	ctx, cancel := context.WithTimeout(ctx, steerCall)
	defer cancel()
	var err error
	began := m.st.clock.Now()
	if v.Still() {
		err = m.st.devices.Stop(ctx, m.camera)
	} else {
		m.sent, m.sentAt = v, began // it may have heard, whatever becomes of the call
		err = m.st.devices.Move(ctx, m.camera, v, steerCamera)
	}
	if v.Still() && err == nil {
		m.sent = v
	}
	m.result(err)
}

// halt stops the camera. Where it does not obey it is asked again until it has
// stopped by itself. Loop only.
func (m *helm) halt(ctx context.Context, now time.Time) {
	if m.sentAt.Add(2 * steerCamera).Before(now) {
		m.sent = onvif.Velocity{}
		return
	}
	m.move(ctx, onvif.Velocity{})
}

// run sends the camera to a preset or home. Loop only.
func (m *helm) run(ctx context.Context, c SteerCommand) {
	ctx, cancel := context.WithTimeout(ctx, steerCall)
	defer cancel()
	if c.Home {
		m.result(m.st.devices.Home(ctx, m.camera))
	} else {
		m.result(m.st.devices.Goto(ctx, m.camera, c.Preset))
	}
}

func (m *helm) result(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		m.reason, m.retry = "", time.Time{}
		return
	}
	m.want = onvif.Velocity{}
	m.reason, m.retry = fault.Code(err), m.st.clock.Now().Add(steerRest)
	m.st.failed(m.camera, err)
}

func (m *helm) note(ctx context.Context, h *hand) {
	ctx, cancel := context.WithTimeout(ctx, steerCall)
	defer cancel()
	if err := m.st.note(ctx, h.subject, m.camera); err != nil {
		m.st.failed(m.camera, err)
	}
}
