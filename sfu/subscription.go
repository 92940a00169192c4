package sfu

// Subscription is what one m-line of a peer carries: the layers of one source,
// under a gate.
type Subscription struct {
	Layers []*Stream // low to high (sub, main); nil entries are skipped; audio has one
	Want   int       // highest layer wanted; the lowest starts, the wanted follows on its key frame
	Gate   Gate      // required
	Budget Budget    // nil is ModeLive

	// OnEvent is told what happens to this subscription. It is called outside
	// all locks from media goroutines, in order for one subscription, and must
	// not block.
	OnEvent func(Event)
}

// EventKind says what an Event tells.
type EventKind uint8

const (
	EventFirst  EventKind = iota // the first packet of the source is sent; FirstTS is its RTP timestamp, Layer its layer
	EventLayer                   // another layer is sent from now on; Layer and FirstTS tell which and from where
	EventEnded                   // the gate closed: nothing is sent any more; the last event of a subscription
	EventReason                  // why the source is not shown as wanted; "" takes the last reason back
)

// Event is one thing that happened to a subscription.
type Event struct {
	Kind    EventKind
	FirstTS uint32
	Layer   int
	Reason  Reason
}
