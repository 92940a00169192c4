package ratelimit

import (
	"context"
	"time"
)

// SlotReader tells what is taken of a link's slots, without touching them. Stores
// of Slots are SlotReaders.
type SlotReader interface {
	// SlotUsage is when each taken slot frees if nobody renews it, the first first.
	SlotUsage(ctx context.Context, link string) (Window, error)
	// SlotVisits are the visits that were admitted on a slot that is still taken.
	SlotVisits(ctx context.Context, link string) (map[string]bool, error)
}

// UpdateReader tells what is used of a link's gallery updates. Stores of Updates
// are UpdateReaders.
type UpdateReader interface {
	// UpdateUsage is when each counted update leaves the window, the first first.
	UpdateUsage(ctx context.Context, link string) (Window, error)
}

// Window is what is used of a budget that is counted in pieces.
type Window struct {
	Budget int
	Frees  []time.Time // when each piece in use frees, the first first
	Now    time.Time   // store time
}
