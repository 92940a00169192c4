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
	// Uses is when they were used, the first first: an update once, a slot once for
	// each part of the window it was used in (PartOf), with its last use there.
	Uses []time.Time
	Now  time.Time // store time
}

// Parts is how many parts of a window are told apart.
const Parts = 24

// Part is how long a part of a window is.
func Part(window time.Duration) time.Duration {
	return max(window/Parts, time.Millisecond).Truncate(time.Millisecond)
}

// PartOf is the number of the part an instant is in. Parts begin by the clock, so
// that of a day they are its hours: a window touches one more than Parts.
func PartOf(window time.Duration, at time.Time) int64 {
	return at.UnixMilli() / Part(window).Milliseconds()
}
