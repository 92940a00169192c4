package main

import (
	"context"
	"time"

	"sightline/internal/fault"
)

// startLimit is how long a server that starts waits for a store that does not
// answer in time: on a machine where everything starts at once that passes.
const startLimit = 30 * time.Second

// whileLate repeats do while the store is late for it, at most for startLimit.
// What do did before must be no harm to it.
func whileLate(ctx context.Context, do func() error) error {
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	for {
		err := do()
		late := fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Unknown)
		if !late || fault.Code(err) == fault.CodeStoreVersion {
			return err
		}
		again := time.NewTimer(100 * time.Millisecond)
		select {
		case <-again.C:
			continue
		case <-limit.C:
		case <-ctx.Done():
		}
		again.Stop()
		return err
	}
}
