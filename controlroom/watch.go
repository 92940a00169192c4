package controlroom

import (
	"context"
	"crypto/sha256"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"sightline/authz"
)

const (
	gather   = 50 * time.Millisecond // changes that come together are looked at together
	lookIdle = 5 * time.Minute       // a look without any hint
	lookFail = 2 * time.Second       // the store did not answer
)

// seen is what the client was last told about, as hashes by the word of its
// "changed" message.
type seen map[string][32]byte

// watch is the socket's own goroutine: it turns changes of the store into badges,
// "changed" and "visit" messages. What is told is decided from the records at the
// moment of sending, for this one recipient (threats T5, T6).
func (s *Socket) watch(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			s.room.deps.metrics.panics.Inc()
			s.room.deps.log.Error("socket failed", "panic", p, "stack", string(debug.Stack()))
			s.fail(CloseRestart, "internal")
		}
	}()
	timer := time.NewTimer(lookIdle)
	defer timer.Stop()
	last := seen{}
	for {
		select {
		case <-s.kick:
			timer.Reset(gather)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		noted := s.noted() // from here on, what comes is kept for the next look
		look := s.lookAccount
		switch s.subject.Kind {
		case authz.GuestSubject:
			look = s.lookGuest
		case authz.DeviceSubject:
			look = s.lookKiosk
		}
		next, err := look(ctx, last, noted)
		s.mu.Lock()
		if err != nil { // the store did not answer: what was noted stays to be told
			s.pending = noted.with(slices.Collect(maps.Keys(s.pending))...)
			next = lookFail
		}
		missed := s.missed
		s.missed = nil
		s.mu.Unlock()
		s.note(missed)
		timer.Reset(max(next, gather))
	}
}

// noted takes what was mentioned since the last look.
func (s *Socket) noted() interest {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := interest{}
	maps.Copy(n, s.pending)
	s.pending = nil
	s.missed = interest{}
	return n
}

// note tells the socket that something it may care about has changed.
func (s *Socket) note(m interest) {
	s.mu.Lock()
	if s.missed != nil { // a look is running: what it finds decides whether this matters
		maps.Copy(s.missed, m)
		s.mu.Unlock()
		return
	}
	meets := s.hello && s.about.meets(m)
	if meets {
		if s.pending == nil {
			s.pending = interest{}
		}
		for id := range m {
			if s.about[id] {
				s.pending[id] = true
			}
		}
	}
	s.mu.Unlock()
	if meets {
		s.poke()
	}
}

// decide is Check for the socket's subject; a store that is away is an error.
func (s *Socket) decide(ctx context.Context, act authz.Action, o authz.Object) (authz.Decision, error) {
	d, err := s.room.cfg.Authority.Check(ctx, s.subject, act, o)
	if err == nil && d.Reason == authz.ReasonUnavailable {
		err = unavailable()
	}
	return d, err
}

// lookAccount compares what the account sees with what it was told of.
func (s *Socket) lookAccount(ctx context.Context, last seen, noted interest) (time.Duration, error) {
	r, a := s.room, s.room.cfg.Authority
	d, err := s.decide(ctx, authz.ActSelf, authz.Object{})
	if err != nil {
		return 0, err
	}
	if !d.Allowed {
		s.endSubject(ctx, d.Reason)
		return lookIdle, nil
	}
	me, err := a.Account(ctx, s.subject)
	if err != nil {
		return 0, err
	}
	cams, err := a.CamerasOf(ctx, s.subject)
	if err != nil {
		return 0, err
	}
	offers, err := a.Offers(ctx, s.subject)
	if err != nil {
		return 0, err
	}
	links, _, _, err := a.Links(ctx, s.subject)
	if err != nil {
		return 0, err
	}
	views, err := r.Views(ctx, s.subject)
	if err != nil {
		return 0, err
	}
	uses, err := r.linkUses(ctx, links)
	if err != nil {
		return 0, err
	}
	unread, mark := 0, ""
	if r.cfg.Notices != nil {
		if unread, mark, err = r.cfg.Notices.Unread(ctx, s.subject.Account); err != nil {
			return 0, err
		}
	}
	about := interest{}.with(s.subject.Account, s.subject.Login, s.subject.Token).with(me.Groups...)
	next, mine := time.Time{}, interest{}
	pending := 0
	type shown struct {
		Camera  authz.Camera
		Owner   string
		Allowed bool
		Reason  authz.Reason
		Until   time.Time
		Next    time.Time
	}
	var list []shown
	for _, c := range cams {
		about.with(c.Camera.ID, c.Camera.Owner)
		if c.Mine {
			mine.with(c.Camera.ID)
		}
		list = append(list, shown{c.Camera, c.Owner.Name, c.Live.Allowed, c.Live.Reason, c.Live.Until, c.Live.Next})
		next = earlier(earlier(next, c.Live.Until), c.Live.Next)
	}
	for _, o := range offers {
		about.with(o.Grant.ID, o.Camera.ID, o.Owner.ID)
		if o.State == string(authz.GrantOffered) {
			pending++
		}
		next = earlier(next, o.Grant.Until)
	}
	for _, l := range links {
		about.with(l.Link.ID)
	}
	s.mu.Lock()
	s.about = about
	s.mu.Unlock()

	first := len(last) == 0
	if told(last, "badges", [2]int{pending, unread}) {
		s.send(serverMessage{Type: "badges", Offers: &pending, Notices: &unread})
	}
	for _, part := range []struct {
		what  string
		value any
	}{{"cameras", list}, {"offers", offers}, {"links", linkFaces(links)}, {"views", views}, {"notices", mark}, {"me", me}, {"usage", uses}} {
		if told(last, part.what, part.value) && !first {
			s.send(serverMessage{Type: "changed", What: part.what})
		}
	}
	if !first && noted.meets(mine) { // a row of the table of who has access may have moved
		s.send(serverMessage{Type: "changed", What: "access"})
	}
	// The groups one is in, or something in one of them: people, roles, cameras, codes.
	if moved := told(last, "groups", me.Groups); !first && (moved || noted.meets(interest{}.with(me.Groups...))) {
		s.send(serverMessage{Type: "changed", What: "groups"})
	}
	return until(next, s.room.deps.clock.Now()), nil
}

// linkFace is what a change of is worth telling of a link; its secret is left out.
type linkFace struct {
	Link  authz.Link
	State string
}

func linkFaces(links []authz.LinkView) []linkFace {
	out := make([]linkFace, len(links))
	for i, l := range links {
		out[i] = linkFace{l.Link, l.State}
	}
	return out
}

// lookGuest compares the visit's state with what its page was told.
func (s *Socket) lookGuest(ctx context.Context, last seen, noted interest) (time.Duration, error) {
	d, err := s.decide(ctx, authz.ActVisit, authz.Object{Link: s.subject.Link})
	if err != nil {
		return 0, err
	}
	v, over := visitOf(d)
	if over {
		s.endSubject(ctx, d.Reason)
		return lookIdle, nil
	}
	if th, known := s.room.throttleOf(s.subject); known && th.reason != "" && v.State == string(authz.VisitLive) {
		v = visitState{Type: "visit", State: string(authz.VisitThrottled), Reason: th.reason, Until: instant(th.until)}
	}
	about := interest{}.with(s.subject.Link, s.subject.Visit)
	s.mu.Lock()
	session := s.session
	s.mu.Unlock()
	if session != nil {
		for id := range *session.cameras.Load() {
			about.with(id)
			if owner := s.room.cameras.owner(id); owner != "" {
				about.with(owner) // his plan, state and language
			}
		}
	}
	s.mu.Lock()
	s.about = about
	s.mu.Unlock()
	first := len(last) == 0
	if told(last, "visit", v) {
		s.sendText(encode(v))
	}
	delete(noted, s.subject.Visit)
	if !first && len(noted) > 0 { // the link or one of its cameras
		s.send(serverMessage{Type: "changed", What: "cameras"})
	}
	return until(earlier(d.Until, d.Next), s.room.deps.clock.Now()), nil
}

// visitOf words the decision on a visit in the states of spec ruling 4. Over means
// that the visit is no more.
func visitOf(d authz.Decision) (v visitState, over bool) {
	st, over := authz.StateOf(d)
	v = visitState{Type: "visit", State: string(st), Reason: string(d.Reason), Since: instant(d.Since)}
	switch st {
	case authz.VisitLive:
		v.Reason, v.Until = "", instant(d.Until)
	case authz.VisitNotYet:
		v.Until = instant(d.Next)
	}
	return v, over
}

// farewell is how long a socket that ends waits for what its tiles have to say: one
// that is being decided is waited for.
const farewell = askTimeout

// endSubject closes the socket of somebody whose login, token or visit is no more,
// and all his viewing sessions, with the reason: first the tiles say it.
func (s *Socket) endSubject(ctx context.Context, reason authz.Reason) {
	var ended []*session
	for _, v := range s.room.sessions.all() {
		if v.subject.Session() == s.subject.Session() {
			v.stop(ending{reason: string(reason)})
			ended = append(ended, v)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	for _, v := range ended {
		select {
		case <-v.said:
		case <-ctx.Done():
		}
	}
	switch {
	case s.subject.Kind == authz.GuestSubject:
		s.send(serverMessage{Type: "link_removed"})
		s.fail(CloseLinkRemoved, string(reason))
	case reason == authz.ReasonAccountSuspended:
		s.fail(CloseSuspended, string(reason))
	default:
		s.fail(CloseLoginEnded, string(reason))
	}
}

// told notes a value and reports whether it differs from the one noted before.
func told(last seen, what string, v any) bool {
	h := sha256.Sum256(encode(v))
	if old, ok := last[what]; ok && old == h {
		return false
	}
	last[what] = h
	return true
}

// earlier is the earlier of two instants, where zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// until is the wait to an instant that a record names.
func until(t, now time.Time) time.Duration {
	if t.IsZero() {
		return lookIdle
	}
	return min(lookIdle, max(t.Sub(now)+gather, time.Second))
}
