package sfu

import (
	"sync"
	"sync/atomic"
)

// Subscription is what one m-line of a peer carries: the layers of one source,
// under a gate.
type Subscription struct {
	Layers []*Stream // low to high (sub, main); nil entries are skipped; audio has one
	Want   int       // highest layer wanted; the lowest starts, the wanted follows on its key frame
	Rank   int       // importance where the path does not carry all: the higher, the later reduced or paused; equals in m-line order
	Gate   Gate      // required
	Budget Budget    // nil is ModeLive
	Viewer string    // whom ModeStill shows one picture only a few times, on whatever peer; "" is not held to that

	// OnEvent is told what happens to this subscription. It is called outside
	// all locks from media goroutines, one call at a time and in order for one
	// subscription, and must not block or close the peer.
	OnEvent func(Event)
}

// EventKind says what an Event tells.
type EventKind uint8

const (
	EventFirst  EventKind = iota // the first packet of the source is sent; FirstTS is its RTP timestamp, Layer its layer
	EventLayer                   // another layer is sent from now on; Layer and FirstTS tell which and from where
	EventEnded                   // the gate closed: nothing is sent any more; the last event of a subscription
	EventReason                  // why the source is not shown as wanted; "" takes the last reason back; Layer is -1 while nothing is sent for low_bandwidth
	EventStill                   // ModeStill: a picture is sent; FirstTS is its RTP timestamp, At its age's origin
)

func (k EventKind) String() string {
	return [...]string{"first", "layer", "ended", "reason", "still"}[k]
}

// Event is one thing that happened to a subscription.
type Event struct {
	Kind    EventKind
	FirstTS uint32
	Layer   int
	Reason  Reason
	At      int64 // EventStill: clock.Mono at which the key frame arrived at this server
}

// events hands the events of one subscription out in order, outside all locks.
type events struct {
	fn      func(Event)
	mu      sync.Mutex // a leaf: nothing is called under it
	pending []Event
	busy    bool
	n       atomic.Int32 // how many are pending: read on the packet path
}

// push notes an event; may be called under the downtrack's lock.
func (e *events) push(ev Event) {
	if e.fn == nil {
		return
	}
	e.mu.Lock()
	e.pending = append(e.pending, ev)
	e.n.Add(1)
	e.mu.Unlock()
}

// flush calls out what was pushed. Must be called without locks.
func (e *events) flush() {
	if e.n.Load() == 0 {
		return
	}
	e.mu.Lock()
	if e.busy {
		e.mu.Unlock()
		return
	}
	e.busy = true
	for len(e.pending) > 0 {
		ev := e.pending[0]
		e.pending = e.pending[1:]
		e.n.Add(-1)
		e.mu.Unlock()
		e.fn(ev)
		e.mu.Lock()
	}
	e.busy = false
	e.mu.Unlock()
}
