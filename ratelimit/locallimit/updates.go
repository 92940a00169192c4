package locallimit

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/ratelimit"
)

// Updates implements ratelimit.Updates: one record a link, committed before the
// answer. They are few (40 a day), so nothing is kept in memory.
type Updates struct {
	store kv.Store
	rules ratelimit.UpdateRules
	clock clock.Clock
	mu    sync.Mutex
}

var _ ratelimit.Updates = (*Updates)(nil)

const updatePrefix = "updates/"

// NewUpdates makes a limiter over store; the caller closes the store. clock nil
// is the machine's, and the store's own.
func NewUpdates(store kv.Store, rules ratelimit.UpdateRules, c clock.Clock) *Updates {
	if c == nil {
		c = clock.System
	}
	return &Updates{store: store, rules: rules.WithDefaults(), clock: c}
}

// Close implements ratelimit.Updates; nothing is left to write.
func (u *Updates) Close() error { return nil }

// Update implements ratelimit.Updates.
func (u *Updates) Update(ctx context.Context, r ratelimit.UpdateRequest) (ratelimit.UpdateAnswer, error) {
	if err := r.Check(); err != nil {
		return ratelimit.UpdateAnswer{}, err
	}
	u.mu.Lock() // one after the other, over the commit; no other node shares the store
	defer u.mu.Unlock()
	key := updatePrefix + r.Link
	snap, err := u.store.Read(ctx, space, []string{key}, nil)
	if err != nil {
		return ratelimit.UpdateAnswer{}, kv.Unavailable(err)
	}
	v := snap.Values[0]
	var s ratelimit.UpdateState
	if v.Exists() {
		if err := json.Unmarshal(v.Data, &s); err != nil {
			return ratelimit.UpdateAnswer{}, kv.Unavailable(err)
		}
	}
	now := u.clock.Now()
	a, counted := s.Judge(u.rules, now, r)
	if !counted {
		return a, nil
	}
	data, err := json.Marshal(s)
	if err != nil {
		return ratelimit.UpdateAnswer{}, err
	}
	txn := kv.Txn{ID: kv.NewID(now), Space: space, Conditions: []kv.Condition{{Key: key, Version: v.Version}}, Writes: []kv.Write{{Key: key, Data: data}}}
	_, err = u.store.Commit(ctx, txn)
	if fault.Is(err, fault.Unknown) && ctx.Err() == nil {
		_, err = u.store.Commit(ctx, txn)
	}
	if err != nil {
		return ratelimit.UpdateAnswer{}, kv.Unavailable(err)
	}
	return a, nil
}

// Sweep forgets links that have had no update for a window. Call it now and then.
func (u *Updates) Sweep(ctx context.Context) error {
	from := ""
	for {
		snap, err := u.store.Read(ctx, space, nil, []kv.Scan{{Prefix: updatePrefix, From: from, Limit: 1000}})
		if err != nil {
			return err
		}
		for _, v := range snap.Scans[0] {
			from = v.Key + "\x00"
			var s ratelimit.UpdateState
			if json.Unmarshal(v.Data, &s) != nil || len(s.Log) > 0 && u.clock.Now().Sub(time.UnixMilli(s.Log[len(s.Log)-1])) < u.rules.Window {
				continue
			}
			_, err := u.store.Commit(ctx, kv.Txn{ID: kv.NewID(u.clock.Now()), Space: space,
				Conditions: []kv.Condition{{Key: v.Key, Version: v.Version}}, Writes: []kv.Write{{Key: v.Key, Delete: true}}})
			if err != nil && !errors.Is(err, kv.ErrConflict) {
				return err
			}
		}
		if len(snap.Scans[0]) < 1000 {
			return nil
		}
	}
}
