package events

import (
	"context"
	"slices"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
)

// fill puts n events, one a step, the newest at end.
func fill(t testing.TB, store kv.Store, camera string, n int, step time.Duration, end time.Time) {
	t.Helper()
	var writes []kv.Write
	for i := range n {
		at := end.Add(-step * time.Duration(n-1-i)).Truncate(time.Millisecond)
		r := row{Kind: Motion, Source: FromStream, From: at.UnixMilli(), To: at.Add(step / 2).UnixMilli()}
		writes = append(writes, r.write(camera, newID(at)))
		if len(writes) == kv.MaxWrites || i == n-1 {
			if _, err := store.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: event.CameraEvents, Writes: writes}); err != nil {
				t.Fatal(err)
			}
			writes = nil
		}
	}
}

func TestListInPages(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		n := start(t, quick(store))
		cam, end := made(t, store), time.Now().Truncate(time.Millisecond)
		fill(t, store, cam, 250, time.Minute, end)
		fill(t, store, made(t, store), 10, time.Minute, end)
		var all []Event
		after := ""
		for {
			page, err := n.List(t.Context(), cam, time.Time{}, time.Time{}, 40, after)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, page...)
			if len(page) < 40 {
				break
			}
			after = page[39].ID
		}
		if len(all) != 250 || !slices.IsSortedFunc(all, func(a, b Event) int { return b.From.Compare(a.From) }) {
			t.Errorf("%d events", len(all))
		}
		// Those that touch [from, to): the one that began before from goes on into it.
		from, to := end.Add(-10*time.Minute+10*time.Second), end.Add(-5*time.Minute)
		got, err := n.List(t.Context(), cam, from, to, 0, "")
		if err != nil || len(got) != 5 || got[4].From != end.Add(-10*time.Minute).UTC() {
			t.Errorf("%d events: %+v %v", len(got), got, err)
		}
		for _, bad := range []struct {
			limit    int
			after    string
			from, to time.Time
		}{{-1, "", from, to}, {1001, "", from, to}, {1, "x", from, to}, {1, "", to, from}} {
			if _, err := n.List(t.Context(), cam, bad.from, bad.to, bad.limit, bad.after); err == nil {
				t.Errorf("%+v is listed", bad)
			}
		}
	})
}

// reads counts what is read of a store.
type reads struct {
	kv.Store
	calls, values int
}

func (r *reads) Read(ctx context.Context, space kv.Space, keys []string, scans []kv.Scan) (kv.Snapshot, error) {
	snap, err := r.Store.Read(ctx, space, keys, scans)
	r.calls++
	for _, s := range snap.Scans {
		r.values += len(s)
	}
	return snap, err
}

// A page of a camera with 100,000 events costs no more than itself, wherever it is.
func TestListOfMany(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		count := &reads{Store: store}
		e, err := New(quick(count))
		if err != nil {
			t.Fatal(err)
		}
		cam, end := authz.NewID(), time.Now()
		fill(t, store, cam, 100_000, 25*time.Second, end)
		var worst time.Duration
		for i := range 30 {
			to := end.Add(-time.Duration(i) * 23 * time.Hour)
			began := time.Now()
			count.calls, count.values = 0, 0
			got, err := e.List(t.Context(), cam, to.Add(-24*time.Hour), to, 100, "")
			worst = max(worst, time.Since(began))
			if err != nil || len(got) != 100 {
				t.Fatalf("%d: %d %v", i, len(got), err)
			}
			if count.calls > 2 || count.values > 110 {
				t.Errorf("%d: %d values are read in %d calls", i, count.values, count.calls)
			}
		}
		t.Logf("worst page of 100: %s", worst)
	})
}

// Events that are too old or too many go, and those of a camera that is gone.
func TestRetention(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		cfg := quick(store)
		cfg.Keep, cfg.Most = 24*time.Hour, 200
		e, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		old, many, gone, end := made(t, store), made(t, store), authz.NewID(), time.Now()
		fill(t, store, old, 100, time.Hour, end)
		fill(t, store, many, 1500, time.Second, end)
		fill(t, store, gone, 1100, time.Second, end)
		if err := e.tidy(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		for c, want := range map[string]int{old: 24, many: 200, gone: 0} {
			got, err := e.List(t.Context(), c, time.Time{}, time.Time{}, MaxPage, "")
			if err != nil || len(got) != want {
				t.Errorf("%d events, want %d: %v", len(got), want, err)
			}
		}
	})
}
