package usage

import (
	"context"
	"time"

	"sightline/controlroom"
	"sightline/internal/clock"
)

// EgressState says what an account's egress budget allows.
type EgressState string

const (
	EgressNormal EgressState = "normal"
	EgressNear   EgressState = "near"   // nothing changes yet
	EgressSub    EgressState = "sub"    // used up: its cameras are shown in their sub layer only
	EgressStills EgressState = "stills" // a tenth over: others get a picture now and then
)

// EgressStateOf is a pure function of the counters. near is in percent of the
// budget; budget 0 is none.
func EgressStateOf(used, budget int64, near int) EgressState {
	switch level := controlroom.EgressLevelOf(used, budget); {
	case level == controlroom.EgressStills:
		return EgressStills
	case level == controlroom.EgressSub:
		return EgressSub
	case budget > 0 && float64(used) >= float64(budget)*float64(near)/100:
		return EgressNear
	}
	return EgressNormal
}

// Egress is what an account's cameras have sent in the window.
type Egress struct {
	Used, Budget int64 // bytes; Budget 0 = none
	State        EgressState
	Until        time.Time // when it falls under its budget, if nothing is sent meanwhile; zero unless over
	Window       time.Duration
	Now          time.Time // store time
}

// Egress reads an account's use of its egress budget. An error is fault.Unavailable.
func (b *Book) Egress(ctx context.Context, account string) (Egress, error) {
	if b.cfg.Egress == nil {
		return Egress{State: EgressNormal, Window: b.cfg.Window, Now: clock.System.Now()}, nil
	}
	a, err := b.cfg.Egress.Usage(ctx, account)
	if err != nil {
		return Egress{}, err
	}
	out := Egress{Used: a.Used, Budget: a.Budget, State: EgressStateOf(a.Used, a.Budget, b.cfg.Near), Window: b.cfg.Window, Now: a.Now}
	if a.Budget > 0 {
		out.Until = a.Until
	}
	return out, nil
}

// Slots are the visits that have one of a link's live places.
func (b *Book) Slots(ctx context.Context, link string) (map[string]bool, error) {
	return b.cfg.Slots.SlotVisits(ctx, link)
}
