package events

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
	"sightline/internal/kv"
)

// Recorder is told while something goes on, on every node: an archive.Archive.
type Recorder interface {
	Notice(camera string, at time.Time)
}

// Config of Events. Store is required; zero values take the default named.
type Config struct {
	Store      kv.Store
	Recorder   Recorder      // nil: nothing records
	Node       string        // this node's name, for the log
	Keep       time.Duration // how long events are kept: 30 days
	Most       int           // events of one camera; older ones go first: 20,000
	Rate       int           // new events of a camera in a minute: 20
	Silence    time.Duration // without a report for so long an event is over: 10 s
	Hold       time.Duration // as Silence, where a report said that it goes on (Active true): 5 min
	Log        *slog.Logger  // nil: discard
	Registerer prometheus.Registerer
	Clock      clock.Clock // nil: the machine's
}

// Events is the service. Safe for concurrent use and on several nodes of one store.
type Events struct {
	cfg Config
}

// New wires the service; events end, and old ones go, only while Run runs.
func New(cfg Config) (*Events, error) {
	if cfg.Store == nil {
		return nil, errors.New("events: a store is required")
	}
	return &Events{cfg: cfg}, nil
}

// Run ends events, keeps their number and age within limits and tells the
// recorder of what other nodes heard, until ctx ends; it returns its error.
func (e *Events) Run(ctx context.Context) error { panic("not yet") }

// Report takes a report. Reports of one camera and kind that keep coming are one
// event, on whichever nodes they arrive. A camera that reports too many new
// events gets fault.RateLimited; the recorder is told all the same.
func (e *Events) Report(ctx context.Context, r Report) error { panic("not yet") }

// List lists the events of a camera that touch [from, to), newest first: at most
// limit (1 to 1000; 0 is 100) of those older than the one with id after ("": from
// the newest). A zero time does not bound. What is asked for may have more.
func (e *Events) List(ctx context.Context, camera string, from, to time.Time, limit int, after string) ([]Event, error) {
	panic("not yet")
}

// Forget removes all events of a camera: it, or its owner, is gone.
func (e *Events) Forget(ctx context.Context, camera string) error { panic("not yet") }
