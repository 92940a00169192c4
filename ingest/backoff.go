package ingest

import (
	"math/rand/v2"
	"time"
)

// backoff is the wait after the n-th failed attempt in a row (n >= 1), by class:
// a refused port is most often a reboot, so it is tried quickly; a refused login
// is tried slowly because cameras lock accounts; what only a person can change
// is tried slowly too. random is in [0,1): a quarter of jitter either way (a
// login's wait only grows), so that cameras behind one switch do not come back
// in phase.
func (t Timing) backoff(c class, n int, random float64) time.Duration {
	first, limit := t.RetryFirst, t.RetryMax
	switch c {
	case classLogin:
		return t.RetryLogin + time.Duration(random*.5*float64(t.RetryLogin))
	case classRefused, classLost:
		if n <= 20 {
			limit = min(limit, 4*first)
		} else {
			limit = min(limit, 20*first)
		}
	case classPath, classTransport, classDenied, classTLS, classRedirect, classCodec, classFlood, classNotCamera:
		first = min(4*first, limit)
	}
	d := first
	for i := 1; i < n && d < limit; i++ {
		d *= 2
	}
	d = min(d, limit)
	return max(min(d+time.Duration((random-.5)*.5*float64(d)), t.RetryMax), t.RetryFirst/2)
}

func (t Timing) wait(c class, n int) time.Duration { return t.backoff(c, n, rand.Float64()) }

func (t Timing) withDefaults() Timing {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&t.Handshake, 10*time.Second)
	def(&t.MediaSilence, 5*time.Second)
	def(&t.KeySilence, 30*time.Second)
	def(&t.Offline, 30*time.Second)
	def(&t.RetryFirst, 500*time.Millisecond)
	def(&t.RetryMax, 30*time.Second)
	def(&t.RetryLogin, 30*time.Second)
	return t
}
