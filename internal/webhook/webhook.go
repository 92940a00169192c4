// Package webhook sends notices as signed HTTP requests to addresses their
// receivers chose. A delivery is repeated with the same id until the receiver
// answers 2xx or 24 hours have passed; a webhook that fails for 24 hours is
// switched off. What may be told is decided by who calls Send. The requests are
// documented in docs/ref/webhooks.md.
package webhook

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/outbound"
	"sightline/internal/seal"
)

// Config of Webhooks. Store, Seal, Guard and Client are required.
type Config struct {
	Store      kv.Store
	Seal       *seal.Box
	Guard      *outbound.Guard
	Client     *outbound.Client
	NewID      func() string                              // ids of webhooks; required
	Test       func(language string) (title, body string) // what a test says; required
	Most       int                                        // webhooks of one account; default 5
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
	Clock      clock.Clock           // nil: the machine's
}

// Webhooks keeps everybody's webhooks and sends to them. Safe for concurrent use,
// and on several nodes of one store.
type Webhooks struct {
	cfg  Config
	sent *prometheus.CounterVec
	off  *prometheus.CounterVec
	took prometheus.Histogram
}

// Reasons why a webhook is off without its owner.
const (
	OffFailing = "failing" // no 2xx for 24 hours
	OffGone    = "gone"    // it answered 410
)

// New wires webhooks.
func New(cfg Config) (*Webhooks, error) {
	if cfg.Store == nil || cfg.Seal == nil || cfg.Guard == nil || cfg.Client == nil || cfg.NewID == nil || cfg.Test == nil {
		return nil, errors.New("webhook: store, seal, guard, client, ids and words of a test are required")
	}
	if cfg.Most <= 0 {
		cfg.Most = 5
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	w := &Webhooks{cfg: cfg,
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_webhook_deliveries_total",
			Help: "Tries of deliveries to webhooks by outcome: ok (2xx), status (any other), redirect, tls, denied (by the address guard), unreachable."}, []string{"outcome"}),
		off: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sightline_webhooks_off_total",
			Help: "Webhooks switched off by the server, by reason: failing (24 hours without success), gone (410)."}, []string{"reason"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sightline_webhook_seconds",
			Help: "How long receivers of webhooks took to answer.", Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10}}),
	}
	for _, o := range []string{outbound.OutcomeOK, outbound.OutcomeStatus, outbound.OutcomeRedirect, outbound.OutcomeTLS, outbound.OutcomeDenied, outbound.OutcomeUnreachable} {
		w.sent.WithLabelValues(o)
	}
	w.off.WithLabelValues(OffFailing)
	w.off.WithLabelValues(OffGone)
	if cfg.Registerer != nil {
		cfg.Registerer.MustRegister(w.sent, w.off, w.took)
	}
	return w, nil
}

// Hook is one webhook as its owner sees it.
type Hook struct {
	ID           string
	Name         string
	URL          string
	On           bool
	Off          string    // why the server switched it off; "" while on, or when its owner did
	CreatedAt    time.Time // when it was made
	FailingSince time.Time // first failure since the last success; zero: none
	OldSecret    time.Time // until when deliveries are signed with the former secret too; zero: they are not
}

// hook is the stored form of what its owner decides; the address may carry a key
// of the receiver, so it is sealed like the secret.
type hook struct {
	V      int    `json:"v"`
	Name   string `json:"name"`
	URL    string `json:"url"`    // sealed
	Secret string `json:"secret"` // sealed
	Old    string `json:"old,omitempty"`
	OldEnd int64  `json:"old_end,omitempty"` // Unix ms
	On     bool   `json:"on"`
	Off    string `json:"off,omitempty"`
	Made   int64  `json:"made"` // Unix ms
}

// state is what deliveries leave behind, beside the hook so that neither waits
// for the other.
type state struct {
	V       int     `json:"v"`
	Failing int64   `json:"failing,omitempty"` // Unix ms
	Hold    int64   `json:"hold,omitempty"`    // Unix ms: the receiver wants to be left alone until then, or did not answer
	Silent  int     `json:"silent,omitempty"`  // tries without an answer, one after the other
	Log     []entry `json:"log,omitempty"`     // newest first
}

// entry is one try.
type entry struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	At      int64  `json:"at"` // Unix ms
	Outcome string `json:"outcome"`
	Status  int    `json:"status,omitempty"`
	Took    int64  `json:"took"` // ms
}

// Delivery is one try of a delivery, for its owner.
type Delivery struct {
	ID      string // of the notice
	Kind    string
	At      time.Time
	Outcome string        // of package outbound
	Status  int           // HTTP status, 0 without an answer
	Took    time.Duration // until the answer
}

const (
	recordVersion = 1
	// Prefix begins the keys of an account's webhooks in its bulk space.
	Prefix   = "webhook/"
	pState   = "webhookat/" // + hook id
	guardKey = "webhooks"   // written with every new hook, so that the cap holds
	logMost  = 20           // tries that are kept
)

func hookPlace(account, id, field string) seal.Place {
	return seal.Place{Tenant: account, Object: id, Field: "webhook." + field}
}

func idOf(v kv.Value) string { return strings.TrimPrefix(v.Key, Prefix) }

func parse(v kv.Value) (hook, bool) { return kv.Decode[hook](v, recordVersion) }

func parseState(v kv.Value) state {
	s, ok := kv.Decode[state](v, recordVersion)
	if !ok {
		return state{V: recordVersion} // it is told anew
	}
	return s
}

func (w *Webhooks) commit(ctx context.Context, account string, conditions []kv.Condition, writes ...kv.Write) error {
	_, err := w.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(w.cfg.Clock.Now()), Space: kv.Bulk(account), Conditions: conditions, Writes: writes})
	return err
}

// public is a hook as its owner sees it; an address that cannot be opened any
// more (other keys seal the store now) is shown as none.
func (w *Webhooks) public(account, id string, h hook, s state) Hook {
	out := Hook{ID: id, Name: h.Name, On: h.On, Off: h.Off, CreatedAt: time.UnixMilli(h.Made).UTC()}
	if u, err := w.cfg.Seal.Unseal(h.URL, hookPlace(account, id, "url")); err == nil {
		out.URL = u.Reveal()
	}
	if s.Failing > 0 {
		out.FailingSince = time.UnixMilli(s.Failing).UTC()
	}
	if h.Old != "" && w.cfg.Clock.Now().UnixMilli() < h.OldEnd {
		out.OldSecret = time.UnixMilli(h.OldEnd).UTC()
	}
	return out
}

var errGone = fault.New(fault.NotFound, fault.CodeNotFound, "This does not exist.")
