package clock

import (
	"context"
	"math/rand/v2"
	"time"
)

// Jitter is d, a quarter less to a quarter more, so that nodes do not keep step.
func Jitter(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2+1) }

// Around waits for d with Jitter, or until kick receives (nil: never) or is closed.
// It is false when ctx has ended.
func Around(ctx context.Context, d time.Duration, kick <-chan struct{}) bool {
	wait := time.NewTimer(Jitter(d))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-kick:
	case <-ctx.Done():
		return false
	}
	return true
}
