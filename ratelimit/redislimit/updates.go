package redislimit

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"sightline/internal/kv"
	"sightline/ratelimit"
)

//go:embed lua/update.lua
var updateLua string

// UpdatesConfig: zero values mean the defaults.
type UpdatesConfig struct {
	ratelimit.UpdateRules
	Timeout time.Duration // of every call; 0 = 250 ms
	Prefix  string        // of every key; "" = "sightline:"
}

// Updates implements ratelimit.Updates with one script an update, by the clock
// of Redis; so it is exact across nodes.
type Updates struct {
	client redis.UniversalClient
	cfg    UpdatesConfig
	script *redis.Script
	offset time.Duration // added to Redis TIME; only tests set it
}

var _ ratelimit.Updates = (*Updates)(nil)

// NewUpdates takes over client (from rediskv.Dial) and closes it in Close.
func NewUpdates(client redis.UniversalClient, cfg UpdatesConfig) *Updates {
	cfg.UpdateRules = cfg.WithDefaults()
	if cfg.Timeout <= 0 {
		cfg.Timeout = 250 * time.Millisecond
	}
	if cfg.Prefix == "" {
		cfg.Prefix = "sightline:"
	}
	return &Updates{client: client, cfg: cfg, script: redis.NewScript(updateLua)}
}

// Close closes the client.
func (u *Updates) Close() error { return u.client.Close() }

// Update implements ratelimit.Updates.
func (u *Updates) Update(ctx context.Context, r ratelimit.UpdateRequest) (ratelimit.UpdateAnswer, error) {
	if err := r.Check(); err != nil {
		return ratelimit.UpdateAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, u.cfg.Timeout)
	defer cancel()
	tag := u.cfg.Prefix + "{updates:" + r.Link + "}:"
	peek := 0
	if r.Peek {
		peek = 1
	}
	reply, err := u.script.Run(ctx, u.client, []string{tag + "log", tag + "visits"}, r.Visit, peek, u.cfg.Budget,
		u.cfg.Window.Milliseconds(), u.cfg.Repeat.Milliseconds(), u.offset.Milliseconds()).Slice()
	if err != nil {
		return ratelimit.UpdateAnswer{}, kv.Unavailable(err)
	}
	n, err := numbers(reply, 5)
	if err != nil {
		return ratelimit.UpdateAnswer{}, kv.Unavailable(fmt.Errorf("update: %w", err))
	}
	a := ratelimit.UpdateAnswer{Allowed: n[0] == 1, Counted: n[4] == 1, Used: int(n[1]), Budget: u.cfg.Budget, Now: time.UnixMilli(n[3])}
	if n[2] > 0 {
		a.Free = time.UnixMilli(n[2])
	}
	return a, nil
}
