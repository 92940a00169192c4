package ratelimit

import (
	"context"
	"net/netip"
	"time"
)

// Slots admits guests of share links to live pictures and gallery updates.
type Slots interface {
	// Admit judges one guest. A fault.Unavailable (authz_unavailable) means that the store is silent.
	Admit(ctx context.Context, r SlotRequest) (Admission, error)
	Close() error
}

// SlotRequest is one guest's wish to watch by a link.
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
	Waiting  int       // place in the queue, from 1, when not admitted and not Peek
	Free     time.Time // store time at which the next slot frees at the earliest; zero when one is free
	Now      time.Time // store time
}
