package events

import (
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Reports that keep coming are one event, told once; silence ends it at the last.
func TestReportsAreOneEvent(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		cfg := quick(store)
		cfg.Silence = 5 * time.Second // this machine may be busy
		n := start(t, cfg)
		cam, other := made(t, store), made(t, store)
		begun := time.Now()
		for range 12 {
			report(t, n, Report{Camera: cam, Kind: Motion})
			<-time.After(100 * time.Millisecond)
		}
		report(t, n, Report{Camera: cam, Kind: Person, Text: "  at the\n door\x00 "})
		report(t, n, Report{Camera: other, Kind: Motion})
		last := time.Now()
		poll(t, "the events to end", func() bool {
			l := list(t, n, cam)
			return len(l) == 2 && !l[0].To.IsZero() && !l[1].To.IsZero()
		})
		l := list(t, n, cam)
		if l[0].Kind != Person || l[0].Text != "at the door" || l[0].To != l[0].From || l[1].Kind != Motion {
			t.Errorf("%+v", l)
		}
		const round = 2 * time.Millisecond // times are kept in whole ones
		if m := l[1]; m.From.Before(begun.Add(-round)) || m.To.After(last.Add(round)) || m.To.Sub(m.From) < time.Second {
			t.Errorf("motion from %s to %s, reported from %s to %s", m.From, m.To, begun, last)
		}
		if got := fed(t, store); len(got) != 3 {
			t.Errorf("the feed tells %d events: %+v", len(got), got)
		}
		if n.rec.told(cam) < 13 || n.rec.told(other) < 1 { // more where a write was tried again
			t.Errorf("the recorder was told %d and %d times", n.rec.told(cam), n.rec.told(other))
		}
		report(t, n, Report{Camera: cam, Kind: Motion})
		if l := list(t, n, cam); len(l) != 3 || !l[0].To.IsZero() {
			t.Errorf("a report after the end: %+v", l)
		}
	})
}

// A store whose clock differs is known as well as the quickest answer tells; a
// slow answer says nothing new, and a clock that was set is followed.
func TestTheClockOfTheStore(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	e, at := &Events{}, time.Now()
	for _, c := range []struct {
		what               string
		store, back, ahead time.Duration // the store's answer and its arrival after the question; what is known then
	}{
		{"the same clock, quick", 1 * ms, 2 * ms, 0},
		{"the same clock, slow to ask", 900 * ms, 950 * ms, 0},
		{"the same clock, slow to answer", 1 * ms, 1500 * ms, 0},
		{"set forward by 5 s, slow", 5100 * ms, 800 * ms, 4300 * ms},
		{"and quick", 5001 * ms, 3 * ms, 4998 * ms},
		{"slow again", 5001 * ms, 1900 * ms, 4998 * ms},
		{"set back by an hour", -time.Hour, 4 * ms, -time.Hour},
	} {
		e.hear(at, at.Add(c.store), at.Add(c.back))
		if got := time.Duration(e.ahead.Load()); got != c.ahead {
			t.Errorf("%s: %s ahead, want %s", c.what, got, c.ahead)
		}
	}
}

// What was said to go on goes on without more reports, and the recorder is told
// of it; Active false ends it at once.
func TestActiveHoldsAnEvent(t *testing.T) {
	t.Parallel()
	store := onBolt(t)
	cfg := quick(store)
	cfg.Hold = 10 * time.Second // this machine may be busy
	n := start(t, cfg)
	cam, lone := made(t, store), made(t, store)
	report(t, n, Report{Camera: cam, Kind: Input, Active: new(true)})
	poll(t, "the recorder to be told again", func() bool { return n.rec.told(cam) > 2 })
	if l := list(t, n, cam); len(l) != 1 || !l[0].To.IsZero() {
		t.Fatalf("%+v", l)
	}
	report(t, n, Report{Camera: cam, Kind: Input, Active: new(false)})
	if l := list(t, n, cam); len(l) != 1 || l[0].To.Sub(l[0].From) < time.Second {
		t.Fatalf("%+v", l)
	}
	report(t, n, Report{Camera: lone, Kind: Input, Active: new(false)}) // an end without a beginning
	if l := list(t, n, lone); len(l) != 0 || n.rec.told(lone) != 0 {
		t.Errorf("%+v", l)
	}
	report(t, n, Report{Camera: cam, Kind: Input, Active: new(true)}) // and nothing more: not for ever
	poll(t, "an event that nobody ends to end", func() bool { return !list(t, n, cam)[0].To.IsZero() })
}

// Many at once begin one event.
func TestReportsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		cfg := quick(store)
		cfg.Silence = time.Minute // this machine may be busy
		a, b := start(t, cfg), start(t, cfg)
		cam := made(t, store)
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				n := a
				if i%2 == 0 {
					n = b
				}
				if err := n.Report(t.Context(), Report{Camera: cam, Kind: Motion, Source: FromStream}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if l := list(t, a, cam); len(l) != 1 {
			t.Errorf("%+v", l)
		}
		if got := fed(t, store); len(got) != 1 {
			t.Errorf("the feed tells %d", len(got))
		}
	})
}

// A node's event is the other's recorder's too; when a node dies, its event is
// ended by the other at what was last heard.
func TestEventOfADeadNode(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		a, b := start(t, quick(store)), start(t, quick(store))
		cam := made(t, store)
		report(t, a, Report{Camera: cam, Kind: Motion, Active: new(true)})
		poll(t, "the other node's recorder", func() bool { return b.rec.told(cam) > 0 })
		last := time.Now()
		a.kill()
		if l := list(t, b, cam); len(l) != 1 || !l[0].To.IsZero() {
			t.Fatalf("%+v", l)
		}
		poll(t, "the event to be ended", func() bool { return !list(t, b, cam)[0].To.IsZero() })
		if l := list(t, b, cam); len(l) != 1 || l[0].To.After(last) {
			t.Errorf("it ends %s, its node died %s", l[0].To, last)
		}
	})
}

// A stop ends what runs: nobody watches any more.
func TestStopEndsEvents(t *testing.T) {
	store := onBolt(t)
	n := start(t, Config{Store: store, Timeout: patience})
	cam := made(t, store)
	report(t, n, Report{Camera: cam, Kind: Motion, Active: new(true)})
	n.Events.stop(t.Context())
	if l := list(t, n, cam); len(l) != 1 || l[0].To != l[0].From {
		t.Errorf("%+v", l)
	}
}

func TestReportsAreBounded(t *testing.T) {
	store := onBolt(t)
	cfg := quick(store)
	cfg.Rate = 5
	n := start(t, cfg)
	cam := made(t, store)
	var err error
	made := 0
	for range 20 {
		if err = n.Report(t.Context(), Report{Camera: cam, Kind: Input, Source: FromONVIF, Active: new(true)}); err != nil {
			break
		}
		made++
		report(t, n, Report{Camera: cam, Kind: Input, Active: new(false)})
	}
	if !fault.Is(err, fault.RateLimited) || made != 5 {
		t.Errorf("%d events: %v", made, err)
	}
	told := n.rec.told(cam)
	if err := n.Report(t.Context(), Report{Camera: cam, Kind: Input, Source: FromONVIF, Active: new(true)}); !fault.Is(err, fault.RateLimited) || n.rec.told(cam) == told {
		t.Errorf("the recorder was told %d times, then %d times: %v", told, n.rec.told(cam), err)
	}
	for name, r := range map[string]Report{
		"camera": {Camera: "x", Kind: Motion, Source: FromHook}, "kind": {Camera: cam, Kind: "fire", Source: FromHook},
		"source": {Camera: cam, Kind: Motion, Source: "x"}, "text": {Camera: cam, Kind: Motion, Source: FromHook, Text: strings.Repeat("ü", 121)},
		"bytes": {Camera: cam, Kind: Motion, Source: FromHook, Text: "\xff"},
	} {
		if err := n.Report(t.Context(), r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A report of something that is over is an event at its own time, and nothing is
// recorded for it; one of a clock that is wrong is of now.
func TestLateReports(t *testing.T) {
	store := onBolt(t)
	n := start(t, quick(store))
	cam := made(t, store)
	then := time.Now().Add(-10 * time.Minute)
	report(t, n, Report{Camera: cam, Kind: Motion, At: then})
	if l := list(t, n, cam); len(l) != 1 || l[0].From.Sub(then).Abs() > time.Second || l[0].To != l[0].From || n.rec.told(cam) != 0 {
		t.Errorf("%+v", l)
	}
	for _, at := range []time.Time{time.Now().Add(-3 * time.Hour), time.Now().Add(time.Hour)} {
		cam := made(t, store)
		report(t, n, Report{Camera: cam, Kind: Motion, At: at})
		if l := list(t, n, cam); len(l) != 1 || time.Since(l[0].From) > time.Minute || n.rec.told(cam) == 0 {
			t.Errorf("at %s: %+v", at, l)
		}
	}
}
