package controlroom

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/ffmpeg"
	"sightline/internal/kv"
	"sightline/internal/seal"
	"sightline/sfu"
)

// Config of a Room. Store, Authority, Fleet, Engine, Guard and Seal are required.
type Config struct {
	Store      kv.Store
	Authority  *authz.Authority
	Fleet      *ingest.Fleet
	Engine     *sfu.Engine
	Guard      *ingest.Guard // for TestCamera; the one the fleet uses
	Seal       *seal.Box
	Notices    Notices      // what the badge of notices counts; nil: none
	FFmpeg     *ffmpeg.Tool // cuts stills; nil: there are none
	Images     Images       // keeps stills; nil: nobody does
	Relays     sfu.TURN     // what clients are told of TURN servers
	Devices    Devices      // ONVIF: listens to cameras and steers them; nil: not used
	Limits     Limits
	Budgets    Budgets
	Visits     VisitLog // keeps what guests' visits used; nil: nobody does
	Node       string   // name of this node, told in the socket's hello
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
	Clock      clock.Clock           // nil: the machine's
}

// Limits with their defaults where zero.
type Limits struct {
	Tiles        int           // of one viewing session: 16
	PerVisit     int           // viewing sessions of one guest cookie: 2
	PerAccount   int           // screens of one account on this node: 32
	PlayersPer   int           // WHEP players of one account on this node: 500
	Sockets      int           // of one login or visit on this node: 16
	Views        int           // of one account: 50
	NoSocket     time.Duration // a session without a socket is closed after 30 s
	Idle         time.Duration // without input media stops after 60 min
	Decision     time.Duration // of one decision on a tile: 2 s; the store's own limit is shorter
	SubMaxPx     int           // widest tile that takes the sub layer: 640 device pixels
	SubFromTiles int           // with more tiles than this all take the sub layer: 4
}

func (l Limits) withDefaults() Limits {
	set := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	set(&l.Tiles, 16)
	set(&l.PerVisit, 2)
	set(&l.PerAccount, 32)
	set(&l.PlayersPer, 500)
	set(&l.Sockets, 16)
	set(&l.Views, 50)
	set(&l.SubMaxPx, 640)
	set(&l.SubFromTiles, 4)
	if l.NoSocket == 0 {
		l.NoSocket = 30 * time.Second
	}
	if l.Idle == 0 {
		l.Idle = time.Hour
	}
	if l.Decision == 0 {
		l.Decision = askTimeout
	}
	return l
}

// Notices counts an account's unread notices; mark differs whenever the list of
// its notices does. Whoever changes one writes the account's id into the control
// space: the open pages of that account look again.
type Notices interface {
	Unread(ctx context.Context, account string) (unread int, mark string, err error)
}

// Room is the control room of one node.
type Room struct {
	cfg      Config
	deps     sessionDeps
	dialer   dialer
	sessions *registry
	sockets  *sockets
	cameras  *cameras
	nudge    chan struct{} // capacity 1: follow the store now
	hours    hoursBook
	seats    seats       // nil: no link has a number of viewers
	reseat   chan string // links that changed: their number of viewers may be lower
	cutter   *Cutter
	shots    shots
	trials   *sfu.Trials
	devices  Devices
	steering *steering

	mu      sync.Mutex
	ctx     context.Context // of everything that runs; nil before Start
	cancel  context.CancelFunc
	unwatch func()
	wg      sync.WaitGroup
}

// New wires a room; nothing runs before Start.
func New(cfg Config) (*Room, error) {
	if cfg.Store == nil || cfg.Authority == nil || cfg.Fleet == nil || cfg.Engine == nil || cfg.Guard == nil || cfg.Seal == nil {
		return nil, errors.New("controlroom: store, authority, fleet, engine, guard and seal are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	cfg.Limits = cfg.Limits.withDefaults()
	m := newMetrics(cfg.Registerer)
	r := &Room{
		cfg:      cfg,
		dialer:   engineDialer{cfg.Engine},
		sessions: &registry{limits: cfg.Limits, byID: map[string]*session{}},
		sockets:  &sockets{all: map[*Socket]bool{}},
		cameras:  &cameras{fleet: cfg.Fleet, box: cfg.Seal, log: cfg.Log, byID: map[string]*camera{}, devices: cfg.Devices},
		nudge:    make(chan struct{}, 1),
		reseat:   make(chan string, 64),
	}
	r.devices = cfg.Devices
	r.seats = cfg.Authority
	r.shots = shots{images: cfg.Images, now: cfg.Clock.Now}
	r.trials = sfu.NewTrials(cfg.Engine)
	r.steering = newSteering(r)
	r.cutter = NewCutter(CutterConfig{Streams: cfg.Fleet.Streams, Tool: cfg.FFmpeg, Slow: cfg.Engine.StillEvery(), Clock: cfg.Clock, Log: cfg.Log, Registerer: cfg.Registerer})
	r.deps = sessionDeps{
		decider: authzDecider{cfg.Authority}, fleet: cfg.Fleet, names: r.cameras.name, stills: r,
		limits: cfg.Limits, clock: cfg.Clock, log: cfg.Log, metrics: m, budgets: cfg.Budgets, visits: cfg.Visits, egress: newEgressBook(cfg.Budgets.Egress, cfg.Registerer), owners: r.cameras.owner, guests: newGuestMetrics(cfg.Registerer),
	}
	return r, nil
}

// Start loads all cameras into ingest and follows the store from there, so that
// an edit made on any node applies here within a second. It returns when the
// cameras are loaded; the following ends with Close.
func (r *Room) Start(ctx context.Context) error {
	revision, epoch, err := r.load(ctx)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx != nil {
		return errors.New("controlroom: started twice")
	}
	run, cancel := context.WithCancel(context.Background())
	r.ctx, r.cancel = run, cancel
	r.unwatch = r.cfg.Fleet.Watch(func(id string, _ ingest.CameraState) { r.cameraMoved(id) })
	r.wg.Go(func() { r.follow(run, revision, epoch) })
	r.wg.Go(func() { r.beat(run) })
	r.wg.Go(func() { r.keepSeats(run) })
	r.wg.Go(func() { r.keepBudgets(run) })
	r.wg.Go(func() { r.stills(run) })
	return nil
}

// cameraMoved wakes the sessions that show a camera. Called by ingest; never blocks.
func (r *Room) cameraMoved(id string) {
	for _, s := range r.sessions.all() {
		if (*s.cameras.Load())[id] {
			s.poke()
		}
	}
}

// beat runs the pulse until ctx ends.
func (r *Room) beat(ctx context.Context) {
	t := time.NewTicker(pulse)
	defer t.Stop()
	last := clock.Mono()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		now := clock.Mono()
		r.tick(time.Duration(now - last))
		last = now
	}
}

// look makes the follower read now instead of at its next poll.
func (r *Room) look() {
	select {
	case r.nudge <- struct{}{}:
	default:
	}
}

// Drain begins a graceful stop: sockets are told, new viewing sessions are
// refused with fault.Unavailable "draining", running ones go on.
func (r *Room) Drain() {
	r.sessions.close()
	r.trials.Close()
	for _, s := range r.sockets.list() {
		s.send(serverMessage{Type: "draining"})
	}
}

// Close ends every session and socket (close code 4000) and waits for all
// goroutines. Idempotent.
func (r *Room) Close() {
	r.sessions.close()
	for _, s := range r.sockets.list() {
		s.fail(CloseRestart, "restart")
	}
	r.mu.Lock()
	cancel, unwatch := r.cancel, r.unwatch
	if r.ctx == nil {
		r.ctx, cancel = context.WithCancel(context.Background()) // a room closed before Start stays closed
	}
	r.unwatch = nil
	cancel() // under mu: whoever starts something sees it
	r.mu.Unlock()
	if unwatch != nil {
		unwatch()
	}
	r.wg.Wait()
	r.reportHours(context.Background()) // what ended since the last time
	r.reportEgress(context.Background())
}
