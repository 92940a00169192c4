// Package locallimit keeps link slots in memory and in the embedded store.
package locallimit

import (
	"context"
	"time"

	"sightline/internal/kv"
	"sightline/ratelimit"
)

// Config: zero values mean the defaults.
type Config struct {
	Slots   int           // 10
	Keep    time.Duration // 24 h after last use
	Present time.Duration // 15 s: a waiter not heard for longer loses its place
}

// Limiter implements ratelimit.Slots.
type Limiter struct{}

// New makes a limiter over store, which must have no other node.
func New(store kv.Store, cfg Config) *Limiter { panic("soon") }

func (l *Limiter) Admit(ctx context.Context, r ratelimit.SlotRequest) (ratelimit.Admission, error) {
	panic("soon")
}
func (l *Limiter) Close() error { panic("soon") }
