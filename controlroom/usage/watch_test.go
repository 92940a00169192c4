package usage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
	"sightline/ratelimit"
)

// moving are counters that a test moves.
type moving struct {
	counters
	mu    sync.Mutex
	slots int
	spent time.Duration
	now   time.Time
}

func (m *moving) set(slots int, spent time.Duration, on time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slots, m.spent, m.now = slots, spent, m.now.Add(on)
}

func (m *moving) SlotUsage(context.Context, string) (ratelimit.Window, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := ratelimit.Window{Budget: 10, Now: m.now}
	for range m.slots {
		w.Frees = append(w.Frees, m.now.Add(time.Hour))
	}
	return w, nil
}

func (m *moving) Usage(context.Context, string) (ratelimit.HoursUsage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := ratelimit.HoursUsage{HoursAnswer: ratelimit.HoursAnswer{Used: m.spent, Budget: 10 * time.Hour, Now: m.now}}
	if m.spent > 0 {
		u.Buckets = []ratelimit.HoursBucket{{At: m.now.Add(-time.Hour), Used: m.spent}}
	}
	return u, nil
}

// told are the events of the feed, in order.
func told(t *testing.T, s kv.Store) (out []string) {
	t.Helper()
	list, err := event.Recent(t.Context(), s, kv.Control, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if u, ok := e.Event.(event.LinkUse); ok {
			if u.Link != "link" || u.Owner != "owner" || u.Name != "Yard" {
				t.Errorf("%+v", u)
			}
			out = append(out, fmt.Sprintf("%s %d", u.Budget, u.Percent))
		}
	}
	return out
}

func count(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}

// TestR84_OneNoticeAPartOfEachBudgetAndWindow, whichever of four nodes look.
func TestR84_OneNoticeAPartOfEachBudgetAndWindow(t *testing.T) {
	onBoth(t, func(t *testing.T, _ string, open func() kv.Store) {
		store := open()
		data, _ := json.Marshal(map[string]any{"v": 1, "id": "link", "owner": "owner", "name": "Yard", "kind": "share"})
		if _, err := store.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{{Key: authz.LinkPrefix + "link", Data: data}}}); err != nil {
			t.Fatal(err)
		}
		m := &moving{now: time.Now()}
		m.counters.updates = ratelimit.Window{Budget: 40}
		book, err := New(Config{Slots: m, Updates: m, Hours: m})
		if err != nil {
			t.Fatal(err)
		}
		var nodes []*Watch
		for range 4 {
			w, err := NewWatch(WatchConfig{Store: open(), Book: book})
			if err != nil {
				t.Fatal(err)
			}
			nodes = append(nodes, w)
		}
		look := func() {
			t.Helper()
			for range 3 {
				var wg sync.WaitGroup
				for _, w := range nodes {
					wg.Go(func() {
						for w.lookAt(t.Context(), "link") != nil { // others were faster, too often
						}
					})
				}
				wg.Wait()
			}
		}
		expect := func(when string, want map[string]int) {
			t.Helper()
			look()
			got, sum := told(t, store), 0
			for what, n := range want {
				sum += n
				if count(got, what) != n {
					t.Fatalf("%s: %v, want %v", when, got, want)
				}
			}
			if len(got) != sum {
				t.Fatalf("%s: %v, want %v", when, got, want)
			}
		}
		expect("nothing used", nil)
		m.set(7, 0, time.Minute)
		expect("seven of ten", nil)
		m.set(8, 0, time.Minute)
		expect("eight", map[string]int{"users 80": 1})
		m.set(10, 0, time.Minute)
		expect("ten", map[string]int{"users 80": 1, "users 100": 1})
		if got := throttledTimes(t, store, m.now); !slices.Equal(got, []string{"users 0s now"}) {
			t.Errorf("used up: %v", got)
		}
		m.set(10, 9*time.Hour, time.Minute)
		expect("nine hours", map[string]int{"users 80": 1, "users 100": 1, "viewer_seconds 80": 1})
		m.set(3, 0, time.Hour)
		expect("less again", map[string]int{"users 80": 1, "users 100": 1, "viewer_seconds 80": 1})
		m.set(10, 0, time.Hour)
		expect("again within the window", map[string]int{"users 80": 1, "users 100": 1, "viewer_seconds 80": 1})
		if got := throttledTimes(t, store, m.now); !slices.Equal(got, []string{"users 2h1m0s 1h0m0s", "users 0s now"}) {
			t.Errorf("used up twice: %v", got)
		}
		if got := throttledTimes(t, open(), m.now.Add(23*time.Hour+30*time.Minute)); !slices.Equal(got, []string{"users 23h30m0s now"}) {
			t.Errorf("the window has moved on: %v", got)
		}
		m.set(10, 0, 23*time.Hour)
		expect("still, a window later", map[string]int{"users 80": 2, "users 100": 2, "viewer_seconds 80": 1})
		m.set(10, 0, 48*time.Hour)
		expect("all the time", map[string]int{"users 80": 2, "users 100": 2, "viewer_seconds 80": 1})
		m.set(0, 0, time.Minute)
		m.set(0, 11*time.Hour, time.Minute)
		expect("from nothing to all", map[string]int{"users 80": 2, "users 100": 2, "viewer_seconds 80": 2, "viewer_seconds 100": 1})
		if _, err := store.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{{Key: authz.LinkPrefix + "link", Delete: true}}}); err != nil {
			t.Fatal(err)
		}
		look()
		snap, err := store.Read(t.Context(), kv.Control, []string{authz.LinkUsePrefix + "link"}, nil)
		if err != nil || snap.Values[0].Exists() {
			t.Errorf("of a removed link: %+v, %v", snap.Values, err)
		}
	})
}

// TestR83_RecoveryIsSeenWithoutAnybodyUsingTheLink, also by a node that was started later.
func TestR83_RecoveryIsSeenWithoutAnybodyUsingTheLink(t *testing.T) {
	store := openBolt(t, t.TempDir())
	data, _ := json.Marshal(map[string]any{"v": 1, "id": "link", "owner": "owner", "name": "Yard", "kind": "share"})
	if _, err := store.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{{Key: authz.LinkPrefix + "link", Data: data}}}); err != nil {
		t.Fatal(err)
	}
	m := &moving{now: time.Now(), slots: 10}
	m.counters.updates = ratelimit.Window{Budget: 40}
	book, err := New(Config{Slots: m, Updates: m, Hours: m})
	if err != nil {
		t.Fatal(err)
	}
	first, err := NewWatch(WatchConfig{Store: store, Book: book})
	if err != nil {
		t.Fatal(err)
	}
	first.Touch("link")
	first.look(t.Context())
	state := func() State {
		snap, err := store.Read(t.Context(), kv.Control, []string{authz.LinkUsePrefix + "link"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return decodeUse(snap.Values[0]).Budgets[Users].State
	}
	if state() != Throttled {
		t.Fatal(state())
	}
	later, err := NewWatch(WatchConfig{Store: store, Book: book, Every: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	m.set(2, 0, time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- later.Run(ctx) }()
	poll(t, "normal", func() bool { return state() == Normal })
	cancel()
	<-done
}
