package locallimit

import (
	"context"
	"encoding/json"
	"time"

	"sightline/internal/kv"
	"sightline/ratelimit"
)

var (
	_ ratelimit.SlotReader   = (*Limiter)(nil)
	_ ratelimit.UpdateReader = (*Updates)(nil)
)

// look is a copy of a link's state now.
func (l *Limiter) look(ctx context.Context, id string) (*ratelimit.SlotState, time.Time, error) {
	now := l.clock.Now()
	k := l.enter(id, now)
	defer l.leave(k)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state == nil {
		if err := l.load(ctx, k, id); err != nil {
			return nil, now, kv.Unavailable(err)
		}
	}
	state := k.state.Clone()
	state.Expire(l.rules, now)
	return state, now, nil
}

// SlotVisits implements ratelimit.SlotReader.
func (l *Limiter) SlotVisits(ctx context.Context, id string) (map[string]bool, error) {
	state, _, err := l.look(ctx, id)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for visit, v := range state.Visits {
		if _, taken := state.Taken[v.Slot]; taken {
			out[visit] = true
		}
	}
	return out, nil
}

// SlotUsage implements ratelimit.SlotReader.
func (l *Limiter) SlotUsage(ctx context.Context, id string) (ratelimit.Window, error) {
	state, now, err := l.look(ctx, id)
	if err != nil {
		return ratelimit.Window{}, err
	}
	return state.Usage(l.rules, now), nil
}

// UpdateUsage implements ratelimit.UpdateReader.
func (u *Updates) UpdateUsage(ctx context.Context, link string) (ratelimit.Window, error) {
	snap, err := u.store.Read(ctx, space, []string{updatePrefix + link}, nil)
	if err != nil {
		return ratelimit.Window{}, kv.Unavailable(err)
	}
	var s ratelimit.UpdateState
	if v := snap.Values[0]; v.Exists() {
		if err := json.Unmarshal(v.Data, &s); err != nil {
			return ratelimit.Window{}, kv.Unavailable(err)
		}
	}
	w := ratelimit.Window{Budget: u.rules.Budget, Now: u.clock.Now()}
	for _, at := range s.Log {
		if frees := time.UnixMilli(at).Add(u.rules.Window); frees.After(w.Now) {
			w.Frees, w.Uses = append(w.Frees, frees), append(w.Uses, time.UnixMilli(at))
		}
	}
	return w, nil
}
