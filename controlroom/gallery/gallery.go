package gallery

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/internal/blob"
	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/internal/picture"
	"sightline/ratelimit"
)

// Config of a Gallery. Store, Blobs and Authority are required; zero values take
// the default named.
type Config struct {
	Store      kv.Store
	Blobs      blob.Store
	Authority  authority
	Log        *slog.Logger          // nil: discard
	Registerer prometheus.Registerer // nil: no metrics
	Clock      clock.Clock           // nil: the machine's
	Alone      bool                  // no other node uses the store: a crash's leftovers are swept at once

	// Arrived is told of every new image, unless it was taken because of a notice.
	// It holds up the answer to the sender. nil: nobody is told.
	Arrived func(ctx context.Context, camera, image string) error

	Call       time.Duration // how long one call of the store may take: 2 s, longer than decisions
	CameraRate int           // images a camera may bring in a minute: 60
	Reserve    int64         // bytes of disk kept free: 256 MB
	Undo       time.Duration // how long a deleted image can be restored: 60 s
	GuestMost  int           // newest images a guest sees: 500 (R66)
	GuestAge   time.Duration // the oldest one: 14 x 24 h (R67)
	Thumbnail  int           // pixels of the longer side: 480
	Decoders   int           // pictures decoded at once: 2
}

// authority is what the gallery asks of authz.
type authority interface {
	Check(ctx context.Context, s authz.Subject, act authz.Action, o authz.Object) (authz.Decision, error)
	ImageSource(ctx context.Context, camera string) (authz.ImageSource, error)
	AccountsByID(ctx context.Context, ids []string) (map[string]authz.Account, error)
	AccountIDs(ctx context.Context, after string) ([]string, error)
	AccountNames(ctx context.Context, ids []string) (map[string]string, error)
	Plan(acc *authz.Account, t time.Time) authz.PlanRules
}

// Gallery is the service. Safe for concurrent use and on several nodes of one
// store at once. It accepts and lists without Run; copies to others, undo's end
// and sweeping need it.
type Gallery struct {
	cfg      Config
	decoders *picture.Decoders
	rate     *ratelimit.Windows
	refs     references
	metrics  *metrics
	began    time.Time
	name     string        // of this process among others, in claims
	accounts stripes       // one change of an account at a time on this node
	due      chan parcel   // outbox rows of this node, delivered at once
	purge    chan struct{} // something was put into an empty trash

	mu      sync.Mutex
	parcels map[string]bool       // being delivered by this node
	trash   map[string]time.Time  // when undo of accounts' images ends, as far as this node knows
	making  map[string]*rendition // thumbnails in the making
	cutoffs map[string]cutoff     // of share links
	asked   *roomAsk              // that is not answered yet
}

// New makes a gallery; nothing runs before Run.
func New(cfg Config) (*Gallery, error) {
	if cfg.Store == nil || cfg.Blobs == nil || cfg.Authority == nil {
		return nil, errors.New("gallery: store, blobs and authority are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	or(&cfg.Call, 2*time.Second)
	or(&cfg.CameraRate, 60)
	or(&cfg.Reserve, 256<<20)
	or(&cfg.Undo, time.Minute)
	or(&cfg.GuestMost, 500)
	or(&cfg.GuestAge, 14*24*time.Hour)
	or(&cfg.Thumbnail, 480)
	or(&cfg.Decoders, 2)
	return &Gallery{
		cfg:      cfg,
		decoders: picture.NewDecoders(cfg.Decoders),
		rate:     ratelimit.NewWindows(nil, cfg.CameraRate, time.Minute, 0),
		refs:     references{store: cfg.Store, blobs: cfg.Blobs, clock: cfg.Clock, call: cfg.Call},
		metrics:  newMetrics(cfg.Registerer),
		began:    cfg.Clock.Now(),
		name:     authz.NewID(),
		due:      make(chan parcel, 1024),
		purge:    make(chan struct{}, 1),
		parcels:  map[string]bool{},
		trash:    map[string]time.Time{},
		making:   map[string]*rendition{},
		cutoffs:  map[string]cutoff{},
	}, nil
}

func or[T comparable](v *T, byDefault T) {
	var zero T
	if *v == zero {
		*v = byDefault
	}
}

// stripes are locks by account.
type stripes [64]sync.Mutex

func (s *stripes) of(account string) *sync.Mutex {
	h := uint32(2166136261)
	for i := range len(account) {
		h = (h ^ uint32(account[i])) * 16777619
	}
	return &s[h%uint32(len(s))]
}
