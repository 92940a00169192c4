package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sightline/internal/kv"
)

// A server that starts while its store is late waits for it, and not for what
// waiting cannot mend.
func TestAStartWaitsForALateStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late, tries := kv.Unavailable(context.DeadlineExceeded), 0
		start := func(n int, then error) func() error {
			tries = 0
			return func() error {
				if tries++; tries <= n {
					return late
				}
				return then
			}
		}
		if err := whileLate(t.Context(), start(3, nil)); err != nil || tries != 4 {
			t.Errorf("%v after %d tries", err, tries)
		}
		for _, final := range []error{errors.New("broken"), kv.NewerFormat(2, 1)} {
			if err := whileLate(t.Context(), start(0, final)); !errors.Is(err, final) || tries != 1 {
				t.Errorf("%v after %d tries", err, tries)
			}
		}
		begun := time.Now()
		if err := whileLate(t.Context(), start(1<<20, nil)); !errors.Is(err, late) || time.Since(begun) != startLimit {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun = time.Now()
		if err := whileLate(ctx, start(1<<20, nil)); !errors.Is(err, late) || time.Since(begun) != time.Second {
			t.Errorf("%v, %v after its context", err, time.Since(begun))
		}
	})
}
