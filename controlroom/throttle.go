package controlroom

import (
	"context"
	"sync"
	"time"

	"sightline/internal/clock"
)

const (
	budgetBeat  = time.Second // how often slots that are due are asked for
	askAtOnce   = 8           // questions on their way at once
	hoursReport = 2 * time.Second
)

// keepBudgets renews and asks for the slots of guests, and tells the ledger what
// they watched, until ctx ends. Close tells the ledger a last time.
func (r *Room) keepBudgets(ctx context.Context) {
	t := time.NewTicker(budgetBeat)
	defer t.Stop()
	told := clock.Mono()
	for {
		select {
		case <-t.C:
			r.renewSlots(ctx)
			r.countGuests()
			r.tellVisits(false, r.sessions.all()...)
			if now := clock.Mono(); now-told >= int64(hoursReport)-int64(budgetBeat)/2 {
				told = now
				r.reportHours(ctx)
				r.reportEgress(ctx)
			}
		case <-ctx.Done():
			return
		}
	}
}

// renewSlots asks for all slots that are due.
func (r *Room) renewSlots(ctx context.Context) {
	now := clock.Mono()
	gate := make(chan struct{}, askAtOnce)
	var wg sync.WaitGroup
	for _, s := range r.sessions.all() {
		if s.allow == nil || !s.allow.wants.Load() || s.ending() != nil || !s.allow.due(now, s.present(), s.live(now)) {
			continue
		}
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			if s.askSlot(ctx) {
				s.moved()
			}
		})
	}
	wg.Wait()
}

// present reports whether the session's page has a socket, be it seen or not
// (ruling 3): one that is silent is closed within 15 s.
func (s *session) present() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.socket != nil
}
