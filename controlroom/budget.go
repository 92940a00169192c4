package controlroom

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/ratelimit"
	"sightline/sfu"
)

// Budgets are the limits of what guests may use of a share link (rulings 3, 7
// and 14). Nil fields limit nothing.
type Budgets struct {
	Slots  ratelimit.Slots   // how many addresses may watch live
	Hours  ratelimit.Hours   // how long all of them together
	Egress *ratelimit.Egress // what an account's cameras may send; not of links
}

// Client says where a viewing session comes from. The server finds it out; a
// client cannot tell it.
type Client struct {
	IP       netip.Addr
	Budgeted bool // a guest of a share link who is not its owner (R86)
}

const (
	slotRenew = 5 * time.Second // how often a live guest renews his slot
	slotAsk   = 4 * time.Second // how often a waiting guest asks: well within his presence of 15 s
	slotRetry = 2 * time.Second // how soon a silent store is asked again
)

// allowance is what one guest's viewing session may use now. It is the sfu's
// budget of all his tiles.
type allowance struct {
	ip    netip.Addr
	mode  atomic.Uint32 // sfu.Mode, read once a frame
	wants atomic.Bool   // a tile of his is subscribed

	mu    sync.Mutex
	asked int64 // clock.Mono of the last question; 0 = never
	slot  slotVerdict
	hours hoursVerdict
}

// slotVerdict is what the slots said last.
type slotVerdict struct {
	known    bool // ever
	failed   bool // the last question had no answer
	admitted bool
	free     time.Time
}

// hoursVerdict is what the ledger said last.
type hoursVerdict struct {
	known bool // ever
	over  bool
	free  time.Time
}

// throttle is why a guest gets stills, and until when; the zero value is live.
type throttle struct {
	reason string
	until  time.Time
}

// throttleOf is the state of a guest from what the counters say: a pure function
// (R81, R82). Viewing hours are used up for everybody; a slot is wanting for one.
// Who was never answered waits for the answer with stills: the slots are exact.
func throttleOf(s slotVerdict, h hoursVerdict) throttle {
	switch {
	case h.over:
		return throttle{string(authz.ReasonThrottledHours), h.free}
	case !s.known:
		return throttle{string(authz.ReasonUnavailable), time.Time{}}
	case !s.admitted:
		return throttle{string(authz.ReasonThrottledUsers), s.free}
	}
	return throttle{}
}

// Mode implements sfu.Budget.
func (a *allowance) Mode() sfu.Mode { return sfu.Mode(a.mode.Load()) }

// throttle is the state now; of no allowance it is live.
func (a *allowance) throttle() throttle {
	if a == nil {
		return throttle{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return throttleOf(a.slot, a.hours)
}

// set changes what is known and reports whether the guest's state is another one.
func (a *allowance) set(fn func()) (moved bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	was := throttleOf(a.slot, a.hours)
	fn()
	is := throttleOf(a.slot, a.hours)
	mode := sfu.ModeLive
	if is.reason != "" {
		mode = sfu.ModeStill
	}
	a.mode.Store(uint32(mode))
	return was.reason != is.reason || !was.until.Equal(is.until)
}

// due reports whether the slot is to be asked for at the monotonic time now.
// present says that the guest's page is there, live that pictures flow.
func (a *allowance) due(now int64, present, live bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	wait := slotRenew
	switch {
	case a.slot.failed || a.asked == 0:
		wait = slotRetry
	case !a.slot.admitted:
		wait = slotAsk
	}
	if a.slot.admitted && !live || !a.slot.admitted && !present {
		return false
	}
	return a.asked == 0 || now-a.asked >= int64(wait)
}

// stale reports whether what the slots said is too old to begin pictures on.
func (a *allowance) stale(now int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked == 0 || now-a.asked >= int64(slotRenew)
}

// budget is what the sfu holds a tile of the session to; nil = live.
func (s *session) budget(camera string) sfu.Budget {
	g, own := s.egressOf(camera)
	if own {
		g = nil // its owner keeps moving pictures
	}
	switch {
	case g != nil:
		return tileBudget{s.allow, g}
	case s.allow == nil:
		return nil
	}
	return s.allow
}

// admit asks for a slot before new pictures begin. Loop only.
func (s *session) admit(ctx context.Context) {
	if s.allow == nil {
		return
	}
	wants, begins := false, false
	for _, t := range s.tiles {
		if t.sub != nil && (s.stills == nil || !s.stills.isStill(t.want.Camera)) { // images of a still camera are not live
			wants, begins = true, begins || t.sub.on == nil
		}
	}
	s.allow.wants.Store(wants)
	if begins && s.allow.stale(clock.Mono()) {
		was := s.allow.throttle()
		s.askHours(ctx)
		s.askSlot(ctx)
		if s.allow.throttle() != was {
			s.tellPage()
		}
	}
}

// moved makes the session act on another throttle state, and its page hear of it.
func (s *session) moved() {
	s.poke()
	s.tellPage()
}

// tellPage has the guest's page told of the state of his visit.
func (s *session) tellPage() {
	s.mu.Lock()
	sock := s.socket
	s.mu.Unlock()
	if sock != nil {
		sock.poke()
	}
}

// Throttle is why a guest gets stills instead of live pictures, and until when
// (R82, R83); "" is live. What his viewing sessions here know counts; who has
// none is judged by the counters, which it does not touch. With a silent store
// nothing is known, and nothing is said.
func (r *Room) Throttle(ctx context.Context, sub authz.Subject, c Client) (reason string, until time.Time) {
	if r.allowanceOf(sub, c) == nil {
		return "", time.Time{}
	}
	th, known := r.throttleOf(sub)
	if !known {
		th = r.judge(ctx, sub, c)
	}
	return th.reason, th.until
}

// throttleOf is the state of a visit that has viewing sessions here; known is
// false without one that wants live pictures.
func (r *Room) throttleOf(sub authz.Subject) (th throttle, known bool) {
	for _, s := range r.sessions.all() {
		if s.allow == nil || s.subject.Session() != sub.Session() || s.ending() != nil || !s.allow.wants.Load() {
			continue
		}
		is := s.allow.throttle()
		if is.reason == string(authz.ReasonUnavailable) { // nobody could say yet
			continue
		}
		if th, known = is, true; is.reason == "" {
			break
		}
	}
	return th, known
}

// judge asks the counters what a guest would get, and changes nothing.
func (r *Room) judge(ctx context.Context, sub authz.Subject, c Client) throttle {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	b := r.deps.budgets
	if b.Hours != nil {
		list, err := b.Hours.Report(ctx, []ratelimit.HoursReport{{Link: sub.Link}})
		if err == nil && len(list) == 1 && list[0].Over {
			return throttle{string(authz.ReasonThrottledHours), list[0].Free}
		}
	}
	if b.Slots != nil {
		a, err := b.Slots.Admit(ctx, ratelimit.SlotRequest{Link: sub.Link, Visit: sub.Visit, IP: c.IP, Peek: true})
		if err == nil && !a.Admitted && a.Taken >= a.Slots {
			return throttle{string(authz.ReasonThrottledUsers), a.Free}
		}
	}
	return throttle{}
}

// askSlot takes, renews or waits for the guest's slot and notes the answer. With
// a silent store what was stays. It reports whether his state is another one.
func (s *session) askSlot(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	a := ratelimit.Admission{Admitted: true}
	var err error
	if s.budgets.Slots != nil {
		a, err = s.budgets.Slots.Admit(ctx, ratelimit.SlotRequest{Link: s.subject.Link, Visit: s.subject.Visit, IP: s.allow.ip})
	}
	if err != nil {
		s.log.Debug("a slot could not be asked for", "err", err)
	}
	return s.allow.set(func() {
		s.allow.asked = clock.Mono()
		if s.allow.slot.failed = err != nil; err != nil {
			return
		}
		v := slotVerdict{known: true, admitted: a.Admitted}
		if !a.Admitted {
			v.free = a.Free
		}
		s.allow.slot = v
	})
}

// UseGallery takes or renews the slot of a guest who loads or refreshes a share
// link's gallery. He sees the gallery with or without one. counted says that it
// was one more update of the link, not a free repeat.
func (r *Room) UseGallery(ctx context.Context, sub authz.Subject, c Client, counted bool) {
	if !c.Budgeted || sub.Kind != authz.GuestSubject {
		return
	}
	if counted && r.deps.guests != nil {
		r.deps.guests.updates.Inc()
	}
	if counted && r.deps.visits != nil {
		defer r.deps.visits.Updated(sub.Link, sub.Visit) // its slot is taken by then
	}
	if r.deps.budgets.Slots == nil {
		return
	}
	_, err := r.deps.budgets.Slots.Admit(ctx, ratelimit.SlotRequest{Link: sub.Link, Visit: sub.Visit, IP: c.IP})
	if err != nil {
		r.deps.log.Debug("a slot could not be asked for", "err", err)
	}
}

// allowanceOf is what a session may use; nil for whoever is not budgeted: people
// with an account, guests of temporary links, owners who look at their own link.
func (r *Room) allowanceOf(sub authz.Subject, c Client) *allowance {
	if sub.Kind != authz.GuestSubject || !c.Budgeted || !c.IP.IsValid() || r.deps.budgets.Slots == nil && r.deps.budgets.Hours == nil {
		return nil
	}
	a := &allowance{ip: c.IP}
	a.set(func() {}) // stills until the first answer
	return a
}
