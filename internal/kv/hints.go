package kv

import (
	"context"
	"sync"
)

// Hints hands out the channels of Watch. Safe for concurrent use.
type Hints struct {
	mu     sync.Mutex
	spaces map[Space]map[chan struct{}]struct{}
	closed bool
	// First and Last, when set, are told that a space got its first watcher or
	// lost its last one. They are called under the lock and must not block.
	First, Last func(Space)
}

// Add returns a channel that already holds one hint and is closed when ctx ends
// or Close is called.
func (h *Hints) Add(ctx context.Context, space Space) <-chan struct{} {
	ch := make(chan struct{}, 1)
	ch <- struct{}{}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || ctx.Err() != nil {
		close(ch)
		return ch
	}
	if h.spaces == nil {
		h.spaces = map[Space]map[chan struct{}]struct{}{}
	}
	set := h.spaces[space]
	if set == nil {
		set = map[chan struct{}]struct{}{}
		h.spaces[space] = set
		if h.First != nil {
			h.First(space)
		}
	}
	set[ch] = struct{}{}
	context.AfterFunc(ctx, func() { h.remove(space, ch) })
	return ch
}

func (h *Hints) remove(space Space, ch chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	set := h.spaces[space]
	if _, ok := set[ch]; !ok {
		return
	}
	delete(set, ch)
	close(ch)
	if len(set) == 0 {
		delete(h.spaces, space)
		if h.Last != nil {
			h.Last(space)
		}
	}
}

// Signal hints every watcher of space; one that has not taken its last hint
// gets no second.
func (h *Hints) Signal(space Space) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.spaces[space] {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// Spaces lists what is watched now.
func (h *Hints) Spaces() []Space {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []Space
	for s := range h.spaces {
		all = append(all, s)
	}
	return all
}

// Close closes every channel; later ones are closed from the start.
func (h *Hints) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, set := range h.spaces {
		for ch := range set {
			close(ch)
		}
	}
	h.spaces = nil
}
