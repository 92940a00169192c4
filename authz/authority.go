package authz

import (
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

// Config of an Authority. Store and Seal are required; zero values take the
// default named.
type Config struct {
	Store        kv.Store
	Seal         *seal.Box
	Log          *slog.Logger          // nil: discard
	Registerer   prometheus.Registerer // nil: no metrics
	Node         string                // this node's name among others on one store: 1 to 128 of a-z 0-9 . _ -
	DataDir      string                // keeps the last seen epoch and revision; "" = nowhere
	Mail         bool                  // mail can be sent: invitations, verification and reset go out
	Languages    []string              // languages an account may choose; nil: any well-formed one
	Lease        time.Duration         // 30 s
	OwnerHold    time.Duration         // 1 h
	Poll         time.Duration         // 500 ms
	Timeout      time.Duration         // of one store call: 250 ms
	NewPlan      Plan                  // of new accounts: trial
	Trial        time.Duration         // 30 d
	Plans        PlanTable             // what plans include: DefaultPlans
	ShareLinks   int                   // share links an account: 3
	TempLinks    int                   // open temporary links a camera: 10
	Cameras      int                   // cameras an account: 500
	Visits       int                   // live visits a link: 256
	ArchiveGuard time.Duration         // how old recorded video is for who may not watch live: 60 s (R13)
	AuditKeep    time.Duration         // how long a row of an owner's log stays: 365 d
	MailsADay    int                   // mails an account may cause in 24 hours, of all kinds together: 20
	IPBlock      time.Duration         // how long a blocked address is kept away from a link: 24 h
	Clock        clock.Clock           // for transaction ids; records use store time
	Mono         func() int64          // clock.Mono
}

// Authority answers who may do what, and owns the records that say so. Safe for
// concurrent use. It needs no Run for single answers and changes; subscriptions
// need it.
type Authority struct {
	cfg     Config
	metrics *metrics
	cache   cache
	node    node
	memo    memo
	hasher  *hasher
	setup   secret.String // one-time code of this process
	swept   chan struct{} // a parent ended: see upkeep
	moved   chan struct{} // the revision did: see announce
	running atomic.Bool   // upkeep runs
}

// New makes an authority; nothing runs and nothing is confirmed before Run.
func New(cfg Config) *Authority {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Mono == nil {
		cfg.Mono = clock.Mono
	}
	if cfg.NewPlan == "" {
		cfg.NewPlan = PlanTrial
	}
	or(&cfg.Lease, 30*time.Second)
	or(&cfg.OwnerHold, time.Hour)
	or(&cfg.Poll, 500*time.Millisecond)
	or(&cfg.Timeout, 250*time.Millisecond)
	or(&cfg.Trial, 30*24*time.Hour)
	or(&cfg.ShareLinks, 3)
	or(&cfg.TempLinks, 10)
	or(&cfg.Cameras, 500)
	or(&cfg.Visits, 256)
	or(&cfg.MailsADay, mailsADay)
	or(&cfg.IPBlock, blockFor)
	or(&cfg.ArchiveGuard, archiveGuard)
	or(&cfg.AuditKeep, auditKeep)
	cfg.Plans = clonePlans(cfg.Plans)
	a := &Authority{cfg: cfg, hasher: newHasher(), setup: newCode(), swept: make(chan struct{}, 1), moved: make(chan struct{}, 1)}
	n := &a.node
	a.metrics = newMetrics(cfg.Registerer, func() float64 {
		heard := n.heard.Load()
		if heard == math.MinInt64 {
			return math.Inf(1)
		}
		return time.Duration(n.mono() - heard).Seconds()
	})
	a.hasher.metrics = a.metrics
	n.mono, n.log, n.metrics, n.lease, n.ownerHold = cfg.Mono, cfg.Log, a.metrics, cfg.Lease, cfg.OwnerHold
	n.confirmed.Store(math.MinInt64)
	n.ownerConfirmed.Store(math.MinInt64)
	n.heard.Store(math.MinInt64)
	n.leases = make(map[*Lease]struct{})
	n.byKey = make(map[string]map[*Lease]struct{})
	n.dirty = make(map[*Lease]uint64)
	return a
}

func or[T comparable](v *T, byDefault T) {
	var zero T
	if *v == zero {
		*v = byDefault
	}
}
