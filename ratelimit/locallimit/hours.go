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

// hoursPrefix is where the ledger of viewing time keeps one record a link.
const hoursPrefix = "hours/"

const (
	hoursSave  = time.Second     // at most one commit in it: what a node tells every 2 s is written each time
	hoursClose = 5 * time.Second // of the last one
	hoursBatch = 50              // links in one commit
)

// Hours implements ratelimit.Hours: memory, and at most one commit a second for all
// links, as part of a Report. Call it every 2 s, without links when there are none:
// so a crash loses less than 5 s of a session.
type Hours struct {
	store kv.Store
	rules ratelimit.HoursRules
	clock clock.Clock

	mu    sync.Mutex // over the commit too
	links map[string]*hoursLink
	saved time.Time
	swept time.Time
}

type hoursLink struct {
	state *ratelimit.HoursState
	dirty bool
	used  time.Time
}

var _ ratelimit.Hours = (*Hours)(nil)

// NewHours makes a ledger over store, which no other node may share; the caller
// closes the store after the ledger. clock nil is the machine's, and the store's own.
func NewHours(store kv.Store, rules ratelimit.HoursRules, c clock.Clock) *Hours {
	if c == nil {
		c = clock.System
	}
	return &Hours{store: store, rules: rules.WithDefaults(), clock: c, links: map[string]*hoursLink{}, saved: c.Now(), swept: c.Now()}
}

// Close writes what is not yet written.
func (h *Hours) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), hoursClose)
	defer cancel()
	return h.save(ctx, h.clock.Now())
}

// Report implements ratelimit.Hours.
func (h *Hours) Report(ctx context.Context, links []ratelimit.HoursReport) ([]ratelimit.HoursAnswer, error) {
	for _, l := range links {
		if err := l.Check(); err != nil {
			return nil, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock.Now()
	out := make([]ratelimit.HoursAnswer, len(links))
	for _, l := range links { // all or none
		if _, err := h.link(ctx, l.Link, now); err != nil {
			return nil, kv.Unavailable(err)
		}
	}
	for i, l := range links {
		k := h.links[l.Link]
		a, changed := k.state.Report(h.rules, now, l.Sessions)
		k.dirty = k.dirty || changed
		out[i] = a
	}
	if now.Sub(h.saved).Abs() >= hoursSave {
		if err := h.save(ctx, now); err != nil {
			return nil, kv.Unavailable(err)
		}
	}
	if now.Sub(h.swept).Abs() >= sweepEvery {
		h.swept = now
		if err := h.sweep(ctx, now); err != nil {
			return nil, kv.Unavailable(err)
		}
	}
	return out, nil
}

// Usage implements ratelimit.Hours.
func (h *Hours) Usage(ctx context.Context, link string) (ratelimit.HoursUsage, error) {
	if err := (ratelimit.HoursReport{Link: link}).Check(); err != nil {
		return ratelimit.HoursUsage{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock.Now()
	k, err := h.link(ctx, link, now)
	if err != nil {
		return ratelimit.HoursUsage{}, kv.Unavailable(err)
	}
	return k.state.Usage(h.rules, now), nil
}

// link is a link's state, from the store the first time. mu is held.
func (h *Hours) link(ctx context.Context, id string, now time.Time) (*hoursLink, error) {
	k := h.links[id]
	if k == nil {
		snap, err := h.store.Read(ctx, space, []string{hoursPrefix + id}, nil)
		if err != nil {
			return nil, err
		}
		k = &hoursLink{state: &ratelimit.HoursState{}}
		if v := snap.Values[0]; v.Exists() {
			if err := json.Unmarshal(v.Data, k.state); err != nil {
				return nil, err
			}
		}
		h.links[id] = k
	}
	k.used = now
	return k, nil
}

// save writes what changed and forgets links nobody asks for. mu is held.
func (h *Hours) save(ctx context.Context, now time.Time) error {
	var ids []string
	for id, k := range h.links {
		if k.dirty {
			ids = append(ids, id)
		} else if now.Sub(k.used).Abs() > idle {
			delete(h.links, id)
		}
	}
	for len(ids) > 0 {
		part := ids[:min(len(ids), hoursBatch)]
		ids = ids[len(part):]
		txn := kv.Txn{ID: kv.NewID(now), Space: space}
		for _, id := range part {
			data, err := json.Marshal(h.links[id].state)
			if err != nil {
				return err
			}
			txn.Writes = append(txn.Writes, kv.Write{Key: hoursPrefix + id, Data: data})
		}
		_, err := h.store.Commit(ctx, txn)
		if fault.Is(err, fault.Unknown) && ctx.Err() == nil {
			_, err = h.store.Commit(ctx, txn)
		}
		if err != nil {
			return err
		}
		for _, id := range part {
			h.links[id].dirty = false
		}
	}
	h.saved = now
	return nil
}

// sweep removes records of links that are not used any more. mu is held.
func (h *Hours) sweep(ctx context.Context, now time.Time) error {
	from := ""
	for {
		snap, err := h.store.Read(ctx, space, nil, []kv.Scan{{Prefix: hoursPrefix, From: from, Limit: 100}})
		if err != nil {
			return err
		}
		for _, v := range snap.Scans[0] {
			from = v.Key + "\x00"
			var s ratelimit.HoursState
			if h.links[v.Key[len(hoursPrefix):]] != nil || json.Unmarshal(v.Data, &s) != nil {
				continue
			}
			if s.Expire(h.rules, now); !s.Empty() {
				continue
			}
			_, err := h.store.Commit(ctx, kv.Txn{ID: kv.NewID(now), Space: space,
				Conditions: []kv.Condition{{Key: v.Key, Version: v.Version}}, Writes: []kv.Write{{Key: v.Key, Delete: true}}})
			if err != nil && !errors.Is(err, kv.ErrConflict) {
				return err
			}
		}
		if len(snap.Scans[0]) < 100 {
			return nil
		}
	}
}
