package controlroom

import (
	"context"
	"sync"
)

// Limits of what waits for one socket (fault F21).
const (
	outboxMessages = 256
	outboxBytes    = 1 << 20
)

// outbox is the bounded queue of one socket. Putting never blocks: a message
// that does not fit ends the outbox, for a client that reads too slowly is
// better off with a new snapshot than with old news.
type outbox struct {
	mu    sync.Mutex
	queue [][]byte
	bytes int
	ended bool          // nothing may be put any more
	ready chan struct{} // capacity 1: something was put, or the end
}

func newOutbox() *outbox { return &outbox{ready: make(chan struct{}, 1)} }

// put appends a message. It reports false when the message did not fit; true
// also after the end, when it is dropped.
func (o *outbox) put(msg []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return true
	}
	if len(o.queue) >= outboxMessages || o.bytes+len(msg) > outboxBytes {
		return false
	}
	o.queue = append(o.queue, msg)
	o.bytes += len(msg)
	o.signal()
	return true
}

// end lets what is queued be read and nothing else be put. With discard the
// queue is dropped too.
func (o *outbox) end(discard bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	if discard {
		o.queue, o.bytes = nil, 0
	}
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// next waits for a message. False: ended and empty, or ctx is over. One reader.
func (o *outbox) next(ctx context.Context) ([]byte, bool) {
	for {
		o.mu.Lock()
		if len(o.queue) > 0 {
			msg := o.queue[0]
			o.queue[0] = nil
			o.queue = o.queue[1:]
			o.bytes -= len(msg)
			o.mu.Unlock()
			return msg, true
		}
		ended := o.ended
		o.mu.Unlock()
		if ended {
			return nil, false
		}
		select {
		case <-o.ready:
		case <-ctx.Done():
			return nil, false
		}
	}
}
