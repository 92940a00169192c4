package ratelimit

import (
	"time"
)

// People limits looking for people, by account: lookups in a minute (R7), and
// first four letters not tried before in a day (spec ruling 9). Going on with a
// beginning that was tried is free of the second.
type People struct {
	lookups *Windows
	now     func() int64
	most    int
	keys    *table[beginnings]
	count   *counter
}

// beginnings are an account's tried first letters, with when they were counted.
type beginnings struct{ at map[string]int64 }

const day = int64(24 * time.Hour)

func newPeople(now func() int64, count *counter, lookups, prefixes int) *People {
	return &People{lookups: newWindows(now, nil, lookups, time.Minute, 0), now: now, most: prefixes, keys: newTable[beginnings](), count: count}
}

// Look counts one lookup of an account; prefix is what the text begins with,
// "" for a whole address, which has no such limit.
func (p *People) Look(account, prefix string) (ok bool, retry time.Duration) {
	if _, retry = p.lookups.add(account); retry == 0 && prefix != "" {
		retry = p.begin(account, prefix)
	}
	p.count.add(retry == 0)
	return retry == 0, retry
}

func (p *People) begin(account, prefix string) (retry time.Duration) {
	now := p.now()
	p.keys.with(account, func(b *beginnings) {
		if at, known := b.at[prefix]; known && now-at < day {
			return
		}
		oldest := now
		for k, at := range b.at {
			if now-at >= day {
				delete(b.at, k)
			} else {
				oldest = min(oldest, at)
			}
		}
		if len(b.at) >= p.most {
			retry = time.Duration(oldest + day - now)
			return
		}
		if b.at == nil {
			b.at = make(map[string]int64)
		}
		b.at[prefix] = now
	})
	return retry
}
