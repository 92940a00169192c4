package authz

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"sightline/internal/fault"
)

// TestF11_AChangeWithoutItsCheckCutsWhomItConcerns: the store acknowledges a change
// and is silent from then on. Who is cut by the change is cut before it is
// acknowledged, for its reason; everybody else goes on until his lease ends.
func TestF11_AChangeWithoutItsCheckCutsWhomItConcerns(t *testing.T) {
	onFakeTime(t, func(t *testing.T, s *stand, w *wire) {
		ctx := s.ctx()
		ann, bob, eve := s.person("Ann"), s.person("Bob"), s.person("Eve")
		cam := s.camera(ann.Subject, "Yard")
		s.give(ann.Subject, cam.ID, bob, LevelOnline, time.Time{})
		s.give(ann.Subject, cam.ID, eve, LevelOnline, time.Time{})
		gate, dock := s.shareLink(ann.Subject, "Gate", cam.ID), s.shareLink(ann.Subject, "Dock", cam.ID)
		atGate, _, _ := s.guest(gate)
		atDock, _, _ := s.guest(dock)
		watched := map[string]Subject{"Ann": ann.Subject, "Bob": bob.Subject, "Eve": eve.Subject, "gate": atGate, "dock": atDock}
		leases, ends := map[string]*Lease{}, map[string]ended{}
		for name, sub := range watched {
			ends[name] = newEnded()
			leases[name] = s.subscribe(sub, cam.ID, ends[name].tell)
		}
		tab, err := s.Access(ctx, ann.Subject, cam.ID)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // for the upkeep: the commit after which the line is cut is to be the change's
		for _, c := range []struct {
			what   string
			change func() error
			ends   map[string]Reason
		}{
			{"a group more of the owner", func() error {
				_, err := s.CreateGroup(ctx, ann.Subject, "Friends")
				return err
			}, nil},
			{"one link paused", func() error { _, err := s.PauseLink(ctx, ann.Subject, gate.Link.ID); return err },
				map[string]Reason{"gate": ReasonLinkPaused}},
			{"Eve's grant revoked", func() error {
				var bobs []GrantEdit
				for _, row := range tab.Rows {
					if row.Grant.Account == bob.Account.ID {
						bobs = append(bobs, GrantEdit{GrantID: row.Grant.ID, Levels: LevelOnline})
					}
				}
				_, err := s.SaveAccess(ctx, ann.Subject, cam.ID, tab.Version, bobs)
				if fault.Is(err, fault.Unavailable) {
					return nil // the commit is done; the new table cannot be read
				}
				return err
			}, map[string]Reason{"Eve": ReasonRevoked}},
			{"the camera off", func() error {
				_, err := s.UpdateCamera(ctx, ann.Subject, cam.ID, CameraPatch{Enabled: new(false)})
				return err
			}, map[string]Reason{"Ann": ReasonCameraOff, "Bob": ReasonCameraOff, "dock": ReasonCameraOff}},
		} {
			w.last.Store(true)
			if err := c.change(); err != nil {
				t.Fatalf("%s: %v", c.what, err)
			}
			if !w.down.Load() {
				t.Fatalf("%s: the store answers still", c.what)
			}
			for name, l := range leases {
				if why, over := c.ends[name]; over {
					s.wantEnd(l, ends[name], why)
					delete(leases, name)
				} else if dead(l) {
					t.Fatalf("%s: %s was cut with it: %s", c.what, name, (<-ends[name]).Reason)
				}
			}
			time.Sleep(5 * time.Second) // nothing but time ends what is left
			w.down.Store(false)
			time.Sleep(5 * time.Second)
			for name, l := range leases {
				if dead(l) {
					t.Fatalf("%s: %s ended when the store was back: %s", c.what, name, (<-ends[name]).Reason)
				}
			}
		}
		// Who cannot be decided on what is known here ends.
		if _, err := s.UpdateCamera(ctx, ann.Subject, cam.ID, CameraPatch{Enabled: new(true)}); err != nil {
			t.Fatal(err)
		}
		e := newEnded()
		l := s.subscribe(bob.Subject, cam.ID, e.tell)
		time.Sleep(5 * time.Second)
		_, revision, _ := s.node.expect()
		s.cache.reset(revision)
		w.last.Store(true)
		if _, err := s.UpdateCamera(ctx, ann.Subject, cam.ID, CameraPatch{Name: new("Garden")}); err != nil {
			t.Fatal(err)
		}
		s.wantEnd(l, e, ReasonUnavailable)
	})
}

// onFakeTime runs a test in a bubble whose time moves only when all wait. The
// store lives outside of the test's directory clean-up order, so it is opened in it.
func onFakeTime(t *testing.T, fn func(t *testing.T, s *stand, w *wire), change ...func(*Config)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{Store: openBolt(t, dir)}
		began := time.Now() // clock.Mono would be negative in here
		s := newStand(t, w, append(change, func(c *Config) { c.Mono = func() int64 { return int64(time.Since(began) + time.Second) } })...)
		fn(t, s.run(), w)
		s.halt()
	})
}

// TestR102_LeasesEndWhenTheStoreIsSilent: F9 and F18: others at 30 s, the owner's
// own cameras at 1 h; new subscriptions are refused, but the owner's.
func TestR102_LeasesEndWhenTheStoreIsSilent(t *testing.T) {
	onFakeTime(t, func(t *testing.T, s *stand, w *wire) {
		ann, bob := s.person("Ann"), s.person("Bob")
		cam, dock := s.camera(ann.Subject, "Yard"), s.camera(ann.Subject, "Dock")
		other := s.camera(bob.Subject, "Barn")
		s.give(ann.Subject, cam.ID, bob, LevelOnline, time.Time{})
		if _, err := s.CamerasOf(s.ctx(), ann.Subject); err != nil {
			t.Fatal(err)
		}
		ownEnd, bobEnd := newEnded(), newEnded()
		own, his := s.subscribe(ann.Subject, cam.ID, ownEnd.tell), s.subscribe(bob.Subject, cam.ID, bobEnd.tell)
		two := s.signIn("ann@example.org")

		time.Sleep(10 * time.Minute) // with the store: nothing ends
		if dead(own) || dead(his) {
			t.Fatal("a confirmed lease ended")
		}
		w.down.Store(true)
		silent := time.Now()
		for !dead(his) && time.Since(silent) < time.Minute {
			time.Sleep(100 * time.Millisecond)
		}
		if d := time.Since(silent); d < 29*time.Second || d > 31*time.Second {
			t.Fatalf("the grantee's lease ended after %v", d)
		}
		s.wantEnd(his, bobEnd, ReasonUnavailable)
		if s.Ready() == nil {
			t.Fatal("ready without a store")
		}
		// Refused: a grantee, another sign-in of the owner, somebody else's camera.
		for _, c := range []struct {
			sub    Subject
			camera string
		}{{bob.Subject, cam.ID}, {bob.Subject, other.ID}, {two.Subject, cam.ID}, {ann.Subject, other.ID}, {ann.Subject, NewID()}} {
			l, d, err := s.Subscribe(s.ctx(), c.sub, c.camera, ActLive, nil)
			if l != nil || d.Reason != ReasonUnavailable || !fault.Is(err, fault.Unavailable) {
				t.Fatalf("%v: %s %v", c, d.Reason, err)
			}
		}
		// The owner's running session may add his own.
		more := s.subscribe(ann.Subject, dock.ID, nil)
		for !dead(own) && time.Since(silent) < 2*time.Hour {
			time.Sleep(time.Second)
		}
		if d := time.Since(silent); d < time.Hour-2*time.Second || d > time.Hour+2*time.Second {
			t.Fatalf("the owner's lease ended after %v", d)
		}
		s.wantEnd(own, ownEnd, ReasonUnavailable)
		if !dead(more) {
			t.Fatal("the added one lives on")
		}
		if l, d, _ := s.Subscribe(s.ctx(), ann.Subject, dock.ID, ActLive, nil); l != nil || d.Allowed {
			t.Fatal("held for ever")
		}
		// Back to normal by itself.
		w.down.Store(false)
		time.Sleep(2 * time.Second)
		if err := s.Ready(); err != nil {
			t.Fatal(err)
		}
		s.subscribe(ann.Subject, cam.ID, nil).Release()
		s.subscribe(bob.Subject, cam.ID, nil).Release()
		more.Release()
	})
}

// TestF12_AnotherOrAnOlderStoreIsNotBelieved until an operator adopts it.
func TestF12_AnotherOrAnOlderStoreIsNotBelieved(t *testing.T) {
	data := t.TempDir()
	at := func(c *Config) { c.DataDir = data }
	first := newStand(t, openBolt(t, t.TempDir()), at).run()
	ann := first.person("Ann")
	cam := first.camera(ann.Subject, "Yard")
	first.subscribe(ann.Subject, cam.ID, nil).Release()
	first.halt()
	if st, err := os.Stat(filepath.Join(data, memoryFile)); err != nil || st.Mode().Perm() != 0o600 {
		t.Fatal(st, err)
	}

	store := openBolt(t, t.TempDir())
	s := newStand(t, store, at)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Run(ctx) }()
	s.until("noticed", func() bool { _, _, lost := s.node.expect(); return lost != "" })
	if s.Ready() == nil {
		t.Fatal("ready on another store")
	}
	_, err := s.SetupRequired(s.ctx())
	wantCode(t, err, fault.Unavailable, "authz_unavailable")
	_, err = s.AddAccount(s.ctx(), Operator, NewAccount{Email: "x@example.org", Profile: profile("X")})
	wantCode(t, err, fault.Unavailable, "authz_unavailable")
	cancel()
	<-done
	// Not after a restart either; adopted, it is.
	again := newStand(t, store, at)
	ctx, cancel2 := context.WithCancel(context.Background())
	done = make(chan struct{})
	go func() { defer close(done); _ = again.Run(ctx) }()
	again.until("noticed again", func() bool { _, _, lost := again.node.expect(); return lost != "" })
	if err := again.AdoptStore(again.ctx()); err != nil {
		t.Fatal(err)
	}
	again.until("ready", func() bool { return again.Ready() == nil })
	again.person("Bob")
	cancel2()
	<-done
	last := newStand(t, store, at).run() // until it is ready
	if err := Adopt(last.ctx(), store, data); err != nil {
		t.Fatal(err)
	}
}

// TestNothingIsForwardedWithoutRun: a lease needs a node that confirms.
func TestNothingIsForwardedWithoutRun(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir()))
	ann := s.person("Ann")
	cam := s.camera(ann.Subject, "Yard")
	s.wantDecision(ann.Subject, ActLive, cam.ID, ReasonOK)
	l, d, err := s.Subscribe(s.ctx(), ann.Subject, cam.ID, ActLive, nil)
	if l != nil || d.Reason != ReasonUnavailable || !fault.Is(err, fault.Unavailable) {
		t.Fatalf("%v %v", d.Reason, err)
	}
	if s.Ready() == nil {
		t.Fatal("ready without Run")
	}
}
