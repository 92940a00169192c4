package controlroom

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sightline/authz"
	"sightline/ingest/onvif"
	"sightline/internal/clock"
	"sightline/internal/fault"
)

// fakeDevices is a camera that turns, and stops by itself as real ones do.
type fakeDevices struct {
	mu     sync.Mutex
	v      onvif.Velocity
	until  time.Time
	moves  int
	stops  int
	preset string
	err    error
	lacks  bool
}

func (f *fakeDevices) Set(onvif.Device)     {}
func (f *fakeDevices) Remove(string)        {}
func (f *fakeDevices) MaySteer(string) bool { return !f.lacks }
func (f *fakeDevices) Steering(context.Context, string, bool) (onvif.Steering, error) {
	return onvif.Steering{PanTilt: true}, nil
}

func (f *fakeDevices) Move(_ context.Context, _ string, v onvif.Velocity, d time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moves++
	if f.err == nil {
		f.v, f.until = v, time.Now().Add(d)
	}
	return f.err
}

func (f *fakeDevices) Stop(context.Context, string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stops++
	if f.err == nil {
		f.v = onvif.Velocity{}
	}
	return f.err
}

func (f *fakeDevices) Goto(_ context.Context, _, p string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.preset = p
	return f.err
}

func (f *fakeDevices) Home(context.Context, string) error {
	return f.Goto(context.Background(), "", "home")
}

func (f *fakeDevices) now() onvif.Velocity {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !time.Now().Before(f.until) {
		return onvif.Velocity{}
	}
	return f.v
}

func (f *fakeDevices) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

// bench is a steering with a camera "c" of olena's, and what its hands are told.
type steerBench struct {
	*steering
	cam    *fakeDevices
	dec    *fakeDecider
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	told   map[string]SteerState
	notes  int
}

func steerTest(t *testing.T, f func(t *testing.T, b *steerBench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &steerBench{cam: &fakeDevices{}, dec: newDecider(), told: map[string]SteerState{}}
		b.ctx, b.cancel = context.WithCancel(context.Background())
		b.dec.rule[askKey{"c", authz.ActPTZ}] = authz.Decision{Allowed: true, Reason: authz.ReasonOK}
		b.steering = &steering{clock: clock.System,
			devices: b.cam, decider: b.dec, owner: func(string) string { return olena.Account },
			name: func(_ context.Context, s authz.Subject) string { return "name of " + s.Account },
			note: func(context.Context, authz.Subject, string) error {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.notes++
				return nil
			},
			run: func(f func(context.Context)) bool {
				if b.ctx.Err() != nil {
					return false
				}
				b.wg.Go(func() { f(b.ctx) })
				return true
			},
			failed: func(string, error) {},
			helms:  map[string]*helm{}, byCall: map[string]*hand{}, notedFor: map[string]time.Time{},
		}
		f(t, b)
		b.cancel()
		b.wg.Wait()
		if !b.cam.now().Still() {
			t.Error("the camera turns after everything has ended")
		}
	})
}

func (b *steerBench) hand(t *testing.T, who authz.Subject) *hand {
	t.Helper()
	h, err := b.attach(b.ctx, who, "c", func(s SteerState) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.told[who.Account] = s
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (b *steerBench) last(who authz.Subject) SteerState {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told[who.Account]
}

var (
	right = SteerCommand{Move: &SteerMove{Pan: 1}}
	left  = SteerCommand{Move: &SteerMove{Pan: -1}}
	halt  = SteerCommand{Stop: true}
	anna  = authz.Subject{Kind: authz.AccountSubject, Account: "anna", Login: "la"}
	borys = authz.Subject{Kind: authz.AccountSubject, Account: "borys", Login: "lb"}
)

func do(t *testing.T, h *hand, c SteerCommand) {
	t.Helper()
	if err := h.helm.command(h, c); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func TestSteeringStopsOnSilenceAndStop(t *testing.T) {
	steerTest(t, func(t *testing.T, b *steerBench) {
		h := b.hand(t, anna)
		do(t, h, right)
		if b.cam.now() != (onvif.Velocity{Pan: 1}) || !b.last(anna).Moving || !b.last(anna).By.Mine {
			t.Fatalf("%+v %+v", b.cam.now(), b.last(anna))
		}
		for range 10 { // held: it goes on without a gap
			time.Sleep(250 * time.Millisecond)
			do(t, h, right)
			if b.cam.now().Still() {
				t.Fatal("a held movement has gaps")
			}
		}
		if b.cam.moves < 5 || b.cam.moves > 8 {
			t.Fatalf("the camera was told %d times in 2.5 s", b.cam.moves)
		}
		do(t, h, halt)
		if !b.cam.now().Still() || b.cam.stops != 1 {
			t.Fatal("it did not stop on release")
		}
		do(t, h, left)
		time.Sleep(steerLease + 20*time.Millisecond) // the tab has nothing to say
		synctest.Wait()
		if !b.cam.now().Still() || b.cam.stops != 2 || b.last(anna).Moving {
			t.Fatal("it turns though nobody asks it to")
		}
		time.Sleep(steerHold)
		if b.last(anna).By != nil {
			t.Fatal("the helm is not free")
		}
		if b.notes != 1 {
			t.Fatalf("%d rows in the log", b.notes)
		}
	})
}

func TestSteeringStopsWhenTheTabOrTheRightIsGone(t *testing.T) {
	steerTest(t, func(t *testing.T, b *steerBench) {
		h := b.hand(t, anna)
		do(t, h, right)
		h.helm.leave(h)
		synctest.Wait()
		if b.cam.stops != 1 || !b.cam.now().Still() {
			t.Fatal("it turns though the tab is gone")
		}
		h = b.hand(t, anna)
		do(t, h, right)
		l := b.dec.leases[askKey{"c", authz.ActPTZ}]
		l[len(l)-1].end(authz.Decision{Reason: authz.ReasonRevoked})
		synctest.Wait()
		if b.cam.stops != 2 || !b.cam.now().Still() {
			t.Fatal("it turns though the right is gone")
		}
		if s := b.last(anna); !s.Ended || s.Reason != string(authz.ReasonRevoked) {
			t.Fatalf("told %+v", s)
		}
		if err := h.helm.command(h, right); fault.Code(err) != string(authz.ReasonRevoked) {
			t.Fatalf("%v", err)
		}
	})
}

// A lease that nobody could prolong (the store is silent) stops the camera too.
func TestSteeringStopsWhenTheLeaseRunsOut(t *testing.T) {
	steerTest(t, func(t *testing.T, b *steerBench) {
		h := b.hand(t, anna)
		do(t, h, right)
		l := b.dec.leases[askKey{"c", authz.ActPTZ}]
		l[len(l)-1].valid.Store(clock.Mono() - 1)
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if b.cam.stops != 1 || !b.last(anna).Ended {
			t.Fatal("it turns without a right")
		}
	})
}

func TestOwnerGoesBeforeOthers(t *testing.T) {
	steerTest(t, func(t *testing.T, b *steerBench) {
		a, p, o := b.hand(t, anna), b.hand(t, borys), b.hand(t, olena)
		do(t, a, right)
		if err := p.helm.command(p, left); fault.Code(err) != CodeSteered {
			t.Fatalf("two at once: %v", err)
		}
		if s := b.last(borys); s.By == nil || s.By.Mine || s.By.Name != "" {
			t.Fatalf("one person learns of another: %+v", s.By)
		}
		if s := b.last(olena); s.By.Name != "name of anna" {
			t.Fatalf("the owner does not see who steers: %+v", s.By)
		}
		do(t, o, left)
		if b.cam.now() != (onvif.Velocity{Pan: -1}) {
			t.Fatal("the owner cannot take it")
		}
		if s := b.last(anna); s.By.Name != "name of "+olena.Account || s.By.Mine {
			t.Fatalf("told %+v", s.By)
		}
		if err := a.helm.command(a, right); fault.Code(err) != CodeSteered {
			t.Fatalf("took it from the owner: %v", err)
		}
		do(t, a, halt) // of one who does not have it: nothing
		if b.cam.now().Still() {
			t.Fatal("stopped by who does not steer")
		}
		do(t, o, halt)
		time.Sleep(steerHold + time.Millisecond)
		synctest.Wait()
		do(t, a, SteerCommand{Preset: "7"})
		if b.cam.preset != "7" {
			t.Fatal("the helm was not free again")
		}
	})
}

func TestPresetAfterMovementStopsFirst(t *testing.T) {
	steerTest(t, func(t *testing.T, b *steerBench) {
		h := b.hand(t, olena)
		do(t, h, right)
		do(t, h, SteerCommand{Preset: "2"})
		if b.cam.stops != 1 || b.cam.preset != "2" || b.notes != 0 {
			t.Fatalf("%+v, %d notes", b.cam.preset, b.notes)
		}
	})
}

func TestCameraThatDoesNotObey(t *testing.T) {
	steerTest(t, func(t *testing.T, b *steerBench) {
		h := b.hand(t, anna)
		b.cam.fail(fault.New(fault.Unavailable, "camera_unreachable", ""))
		do(t, h, right)
		if s := b.last(anna); s.Reason != "camera_unreachable" || s.Moving {
			t.Fatalf("told %+v", s)
		}
		if err := h.helm.command(h, right); fault.Code(err) != "camera_unreachable" {
			t.Fatalf("%v", err)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if b.cam.moves+b.cam.stops > 30 {
			t.Fatalf("it was asked %d times", b.cam.moves+b.cam.stops)
		}
		b.cam.fail(nil)
		do(t, h, right)
		if b.cam.now().Still() || b.last(anna).Reason != "" {
			t.Fatal("it obeys again and is not told so")
		}
	})
}

func TestSteeringByCalls(t *testing.T) {
	steerTest(t, func(t *testing.T, b *steerBench) {
		for _, bad := range []SteerCommand{{}, {Stop: true, Home: true}, {Move: &SteerMove{Pan: 2}}} {
			if err := b.call(b.ctx, anna, "c", bad); !fault.Is(err, fault.Invalid) {
				t.Fatalf("%+v: %v", bad, err)
			}
		}
		b.dec.rule[askKey{"c", authz.ActPTZ}] = authz.Decision{Reason: authz.ReasonLevelMissing}
		if err := b.call(b.ctx, anna, "c", right); fault.Code(err) != string(authz.ReasonLevelMissing) {
			t.Fatalf("without the right: %v", err)
		}
		b.dec.rule[askKey{"c", authz.ActPTZ}] = authz.Decision{Allowed: true, Reason: authz.ReasonOK}
		var limited error
		for range 3 * burst {
			if err := b.call(b.ctx, anna, "c", right); err != nil {
				limited = errors.Join(limited, err)
			}
		}
		if !fault.Is(limited, fault.RateLimited) {
			t.Fatalf("no limit: %v", limited)
		}
		time.Sleep(steerLease + 20*time.Millisecond)
		synctest.Wait()
		if !b.cam.now().Still() {
			t.Fatal("one call turns the camera for ever")
		}
		time.Sleep(2*steerHold + 5*time.Second)
		synctest.Wait()
		if n := len(b.helms) + len(b.byCall); n != 0 {
			t.Fatalf("%d helms and hands are left", n)
		}
		b.cam.lacks = true
		if err := b.call(b.ctx, anna, "c", right); fault.Code(err) != onvif.CodeNoPTZ {
			t.Fatalf("%v", err)
		}
	})
}

func TestEndOfTheServerStopsTheCamera(t *testing.T) {
	steerTest(t, func(t *testing.T, b *steerBench) {
		do(t, b.hand(t, anna), right)
		b.cancel()
		b.wg.Wait()
		if b.cam.stops != 1 {
			t.Fatal("not stopped")
		}
	})
}
