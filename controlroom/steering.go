package controlroom

import (
	"context"
	"sync"
	"time"

	"sightline/authz"
	"sightline/ingest/onvif"
	"sightline/internal/clock"
	"sightline/internal/fault"
)

// How long a camera goes on turning without another word, from the longest to
// the shortest: the camera's own limit for when this server is gone, ours for a
// hand that says nothing, and how often a movement is told to the camera again.
const (
	steerCamera = time.Second
	steerLease  = 800 * time.Millisecond
	steerAgain  = 500 * time.Millisecond

	steerHold = 3 * time.Second // after its last command a hand still has the camera
	steerCall = 3 * time.Second // one command to the camera
	steerRest = time.Second     // after a command that failed
	noteEvery = time.Hour       // a row in the owner's log for a login and a camera
)

// CodeSteered is the reason of who may steer and must wait for somebody else.
const CodeSteered = "steered"

// SteerCommand is what a hand wants; exactly one of its fields is set.
type SteerCommand struct {
	Move   *SteerMove `json:"move,omitempty"`   // goes on for less than a second: repeat it
	Stop   bool       `json:"stop,omitempty"`   // end every movement
	Preset string     `json:"preset,omitempty"` // token
	Home   bool       `json:"home,omitempty"`
}

// SteerMove is a speed: each -1 to 1 of the camera's fastest; pan to the right,
// tilt up and zoom in are positive.
type SteerMove struct {
	Pan  float64 `json:"pan"`
	Tilt float64 `json:"tilt"`
	Zoom float64 `json:"zoom"`
}

func (c SteerCommand) check() error {
	n := 0
	for _, set := range []bool{c.Move != nil, c.Stop, c.Preset != "", c.Home} {
		if set {
			n++
		}
	}
	if n != 1 || len(c.Preset) > 64 {
		return fault.New(fault.Invalid, fault.CodeBadValue, "Say one of move, stop, preset and home.")
	}
	if m := c.Move; m != nil {
		for _, v := range []float64{m.Pan, m.Tilt, m.Zoom} {
			if !(v >= -1 && v <= 1) {
				return fault.Field("move", fault.CodeBadValue, "A speed is between -1 and 1.")
			}
		}
	}
	return nil
}

// SteerState is what a hand is told of a camera while it watches it.
type SteerState struct {
	Camera string       `json:"camera"`
	Moving bool         `json:"moving"`
	By     *SteerPerson `json:"by,omitempty"`     // who steers now
	Reason string       `json:"reason,omitempty"` // why the last command was not obeyed, or the right is gone
	Ended  bool         `json:"ended,omitempty"`  // the right is gone
}

// SteerPerson is who steers. Grantees do not learn of each other: the name is
// empty then.
type SteerPerson struct {
	Name string `json:"name"`
	Mine bool   `json:"mine"`
}

// SteerView is what can be steered of a camera.
type SteerView struct {
	PanTilt bool          `json:"pan_tilt"`
	Zoom    bool          `json:"zoom"`
	Home    bool          `json:"home"`
	Presets []SteerPreset `json:"presets"`
}

// SteerPreset is a position the camera keeps.
type SteerPreset struct {
	Token string `json:"token"`
	Name  string `json:"name"`
}

// steering are the cameras that are being steered on this node.
type steering struct {
	devices  Devices
	decider  decider
	owner    func(camera string) string
	name     func(ctx context.Context, sub authz.Subject) string
	note     func(ctx context.Context, sub authz.Subject, camera string) error
	run      func(func(ctx context.Context)) bool // starts a goroutine of the room; false: it is closed
	failed   func(camera string, err error)
	clock    clock.Clock
	mu       sync.Mutex
	helms    map[string]*helm
	byCall   map[string]*hand     // hands of HTTP calls, by session and camera
	notedFor map[string]time.Time // by session and camera
}

func newSteering(r *Room) *steering {
	return &steering{
		devices: r.cfg.Devices, clock: r.cfg.Clock, decider: authzDecider{r.cfg.Authority}, owner: r.cameras.owner,
		name: func(ctx context.Context, sub authz.Subject) string {
			a, err := r.cfg.Authority.Account(ctx, sub)
			if err != nil {
				return ""
			}
			return a.Name
		},
		note: r.cfg.Authority.NoteSteering,
		run: func(f func(context.Context)) bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.ctx == nil || r.ctx.Err() != nil {
				return false
			}
			ctx := r.ctx
			r.wg.Go(func() { f(ctx) })
			return true
		},
		failed: func(camera string, err error) {
			r.cfg.Log.Debug("a camera could not be steered", "camera", camera, "err", err)
		},
		helms: map[string]*helm{}, byCall: map[string]*hand{}, notedFor: map[string]time.Time{},
	}
}

// hand is one who may steer one camera: the socket of a tab, or the calls of one
// login. Its fields are guarded by the helm's lock.
type hand struct {
	helm    *helm
	subject authz.Subject
	owner   bool
	name    string
	lease   lease
	ended   *authz.Decision    // the right is gone
	tell    func(m SteerState) // nil: nobody listens
	told    SteerState
	heard   bool      // told is set
	last    time.Time // command
	budget  budget
}

// attach gives a hand to who may steer; without the right the decision's fault.
func (st *steering) attach(ctx context.Context, sub authz.Subject, camera string, tell func(SteerState)) (*hand, error) {
	if st.devices == nil {
		return nil, errNoSession()
	}
	h := &hand{subject: sub, owner: st.owner(camera) == sub.Account && sub.Account != "", tell: tell, budget: budget{left: burst, at: st.clock.Now()}}
	l, d, err := st.decider.subscribe(ctx, sub, camera, authz.ActPTZ, func(d authz.Decision) { h.end(st, camera, d) })
	if err != nil {
		return nil, err
	}
	if !d.Allowed {
		return nil, d.Fault()
	}
	if !st.devices.MaySteer(camera) {
		l.Release()
		return nil, fault.New(fault.Conflict, onvif.CodeNoPTZ, "This camera cannot be steered.")
	}
	h.lease, h.name = l, st.name(ctx, sub)
	for {
		m := st.helm(camera)
		if m == nil {
			l.Release()
			return nil, unavailable()
		}
		if m.add(h) {
			return h, nil
		}
	}
}

// end is told by the authority that the right is gone.
func (h *hand) end(st *steering, camera string, d authz.Decision) {
	st.mu.Lock()
	m := st.helms[camera]
	st.mu.Unlock()
	if m == nil {
		return
	}
	m.mu.Lock()
	h.ended = &d
	m.mu.Unlock()
	m.poke()
}

// helm is the running one of a camera, or a new one; nil when the room is closed.
func (st *steering) helm(camera string) *helm {
	st.mu.Lock()
	defer st.mu.Unlock()
	if m := st.helms[camera]; m != nil {
		return m
	}
	m := &helm{st: st, camera: camera, hands: map[*hand]bool{}, wake: make(chan struct{}, 1)}
	if !st.run(m.loop) {
		return nil
	}
	st.helms[camera] = m
	return m
}

// call carries out one command of an HTTP call. The login keeps the camera for a
// few seconds, as a socket does.
func (st *steering) call(ctx context.Context, sub authz.Subject, camera string, c SteerCommand) error {
	if err := c.check(); err != nil {
		return err
	}
	key := sub.Session() + "\n" + camera
	st.mu.Lock()
	h := st.byCall[key]
	st.mu.Unlock()
	if h == nil || !h.helm.holds(h) {
		var err error
		if h, err = st.attach(ctx, sub, camera, nil); err != nil {
			return err
		}
		st.mu.Lock()
		st.byCall[key] = h
		st.mu.Unlock()
	}
	return h.helm.command(h, c)
}

// forget drops a helm that nobody holds any more.
func (st *steering) forget(m *helm) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.helms[m.camera] == m {
		delete(st.helms, m.camera)
	}
	for k, h := range st.byCall {
		if h.helm == m {
			delete(st.byCall, k)
		}
	}
}

// first reports whether a row is due in the owner's log: one an hour for a login
// and a camera. An owner's own steering is not news to him.
func (st *steering) first(h *hand, now time.Time) bool {
	if h.owner {
		return false
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	key := h.subject.Session() + "\n" + h.helm.camera
	if at, ok := st.notedFor[key]; ok && now.Sub(at) < noteEvery {
		return false
	}
	for k, at := range st.notedFor {
		if now.Sub(at) >= noteEvery {
			delete(st.notedFor, k)
		}
	}
	st.notedFor[key] = now
	return true
}

// valid reports whether the hand's right stands now. Called with the helm's lock held.
func (h *hand) valid() bool { return h.ended == nil && h.lease.ValidUntil() > clock.Mono() }
