package sfu

// Gate says how long a subscription may be served. Forwarding stops at the
// first frame for which clock.Mono() >= ValidUntil(); 0 is never valid. It is
// read once a frame from packet-path goroutines: it must not block or lock.
type Gate interface{ ValidUntil() int64 }

// Mode is how much of a subscription is served.
type Mode uint8

const (
	ModeLive  Mode = iota // every frame
	ModeStill             // spec ruling 7: one picture every 60 s
)

// Budget says in which mode a subscription is served. Like Gate it is read once
// a frame and must not block. A nil Budget is ModeLive.
type Budget interface{ Mode() Mode }
