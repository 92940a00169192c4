package measure

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	joinEvery = time.Second / 35 // under the offers of a server
	joiners   = 6
)

// inTurn calls do for from ≤ i < to, a few at once, a new one every joinEvery,
// and returns the first error after all that began have ended.
func inTurn(ctx context.Context, from, to int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range joiners {
		wg.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					cancel(fmt.Errorf("viewer %d: %w", i+1, err))
				}
			}
		})
	}
	tick := time.NewTicker(joinEvery)
	defer tick.Stop()
	for i := from; i < to && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
			continue
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}
