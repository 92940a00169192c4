package web

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sightline/internal/fault"
)

// One account's stills: three at once, the next ones wait for a moment, newest
// first, and are then told to come again; another account does not notice.
func TestStillsOfAnAccountWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s stillLines
		enter := func(account string) func() {
			t.Helper()
			began := time.Now()
			done, err := s.enter(t.Context(), account)
			if err != nil || time.Since(began) != 0 {
				t.Fatalf("%v after %v", err, time.Since(began))
			}
			return done
		}
		first := []func(){enter("ann"), enter("ann"), enter("ann")}
		enter("bob")()

		began := time.Now()
		_, err := s.enter(t.Context(), "ann")
		var f *fault.Error
		if !fault.Is(err, fault.RateLimited) || fault.Code(err) != fault.CodeBusy || time.Since(began) != stillTurn || !errors.As(err, &f) || f.RetryAfter <= 0 {
			t.Errorf("the fourth: %v after %v", err, time.Since(began))
		}
		away, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.enter(away, "ann"); !errors.Is(err, context.Canceled) {
			t.Errorf("one that went away: %v", err)
		}

		var mu sync.Mutex
		var order []int // as they got their turn; below zero: refused
		for i := range stillsWait + 1 {
			go func() {
				done, err := s.enter(t.Context(), "ann")
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					order = append(order, -1-i)
					return
				}
				order = append(order, i)
				done()
			}()
			synctest.Wait()
		}
		if len(order) != 1 || order[0] != -1 {
			t.Fatalf("the one that waits longest makes room: %v", order)
		}
		first[0]()
		first[0]() // counts once
		synctest.Wait()
		if len(order) != stillsWait+1 || order[1] != stillsWait || order[stillsWait] != 1 {
			t.Errorf("%v", order)
		}
		first[1]()
		first[2]()
		if len(s.of) != 0 {
			t.Errorf("%d accounts are kept", len(s.of))
		}
	})
}
