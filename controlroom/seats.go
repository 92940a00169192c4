package controlroom

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
)

const (
	seatEvery = 15 * time.Second // how often running guests keep their place
	seatWait  = 2 * time.Second
)

// seats are the places of a link that has a number of viewers of its own (R41).
type seats interface {
	TakeSeat(ctx context.Context, s authz.Subject) error
	LeaveSeat(ctx context.Context, s authz.Subject) error
}

// takeSeat takes a guest's place before his pictures begin.
func (r *Room) takeSeat(ctx context.Context, sub authz.Subject) error {
	if r.seats == nil || sub.Kind != authz.GuestSubject {
		return nil
	}
	return r.seats.TakeSeat(ctx, sub)
}

// leaveSeat gives it back unless the same visit still watches on this node.
func (r *Room) leaveSeat(sub authz.Subject) {
	if r.seats == nil || sub.Kind != authz.GuestSubject || r.sessions.has(sub) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), seatWait)
	defer cancel()
	if err := r.seats.LeaveSeat(ctx, sub); err != nil {
		r.deps.log.Debug("a place frees by itself later", "err", err)
	}
	if r.sessions.has(sub) { // it came back meanwhile
		_ = r.seats.TakeSeat(ctx, sub)
	}
}

// has reports whether a viewing session of the subject is there and not ending.
func (r *registry) has(sub authz.Subject) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.byID {
		if s.subject == sub && s.ending() == nil {
			return true
		}
	}
	return false
}

// keepSeats keeps the places of running guests until ctx ends; who has none any
// more, because the number was lowered, is told and ends.
func (r *Room) keepSeats(ctx context.Context) {
	t := time.NewTicker(seatEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			r.renewSeats(ctx, "")
		case link := <-r.reseat:
			r.renewSeats(ctx, link)
		case <-ctx.Done():
			return
		}
	}
}

// linkMoved looks at the places of a link again, as soon as it can. Too many at
// once are left to the next round of all.
func (r *Room) linkMoved(link string) {
	select {
	case r.reseat <- link:
	default:
	}
}

// renewSeats renews the places of one link's guests; "" means of all.
func (r *Room) renewSeats(ctx context.Context, link string) {
	guests := map[authz.Subject][]*session{}
	for _, s := range r.sessions.all() {
		if s.subject.Kind == authz.GuestSubject && (link == "" || s.subject.Link == link) {
			guests[s.subject] = append(guests[s.subject], s)
		}
	}
	for sub, list := range guests {
		wctx, cancel := context.WithTimeout(ctx, seatWait)
		err := r.takeSeat(wctx, sub)
		cancel()
		if fault.Code(err) != string(authz.ReasonTooManyViewers) {
			continue // a silent store is the leases' matter
		}
		for _, s := range list {
			s.stop(ending{reason: string(authz.ReasonTooManyViewers)})
		}
	}
}
