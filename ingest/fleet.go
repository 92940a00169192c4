package ingest

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/sfu"
)

// Config of a Fleet; zero values take the defaults.
type Config struct {
	Guard      *Guard // required: decides every address
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
	MainLinger time.Duration         // how long an unwanted layer stays; default 30 s
	SubCold    bool                  // true: the sub layer too is pulled only on demand (default: kept warm)
	Stream     sfu.StreamConfig      // ring limits of the streams made (Name and Kind are set here)
	Timing     Timing                // watchdogs and waits; zero values take the defaults
}

// Timing holds the waits and watchdogs of a pull.
type Timing struct {
	Handshake    time.Duration // dial to first packet accepted, default 10 s
	MediaSilence time.Duration // no complete frame for this long ends the attempt, default 5 s
	KeySilence   time.Duration // no key frame for this long ends the attempt, default 30 s
	Offline      time.Duration // without a picture for this long: offline, default 30 s
	RetryFirst   time.Duration // default 500 ms
	RetryMax     time.Duration // default 30 s
	RetryLogin   time.Duration // least wait after a refused login, default 30 s
}

// Streams are a camera's streams. They are the same objects for as long as the
// camera has the layer, through outages and changes of its URL.
type Streams struct {
	Video [2]*sfu.Stream // by Layer; nil where the camera has no URL for it
	Audio *sfu.Stream    // always there, silent when the camera has no usable sound
}

// Fleet pulls all cameras it was told of. All methods are safe from any goroutine.
type Fleet struct{}

// New makes an empty fleet.
func New(cfg Config) *Fleet { panic("soon") }

// Set adds a camera or changes it. Layers whose URL, login, transport and
// fingerprint are as before are not disturbed; streams stay the same objects.
func (f *Fleet) Set(s Source) { panic("soon") }

// Remove stops a camera's pulls and closes its streams. Unknown ids are ignored.
func (f *Fleet) Remove(id string) { panic("soon") }

// Streams of a camera.
func (f *Fleet) Streams(id string) (Streams, bool) { panic("soon") }

// Hold keeps a layer pulled until release, which is idempotent; the layer
// lingers after the last release. Of a camera without a sub layer Sub means
// Main. Holds survive changes of the source, not its removal.
func (f *Fleet) Hold(id string, l Layer) (release func()) { panic("soon") }

// State of a camera.
func (f *Fleet) State(id string) (CameraState, bool) { panic("soon") }

// Watch calls fn on every change of a status, reason, attempt or format, one
// call at a time and in order for a camera. fn must not block and must not call
// Set, Remove or Close. stop returns when no call is running any more.
func (f *Fleet) Watch(fn func(id string, s CameraState)) (stop func()) { panic("soon") }

// TryNow ends a reconnect wait of the camera's layers.
func (f *Fleet) TryNow(id string) { panic("soon") }

// Close stops everything and waits for it.
func (f *Fleet) Close() { panic("soon") }
