// Package push sends notices to browsers that are not open, by Web Push: RFC 8030
// with payloads encrypted for the one browser (RFC 8291, RFC 8188) and signed with
// this server's own key pair (VAPID, RFC 8292). A subscription belongs to a login
// and ends with it. What may be told is decided by who calls Send.
package push

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/internal/outbound"
	"sightline/internal/seal"
	"sightline/ratelimit"
)

// Config of a Push. Store, Seal, Guard, Client and Stands are required.
type Config struct {
	Store  kv.Store
	Seal   *seal.Box
	Guard  *outbound.Guard
	Client *outbound.Client
	// Stands says whether a login of an account has not ended.
	Stands func(ctx context.Context, account, login string) (bool, error)
	// Contact is told to push services, for complaints: an https address of this
	// server or a bare e-mail address.
	Contact    string
	Most       int // devices of one account; the longest unused makes room. Default 10
	Log        *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
	Clock      clock.Clock           // nil: the machine's
}

// Push keeps devices and sends to them. Safe for concurrent use, and on several
// nodes of one store.
type Push struct {
	cfg  Config
	keys keys
	sent *prometheus.CounterVec

	fresh *ratelimit.Buckets // of new devices by account
}

// New wires a Push; nothing runs before Run.
func New(cfg Config) (*Push, error) {
	if cfg.Store == nil || cfg.Seal == nil || cfg.Guard == nil || cfg.Client == nil || cfg.Stands == nil {
		return nil, errors.New("push: store, seal, guard, client and stands are required")
	}
	if cfg.Most <= 0 {
		cfg.Most = 10
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Contact == "" {
		cfg.Contact = "https://localhost" // a push service wants one; some refuse this
	}
	p := &Push{cfg: cfg, fresh: ratelimit.NewBuckets(nil, freshMost, time.Minute), sent: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sightline_push_messages_total", Help: "Messages to devices by outcome: sent, retry, gone (the device is no more), refused (by the push service, for good), ended (its login is over)."}, []string{"outcome"})}
	for _, o := range []string{"sent", "retry", "gone", "refused", "ended"} {
		p.sent.WithLabelValues(o)
	}
	if cfg.Registerer != nil {
		cfg.Registerer.MustRegister(p.sent)
	}
	return p, nil
}

// Device is one browser that gets an account's messages.
type Device struct {
	ID        string
	Login     string // login id it is bound to
	Browser   string // family, e.g. "Firefox"
	Service   string // host of its push service
	CreatedAt time.Time
	UsedAt    time.Time // when a message was taken for it last, to the hour; zero: never
}

// Subscription is what a browser gave its page (PushSubscription.toJSON).
type Subscription struct {
	Endpoint string // its secret address at the push service
	P256dh   string // its public key, unpadded base64url
	Auth     string // its secret of 16 bytes, likewise
}

// device is the stored form of a Device. The subscription is sealed: whoever
// knows the endpoint could disturb the person.
type device struct {
	V       int    `json:"v"`
	Login   string `json:"login"`
	Browser string `json:"browser,omitempty"`
	Service string `json:"service"`
	Sealed  string `json:"sealed"` // Subscription as JSON
	Made    int64  `json:"made"`   // Unix ms
	Used    int64  `json:"used,omitempty"`
	Refused int    `json:"refused,omitempty"` // messages refused for good, one after the other
	Hold    int64  `json:"hold,omitempty"`    // Unix ms: its service wants to be left alone until then
}

const (
	recordVersion = 1
	// Prefix begins the keys of an account's devices in its bulk space.
	Prefix     = "push/"
	guardKey   = "pushes"  // written with every new device, so that the cap holds
	pPlace     = "pushat/" // + device id, in the control space: whose it is now
	refusedMax = 10        // so many refusals in a row remove a device
	// Devices of an account that are new in a minute, on each node; renewals are free.
	// No configuration key: nobody has so many browsers, and each one writes where
	// every decision reads.
	freshMost       = 10
	codeRateLimited = "rate_limited" // as of requests
)

// place says whose a device is: a browser is told of one account only, however
// often somebody else signs in there.
type place struct {
	V       int    `json:"v"`
	Account string `json:"account"`
}

func deviceKey(id string) string { return Prefix + id }

func sealPlace(account, id string) seal.Place {
	return seal.Place{Tenant: account, Object: id, Field: "push"}
}

func parse(v kv.Value) (device, bool) { return kv.Decode[device](v, recordVersion) }

func (p *Push) commit(ctx context.Context, space kv.Space, conditions []kv.Condition, writes ...kv.Write) error {
	_, err := p.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(p.cfg.Clock.Now()), Space: space, Conditions: conditions, Writes: writes})
	return err
}

func (d device) public(id string) Device {
	out := Device{ID: id, Login: d.Login, Browser: d.Browser, Service: d.Service, CreatedAt: time.UnixMilli(d.Made).UTC()}
	if d.Used > 0 {
		out.UsedAt = time.UnixMilli(d.Used).UTC()
	}
	return out
}

func idOf(v kv.Value) string { return strings.TrimPrefix(v.Key, Prefix) }
