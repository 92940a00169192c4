// Package locallimit keeps link slots in memory and writes every admission to
// the embedded store before it is answered; renewals are written once a minute.
package locallimit

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/ratelimit"
)

// space holds one record a link. It is not the control space: usage never bumps
// the control revision.
const (
	space  = kv.Space("slots")
	prefix = "link/"
)

const (
	saveEvery  = time.Minute // how much of a renewal a crash may lose
	sweepEvery = time.Hour
	mostLinks  = 4096 // links in memory before idle ones are dropped
	idle       = 10 * time.Minute
)

// Config: zero values mean the defaults.
type Config struct {
	ratelimit.SlotRules
	Clock clock.Clock // nil = clock.System; the store's own
}

// Limiter implements ratelimit.Slots.
type Limiter struct {
	store kv.Store
	rules ratelimit.SlotRules
	clock clock.Clock

	mu    sync.Mutex
	links map[string]*link
	swept time.Time
}

var _ ratelimit.Slots = (*Limiter)(nil)

// link is one link's slots; mu is held over a commit, so that admissions to one
// link come one after the other.
type link struct {
	mu     sync.Mutex
	state  *ratelimit.SlotState // nil = not loaded
	saved  time.Time
	used   time.Time // under Limiter.mu
	inside int       // callers that hold or want mu; under Limiter.mu
}

// New makes a limiter over store, which no other node may share. The caller
// closes the store.
func New(store kv.Store, cfg Config) *Limiter {
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	return &Limiter{store: store, rules: cfg.WithDefaults(), clock: cfg.Clock, links: map[string]*link{}}
}

// Close implements ratelimit.Slots; nothing is left to write.
func (l *Limiter) Close() error { return nil }

// Admit implements ratelimit.Slots.
func (l *Limiter) Admit(ctx context.Context, r ratelimit.SlotRequest) (ratelimit.Admission, error) {
	if err := r.Check(); err != nil {
		return ratelimit.Admission{}, err
	}
	now := l.clock.Now()
	if l.sweepDue(now) {
		if err := l.sweep(ctx, now); err != nil {
			return ratelimit.Admission{}, kv.Unavailable(err)
		}
	}
	k := l.enter(r.Link, now)
	defer l.leave(k)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state == nil {
		if err := l.load(ctx, k, r.Link); err != nil {
			return ratelimit.Admission{}, kv.Unavailable(err)
		}
	}
	next := k.state.Clone()
	a, taken := next.Admit(l.rules, now, r)
	if taken || a.Admitted && !r.Peek && now.Sub(k.saved).Abs() >= saveEvery {
		if err := l.save(ctx, r.Link, next, now); err != nil {
			return ratelimit.Admission{}, kv.Unavailable(err)
		}
		k.saved = now
	}
	k.state = next
	return a, nil
}

// enter finds or makes a link and keeps it in memory until leave.
func (l *Limiter) enter(id string, now time.Time) *link {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.links) >= mostLinks {
		for id, k := range l.links {
			if k.inside == 0 && now.Sub(k.used).Abs() > idle {
				delete(l.links, id)
			}
		}
	}
	k := l.links[id]
	if k == nil {
		k = &link{}
		l.links[id] = k
	}
	k.used, k.inside = now, k.inside+1
	return k
}

func (l *Limiter) leave(k *link) {
	l.mu.Lock()
	k.inside--
	l.mu.Unlock()
}

func (l *Limiter) load(ctx context.Context, k *link, id string) error {
	snap, err := l.store.Read(ctx, space, []string{prefix + id}, nil)
	if err != nil {
		return err
	}
	state := &ratelimit.SlotState{}
	if snap.Values[0].Exists() {
		if err := json.Unmarshal(snap.Values[0].Data, state); err != nil {
			return err
		}
	}
	k.state = state
	return nil
}

func (l *Limiter) save(ctx context.Context, id string, state *ratelimit.SlotState, now time.Time) error {
	data, err := json.Marshal(state)
	if err != nil {
		return err
	}
	txn := kv.Txn{ID: kv.NewID(now), Space: space, Writes: []kv.Write{{Key: prefix + id, Data: data}}}
	_, err = l.store.Commit(ctx, txn)
	if fault.Is(err, fault.Unknown) && ctx.Err() == nil {
		_, err = l.store.Commit(ctx, txn)
	}
	return err
}

func (l *Limiter) sweepDue(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.swept).Abs() < sweepEvery {
		return false
	}
	l.swept = now
	return true
}

// sweep removes records of links whose slots have all expired, unless they are
// in use; a record is small, so what one sweep leaves waits for the next.
func (l *Limiter) sweep(ctx context.Context, now time.Time) error {
	const most = 500
	snap, err := l.store.Read(ctx, space, nil, []kv.Scan{{Prefix: prefix, Limit: most}})
	if err != nil {
		return err
	}
	txn := kv.Txn{ID: kv.NewID(now), Space: space}
	l.mu.Lock()
	for _, v := range snap.Scans[0] {
		state := &ratelimit.SlotState{}
		if json.Unmarshal(v.Data, state) != nil || l.links[v.Key[len(prefix):]] != nil {
			continue
		}
		if state.Expire(l.rules, now); len(state.Taken) == 0 {
			txn.Conditions = append(txn.Conditions, kv.Condition{Key: v.Key, Version: v.Version})
			txn.Writes = append(txn.Writes, kv.Write{Key: v.Key, Delete: true})
		}
	}
	l.mu.Unlock()
	if len(txn.Writes) == 0 {
		return nil
	}
	if _, err = l.store.Commit(ctx, txn); fault.Is(err, fault.Conflict) {
		return nil // one was used meanwhile: next time
	}
	return err
}
