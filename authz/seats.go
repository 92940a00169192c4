package authz

import (
	"context"
	"errors"
	"slices"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

// seatLife is how long a guest keeps his place among a link's viewers without
// saying that he is still there: a node that dies frees its places.
const seatLife = 45 * time.Second

// seats are the places of one link's viewers, in order of arrival. They are in
// the space of the nodes: no decision reads them.
type seats struct {
	head
	Taken []seat `json:"taken"`
}

type seat struct {
	Visit string    `json:"visit"`
	Node  string    `json:"node,omitempty"` // a visit may watch on two
	Ends  time.Time `json:"ends"`
}

func keySeats(link string) string { return "seats/" + link }

// TakeSeat takes or keeps a guest's place among the viewers of a link that has a
// number of its own (R41); exact across nodes. Call it before his pictures begin
// and every 15 s. fault.Conflict too_many_viewers when others have them all, or
// when the number was lowered and he came too late. Links without a number, the
// owner's own visits and other subjects need none.
func (a *Authority) TakeSeat(ctx context.Context, s Subject) error {
	if s.Kind != GuestSubject || !s.sound() {
		return nil
	}
	v, err := a.readLink(ctx, s.Link, s.Visit)
	if err != nil {
		return err
	}
	l, w := get[Link](v.get, keyLink(s.Link)), get[Visit](v.get, keyVisit(s.Link, s.Visit))
	if l == nil || w == nil || w.Owner || l.MaxViewers == 0 {
		return nil
	}
	return a.changeSeats(ctx, s.Link, func(r *seats, now time.Time) error {
		mine := slices.IndexFunc(r.Taken, func(t seat) bool { return t.Visit == s.Visit && t.Node == a.cfg.Node })
		if mine < 0 {
			mine = len(r.Taken)
			r.Taken = append(r.Taken, seat{Visit: s.Visit, Node: a.cfg.Node})
		}
		r.Taken[mine].Ends = now.Add(seatLife)
		if r.before(s.Visit) >= l.MaxViewers {
			return fault.New(fault.Conflict, string(ReasonTooManyViewers), "Too many people watch by this link. Try again later.")
		}
		return nil
	})
}

// before counts the other visits that came earlier.
func (r *seats) before(visit string) int {
	seen := map[string]bool{}
	for _, t := range r.Taken {
		if t.Visit == visit {
			break
		}
		seen[t.Visit] = true
	}
	return len(seen)
}

// LeaveSeat gives a guest's place on this node back.
func (a *Authority) LeaveSeat(ctx context.Context, s Subject) error {
	if s.Kind != GuestSubject || !s.sound() {
		return nil
	}
	return a.changeSeats(ctx, s.Link, func(r *seats, _ time.Time) error {
		r.Taken = slices.DeleteFunc(r.Taken, func(t seat) bool { return t.Visit == s.Visit && t.Node == a.cfg.Node })
		return nil
	})
}

// changeSeats changes a link's places; fn may refuse. What has run out is dropped.
func (a *Authority) changeSeats(ctx context.Context, link string, fn func(r *seats, now time.Time) error) error {
	k := keySeats(link)
	for try := 0; ; try++ {
		rctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
		snap, err := a.cfg.Store.Read(rctx, nodesSpace, []string{k}, nil)
		cancel()
		if err != nil {
			return unavailable(err)
		}
		was := snap.Values[0]
		r := &seats{head: v1}
		if was.Exists() {
			if old, err := decode[seats](was.Data); err == nil { // else of no use to anybody: begin anew
				r = old
			}
		}
		r.Taken = slices.DeleteFunc(r.Taken, func(t seat) bool { return over(t.Ends, snap.Now) })
		if err := fn(r, snap.Now); err != nil {
			return err
		}
		write := kv.Write{Key: k, Data: encode(*r)}
		if len(r.Taken) == 0 {
			if !was.Exists() {
				return nil
			}
			write = kv.Write{Key: k, Delete: true}
		}
		txn := kv.Txn{ID: kv.NewID(a.cfg.Clock.Now()), Space: nodesSpace,
			Conditions: []kv.Condition{{Key: k, Version: was.Version}}, Writes: []kv.Write{write}}
		if _, err = a.insist(ctx, txn); err == nil {
			return nil
		}
		if !errors.Is(err, kv.ErrConflict) || try == 30 {
			return unavailable(err)
		}
		select {
		case <-ctx.Done():
			return unavailable(ctx.Err())
		case <-time.After(time.Duration(1+try) * time.Millisecond):
		}
	}
}
