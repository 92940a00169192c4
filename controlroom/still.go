package controlroom

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/ffmpeg"
	"sightline/sfu"
)

// Still is one picture cut from a camera's stream.
type Still struct {
	JPEG []byte    // without metadata; shared, nobody changes it
	At   time.Time // when its key frame arrived at this server
}

// StillSize says what a still is for.
type StillSize uint8

const (
	// StillPoster is at most 640 pixels wide, and may be up to Fresh older than
	// the newest key frame: what stands in for a picture that is not there.
	StillPoster StillSize = iota
	// StillSlow is a poster for who is throttled: it may be up to Slow older (R82).
	StillSlow
	// StillWhole is the newest key frame of the best layer, as large as it is: what is stored.
	StillWhole
)

// CutterConfig of a Cutter. Streams is required.
type CutterConfig struct {
	Streams    func(camera string) (ingest.Streams, bool)
	Tool       *ffmpeg.Tool          // nil: there is none, and every cut says so
	Fresh      time.Duration         // how long a poster serves though there is a newer key frame: 10 s
	Slow       time.Duration         // the same for who is throttled: 60 s
	Limit      time.Duration         // of one run of ffmpeg, waiting for a core included: 5 s
	CacheBytes int                   // of finished stills: 16 MiB
	Waiting    int                   // cuts that run or wait at once: 64
	Clock      clock.Clock           // nil is clock.System
	Log        *slog.Logger          // nil is silent
	Registerer prometheus.Registerer // nil: no metrics
}

// Cutter makes stills of what cameras show: the newest key frame of a layer's
// ring, decoded by a child of its own. It pulls nothing: a camera whose layers
// are idle has the picture it sent last, or none. Safe for concurrent use; it
// runs nothing by itself.
type Cutter struct {
	cfg     CutterConfig
	metrics stillMetrics

	mu      sync.Mutex
	flights map[stillKey]*flight
	cache   stillCache
}

type stillKey struct {
	camera string
	size   StillSize
}

// flight is one cut that runs; whoever wants the same waits for it.
type flight struct {
	done  chan struct{}
	still Still
	err   error
}

// NewCutter makes a cutter.
func NewCutter(cfg CutterConfig) *Cutter {
	if cfg.Fresh <= 0 {
		cfg.Fresh = 10 * time.Second
	}
	if cfg.Slow <= 0 {
		cfg.Slow = 60 * time.Second
	}
	if cfg.Limit <= 0 {
		cfg.Limit = 5 * time.Second
	}
	if cfg.CacheBytes <= 0 {
		cfg.CacheBytes = 16 << 20
	}
	if cfg.Waiting <= 0 {
		cfg.Waiting = 64
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Cutter{cfg: cfg, metrics: newStillMetrics(cfg.Registerer), flights: map[stillKey]*flight{},
		cache: stillCache{most: cfg.CacheBytes, byKey: map[stillKey]*cachedStill{}}}
}

// Cut returns a still of a camera. Requests for the same one share a run. It
// decides nothing: the caller has asked whether the picture may be seen.
//
// Refused: fault.Unavailable no_still_source (no ffmpeg, no key frame to cut, or
// one that cannot be decoded) and busy (too many cuts wait).
func (c *Cutter) Cut(ctx context.Context, camera string, size StillSize) (Still, error) {
	if c.cfg.Tool == nil {
		c.metrics.cuts.WithLabelValues("none").Inc()
		return Still{}, noStill("Still images need ffmpeg, which is not installed on the server.")
	}
	src, ok := c.source(camera, size)
	if !ok {
		c.metrics.cuts.WithLabelValues("none").Inc()
		return Still{}, noStill("There is no picture of this camera yet.")
	}
	k := stillKey{camera, size}
	c.mu.Lock()
	if s, ok := c.cache.get(k, src.frame.Mono, c.fresh(size)); ok {
		c.mu.Unlock()
		c.metrics.cuts.WithLabelValues("cached").Inc()
		return s, nil
	}
	f := c.flights[k]
	if f == nil && len(c.flights) >= c.cfg.Waiting {
		c.mu.Unlock()
		c.metrics.cuts.WithLabelValues("refused").Inc()
		return Still{}, fault.New(fault.Unavailable, fault.CodeBusy, "Too many still images are being made. Try again in a moment.").After(2 * time.Second)
	}
	if f != nil {
		c.mu.Unlock()
		return f.wait(ctx)
	}
	f = &flight{done: make(chan struct{})}
	c.flights[k] = f
	c.mu.Unlock()
	c.fly(ctx, f, k, src) // others wait for it: the first one's going away does not end it
	return f.still, f.err
}

// fresh is how much older than the newest key frame a still may be.
func (c *Cutter) fresh(size StillSize) time.Duration {
	switch size {
	case StillPoster:
		return c.cfg.Fresh
	case StillSlow:
		return c.cfg.Slow
	}
	return 0
}

func (f *flight) wait(ctx context.Context) (Still, error) {
	select {
	case <-f.done:
		return f.still, f.err
	case <-ctx.Done():
		return Still{}, ctx.Err()
	}
}

// fly makes the cut, keeps it and wakes those who wait.
func (c *Cutter) fly(ctx context.Context, f *flight, k stillKey, src stillSource) {
	f.err = noStill("This picture cannot be decoded.") // stands if decode panics
	defer func() {
		c.mu.Lock()
		delete(c.flights, k)
		if f.err == nil {
			c.cache.put(k, f.still, src.frame.Mono)
		}
		c.mu.Unlock()
		close(f.done)
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.cfg.Limit)
	defer cancel()
	began := clock.Mono()
	jpeg, err := decodeStill(ctx, c.cfg.Tool, src, k.size)
	if err != nil {
		c.metrics.cuts.WithLabelValues("failed").Inc()
		c.cfg.Log.Warn("a still could not be cut", "camera", k.camera, "err", err)
		f.err = fault.Wrap(err, fault.Unavailable, string(sfu.ReasonNoStillSource), "This picture cannot be decoded.").After(stillRetry)
		return
	}
	c.metrics.cuts.WithLabelValues("cut").Inc()
	c.metrics.seconds.Observe(time.Duration(clock.Mono() - began).Seconds())
	f.still, f.err = Still{JPEG: jpeg, At: clock.At(c.cfg.Clock, src.frame.Mono)}, nil
}

const stillRetry = 10 * time.Second // to those who found none

func noStill(msg string) error {
	return fault.New(fault.Unavailable, string(sfu.ReasonNoStillSource), msg).After(stillRetry)
}

// stillSource is the frame a still is made of.
type stillSource struct {
	format sfu.Format
	frame  *sfu.Frame
}

// layerSlack is how much older a layer's key frame may be that is cut because
// it is smaller, or larger, than the one with the newest.
const layerSlack = 15 * time.Second

// source chooses the key frame: of the layer that fits the size, unless another
// layer's is much newer.
func (c *Cutter) source(camera string, size StillSize) (stillSource, bool) {
	st, ok := c.cfg.Streams(camera)
	if !ok {
		return stillSource{}, false
	}
	order := [2]ingest.Layer{ingest.Sub, ingest.Main}
	if size == StillWhole {
		order = [2]ingest.Layer{ingest.Main, ingest.Sub}
	}
	var best stillSource
	for _, l := range order {
		if st.Video[l] == nil {
			continue
		}
		f, key := st.Video[l].NewestKey()
		if key == nil {
			continue
		}
		if best.frame == nil || key.Mono-best.frame.Mono > int64(layerSlack) {
			best = stillSource{f, key}
		}
	}
	return best, best.frame != nil
}
