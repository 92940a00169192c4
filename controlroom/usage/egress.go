package usage

import (
	"context"
	"time"
)

// EgressState says what an account's egress budget allows.
type EgressState string

const (
	EgressNormal EgressState = "normal"
	EgressNear   EgressState = "near"   // nothing changes yet
	EgressSub    EgressState = "sub"    // used up: its cameras are shown in their sub layer only
	EgressStills EgressState = "stills" // used up by a tenth more: a picture now and then
)

// Egress is what an account's cameras have sent in the window.
type Egress struct {
	Used, Budget int64 // bytes; Budget 0 = none
	State        EgressState
	Until        time.Time // when it falls under its budget, if nothing is sent meanwhile; zero unless over
	Window       time.Duration
	Now          time.Time
}

// Egress reads an account's use of its egress budget.
func (b *Book) Egress(ctx context.Context, account string) (Egress, error) {
	return Egress{State: EgressNormal, Window: b.cfg.Window, Now: time.Now()}, nil
}

// Slots are the visits that have one of a link's live places.
func (b *Book) Slots(ctx context.Context, link string) (map[string]bool, error) {
	return b.cfg.Slots.SlotVisits(ctx, link)
}
