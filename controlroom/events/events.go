package events

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/ffmpeg"
	"sightline/internal/kv"
	"sightline/internal/seal"
	"sightline/ratelimit"
)

// Recorder is told while something goes on, on every node: an archive.Archive.
type Recorder interface {
	Notice(camera string, at time.Time)
}

// Fleet is where cameras' streams come from: an ingest.Fleet.
type Fleet interface {
	Streams(id string) (ingest.Streams, bool)
	State(id string) (ingest.CameraState, bool)
	Hold(id string, l ingest.Layer) (release func())
	Watch(fn func(id string, s ingest.CameraState)) (stop func())
}

// authority is what is asked of authz.
type authority interface {
	Check(ctx context.Context, s authz.Subject, act authz.Action, o authz.Object) (authz.Decision, error)
	Ready() error
	WriteForCameraAs(ctx context.Context, s authz.Subject, id, what string, more []string, fn func(ctx context.Context, owner string) ([]kv.Condition, []kv.Write, error)) error
}

// Config of Events. Store is required; zero values take the default named.
type Config struct {
	Store      kv.Store
	Authority  authority     // with Seal: of hook keys and detection; nil: there are none
	Seal       *seal.Box     //
	Fleet      Fleet         // nil: nothing is lost and nothing detected
	Recorder   Recorder      // nil: nothing records
	FFmpeg     *ffmpeg.Tool  // decodes what is watched for movement; nil: the data rate tells
	EyesShare  int           // percent of a core that decoding for it may take; 0: none
	Node       string        // this node's name among others
	Alone      bool          // no other node uses the store
	Keep       time.Duration // how long events are kept: 30 days
	Most       int           // events of one camera; older ones go first: 20,000
	Rate       int           // new events of a camera in a minute: 20
	HookRate   int           // reports by a camera's hook key in a minute: 120
	Silence    time.Duration // without a report for so long an event is over: 10 s
	Hold       time.Duration // as Silence, where a report said that it goes on (Active true): 5 min
	LostAfter  time.Duration // without a picture for so long a camera is lost: 30 s
	BackAfter  time.Duration // with pictures for so long it is back: 10 s
	Settle     time.Duration // how long after the start a camera may take to show its first picture: 2 min
	Timeout    time.Duration // of one call to the store: 2 s
	Log        *slog.Logger  // nil: discard
	Registerer prometheus.Registerer
	Clock      clock.Clock // nil: the machine's
}

// Events is the service. Safe for concurrent use and on several nodes of one store.
type Events struct {
	cfg     Config
	metrics *metrics
	rate    *ratelimit.Windows // of new events, by camera
	hooks   *ratelimit.Windows // of reports by hook, by camera
	ahead   atomic.Int64       // ns by which the store's clock is ahead of ours
	turns   [64]sync.Mutex     // by camera and kind: one beginning or end at a time on this node
	grown   map[string]int     // new events by camera since they were counted; under mu
	links   links
	motion  detection

	mu      sync.Mutex
	running map[place]*running
	others  map[place]open // that go on elsewhere, as last read
}

// running is an event that this node has reports of; under Events.mu.
type running struct {
	open
	last   int64 // clock.Mono of the newest report
	stored int64 // Seen as the store has it
	ended  bool  // it is over, the store was not told yet
	rest   bool  // it ended by silence: others may know better
}

// New wires the service; events end, and old ones go, only while Run runs.
func New(cfg Config) (*Events, error) {
	if cfg.Store == nil {
		return nil, errors.New("events: a store is required")
	}
	if (cfg.Authority == nil) != (cfg.Seal == nil) {
		return nil, errors.New("events: authority and seal belong together")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	or(&cfg.Node, "sightline")
	cfg.Node += "-" + newID(cfg.Clock.Now()) // two may have one name
	or(&cfg.Keep, 30*24*time.Hour)
	or(&cfg.Most, 20_000)
	or(&cfg.Rate, 20)
	or(&cfg.HookRate, 120)
	or(&cfg.Silence, 10*time.Second)
	or(&cfg.Hold, 5*time.Minute)
	or(&cfg.LostAfter, 30*time.Second)
	or(&cfg.BackAfter, 10*time.Second)
	or(&cfg.Settle, 2*time.Minute)
	or(&cfg.Timeout, 2*time.Second)
	e := &Events{
		cfg:     cfg,
		rate:    ratelimit.NewWindows(nil, cfg.Rate, time.Minute, 0),
		hooks:   ratelimit.NewWindows(nil, cfg.HookRate, time.Minute, 0),
		grown:   map[string]int{},
		running: map[place]*running{},
		others:  map[place]open{},
		links:   links{seen: map[string]*link{}, told: map[string]connection{}, away: map[string]viewed{}},
		motion:  detection{watched: map[string]*watch{}},
	}
	e.metrics = newMetrics(cfg.Registerer, e)
	if cfg.FFmpeg != nil && cfg.EyesShare > 0 {
		e.motion.eyes = newEyes(cfg.FFmpeg, min(cfg.EyesShare, 100), e.metrics, cfg.Log)
	}
	return e, nil
}

func or[T comparable](v *T, byDefault T) {
	var zero T
	if *v == zero {
		*v = byDefault
	}
}

// turn is the lock of a camera's events of one kind.
func (e *Events) turn(p place) *sync.Mutex {
	h := uint32(2166136261)
	for i := range len(p.camera) {
		h = (h ^ uint32(p.camera[i])) * 16777619
	}
	for i := range len(p.kind) {
		h = (h ^ uint32(p.kind[i])) * 16777619
	}
	return &e.turns[h%uint32(len(e.turns))]
}
