package ingest

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// own is the camera's own delay of one picture: from its capture to its arrival here.
type own struct {
	Known bool
	Delay time.Duration
}

// agree is how far a camera's clock may be from ours for its word to count (spec ruling 15).
const agree = time.Second

// reports is what the sender reports of one track say (RFC 3550, 6.4.1): which
// moment of the camera's clock an RTP timestamp stands for. Safe for concurrent use.
//
// The RTSP library's PacketNTP is not used: it takes the fraction of a second for
// nanoseconds, which is up to 3.3 s off. What is built with the library writes
// nanoseconds too, so which of the two a source means is found out first. Until
// then it said nothing.
type reports struct {
	rate int64

	mu   sync.Mutex
	unit fraction
	at   uint64    // first report of an unknown unit, 0: none
	atTS uint32    // its timestamp
	said time.Time // on the camera's clock; zero: nothing was said, or it cannot be
	ts   uint32    // that said stands for
}

// fraction is what the lower half of an NTP timestamp counts.
type fraction int64

const (
	unknown     fraction = 0
	standard    fraction = 1 << 32 // of a second, as RFC 3550 says
	nanoseconds fraction = 1e9     // nanoseconds
)

// instant reads an NTP timestamp.
func (f fraction) instant(ntp uint64) time.Time {
	const since1900 = 2208988800
	return time.Unix(int64(ntp>>32)-since1900, int64(ntp&0xffffffff)*int64(time.Second)/int64(f))
}

// report takes a sender report as it comes in. A clock that does not agree with ours is not believed.
func (r *reports) report(ntp uint64, ts uint32, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = time.Time{}
	if r.rate <= 0 {
		return
	}
	if r.unit == unknown {
		r.learn(ntp, ts)
	}
	if r.unit == unknown {
		return
	}
	at := r.unit.instant(ntp)
	if off := now.Sub(at); off <= agree && off >= -agree {
		r.said, r.ts = at, ts
	}
}

// learn finds out what the fractions are: no number of nanoseconds reaches a
// billion; of two smaller ones only one reading agrees with the timestamps.
func (r *reports) learn(ntp uint64, ts uint32) {
	switch part := int64(ntp & 0xffffffff); {
	case part >= int64(nanoseconds):
		r.unit = standard
	case r.at == 0:
		r.at, r.atTS = ntp, ts
	case abs(part-int64(r.at&0xffffffff)) > int64(nanoseconds)/10:
		passed := r.span(ts - r.atTS)
		off := func(f fraction) time.Duration { return (f.instant(ntp).Sub(f.instant(r.at)) - passed).Abs() }
		switch b, d := off(standard), off(nanoseconds); {
		case b*2 < d:
			r.unit = standard
		case d*2 < b:
			r.unit = nanoseconds
		}
	}
}

func abs(n int64) int64 { return max(n, -n) }

// span is what a distance of timestamps is in time.
func (r *reports) span(ticks uint32) time.Duration {
	return time.Duration(int64(int32(ticks)) * int64(time.Second) / r.rate)
}

// of is how old the picture with a timestamp is when it arrives.
func (r *reports) of(ts uint32, now time.Time) own {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.said.IsZero() {
		return own{}
	}
	d := now.Sub(r.said.Add(r.span(ts - r.ts)))
	if d > 10*agree || d < -agree { // its timestamps do not run as its clock does
		return own{}
	}
	return own{Known: true, Delay: max(d, 0)}
}

// ownDelay is the median of a camera's own delay over its last pictures. add is
// called from one goroutine; get from any.
type ownDelay struct {
	last [25]time.Duration
	n    int
	at   atomic.Int64 // ns + 1; 0: not known
}

func (o *ownDelay) add(v own) {
	if !v.Known {
		o.n = 0
		o.at.Store(0)
		return
	}
	o.last[o.n%len(o.last)] = v.Delay
	o.n++
	if o.n%len(o.last) == 0 {
		s := slices.Clone(o.last[:])
		slices.Sort(s)
		o.at.Store(int64(s[len(s)/2].Round(10*time.Millisecond)) + 1)
	}
}

func (o *ownDelay) get() (time.Duration, bool) {
	v := o.at.Load()
	return time.Duration(max(v-1, 0)), v != 0
}
