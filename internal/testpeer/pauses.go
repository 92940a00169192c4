package testpeer

import (
	"sync"
	"time"
)

// Pauses notes when the machine stood still, so that a test that measures how
// long something took does not take that for the product's doing. Its methods
// are safe from any goroutine.
type Pauses struct {
	quit chan struct{}
	done chan struct{}

	mu   sync.Mutex
	last time.Time
	list [][2]time.Time
}

const (
	pauseTick = 5 * time.Millisecond
	pauseOver = 20 * time.Millisecond // a tick that comes later than this was held up
)

// NewPauses begins to watch.
func NewPauses() *Pauses {
	w := &Pauses{quit: make(chan struct{}), done: make(chan struct{}), last: time.Now()}
	go w.run()
	return w
}

// Close ends it.
func (w *Pauses) Close() {
	close(w.quit)
	<-w.done
}

func (w *Pauses) run() {
	defer close(w.done)
	tick := time.NewTicker(pauseTick)
	defer tick.Stop()
	for {
		select {
		case <-w.quit:
			return
		case <-tick.C:
		}
		w.mu.Lock()
		now := time.Now()
		if now.Sub(w.last) > pauseOver {
			w.list = append(w.list, [2]time.Time{w.last, now})
		}
		w.last = now
		w.mu.Unlock()
	}
}

// In is how much of the time from one moment to another, which has passed, the
// machine stood still. It must not be called after Close.
func (w *Pauses) In(from, to time.Time) (sum time.Duration) {
	for ; ; time.Sleep(pauseTick) {
		w.mu.Lock()
		if !w.last.Before(to) {
			break
		}
		w.mu.Unlock()
	}
	defer w.mu.Unlock()
	for _, p := range w.list {
		a, b := p[0], p[1]
		if a.Before(from) {
			a = from
		}
		if b.After(to) {
			b = to
		}
		sum += max(0, b.Sub(a))
	}
	return sum
}

// Took is how long it is since a moment, without what the machine stood still.
func (w *Pauses) Took(since time.Time) time.Duration {
	now := time.Now()
	return now.Sub(since) - w.In(since, now)
}
