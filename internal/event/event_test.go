package event_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// feed is one store under test with a clock that can be moved where the store
// takes one.
type feed struct {
	kv.Store
	clock *clock.Fake
}

func onBoth(t *testing.T, test func(*testing.T, feed)) {
	t.Run("bolt", func(t *testing.T) {
		fake := clock.NewFake(time.Now())
		s, err := boltkv.Open(t.Context(), t.TempDir(), boltkv.Config{Clock: fake})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, feed{s, fake})
	})
	t.Run("redis", func(t *testing.T) {
		s, err := rediskv.Open(t.Context(), redistest.Start(t).URL(), rediskv.Config{Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, feed{s, nil})
	})
}

func (f feed) now() time.Time {
	if f.clock != nil {
		return f.clock.Now()
	}
	return time.Now()
}

func (f feed) write(t *testing.T, space kv.Space, events ...event.Event) {
	t.Helper()
	txn := kv.Txn{ID: kv.NewID(f.now()), Space: space}
	for _, e := range events {
		txn.Writes = append(txn.Writes, event.Write(e))
	}
	if _, err := f.Commit(t.Context(), txn); err != nil {
		t.Fatal(err)
	}
}

func (f feed) left(t *testing.T, space kv.Space) int {
	t.Helper()
	s, err := f.Read(t.Context(), space, nil, []kv.Scan{{Prefix: "ev/"}})
	if err != nil {
		t.Fatal(err)
	}
	return len(s.Scans[0])
}

func link(i int) event.LinkRemoved { return event.LinkRemoved{Link: fmt.Sprint(i)} }

// run starts a consumer and returns what stops it and waits for it.
func run(t *testing.T, c *event.Consumer) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

func take(t *testing.T, ch <-chan event.Entry) event.Entry {
	t.Helper()
	select {
	case e := <-ch:
		return e
	case <-time.After(time.Minute):
		t.Fatal("no event came")
		panic("unreachable")
	}
}

func into(ch chan<- event.Entry) func(context.Context, event.Entry) error {
	return func(ctx context.Context, e event.Entry) error {
		select {
		case ch <- e:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func TestEveryTypeComesBackAsItWasWritten(t *testing.T) {
	onBoth(t, func(t *testing.T, f feed) {
		all := []event.Event{
			event.MailRequested{Kind: event.MailReset, Account: "a", Email: "e@x", Locale: "uk", Sealed: []byte{0, 255}, Expires: 7},
			event.CameraChanged{Camera: "c", Owner: "o", Removed: true},
			event.LinkChanged{Link: "l", Owner: "o"},
			event.LinkRemoved{Link: "l", Owner: "o"},
			event.AccountChanged{Account: "a"},
			event.LoginEnded{Account: "a", Login: "l", Reason: "login_ended"},
			event.OfferChanged{Grant: "g", Camera: "c", Owner: "o", Account: "a", State: "offered"},
			event.GroupChanged{Group: "g", Name: "Yard", What: event.GroupDeleted, By: "a", Accounts: []string{"b", "c"}},
			event.Audit{Action: "link.remove", Actor: "a", As: "account", Detail: map[string]string{"k": "v"}},
		}
		f.write(t, kv.Control, all...)
		got := make(chan event.Entry)
		run(t, &event.Consumer{Store: f, Space: kv.Control, Name: "t", Handle: into(got)})
		ids := map[string]bool{}
		for i, want := range all {
			e := take(t, got)
			if !reflect.DeepEqual(e.Event, want) {
				t.Errorf("event %d = %#v, want %#v", i, e.Event, want)
			}
			if ids[e.ID] || e.ID == "" || e.Space != kv.Control || time.Since(e.At).Abs() > time.Minute {
				t.Errorf("entry = %+v", e)
			}
			ids[e.ID] = true
		}
	})
}

func TestDeliversInCommitOrderAsEventsCome(t *testing.T) {
	onBoth(t, func(t *testing.T, f feed) {
		const n = 250
		for i := range n / 2 {
			f.write(t, kv.Control, link(i))
		}
		got := make(chan event.Entry)
		run(t, &event.Consumer{Store: f, Space: kv.Control, Name: "t", Handle: into(got)})
		last := ""
		for i := range n {
			if i == n/2 {
				for j := n / 2; j < n; j += 2 {
					f.write(t, kv.Control, link(j), link(j+1))
				}
			}
			e := take(t, got)
			if e.Event != link(i) || e.Key <= last {
				t.Fatalf("event %d = %+v after %s", i, e, last)
			}
			last = e.Key
		}
	})
}

func TestGoesOnWhereItStopped(t *testing.T) {
	onBoth(t, func(t *testing.T, f feed) {
		for i := range 10 {
			f.write(t, kv.Control, link(i))
		}
		// The handler fails at event 4: it and those behind it come again, the
		// ones before do not.
		broken := errors.New("broken")
		reached := make(chan event.Entry, 100) // more than it is tried until it is stopped
		stop := run(t, &event.Consumer{Store: f, Space: kv.Control, Name: "t", Handle: func(_ context.Context, e event.Entry) error {
			reached <- e
			if e.Event == link(4) {
				return broken
			}
			return nil
		}})
		var failed event.Entry
		for i := range 5 {
			if failed = take(t, reached); failed.Event != link(i) {
				t.Fatalf("event %d = %+v", i, failed)
			}
		}
		// Once it comes again at once, what was done before it is saved.
		for before := event.Event(nil); ; {
			e := take(t, reached)
			if e.Event == link(4) && (before == nil || before == link(4)) {
				break
			}
			before = e.Event
		}
		stop()
		got := make(chan event.Entry)
		stop = run(t, &event.Consumer{Store: f, Space: kv.Control, Name: "t", Handle: into(got)})
		again := take(t, got)
		if again.ID != failed.ID || again.Event != link(4) {
			t.Errorf("after the failure came %+v, want %+v again", again, failed)
		}
		for i := 5; i < 10; i++ {
			if e := take(t, got); e.Event != link(i) {
				t.Errorf("then %+v, want %d", e, i)
			}
		}
		stop()
		// Another consumer has its own cursor.
		other := make(chan event.Entry)
		run(t, &event.Consumer{Store: f, Space: kv.Control, Name: "u", Handle: into(other)})
		f.write(t, kv.Control, link(10))
		last := take(t, other)
		for last.Event != link(10) {
			last = take(t, other)
		}
	})
}

func TestAFailingHandlerIsTriedAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, f feed) {
		f.write(t, kv.Control, link(1))
		tries := 0
		got := make(chan event.Entry)
		run(t, &event.Consumer{Store: f, Space: kv.Control, Name: "t", Walk: 20 * time.Millisecond, Handle: func(ctx context.Context, e event.Entry) error {
			if tries++; tries < 4 {
				return errors.New("not yet")
			}
			return into(got)(ctx, e)
		}})
		if e := take(t, got); e.Event != link(1) || tries != 4 {
			t.Errorf("%+v after %d tries", e, tries)
		}
	})
}

// Five nodes run one consumer: nobody does a thing twice while all live.
func TestNodesShareAConsumer(t *testing.T) {
	onBoth(t, func(t *testing.T, f feed) {
		const nodes, n = 5, 60
		got := make(chan event.Entry, 2*n)
		for range nodes {
			run(t, &event.Consumer{Store: f, Space: kv.Control, Name: "mail", Batch: 1, Handle: into(got)})
		}
		for i := range n {
			f.write(t, kv.Control, link(i))
		}
		for i := range n {
			if e := take(t, got); e.Event != link(i) {
				t.Fatalf("event %d = %+v", i, e)
			}
		}
		if len(got) > 0 {
			t.Errorf("%d events came twice", len(got))
		}
	})
}

// A node that falls silent with a claim loses it when it runs out.
func TestAnotherNodeTakesOver(t *testing.T) {
	onBoth(t, func(t *testing.T, f feed) {
		f.write(t, kv.Control, link(1))
		stuck := make(chan struct{})
		run(t, &event.Consumer{Store: f, Space: kv.Control, Name: "t", Claim: 400 * time.Millisecond, Handle: func(ctx context.Context, e event.Entry) error {
			close(stuck)
			<-t.Context().Done() // deaf to its own context
			return ctx.Err()
		}})
		select {
		case <-stuck:
		case <-time.After(time.Minute):
			t.Fatal("the first node got nothing")
		}
		got := make(chan event.Entry)
		run(t, &event.Consumer{Store: f, Space: kv.Control, Name: "t", Handle: into(got)})
		if f.clock != nil {
			f.write(t, kv.Control, link(2)) // a hint after the store's clock has moved
			f.clock.Advance(time.Second)
		}
		if e := take(t, got); e.Event != link(1) {
			t.Errorf("took over %+v", e)
		}
	})
}

func TestTrimsWhatAllHavePassed(t *testing.T) {
	onBoth(t, func(t *testing.T, f feed) {
		ctx := t.Context()
		space := kv.Bulk("a")
		if err := event.Register(ctx, f, space, "slow"); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			f.write(t, space, link(i))
		}
		got := make(chan event.Entry, 20)
		stop := run(t, &event.Consumer{Store: f, Space: space, Name: "fast", Handle: into(got)})
		for range 20 {
			take(t, got)
		}
		stop()
		if n, err := event.Trim(ctx, f, space); n != 0 || err != nil || f.left(t, space) != 20 {
			t.Errorf("trimmed %d, %v, though a consumer has not begun", n, err)
		}
		slow := make(chan event.Entry, 20)
		stop = run(t, &event.Consumer{Store: f, Space: space, Name: "slow", Batch: 5, Walk: 10 * time.Millisecond, Handle: into(slow)})
		for range 20 {
			take(t, slow)
		}
		for deadline := time.Now().Add(time.Minute); f.left(t, space) > 0; <-time.After(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d events are left when all have passed", f.left(t, space))
			}
		}
		stop()
		// Without the slow one its cursor no longer counts.
		f.write(t, space, link(20))
		if err := event.Unregister(ctx, f, space, "slow"); err != nil {
			t.Fatal(err)
		}
		if n, err := event.Trim(ctx, f, space); n != 0 || err != nil {
			t.Errorf("trimmed %d, %v before anybody passed it", n, err)
		}
	})
}

func TestTrimsAfterSevenDays(t *testing.T) {
	fake := clock.NewFake(time.Now())
	s, err := boltkv.Open(t.Context(), t.TempDir(), boltkv.Config{Clock: fake})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f := feed{s, fake}
	if err := event.Register(t.Context(), f, kv.Control, "never runs"); err != nil {
		t.Fatal(err)
	}
	f.write(t, kv.Control, link(1))
	fake.Advance(event.Keep - time.Minute)
	if n, err := event.Trim(t.Context(), f, kv.Control); n != 0 || err != nil {
		t.Errorf("trimmed %d, %v before seven days", n, err)
	}
	fake.Advance(2 * time.Minute)
	if n, err := event.Trim(t.Context(), f, kv.Control); n != 1 || err != nil {
		t.Errorf("trimmed %d, %v after seven days, want 1", n, err)
	}
}

// What a newer version wrote is passed on as Unknown, not guessed and not stuck at.
func TestF30PassesUnknownEventsOver(t *testing.T) {
	onBoth(t, func(t *testing.T, f feed) {
		raw := []string{
			`{"v":1,"id":"a","at":1,"type":"from_the_future","data":{"x":1}}`,
			`{"v":2,"id":"b","at":1,"type":"link_removed","data":{"link":"l"}}`,
			`{"v":1,"id":"c","at":1,"type":"link_removed","data":{"link":7}}`,
			`not json`,
		}
		txn := kv.Txn{ID: kv.NewID(f.now()), Space: kv.Control}
		for _, r := range raw {
			txn.Writes = append(txn.Writes, kv.Write{Key: "ev/", Data: []byte(r), Stamp: true})
		}
		if _, err := f.Commit(t.Context(), txn); err != nil {
			t.Fatal(err)
		}
		f.write(t, kv.Control, link(1))
		got := make(chan event.Entry)
		run(t, &event.Consumer{Store: f, Space: kv.Control, Name: "t", Handle: into(got)})
		for _, r := range raw {
			e := take(t, got)
			if u, ok := e.Event.(event.Unknown); !ok || !strings.Contains(r, u.Name) || e.ID == "" {
				t.Errorf("%s came as %+v", r, e)
			}
		}
		if e := take(t, got); e.Event != link(1) {
			t.Errorf("behind them came %+v", e)
		}
	})
}

func TestWaitsOutASilentStore(t *testing.T) {
	server := redistest.Start(t)
	s, err := rediskv.Open(t.Context(), server.URL(), rediskv.Config{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f := feed{s, nil}
	got := make(chan event.Entry)
	stop := run(t, &event.Consumer{Store: s, Space: kv.Control, Name: "t", Walk: 50 * time.Millisecond, Handle: into(got)})
	f.write(t, kv.Control, link(1))
	take(t, got)
	server.Kill()
	server.Restart()
	f.write(t, kv.Control, link(2))
	for take(t, got).Event != link(2) {
	}
	stop()
}
