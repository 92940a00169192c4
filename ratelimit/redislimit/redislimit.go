// Package redislimit keeps link slots in Redis, exact across nodes.
package redislimit

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"sightline/ratelimit"
)

// Config: zero values mean the defaults.
type Config struct {
	Slots   int           // 10
	Keep    time.Duration // 24 h after last use
	Present time.Duration // 15 s: a waiter not heard for longer loses its place
	Timeout time.Duration // 250 ms
	Prefix  string        // "sightline:"
}

// Limiter implements ratelimit.Slots.
type Limiter struct{}

// New takes over client (from rediskv.Dial) and closes it in Close.
func New(client redis.UniversalClient, cfg Config) *Limiter { panic("soon") }

func (l *Limiter) Admit(ctx context.Context, r ratelimit.SlotRequest) (ratelimit.Admission, error) {
	panic("soon")
}
func (l *Limiter) Close() error { panic("soon") }
