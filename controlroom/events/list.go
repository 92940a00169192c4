package events

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// MaxPage is how many events one page has at most.
const MaxPage = 1000

// List lists the events of a camera that touch [from, to), newest first: at most
// limit (1 to MaxPage; 0 is 100) of those older than the one with id after ("":
// from the newest). A zero time does not bound. Fewer than limit: there are no more.
func (e *Events) List(ctx context.Context, camera string, from, to time.Time, limit int, after string) ([]Event, error) {
	if limit == 0 {
		limit = 100
	}
	switch {
	case limit < 1 || limit > MaxPage:
		return nil, fault.Newf(fault.Invalid, fault.CodeBadValue, "A page has 1 to %d events.", MaxPage)
	case !authz.ValidID(camera):
		return nil, fault.Field("camera", fault.CodeBadValue, "That is not the id of a camera.")
	case after != "" && !authz.ValidID(after):
		return nil, fault.Field("after", fault.CodeBadValue, "That is no place in the list.")
	case !from.IsZero() && !to.IsZero() && !from.Before(to):
		return nil, fault.Field("to", fault.CodeBadValue, "The end is before the beginning.")
	}
	oldest := ""
	if !from.IsZero() {
		oldest = firstID(from.Add(-longest - time.Minute)) // one that began then may reach into it
	}
	next := ""
	if !to.IsZero() {
		next = firstID(to)
	}
	if after != "" && (next == "" || after < next) {
		next = after
	}
	prefix := eventKey(camera, "")
	out := make([]Event, 0, min(limit, 100))
	for {
		scan := kv.Scan{Prefix: prefix, Reverse: true, Limit: limit - len(out) + 1}
		if next != "" {
			scan.From = prefix + next
		}
		snap, err := e.read(ctx, nil, scan)
		if err != nil {
			return nil, err
		}
		for _, v := range snap.Scans[0] {
			id := v.Key[len(prefix):]
			r, ok := parse[row](v)
			switch {
			case id < oldest:
				return out, nil
			case !ok, next != "" && id >= next, !r.touches(from):
				continue
			}
			if out = append(out, r.event(camera, id)); len(out) == limit {
				return out, nil
			}
		}
		if len(snap.Scans[0]) < scan.Limit {
			return out, nil
		}
		next = snap.Scans[0][scan.Limit-1].Key[len(prefix):]
	}
}

// touches reports whether an event is not over before from.
func (r row) touches(from time.Time) bool {
	return from.IsZero() || r.To == 0 || r.To >= from.UnixMilli()
}
