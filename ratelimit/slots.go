package ratelimit

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"sightline/internal/kv"
)

// Slots admits guests of share links to live pictures and gallery updates
// (ruling 3). It is exact: never more than the link's slots are taken, however
// many ask at once, on every node. Safe for concurrent use.
type Slots interface {
	// Admit judges one guest now. It does no harm to repeat it. An error is
	// fault.Unavailable (authz_unavailable): the store is silent.
	Admit(ctx context.Context, r SlotRequest) (Admission, error)
	Close() error
}

// SlotRequest is one guest's wish to watch by a link. A guest repeats it while
// he watches (that renews the slot) and, at least every Present, while he waits
// (that keeps his place).
type SlotRequest struct {
	Link  string
	Visit string     // id of the visit (the guest cookie)
	IP    netip.Addr // client address; IPv6 counts by /64
	Peek  bool       // only look: neither take nor renew a slot, nor wait for one
}

// Admission is the answer.
type Admission struct {
	Admitted bool
	Taken    int       // slots taken now
	Slots    int       // slots of the link
	Waiting  int       // place in the queue of visits, from 1, when not admitted and not Peek
	Free     time.Time // when the next slot frees at the earliest, if nobody renews; zero when one is free
	Now      time.Time // store time
}

// Check refuses what no store of slots can keep. It is our own mistake.
func (r SlotRequest) Check() error {
	if r.Visit == "" || len(r.Visit) > 64 || !r.IP.IsValid() {
		return errors.New("ratelimit: a slot needs a visit and an address")
	}
	return kv.Space("slots:" + r.Link).Check()
}

// SlotRules are the numbers of a link's slots.
type SlotRules struct {
	Slots   int           // addresses that may watch; 0 = 10
	Keep    time.Duration // a slot frees so long after its last use; 0 = 24 h
	Present time.Duration // a waiter not heard for longer loses its place; 0 = 15 s
}

// WithDefaults fills in what is not set.
func (r SlotRules) WithDefaults() SlotRules {
	if r.Slots <= 0 {
		r.Slots = 10
	}
	if r.Keep <= 0 {
		r.Keep = 24 * time.Hour
	}
	if r.Present <= 0 {
		r.Present = 15 * time.Second
	}
	return r
}

// MaxVisits bounds the visits and the waiters remembered for one link.
const MaxVisits = 256
