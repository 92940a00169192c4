// Package redislimit keeps link slots in Redis: one Lua script an admission, on
// keys under one hash tag a link, by the clock of Redis; so it is exact across
// nodes and on a cluster.
package redislimit

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"sightline/internal/kv"
	"sightline/ratelimit"
)

//go:embed lua/admit.lua
var admitLua string

// Config: zero values mean the defaults.
type Config struct {
	ratelimit.SlotRules
	Timeout time.Duration // of every call; 0 = 250 ms
	Prefix  string        // of every key; "" = "sightline:"
}

// Limiter implements ratelimit.Slots.
type Limiter struct {
	client redis.UniversalClient
	cfg    Config
	admit  *redis.Script
	offset time.Duration // added to Redis TIME; only tests set it
}

var _ ratelimit.Slots = (*Limiter)(nil)

// New takes over client (from rediskv.Dial) and closes it in Close. Metering has
// a client of its own, so that it never queues before decisions.
func New(client redis.UniversalClient, cfg Config) *Limiter {
	cfg.SlotRules = cfg.WithDefaults()
	if cfg.Timeout <= 0 {
		cfg.Timeout = 250 * time.Millisecond
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "sightline:"
	}
	return &Limiter{client: client, cfg: cfg, admit: redis.NewScript(admitLua)}
}

// Close closes the client.
func (l *Limiter) Close() error { return l.client.Close() }

// Admit implements ratelimit.Slots.
func (l *Limiter) Admit(ctx context.Context, r ratelimit.SlotRequest) (ratelimit.Admission, error) {
	if err := r.Check(); err != nil {
		return ratelimit.Admission{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	tag := l.cfg.Prefix + "{slots:" + r.Link + "}:"
	keys := []string{tag + "taken", tag + "visits", tag + "queue", tag + "heard", tag + "where", tag + "uses"}
	peek := 0
	if r.Peek {
		peek = 1
	}
	reply, err := l.admit.Run(ctx, l.client, keys, r.Visit, ratelimit.Prefix(r.IP), peek, l.cfg.Slots,
		l.cfg.Keep.Milliseconds(), l.cfg.Present.Milliseconds(), ratelimit.MaxVisits, l.offset.Milliseconds(), ratelimit.Part(l.cfg.Keep).Milliseconds()).Slice()
	if err != nil {
		return ratelimit.Admission{}, kv.Unavailable(err)
	}
	n, err := numbers(reply, 5)
	if err != nil {
		return ratelimit.Admission{}, kv.Unavailable(err)
	}
	a := ratelimit.Admission{
		Admitted: n[0] == 1, Taken: int(n[1]), Slots: l.cfg.Slots, Waiting: int(n[2]), Now: time.UnixMilli(n[4]),
	}
	if n[3] > 0 {
		a.Free = time.UnixMilli(n[3])
	}
	return a, nil
}

// numbers reads a script's reply of want items.
func numbers(reply []any, want int) ([]int64, error) {
	if len(reply) != want {
		return nil, fmt.Errorf("redislimit: %d items in the reply", len(reply))
	}
	n := make([]int64, want)
	for i, item := range reply {
		switch v := item.(type) {
		case int64:
			n[i] = v
		case string:
			var err error
			if n[i], err = strconv.ParseInt(v, 10, 64); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("redislimit: %T in the reply", item)
		}
	}
	return n, nil
}
