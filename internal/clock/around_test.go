package clock

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestAround(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shortest, longest := time.Hour, time.Duration(0)
		for range 200 {
			began := time.Now()
			if !Around(t.Context(), 4*time.Second, nil) {
				t.Fatal("ended without its context")
			}
			took := time.Since(began)
			shortest, longest = min(shortest, took), max(longest, took)
		}
		if shortest < 3*time.Second || longest > 5*time.Second || longest-shortest < time.Second {
			t.Errorf("waits of 4 s took %v to %v", shortest, longest)
		}
		kick := make(chan struct{}, 1)
		kick <- struct{}{}
		began := time.Now()
		if !Around(t.Context(), time.Hour, kick) || time.Since(began) != 0 {
			t.Errorf("a kick was heard after %v", time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if Around(ctx, time.Hour, nil) || time.Since(began) != time.Second {
			t.Errorf("its context was heard after %v", time.Since(began))
		}
	})
}
