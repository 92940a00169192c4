package ratelimit

import (
	"time"

	"sightline/internal/clock"
)

// Windows count events by key in a sliding window of twelve steps: never more
// than the limit in any period, and what is counted leaves with the newest event
// of its step, so at most one step late; nobody waits longer than the period.
// With a block, the event over the limit shuts the key for that long.
type Windows struct {
	now   func() int64
	count *counter
	limit int
	step  int64
	block int64
	keys  *table[window]
}

const steps = 12

type window struct {
	newest int64             // number of the newest step
	n      [steps + 1]uint16 // by step number modulo its length
	last   [steps + 1]uint32 // likewise: when in its step the newest event was, in units
	until  int64             // shut until then
}

func newWindows(now func() int64, count *counter, limit int, per, block time.Duration) *Windows {
	return &Windows{now: now, count: count, limit: limit, step: int64(per) / steps, block: int64(block), keys: newTable[window]()}
}

// NewWindows makes windows for a limit of its own, not counted in metrics;
// limit is at most MaxCount. now nil = the monotonic clock.
func NewWindows(now func() int64, limit int, per, block time.Duration) *Windows {
	return newWindows(orMono(now), nil, limit, per, block)
}

func orMono(now func() int64) func() int64 {
	if now == nil {
		return clock.Mono
	}
	return now
}

// Check says whether key may try now, and counts nothing.
func (w *Windows) Check(key string) (ok bool, retry time.Duration) {
	retry = w.look(key)
	if retry > 0 {
		w.count.add(false)
	}
	return retry == 0, retry
}

func (w *Windows) look(key string) (retry time.Duration) {
	w.keys.peek(key, func(k *window) {
		now := w.now()
		if k.until > now {
			retry = time.Duration(k.until - now)
		} else if w.block == 0 {
			retry = w.full(k, now)
		}
	})
	return retry
}

// Add counts one event of key, e.g. a wrong guess. ok is false when it was one
// too many: the caller answers "too many" instead of the result.
func (w *Windows) Add(key string) (ok bool, retry time.Duration) {
	_, retry = w.add(key)
	w.count.add(retry == 0)
	return retry == 0, retry
}

// add also returns the step the event was counted in, for undo.
func (w *Windows) add(key string) (step int64, retry time.Duration) {
	w.keys.with(key, func(k *window) {
		now := w.now() // in here, so that it never lies before that of an event already counted
		if k.until > now {
			retry = time.Duration(k.until - now)
			return
		}
		if retry = w.full(k, now); retry > 0 {
			if w.block > 0 {
				k.until, retry = now+w.block, time.Duration(w.block)
			}
			return
		}
		step = k.newest
		k.n[step%(steps+1)]++
		k.last[step%(steps+1)] = uint32((now - step*w.step) / w.unit())
	})
	return step, retry
}

// undo takes an event back that was counted in step.
func (w *Windows) undo(key string, step int64) {
	w.keys.peek(key, func(k *window) {
		if n := &k.n[step%(steps+1)]; k.newest-step <= steps && *n > 0 {
			*n--
		}
	})
}

// full moves the window to now and returns how long it will hold the limit; 0
// when there is room.
func (w *Windows) full(k *window, now int64) time.Duration {
	at := now / w.step
	for i := max(k.newest+1, at-steps); i <= at; i++ {
		k.n[i%(steps+1)] = 0
	}
	k.newest = max(k.newest, at)
	sum := 0
	for i := max(0, k.newest-steps); i <= k.newest; i++ {
		if n := &k.n[i%(steps+1)]; w.leaves(k, i) > now {
			sum += int(*n)
		} else {
			*n = 0
		}
	}
	for i := max(0, k.newest-steps); sum >= w.limit && i <= k.newest; i++ {
		if sum -= int(k.n[i%(steps+1)]); sum < w.limit {
			return time.Duration(w.leaves(k, i) - now)
		}
	}
	return 0
}

// leaves is when what was counted in a step leaves the window.
func (w *Windows) leaves(k *window, step int64) int64 {
	return (step+steps)*w.step + int64(k.last[step%(steps+1)])*w.unit()
}

// unit is how finely the time of an event is kept, in ns: a billionth of a step,
// so that it takes four bytes whatever the window.
func (w *Windows) unit() int64 { return w.step>>30 + 1 }
