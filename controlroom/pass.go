package controlroom

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/sfu"
)

// tile is one wanted cell and what has been done for it. Loop only.
type tile struct {
	want    TileWant
	mid     string
	name    string // of the camera, taken while the right to it was there
	verdict verdict
	tries   int // of the store, in a row without an answer
	sub     *subscription
	still   stillTile
}

// input is what the loop reads of the session at the begin of a pass.
type input struct {
	want           []TileWant
	sound          int
	hidden, frozen bool
	recheck        bool
	anew           map[int]bool
	now            time.Time
}

const (
	deniedRetry = 30 * time.Second // a denied tile is asked for again, beside all hints
	askTimeout  = 2 * time.Second  // of one question to the store or the ledgers
	quiet       = time.Hour        // nothing to do by itself
)

// pass brings what is attached in line with what is wanted, once, and returns
// after what time it wants to look again by itself.
func (s *session) pass(ctx context.Context) time.Duration {
	s.mu.Lock()
	in := input{want: s.want, sound: s.sound, hidden: s.hidden, frozen: s.frozen, recheck: s.recheck, anew: s.anew, now: s.clock.Now()}
	s.recheck, s.anew = false, nil
	s.mu.Unlock()

	s.arrange(in.want)
	s.settle(in)
	s.tell(in)
	if !in.hidden && !in.frozen {
		s.decide(ctx, in)
		s.admit(ctx)
		s.serve(in)
		s.glance(ctx, in)
	}
	s.hear(ctx, in)
	s.tell(in)
	return s.due(in)
}

// arrange makes the tiles be those wanted: a camera that stays keeps its tile,
// the others are given back, and free mids go to those without.
func (s *session) arrange(want []TileWant) {
	have := make([]TileWant, len(s.tiles))
	for i, t := range s.tiles {
		have[i] = t.want
	}
	next := make([]*tile, len(want))
	kept := make([]bool, len(s.tiles))
	for i, j := range match(have, want) {
		if j < 0 {
			next[i] = &tile{want: want[i]}
			continue
		}
		next[i], kept[j] = s.tiles[j], true
		next[i].want = want[i]
	}
	for j, t := range s.tiles {
		if !kept[j] {
			s.drop(t)
		}
	}
	s.tiles = next
	s.assign()
}

// assign gives free mids in m-line order to the tiles without one.
func (s *session) assign() {
	var free []string
	for _, m := range s.peer.Mids() {
		if m.Kind == sfu.Video && !slices.ContainsFunc(s.tiles, func(t *tile) bool { return t.mid == m.ID }) {
			free = append(free, m.ID)
		}
	}
	for _, t := range s.tiles {
		if t.mid == "" && t.want.Camera != "" && len(free) > 0 {
			t.mid, free = free[0], free[1:]
		}
	}
}

// settle takes note of leases that have ended and stops the media of a screen
// that is hidden or frozen.
func (s *session) settle(in input) {
	for _, t := range s.tiles {
		if t.sub == nil {
			continue
		}
		s.mu.Lock()
		ended, over := t.sub.ended, t.sub.over
		s.mu.Unlock()
		switch {
		case ended != nil:
			s.drop(t)
			s.metrics.cutTime.Observe(time.Duration(clock.Mono() - over).Seconds())
			s.metrics.cut.WithLabelValues(s.kind()).Inc()
			if ended.Reason == authz.ReasonUnavailable {
				t.away(in.now)
				t.verdict.wasLive = true
				continue
			}
			t.deny(*ended, in.now, true)
			s.endWith(ended.Reason)
		case in.hidden || in.frozen:
			s.drop(t)
		}
	}
}

// drop gives a tile's subscription back; what was decided is forgotten with it.
func (s *session) drop(t *tile) {
	if t.sub == nil {
		return
	}
	t.sub.release(s.peer, s.fleet, t.want.Camera)
	t.sub, t.verdict = nil, verdict{}
}

// deny notes a denial and when it is worth asking again.
func (t *tile) deny(d authz.Decision, now time.Time, wasLive bool) {
	at := now.Add(deniedRetry + rand.N(deniedRetry/4))
	if !d.Next.IsZero() && d.Next.Before(at) {
		at = d.Next
		if soon := now.Add(time.Second); at.Before(soon) {
			at = soon
		}
	}
	old := t.verdict
	t.verdict = verdict{known: true, decision: d, retryAt: at, wasLive: wasLive || old.wasLive}
	if old.wasLive && d.Invisible { // still gone: what he was told stays true
		t.verdict.decision = old.decision
	}
	t.tries = 0
}

// away notes that the store did not answer, and when it is asked again.
func (t *tile) away(now time.Time) {
	old := t.verdict
	t.verdict = verdict{away: true, retryAt: now.Add(backoff(t.tries)), wasLive: old.wasLive, decision: old.decision}
	t.tries++
}

// askAgain reports whether a tile without a subscription is to be decided now.
func (t *tile) askAgain(in input) bool {
	if t.want.Camera == "" || t.mid == "" || t.sub != nil {
		return false
	}
	v := t.verdict
	return (!v.known && !v.away) || in.recheck || !in.now.Before(v.retryAt)
}

// decide asks for all tiles that wait for a decision, at once.
func (s *session) decide(ctx context.Context, in input) {
	type answer struct {
		sub *subscription
		d   authz.Decision
		err error
	}
	var wg sync.WaitGroup
	var asked []*tile
	var answers []*answer
	for _, t := range s.tiles {
		if !t.askAgain(in) {
			continue
		}
		a := &answer{}
		asked, answers = append(asked, t), append(answers, a)
		camera := t.want.Camera
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					a.err = fault.Newf(fault.Internal, fault.CodeInternal, "A decision failed.")
					s.metrics.panics.Inc()
					s.log.Error("decision failed", "panic", p)
				}
			}()
			a.sub, a.d, a.err = s.ask(ctx, camera, authz.ActLive)
		})
	}
	wg.Wait()
	now := s.clock.Now()
	for i, t := range asked {
		switch a := answers[i]; {
		case a.err != nil:
			if t.tries == 0 {
				s.log.Warn("a tile could not be decided", "camera", t.want.Camera, "err", a.err)
			}
			t.away(now)
		case a.d.Reason == authz.ReasonUnavailable:
			t.away(now)
		case !a.d.Allowed:
			t.deny(a.d, now, false)
			s.endWith(a.d.Reason)
		default:
			t.sub, t.tries = a.sub, 0
			t.verdict = verdict{known: true, decision: a.d}
		}
	}
}

// ask subscribes to one camera. The subscription is nil unless the decision allows it.
func (s *session) ask(ctx context.Context, camera string, act authz.Action) (*subscription, authz.Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, s.limits.Decision)
	defer cancel()
	u := &subscription{}
	l, d, err := s.decider.subscribe(ctx, s.subject, camera, act, func(d authz.Decision) {
		s.change(func() { u.ended, u.over = &d, clock.Mono() })
	})
	if err != nil || l == nil {
		if err == nil && d.Allowed {
			err = fault.New(fault.Internal, fault.CodeInternal, "A right without a lease.")
		}
		return nil, d, err
	}
	u.lease = l
	return u, d, nil
}

// serve attaches every allowed tile to its camera's streams and keeps layers right.
func (s *session) serve(in input) {
	live := liveTiles(in.want)
	for _, t := range s.tiles {
		if t.sub == nil {
			continue
		}
		t.name = s.names(t.want.Camera)
		if d := t.sub.lease.Decision(); d.Allowed { // its end may have moved; a denial comes by onEnd
			t.verdict.decision = d
		}
		if in.anew[t.want.Cell] && t.sub.on != nil {
			s.peer.Detach(t.sub.mid)
			t.sub.on = nil
		}
		main := s.whep == "" && wantsMain(t.want, live, s.limits.SubMaxPx, s.limits.SubFromTiles)
		s.attach(t, main)
	}
}

func (s *session) attach(t *tile, main bool) {
	u := t.sub
	st, ok := s.fleet.Streams(t.want.Camera)
	if !ok { // not (yet, any more) on this node: the follower wakes us
		if u.on != nil {
			s.peer.Detach(u.mid)
			u.on = nil
		}
		u.holdOnly(s.fleet, t.want.Camera, [2]bool{})
		return
	}
	if u.on != nil && u.from != st { // other streams: holds of a camera that was away are void
		u.holdOnly(s.fleet, t.want.Camera, [2]bool{})
	}
	state, _ := s.fleet.State(t.want.Camera)
	only := s.whep
	if g, _ := s.egressOf(t.want.Camera); g.is() != EgressFree {
		only, main = "sub", false
	}
	p := layerPlan(st, only, main, state, s.mediaReason(u))
	u.holdOnly(s.fleet, t.want.Camera, p.hold)
	if len(p.layers) == 0 {
		return
	}
	if u.on != nil && u.mid == t.mid && u.from == st && slices.Equal(u.layers, p.layers) {
		if u.want != p.want {
			u.want = p.want
			s.peer.SetWant(u.mid, p.want)
		}
		if r := rank(t.want); u.rank != r {
			u.rank = r
			s.peer.SetRank(u.mid, r)
		}
		return
	}
	if u.on != nil && u.mid != t.mid {
		s.peer.Detach(u.mid)
	}
	on := &attachment{}
	s.shows(t.mid, t.want.Camera)
	err := s.peer.Attach(t.mid, sfu.Subscription{Layers: p.streams, Want: p.want, Rank: rank(t.want), Gate: u.lease,
		Budget: s.budget(t.want.Camera), Viewer: s.viewer(t.mid), OnEvent: s.listener(on)})
	if err != nil {
		s.log.Warn("a tile could not be attached", "camera", t.want.Camera, "mid", t.mid, "err", err)
		u.on, t.mid = nil, ""
		return
	}
	u.on, u.mid, u.layers, u.from, u.want, u.rank = on, t.mid, p.layers, st, p.want, rank(t.want)
}

// viewer names whom a tile is for to the sfu, the same in all his sessions. The
// screen of an account may show a camera in many cells, each with its picture.
func (s *session) viewer(mid string) string {
	if s.subject.Kind == authz.GuestSubject {
		return s.subject.Session()
	}
	return s.subject.Session() + " " + mid
}

// rank is how important a tile is where the viewer's connection does not carry
// all: the one in full screen is the last to go, those nobody sees yet are the
// first. Of equals the first cells stay.
func rank(t TileWant) int {
	switch {
	case t.Warm:
		return -1
	case t.Focus:
		return 1
	}
	return 0
}

// listener notes what the sfu tells about one attachment.
func (s *session) listener(on *attachment) func(sfu.Event) {
	return func(e sfu.Event) {
		now := clock.Mono() // the event comes with the packet it tells of
		s.change(func() {
			switch e.Kind {
			case sfu.EventFirst, sfu.EventLayer:
				if e.Kind == sfu.EventFirst {
					on.first, on.firstTS, on.firstAt = true, e.FirstTS, now
				}
				on.layer = e.Layer
			case sfu.EventStill:
				on.stillAt = s.clock.Now().Add(-time.Duration(now - e.At)).Truncate(time.Millisecond)
				if !on.first {
					on.firstTS, on.firstAt = e.FirstTS, now
				}
				on.layer, on.still = e.Layer, true
			case sfu.EventReason:
				on.reason = e.Reason
				on.paused = e.Reason == sfu.ReasonLowBandwidth && e.Layer < 0
			}
		})
	}
}

func (s *session) mediaReason(u *subscription) sfu.Reason {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.on == nil {
		return ""
	}
	return u.on.reason
}

// endWith ends the whole session where the reason is about the viewer, not the camera.
func (s *session) endWith(r authz.Reason) {
	switch r {
	case authz.ReasonLoginEnded, authz.ReasonLinkRemoved, authz.ReasonLinkGone,
		authz.ReasonStoppedByOwner, authz.ReasonIPBlocked:
		s.stop(ending{reason: string(r)})
		s.mu.Lock()
		sock := s.socket
		s.mu.Unlock()
		if sock != nil {
			sock.poke() // the page has something to hear too
		}
	default:
		if s.whep != "" && r != authz.ReasonOK {
			s.stop(ending{reason: string(r)})
		}
	}
}

// due is how long nothing has to be done without a new fact.
func (s *session) due(in input) time.Duration {
	next := quiet
	if in.hidden || in.frozen {
		return next
	}
	if in.recheck { // the authority may be a moment behind what woke us
		next = time.Second
	}
	now := s.clock.Now()
	for _, t := range s.tiles {
		if t.want.Camera != "" && t.sub == nil && t.mid != "" && (t.verdict.known || t.verdict.away) {
			next = min(next, t.verdict.retryAt.Sub(now))
		}
	}
	if e := s.ear; e != nil && e.sub == nil && !e.retryAt.IsZero() {
		next = min(next, e.retryAt.Sub(now))
	}
	return s.glanceDue(next, now)
}

// backoff is the wait before the n-th repeat (0, 1, …): 1, 2, 4, 8, 15 s with jitter (spec 3.2).
func backoff(n int) time.Duration {
	steps := [...]time.Duration{1, 2, 4, 8, 15}
	d := steps[min(n, len(steps)-1)] * time.Second
	return clock.Jitter(d)
}
