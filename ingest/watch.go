package ingest

import "sync"

// watchers hands changes of cameras to who wants to know, in order, from one
// goroutine. Snapshots are taken when something changed, so that a short-lived
// state is told too.
type watchers struct {
	mu     sync.Mutex
	list   []*watcher
	queue  []change
	wake   chan struct{}
	closed bool
	done   chan struct{}
}

type change struct {
	id string
	s  CameraState
}

type watcher struct {
	mu   sync.Mutex // held while fn runs
	fn   func(string, CameraState)
	gone bool
}

// maxQueue bounds what waits for slow watchers: older states of the same camera
// are then left out.
const maxQueue = 4096

func newWatchers() *watchers {
	w := &watchers{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.run()
	return w
}

func (w *watchers) add(fn func(string, CameraState)) (stop func()) {
	x := &watcher{fn: fn}
	w.mu.Lock()
	w.list = append(w.list, x)
	w.mu.Unlock()
	return func() {
		w.mu.Lock()
		for i, y := range w.list {
			if y == x {
				w.list = append(w.list[:i:i], w.list[i+1:]...)
				break
			}
		}
		w.mu.Unlock()
		x.mu.Lock()
		x.gone = true
		x.mu.Unlock()
	}
}

// push is called without any lock of c or its pullers held.
func (w *watchers) push(c *camera) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.list) == 0 || w.closed {
		return
	}
	now := change{c.id, c.state()}
	if len(w.queue) >= maxQueue {
		keep := w.queue[:0]
		for _, q := range w.queue {
			if q.id != c.id {
				keep = append(keep, q)
			}
		}
		w.queue = keep
	}
	w.queue = append(w.queue, now)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watchers) run() {
	defer close(w.done)
	for range w.wake {
		w.mu.Lock()
		queue, list := w.queue, w.list
		w.queue = nil
		w.mu.Unlock()
		for _, q := range queue {
			for _, x := range list {
				x.call(q)
			}
		}
	}
}

func (x *watcher) call(q change) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.gone {
		x.fn(q.id, q.s)
	}
}

// close delivers what is queued and ends.
func (w *watchers) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.wake)
	}
	w.mu.Unlock()
	<-w.done
}
