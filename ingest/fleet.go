package ingest

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/ffmpeg"
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
	FFmpeg     *ffmpeg.Tool          // converts what browsers cannot play; nil: such layers say why they are not shown
	Convert    ConvertConfig         // bounds of that
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
type Fleet struct {
	cfg      Config
	dial     connect
	limits   limits
	kitchen  *kitchen // nil: nothing is converted
	failures failureCounts

	changes sync.Mutex // one Set, Remove or Close at a time

	mu     sync.RWMutex
	cams   map[string]*camera
	closed bool

	watch *watchers
}

// New makes an empty fleet. It panics without a Guard: there is no safe default.
func New(cfg Config) *Fleet {
	if cfg.Guard == nil {
		panic("ingest: Config.Guard is missing")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MainLinger <= 0 {
		cfg.MainLinger = 30 * time.Second
	}
	cfg.Timing = cfg.Timing.withDefaults()
	f := &Fleet{cfg: cfg, dial: rtspDial, limits: defaultLimits, kitchen: newKitchen(cfg.FFmpeg, cfg.Convert), cams: map[string]*camera{}, watch: newWatchers()}
	if cfg.Registerer != nil {
		cfg.Registerer.MustRegister(&collector{f: f})
	}
	return f
}

// Set adds a camera or changes it. Layers whose URL, login, transport and
// fingerprint are as before are not disturbed; streams stay the same objects.
// A layer that lost its URL is ended and its stream closed.
func (f *Fleet) Set(s Source) {
	f.changes.Lock()
	defer f.changes.Unlock()
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return
	}
	c := f.cams[s.ID]
	if c == nil {
		c = newCamera(f, s.ID)
		f.cams[s.ID] = c
	}
	f.mu.Unlock()
	for _, p := range c.set(s) {
		p.close()
	}
	f.notify(c)
}

// Remove stops a camera's pulls and closes its streams. Unknown ids are ignored.
func (f *Fleet) Remove(id string) {
	f.changes.Lock()
	defer f.changes.Unlock()
	f.mu.Lock()
	c := f.cams[id]
	delete(f.cams, id)
	f.mu.Unlock()
	if c != nil {
		c.close()
	}
}

func (f *Fleet) camera(id string) *camera {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.cams[id]
}

func (f *Fleet) all() []*camera {
	f.mu.RLock()
	defer f.mu.RUnlock()
	out := make([]*camera, 0, len(f.cams))
	for _, c := range f.cams {
		out = append(out, c)
	}
	return out
}

// Streams of a camera.
func (f *Fleet) Streams(id string) (Streams, bool) {
	c := f.camera(id)
	if c == nil {
		return Streams{}, false
	}
	return c.streams(), true
}

// Hold keeps a layer pulled until release, which is idempotent; the layer
// lingers after the last release. Of a camera with one layer either name means
// that one. Holds survive changes of the source, not its removal.
func (f *Fleet) Hold(id string, l Layer) (release func()) {
	c := f.camera(id)
	if c == nil || l != Sub && l != Main {
		return func() {}
	}
	return c.hold(l)
}

// State of a camera.
func (f *Fleet) State(id string) (CameraState, bool) {
	c := f.camera(id)
	if c == nil {
		return CameraState{}, false
	}
	return c.state(), true
}

// Watch calls fn on every change of a status, reason, attempt or sound, one call
// at a time and in order. fn must not block and must not call Set, Remove,
// Close or stop. stop returns when no call is running any more.
func (f *Fleet) Watch(fn func(id string, s CameraState)) (stop func()) { return f.watch.add(fn) }

// notify tells the watchers how c is now.
func (f *Fleet) notify(c *camera) { f.watch.push(c) }

// TryNow ends a reconnect wait of the camera's layers. A camera that refused
// the login is reached at most once per 5 s.
func (f *Fleet) TryNow(id string) {
	if c := f.camera(id); c != nil {
		for _, p := range c.layers() {
			if p != nil {
				p.try()
			}
		}
	}
}

// Close stops everything and waits for it. Streams are closed.
func (f *Fleet) Close() {
	f.changes.Lock()
	defer f.changes.Unlock()
	f.mu.Lock()
	f.closed = true
	cams := f.cams
	f.cams = map[string]*camera{}
	f.mu.Unlock()
	var wg sync.WaitGroup
	for _, c := range cams {
		wg.Go(c.close)
	}
	wg.Wait()
	f.watch.close()
}
