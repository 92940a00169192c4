package ratelimit

import "time"

// Buckets are token buckets by key: n at once, refilled evenly over a period.
type Buckets struct {
	now      func() int64
	count    *counter
	interval int64 // ns between two tokens
	burst    int64 // ns that the next token may lie ahead
	keys     *table[int64]
}

func newBuckets(now func() int64, count *counter, n int, per time.Duration) *Buckets {
	return newDeepBuckets(now, count, n, per, n)
}

// newDeepBuckets makes buckets of depth tokens that refill at n per period.
func newDeepBuckets(now func() int64, count *counter, n int, per time.Duration, depth int) *Buckets {
	interval := int64(per) / int64(n)
	return &Buckets{now: now, count: count, interval: interval, burst: interval * int64(depth-1), keys: newTable[int64]()}
}

// NewBuckets makes buckets of n tokens per period for a limit of its own, not
// counted in metrics. now nil = the monotonic clock.
func NewBuckets(now func() int64, n int, per time.Duration) *Buckets {
	return newBuckets(orMono(now), nil, n, per)
}

// Allow takes a token of key. Without one it takes nothing and says when the
// next will be there.
func (b *Buckets) Allow(key string) (ok bool, retry time.Duration) {
	now := b.now()
	b.keys.with(key, func(full *int64) { // full: when the bucket would be full again
		at := max(*full, now)
		if ahead := at - now; ahead > b.burst {
			retry = time.Duration(ahead - b.burst)
			return
		}
		*full, ok = at+b.interval, true
	})
	b.count.add(ok)
	return ok, retry
}

// giveBack returns the token of an Allow just before.
func (b *Buckets) giveBack(key string) {
	b.keys.peek(key, func(full *int64) { *full -= b.interval })
}

// Offers limits SDP offers by subject and for the node (T25).
type Offers struct {
	subject, node *Buckets
	count         *counter
}

// Allow takes one offer of subject. A subject that is refused takes nothing
// from the others.
func (o *Offers) Allow(subject string) (ok bool, retry time.Duration) {
	if ok, retry = o.subject.Allow(subject); ok {
		if ok, retry = o.node.Allow(""); !ok {
			o.subject.giveBack(subject)
		}
	}
	o.count.add(ok)
	return ok, retry
}
