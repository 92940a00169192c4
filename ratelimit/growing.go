package ratelimit

import (
	"sync"
	"time"
)

// Growing slows wrong guesses of one key: a number of tries is free, then every
// further one is refused for a while that doubles up to a longest. It never shuts
// a key for good, and a right guess clears it.
type Growing struct {
	now         func() int64
	count       *counter
	free        int
	first, most int64
	forget      int64
	keys        *table[growth]
}

type growth struct {
	wrong int
	last  int64 // when the last try began
	until int64 // refused until then
}

// NewGrowing makes a limit of its own, not counted in metrics: free tries, then
// first, twice that and so on up to most; a key nobody tried for forget is new
// again. now nil = the monotonic clock.
func NewGrowing(now func() int64, free int, first, most, forget time.Duration) *Growing {
	return newGrowing(orMono(now), nil, free, first, most, forget)
}

func newGrowing(now func() int64, count *counter, free int, first, most, forget time.Duration) *Growing {
	return &Growing{now: now, count: count, free: free, first: int64(first), most: int64(most), forget: int64(forget), keys: newTable[growth]()}
}

// Outcome of a try that Begin let pass.
type Outcome int

const (
	Wrong   Outcome = iota // it counts
	Right                  // the key is clear again
	Untried                // something else failed: as if it had not been
)

// Begin counts a try as wrong before it is looked at, so that parallel ones
// cannot pass together. When ok, call done once with what became of it.
func (g *Growing) Begin(key string) (done func(Outcome), retry time.Duration, ok bool) {
	var before growth
	g.keys.with(key, func(k *growth) {
		now := g.now()
		if k.until > now {
			retry = time.Duration(k.until - now)
			return
		}
		if k.wrong > 0 && now-k.last > g.forget {
			*k = growth{}
		}
		before = *k
		k.wrong++
		k.last = now
		if over := k.wrong - g.free; over >= 0 {
			k.until = now + min(g.most, g.first<<min(over, 20))
		}
	})
	g.count.add(retry == 0)
	if retry > 0 {
		return nil, retry, false
	}
	var once sync.Once
	return func(o Outcome) {
		once.Do(func() {
			g.keys.peek(key, func(k *growth) {
				switch {
				case o == Right:
					*k = growth{}
				case o == Untried && k.wrong == before.wrong+1:
					*k = before
				}
			})
		})
	}, 0, true
}
