package controlroom

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"sightline/ratelimit"
)

// hoursBook is what the ledger has still to hear of sessions that have ended.
// The zero value is ready.
type hoursBook struct {
	mu    sync.Mutex
	ended map[*session]bool
}

// leavingMost bounds the ended sessions that wait for a silent ledger.
const leavingMost = 10_000

// keepTotal makes sure that what an ended session watched is told.
func (r *Room) keepTotal(s *session) {
	if s.allow == nil || r.deps.budgets.Hours == nil || s.viewed.Load() == 0 {
		return
	}
	b := &r.hours
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended == nil {
		b.ended = map[*session]bool{}
	}
	if len(b.ended) < leavingMost {
		b.ended[s] = true
	}
}

// take is the ended sessions not yet told of.
func (b *hoursBook) take() []*session {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Keys(b.ended))
}

// told forgets them.
func (b *hoursBook) told(list []*session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range list {
		delete(b.ended, s)
	}
}

// reportHours tells the ledger the totals of all guests of this node in one call
// and lets them know what it answers. With a silent ledger what was stays, and
// the same totals are told again. Without guests it is asked all the same: that
// is when a ledger in memory writes down what it heard.
func (r *Room) reportHours(ctx context.Context) {
	if r.deps.budgets.Hours == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	ended := r.hours.take()
	running := map[string][]*session{}
	reports := map[string]*ratelimit.HoursReport{}
	note := func(s *session) {
		rep := reports[s.subject.Link]
		if rep == nil {
			rep = &ratelimit.HoursReport{Link: s.subject.Link}
			reports[s.subject.Link] = rep
		}
		rep.Sessions = append(rep.Sessions, ratelimit.HoursSession{ID: s.id, Total: time.Duration(s.viewed.Load()), From: s.allow.ip})
	}
	for _, s := range ended {
		note(s)
	}
	for _, s := range r.sessions.all() {
		if s.allow != nil {
			note(s)
			running[s.subject.Link] = append(running[s.subject.Link], s)
		}
	}
	list := make([]ratelimit.HoursReport, 0, len(reports))
	for _, link := range slices.Sorted(maps.Keys(reports)) {
		list = append(list, *reports[link])
	}
	answers, err := r.deps.budgets.Hours.Report(ctx, list)
	if err != nil {
		r.deps.log.Debug("viewing time could not be reported", "err", err)
		return
	}
	r.hours.told(ended)
	for i, a := range answers {
		for _, s := range running[list[i].Link] {
			if s.hearHours(a) {
				s.moved()
			}
		}
	}
}

// hearHours notes what the ledger says of the session's link.
func (s *session) hearHours(a ratelimit.HoursAnswer) (moved bool) {
	return s.allow.set(func() { s.allow.hours = hoursVerdict{known: true, over: a.Over, free: a.Free} })
}

// askHours asks for the link's hours before a guest's first picture.
func (s *session) askHours(ctx context.Context) {
	s.allow.mu.Lock()
	known := s.allow.hours.known
	s.allow.mu.Unlock()
	if known || s.budgets.Hours == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answers, err := s.budgets.Hours.Report(ctx, []ratelimit.HoursReport{{Link: s.subject.Link}})
	if err != nil || len(answers) != 1 {
		s.log.Debug("viewing time could not be asked for", "err", err)
		return
	}
	s.hearHours(answers[0])
}
