// Package clock is the only place that asks the machine for the time, so that
// every rule about time can be tested without waiting.
package clock

import (
	"sync"
	"time"
)

// Clock tells wall time. Code that compares instants with records takes one;
// code that measures durations uses Mono.
type Clock interface {
	Now() time.Time
}

// System is the machine's clock.
var System Clock = system{}

type system struct{}

func (system) Now() time.Time { return time.Now() }

var start = time.Now()

// Mono returns nanoseconds on the process's monotonic clock. It never jumps,
// is cheap (about 30 ns) and means nothing outside this process. Deadlines of
// leases and media pacing are in this unit. Its zero is an hour before the
// process began: a stamp that was never set is long ago.
func Mono() int64 { return int64(time.Since(start) + time.Hour) }

// At is what c shows at a Mono reading of this process: for people and records
// that want the wall time of something that was stamped with Mono.
func At(c Clock, mono int64) time.Time {
	return c.Now().Add(time.Duration(mono - Mono())).UTC()
}

// Fake is a Clock that moves only when told. Safe for concurrent use.
type Fake struct {
	mu  sync.Mutex
	now time.Time
}

// NewFake returns a Fake that stands at t.
func NewFake(t time.Time) *Fake { return &Fake{now: t} }

func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Advance moves the clock by d, which may be negative.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// Set moves the clock to t.
func (f *Fake) Set(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = t
}
