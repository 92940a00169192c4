package onvif

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
	"sightline/internal/fault"
)

// Report is something a camera says is going on.
type Report struct {
	Camera string
	Kind   string    // Motion, Person, Vehicle, Sound, Tamper or Input
	At     time.Time // when it was heard
	Active *bool     // nil: a moment; true begins or goes on, false ends
}

// Config of a Fleet. Dial is required.
type Config struct {
	Dial       Dial
	Report     func(ctx context.Context, r Report) // called by the camera's own goroutine; nil: nobody listens to cameras
	Log        *slog.Logger                        // nil: discard
	Registerer prometheus.Registerer               // nil: no metrics
	Clock      clock.Clock                         // nil: the machine's
}

// Device is a camera's ONVIF side as its record says.
type Device struct {
	Camera string
	Target Target
	On     bool // the camera is switched on: it is listened to
}

// Fleet keeps what is needed to listen to cameras and to steer them. Safe for
// concurrent use.
type Fleet struct {
	cfg     Config
	metrics *metrics
	ctx     context.Context
	end     context.CancelFunc

	mu      sync.Mutex
	cameras map[string]*camera
	closed  bool
	wg      sync.WaitGroup
}

// NewFleet makes an empty fleet; Close ends it.
func NewFleet(cfg Config) *Fleet {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	f := &Fleet{cfg: cfg, metrics: newMetrics(cfg.Registerer), cameras: map[string]*camera{}}
	f.ctx, f.end = context.WithCancel(context.Background())
	return f
}

// Set tells of a camera, new or changed. It does not wait.
func (f *Fleet) Set(d Device) {
	client, err := newClient(f.cfg.Dial, d.Target, f.cfg.Clock)
	if err != nil {
		f.cfg.Log.Warn("a camera's ONVIF address cannot be used", "camera", d.Camera, "err", err)
		f.Remove(d.Camera)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.cameras[d.Camera]
	if f.closed || old != nil && old.device == d {
		return
	}
	if old != nil {
		old.end()
	}
	c := &camera{f: f, device: d, client: client}
	c.ctx, c.end = context.WithCancel(f.ctx)
	f.cameras[d.Camera] = c
	if d.On && f.cfg.Report != nil {
		f.wg.Go(c.listen)
	}
}

// Remove forgets a camera.
func (f *Fleet) Remove(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.cameras[id]; c != nil {
		c.end()
		delete(f.cameras, id)
	}
}

// Close ends everything and waits.
func (f *Fleet) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.end()
	f.wg.Wait()
}

func (f *Fleet) at(id string) (*camera, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.cameras[id]; c != nil {
		return c, nil
	}
	return nil, noPTZ()
}

func noPTZ() *fault.Error {
	return fault.New(fault.Conflict, CodeNoPTZ, "This camera cannot be steered.")
}

// camera is one of the fleet.
type camera struct {
	f      *Fleet
	device Device
	client *Client
	ctx    context.Context
	end    context.CancelFunc

	mu       sync.Mutex
	steering *Steering // as last found out
	askedAt  time.Time
	lacks    bool // it said that it cannot be steered
}

// steeringFor is how long what was found out about steering is believed.
const steeringFor = 2 * time.Minute

// MaySteer reports whether a camera has an ONVIF address and has not said that
// it cannot be steered. It never waits.
func (f *Fleet) MaySteer(id string) bool {
	c, err := f.at(id)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.lacks
}

// Steering is what can be steered of a camera and its presets, asked anew when
// fresh, else at most every two minutes.
func (f *Fleet) Steering(ctx context.Context, id string, fresh bool) (Steering, error) {
	c, err := f.at(id)
	if err != nil {
		return Steering{}, err
	}
	return c.steer(ctx, fresh)
}

func (c *camera) steer(ctx context.Context, fresh bool) (Steering, error) {
	c.mu.Lock()
	st, at := c.steering, c.askedAt
	c.mu.Unlock()
	if st != nil && !fresh && time.Since(at) < steeringFor {
		return *st, nil
	}
	ctx, cancel := hurry(ctx, callLimit)
	defer cancel()
	found, err := c.client.Steering(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		if classOf(err) == classMissing {
			c.lacks, c.steering = true, nil
			return Steering{}, noPTZ()
		}
		c.client.forget()
		return Steering{}, c.f.steerFault(err)
	}
	c.lacks, c.steering, c.askedAt = false, &found, time.Now()
	return found, nil
}

// steerFault tells a failed command to who steers.
func (f *Fleet) steerFault(err error) error {
	f.metrics.failures.WithLabelValues("ptz", string(classOf(err))).Inc()
	f.cfg.Log.Debug("a camera did not obey", "err", err)
	t := Fault(err, true)
	return fault.Wrap(err, fault.Unavailable, t.Code, t.Msg).After(2 * time.Second)
}

// Move turns a camera for at most d.
func (f *Fleet) Move(ctx context.Context, id string, v Velocity, d time.Duration) error {
	return f.command(ctx, id, "move", func(c *Client, st Steering) error { return c.Move(ctx, st, v, d) })
}

// Stop ends every movement.
func (f *Fleet) Stop(ctx context.Context, id string) error {
	return f.command(ctx, id, "stop", func(c *Client, st Steering) error { return c.Stop(ctx, st.Profile) })
}

// Goto moves to a preset.
func (f *Fleet) Goto(ctx context.Context, id, preset string) error {
	return f.command(ctx, id, "preset", func(c *Client, st Steering) error { return c.Goto(ctx, st.Profile, preset) })
}

// Home moves to the home position.
func (f *Fleet) Home(ctx context.Context, id string) error {
	return f.command(ctx, id, "home", func(c *Client, st Steering) error { return c.Home(ctx, st.Profile) })
}

func (f *Fleet) command(ctx context.Context, id, name string, do func(*Client, Steering) error) error {
	c, err := f.at(id)
	if err != nil {
		return err
	}
	st, err := c.steer(ctx, false)
	if err != nil {
		return err
	}
	if err := do(c.client, st); err != nil {
		return f.steerFault(err)
	}
	f.metrics.commands.WithLabelValues(name).Inc()
	return nil
}
