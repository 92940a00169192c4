package authz

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

// ended collects what onEnd was told.
type ended chan Decision

func newEnded() ended { return make(ended, 16) }

func (e ended) tell(d Decision) { e <- d }

// dead reports whether nothing may be forwarded on a lease.
func dead(l *Lease) bool { return l.a.node.mono() >= l.ValidUntil() }

// subscribe demands a living lease.
func (s *stand) subscribe(sub Subject, camera string, onEnd func(Decision)) *Lease {
	s.t.Helper()
	l, d, err := s.Subscribe(s.ctx(), sub, camera, ActLive, onEnd)
	if err != nil || !d.Allowed || dead(l) {
		s.t.Fatalf("subscribe: %s %v", d.Reason, err)
	}
	return l
}

// wantEnd demands that the lease is dead now and that it was told why, once.
func (s *stand) wantEnd(l *Lease, e ended, want Reason) {
	s.t.Helper()
	if !dead(l) {
		s.t.Fatalf("the lease lives on; want %s", want)
	}
	select {
	case d := <-e:
		if d.Reason != want || d.Allowed {
			s.t.Fatalf("ended with %s, want %s", d.Reason, want)
		}
	case <-time.After(30 * time.Second):
		s.t.Fatalf("nobody was told; want %s", want)
	}
	select {
	case d := <-e:
		s.t.Fatalf("told twice: %s", d.Reason)
	default:
	}
}

// TestT8_ChangesCutBeforeTheyAreAcknowledged: every change that ends a right
// has ended the subscriptions of this node when it returns.
func TestT8_ChangesCutBeforeTheyAreAcknowledged(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store).run()
		ctx := s.ctx()
		ann, bob := s.person("Ann"), s.person("Bob")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		watch := func(sub Subject, camera string) (*Lease, ended) {
			t.Helper()
			e := newEnded()
			return s.subscribe(sub, camera, e.tell), e
		}

		cam := s.camera(ann.Subject, "Yard")
		g := s.give(ann.Subject, cam.ID, bob, LevelOnline|LevelArchive, time.Time{})
		own, ownEnd := watch(ann.Subject, cam.ID)

		// R17: a level taken away; R23: revoked; R30: left by himself.
		l, e := watch(bob.Subject, cam.ID)
		tab, err := s.Access(ctx, ann.Subject, cam.ID)
		must(err)
		_, err = s.SaveAccess(ctx, ann.Subject, cam.ID, tab.Version, []GrantEdit{{GrantID: g.ID, Levels: LevelArchive}})
		must(err)
		s.wantEnd(l, e, ReasonLevelMissing)
		tab, _ = s.Access(ctx, ann.Subject, cam.ID)
		tab, err = s.SaveAccess(ctx, ann.Subject, cam.ID, tab.Version, []GrantEdit{{GrantID: g.ID, Levels: LevelOnline}})
		must(err)
		l, e = watch(bob.Subject, cam.ID) // no new answer was needed
		must(s.RejectOffer(ctx, bob.Subject, g.ID))
		s.wantEnd(l, e, ReasonOfferRejected)
		must(s.AcceptOffer(ctx, bob.Subject, g.ID))
		l, e = watch(bob.Subject, cam.ID)
		_, err = s.SaveAccess(ctx, ann.Subject, cam.ID, tab.Version, nil)
		must(err)
		s.wantEnd(l, e, ReasonRevoked)
		wantCode(t, s.AcceptOffer(ctx, bob.Subject, g.ID), fault.NotFound, fault.CodeNotFound)

		// Links: pause, camera taken out, removal.
		dock := s.camera(ann.Subject, "Dock")
		link := s.shareLink(ann.Subject, "Gate", cam.ID, dock.ID)
		guest, _, _ := s.guest(link)
		l, e = watch(guest, cam.ID)
		_, err = s.PauseLink(ctx, ann.Subject, link.Link.ID)
		must(err)
		s.wantEnd(l, e, ReasonLinkPaused)
		_, err = s.ResumeLink(ctx, ann.Subject, link.Link.ID)
		must(err)
		l, e = watch(guest, cam.ID)
		l2, e2 := watch(guest, dock.ID)
		_, err = s.UpdateLink(ctx, ann.Subject, link.Link.ID, LinkPatch{Cameras: &[]string{dock.ID}})
		must(err)
		s.wantEnd(l, e, ReasonCameraGone)
		if dead(l2) {
			t.Fatal("the other camera's tile ended too")
		}
		// A plan without links pauses them (R3).
		_, err = s.SetPlan(ctx, Operator, ann.Account.ID, PlanMini)
		must(err)
		s.wantEnd(l2, e2, ReasonLinkPausedPlan)
		_, err = s.SetPlan(ctx, Operator, ann.Account.ID, PlanPro)
		must(err)
		l2, e2 = watch(guest, dock.ID)
		c, err := s.RemoveLink(ctx, ann.Subject, link.Link.ID)
		must(err)
		if c.Revision == 0 {
			t.Fatal("no revision")
		}
		s.wantEnd(l2, e2, ReasonLinkRemoved)

		// Sign-out, a token's end, a password change, suspension.
		two := s.signIn("ann@example.org")
		l, e = watch(two.Subject, cam.ID)
		must(s.SignOut(ctx, two.Subject))
		s.wantEnd(l, e, ReasonLoginEnded)
		tok, _, err := s.CreateToken(ctx, ann.Subject, "player", 0)
		must(err)
		l, e = watch(Subject{Kind: AccountSubject, Account: ann.Account.ID, Token: tok.ID}, cam.ID)
		must(s.RevokeToken(ctx, ann.Subject, tok.ID))
		s.wantEnd(l, e, ReasonLoginEnded)
		two = s.signIn("ann@example.org")
		l, e = watch(two.Subject, cam.ID)
		must(s.ChangePassword(ctx, ann.Subject, secret.New(goodPassword), secret.New("another long one")))
		s.wantEnd(l, e, ReasonLoginEnded)
		if dead(own) {
			t.Fatal("the asking login's stream ended")
		}
		s.give(ann.Subject, cam.ID, bob, LevelOnline, time.Time{})
		l, e = watch(bob.Subject, cam.ID)
		_, err = s.SetState(ctx, Operator, bob.Account.ID, AccountSuspended)
		must(err)
		s.wantEnd(l, e, ReasonAccountSuspended)
		_, err = s.SetState(ctx, Operator, bob.Account.ID, AccountActive)
		must(err)
		bob = s.signIn("bob@example.org")

		// The camera off, deleted; the owner's account closed.
		l, e = watch(bob.Subject, cam.ID)
		_, err = s.UpdateCamera(ctx, ann.Subject, cam.ID, CameraPatch{Enabled: new(false)})
		must(err)
		s.wantEnd(l, e, ReasonCameraOff)
		s.wantEnd(own, ownEnd, ReasonCameraOff)
		_, err = s.UpdateCamera(ctx, ann.Subject, cam.ID, CameraPatch{Enabled: new(true)})
		must(err)
		l, e = watch(bob.Subject, cam.ID)
		_, err = s.DeleteCamera(ctx, ann.Subject, cam.ID)
		must(err)
		s.wantEnd(l, e, ReasonCameraGone)
		s.give(ann.Subject, dock.ID, bob, LevelOnline, time.Time{})
		l, e = watch(bob.Subject, dock.ID)
		_, err = s.CloseAccount(ctx, Operator, ann.Account.ID)
		must(err)
		s.wantEnd(l, e, ReasonCameraGone)

		// R24: no orphan is left of it.
		s.until("swept", func() bool {
			return len(s.keysWith(ann.Account.ID))+len(s.keysWith(cam.ID))+len(s.keysWith(dock.ID))+len(s.keysWith(link.Link.ID)) == 0
		})
		if n := s.leaseCount(); n != 0 {
			t.Fatalf("%d leases are still counted", n)
		}
	})
}

func (s *stand) leaseCount() int {
	s.node.mu.Lock()
	defer s.node.mu.Unlock()
	return len(s.node.leases) + len(s.node.byKey) + len(s.node.dirty)
}

// TestT8_NoLeaseOutlivesAnAcknowledgedRevoke: 10,000 interleavings of
// subscribing and pausing a link, spread over the time that a pause takes.
func TestT8_NoLeaseOutlivesAnAcknowledgedRevoke(t *testing.T) {
	const abreast = 8
	rounds := map[string]int{"bolt": 1_000, "redis": 400} // 11,200 in all
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store).run()
		ann := s.person("Ann")
		cam := s.camera(ann.Subject, "Yard")
		link := s.shareLink(ann.Subject, "Gate", cam.ID)
		guest, _, _ := s.guest(link)
		var born, refused atomic.Int64
		took := time.Millisecond // of a pause, roughly
		for range rounds[store.Kind()] {
			var wg sync.WaitGroup
			var acked atomic.Bool
			leases := make([]*Lease, abreast)
			for i := range leases {
				delay := time.Duration(rand.Int64N(int64(took + took/4)))
				wg.Go(func() {
					time.Sleep(delay) // spreads the interleavings; nothing waits on it
					l, d, err := s.Subscribe(s.ctx(), guest, cam.ID, ActLive, func(Decision) {})
					if err != nil || d.Allowed != (l != nil) {
						t.Errorf("subscribe: %v %s", err, d.Reason)
					}
					if l == nil {
						refused.Add(1)
						return
					}
					born.Add(1)
					if acked.Load() && !dead(l) {
						t.Error("a lease lives after the acknowledged pause")
					}
					leases[i] = l
				})
			}
			began := time.Now()
			if _, err := s.PauseLink(s.ctx(), ann.Subject, link.Link.ID); err != nil {
				t.Fatal(err)
			}
			acked.Store(true)
			took = (3*took + time.Since(began)) / 4
			for _, l := range s.living() {
				if !dead(l) {
					t.Fatal("a lease outlived the acknowledged pause")
				}
			}
			wg.Wait()
			for _, l := range leases {
				if l != nil && !dead(l) {
					t.Fatal("a lease was born after the acknowledged pause")
				}
			}
			if n := s.leaseCount(); n != 0 {
				t.Fatalf("%d leases are still counted", n)
			}
			if _, err := s.ResumeLink(s.ctx(), ann.Subject, link.Link.ID); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%d subscriptions came first, %d second", born.Load(), refused.Load())
		if born.Load() == 0 || refused.Load() == 0 {
			t.Error("the interleavings were one-sided")
		}
	})
}

// living copies what is known of the leases of a node.
func (s *stand) living() (out []*Lease) {
	s.node.mu.Lock()
	defer s.node.mu.Unlock()
	for l := range s.node.leases {
		if !l.pending {
			out = append(out, l)
		}
	}
	return out
}

// TestR101_OtherNodesCutToo: a revoke on one node ends streams on another within
// a second, with hints and without.
func TestR101_OtherNodesCutToo(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		name := map[bool]string{false: "hints", true: "poll"}[deaf]
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, store kv.Store) {
				a := newStand(t, store, func(c *Config) { c.Node = "a" }).run()
				far := &wire{Store: store}
				far.deaf.Store(deaf)
				b := newStand(t, far, func(c *Config) { c.Node = "b" }).run()
				ann := a.person("Ann")
				cam := a.camera(ann.Subject, "Yard")
				for range 10 {
					link := a.shareLink(ann.Subject, "Gate", cam.ID)
					guest, _, _ := a.guest(link)
					e := newEnded()
					l := b.subscribe(guest, cam.ID, e.tell)
					c, err := a.RemoveLink(a.ctx(), ann.Subject, link.Link.ID)
					if err != nil {
						t.Fatal(err)
					}
					acked := time.Now()
					behind := a.WaitCut(a.ctx(), c.Revision)
					b.until("cut", func() bool { return dead(l) })
					if d := time.Since(acked); d > 25*time.Second { // of the 30 s that a lease is good for without a word
						t.Errorf("cut after %v", d)
					}
					b.wantEnd(l, e, ReasonLinkRemoved)
					if len(behind) != 0 {
						t.Logf("WaitCut ended before %v", behind)
					}
				}
			})
		})
	}
}

// TestR22_EndsAtTheInstant: active-until and a link's off, to the second, without
// and with the store; told ≤ 1 s later; a revoke during silence is seen on return.
func TestR22_EndsAtTheInstant(t *testing.T) {
	onFakeTime(t, func(t *testing.T, s *stand, w *wire) {
		ann, bob := s.person("Ann"), s.person("Bob")
		cam := s.camera(ann.Subject, "Yard")
		until := time.Now().Add(90 * time.Second)
		s.give(ann.Subject, cam.ID, bob, LevelOnline, until)
		link, err := s.CreateLink(s.ctx(), ann.Subject, NewLink{Kind: LinkTemporary, Cameras: []string{cam.ID}, Starts: time.Now().Add(-time.Hour), Ends: until.Add(20 * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		guest, _, info := s.guest(link)
		if info.State != VisitLive || !info.Until.Equal(link.Link.Ends) {
			t.Fatalf("%+v", info)
		}
		bobEnd, guestEnd := newEnded(), newEnded()
		his, gl := s.subscribe(bob.Subject, cam.ID, bobEnd.tell), s.subscribe(guest, cam.ID, guestEnd.tell)
		wait := func(l *Lease, e ended, at time.Time, want Reason) {
			t.Helper()
			for !dead(l) {
				time.Sleep(10 * time.Millisecond)
				if time.Now().After(at.Add(time.Minute)) {
					t.Fatal("it never ended")
				}
			}
			if d := time.Since(at); d < -50*time.Millisecond || d > 50*time.Millisecond {
				t.Fatalf("the gate closed %v off the instant", d)
			}
			d := <-e
			if late := time.Since(at); d.Reason != want || late > time.Second {
				t.Fatalf("%s, told %v late", d.Reason, late)
			}
		}
		wait(his, bobEnd, until, ReasonExpired)
		w.down.Store(true) // the end counts while nobody can ask
		wait(gl, guestEnd, link.Link.Ends, ReasonLinkEnded)
	})
}

// TestR19_ScheduleEndsAndOpensAgain, with the next opening in the decision.
func TestR19_ScheduleEndsAndOpensAgain(t *testing.T) {
	onFakeTime(t, func(t *testing.T, s *stand, w *wire) {
		ann, bob := s.person("Ann"), s.person("Bob")
		cam := s.camera(ann.Subject, "Yard")
		g := s.give(ann.Subject, cam.ID, bob, LevelOnline, time.Time{})
		// The bubble's clock begins at midnight UTC of 2000-01-01, a Saturday; the camera is in Kyiv.
		now := time.Now()
		tab, _ := s.Access(s.ctx(), ann.Subject, cam.ID)
		sched := &Schedule{Intervals: []Interval{{Day: time.Saturday, From: 2 * 60, To: 2*60 + 15}, {Day: time.Sunday, From: 0, To: 60}}}
		if _, err := s.SaveAccess(s.ctx(), ann.Subject, cam.ID, tab.Version, []GrantEdit{{GrantID: g.ID, Levels: LevelOnline, Schedule: sched}}); err != nil {
			t.Fatal(err)
		}
		e := newEnded()
		l := s.subscribe(bob.Subject, cam.ID, e.tell)
		d := <-e
		if late := time.Since(now.Truncate(time.Hour).Add(15 * time.Minute)); late > time.Second || late < -time.Second {
			t.Fatalf("ended %v off", late)
		}
		kyiv, _ := time.LoadLocation("Europe/Kyiv")
		if want := time.Date(2000, 1, 2, 0, 0, 0, 0, kyiv); d.Reason != ReasonOutsideSchedule || !d.Next.Equal(want) || !dead(l) {
			t.Fatalf("%+v", d)
		}
		time.Sleep(time.Until(d.Next))
		s.subscribe(bob.Subject, cam.ID, nil).Release()
	})
}

// TestLoginsAndVisitsLiveOnInUse: a running subscription counts as use; without
// use they end after 24 h.
func TestLoginsAndVisitsLiveOnInUse(t *testing.T) {
	onFakeTime(t, func(t *testing.T, s *stand, w *wire) {
		ann := s.person("Ann")
		idle := s.signIn("ann@example.org")
		cam := s.camera(ann.Subject, "Yard")
		link := s.shareLink(ann.Subject, "Gate", cam.ID)
		guest, _, _ := s.guest(link)
		_, cookie, _ := s.guest(link)
		l, gl := s.subscribe(ann.Subject, cam.ID, nil), s.subscribe(guest, cam.ID, nil)
		time.Sleep(3 * 24 * time.Hour)
		if dead(l) || dead(gl) {
			t.Fatal("a watched stream idled out")
		}
		_, _, err := s.Authenticate(s.ctx(), idle.Cookie)
		wantCode(t, err, fault.Unauthenticated, fault.CodeNotSignedIn) // and swept
		_, _, err = s.AuthenticateVisit(s.ctx(), link.Link.ID, cookie)
		wantCode(t, err, fault.Gone, "link_gone")
		if _, _, err := s.Authenticate(s.ctx(), ann.Cookie); err != nil {
			t.Fatal(err)
		}
		time.Sleep(28 * 24 * time.Hour) // 30 d absolute
		if !dead(l) {
			t.Fatal("a login lives for ever")
		}
		gl.Release()
	}, func(c *Config) { c.Poll = 20 * time.Second }) // a month of polls
}

// TestOneRoundTripADecision counts the reads of warm decisions.
func TestOneRoundTripADecision(t *testing.T) {
	w := &wire{Store: openBolt(t, t.TempDir())}
	s := newStand(t, w)
	s.index() // a commit between a subscription's read and its beginning makes it read again
	ann, bob := s.person("Ann"), s.person("Bob")
	cam := s.camera(ann.Subject, "Yard")
	s.give(ann.Subject, cam.ID, bob, LevelOnline, time.Time{})
	guest, cookie, _ := s.guest(s.shareLink(ann.Subject, "Gate", cam.ID))
	s.run()
	count := func(what string, fn func()) {
		t.Helper()
		fn()
		before := w.reads.Load()
		fn()
		if n := w.reads.Load() - before; n != 1 {
			t.Errorf("%s: %d round trips", what, n)
		}
	}
	for name, sub := range map[string]Subject{"owner": ann.Subject, "grantee": bob.Subject, "guest": guest} {
		count("check by "+name, func() { s.wantDecision(sub, ActLive, cam.ID, ReasonOK) })
		count("subscribe by "+name, func() { s.subscribe(sub, cam.ID, nil).Release() })
	}
	count("authenticate", func() { _, _, _ = s.Authenticate(s.ctx(), bob.Cookie) })
	count("authenticate a visit", func() { _, _, _ = s.AuthenticateVisit(s.ctx(), guest.Link, cookie) })
}
