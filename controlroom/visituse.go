package controlroom

import (
	"net/netip"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
)

// VisitLog keeps what guests' visits used (R76). Calls never block on the store
// and never fail: what cannot be written yet is written later.
type VisitLog interface {
	// Watched tells of viewing sessions of guests on this node: of running ones
	// every second, and once more of one that has ended.
	Watched(list []VisitUse)
	// Updated counts one gallery update of a visit.
	Updated(link, visit string)
}

// VisitUse is one viewing session of a guest.
type VisitUse struct {
	Link, Visit string
	Session     string
	IP          netip.Addr
	Viewed      time.Duration // viewing time since it began; only grows
	State       VisitDoing
	Ended       bool
}

// VisitDoing is what a guest's viewing session shows.
type VisitDoing string

const (
	VisitIdle      VisitDoing = ""          // no pictures flow
	VisitWatches   VisitDoing = "live"      // live pictures flow
	VisitThrottled VisitDoing = "throttled" // a picture now and then
)

// tellVisits tells the log what guests' sessions have used so far.
func (r *Room) tellVisits(ended bool, sessions ...*session) {
	if r.deps.visits == nil {
		return
	}
	mono := clock.Mono()
	var list []VisitUse
	for _, s := range sessions {
		if s.subject.Kind != authz.GuestSubject {
			continue
		}
		u := VisitUse{Link: s.subject.Link, Visit: s.subject.Visit, Session: s.id, IP: s.from, Viewed: time.Duration(s.viewed.Load()), Ended: ended}
		switch {
		case ended:
		case s.allow.throttle().reason != "" && s.allow.wants.Load():
			u.State = VisitThrottled
		case s.live(mono):
			u.State = VisitWatches
		}
		list = append(list, u)
	}
	if len(list) > 0 {
		r.deps.visits.Watched(list)
	}
}
