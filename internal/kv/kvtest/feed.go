package kvtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sightline/internal/kv"
)

func testChanges(t *testing.T, in *Instance) {
	start := in.read(t, kv.Control, nil)
	if ch := in.changes(t, start.Revision, 0); ch.Gone || ch.More || len(ch.Values) != 0 || ch.Revision != start.Revision || ch.Epoch != start.Epoch {
		t.Errorf("changes of nothing = %+v", ch)
	}
	in.commit(t, kv.Control, del("never"))
	in.commit(t, kv.Control, put("a", "1"), put("b", "1"))
	mid := in.commit(t, kv.Control, put("c", "1"), del("b"))
	last := in.commit(t, kv.Control, put("a", "2"), del("never"))
	ch := in.changes(t, start.Revision, 0)
	wantList(t, "changes", ch.Values, "c=1 b- a=2 ")
	if ch.Revision != last.Revision || ch.Gone || ch.More {
		t.Errorf("changes = %+v, want revision %d", ch, last.Revision)
	}
	wantList(t, "changes after the second commit", in.changes(t, mid.Revision, 0).Values, "a=2 ")
	if v := ch.Values[2]; v.Version != last.Revision {
		t.Errorf("a has version %d, want %d", v.Version, last.Revision)
	}
	if ahead := in.changes(t, last.Revision+100, 0); ahead.Gone || len(ahead.Values) != 0 || ahead.Revision != last.Revision {
		t.Errorf("changes after a revision that never was = %+v, want revision %d", ahead, last.Revision)
	}
	empty := in.commit(t, kv.Control, del("never"))
	if ch := in.changes(t, last.Revision, 0); ch.Revision != empty.Revision || len(ch.Values) != 0 {
		t.Errorf("changes after removing what was not there = %+v, want revision %d", ch, empty.Revision)
	}
}

func testChangesCut(t *testing.T, in *Instance) {
	start := in.read(t, kv.Control, nil).Revision
	var want []string
	for i := range 10 {
		a, b := fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i)
		in.commit(t, kv.Control, put(a, ""), put(b, ""))
		want = append(want, a, b)
	}
	var got []string
	at, calls := start, 0
	for {
		ch := in.changes(t, at, 3)
		calls++
		if ch.Revision == at && ch.More || len(ch.Values) > 4 {
			t.Fatalf("changes after %d = %+v", at, ch)
		}
		for _, v := range ch.Values {
			got = append(got, v.Key)
		}
		if at = ch.Revision; !ch.More {
			break
		}
	}
	if !slices.Equal(got, want) || calls != 5 {
		t.Errorf("in %d calls changes list %v, want %v in 5", calls, got, want)
	}
}

func testChangesGone(t *testing.T, in *Instance) {
	start := in.read(t, kv.Control, nil).Revision
	for i := range ChangesKept {
		in.commit(t, kv.Control, put("k", fmt.Sprint(i)))
	}
	if ch := in.changes(t, start, 0); ch.Gone || list(ch.Values) != fmt.Sprintf("k=%d ", ChangesKept-1) {
		t.Errorf("changes after %d commits = %+v", ChangesKept, ch)
	}
	c := in.commit(t, kv.Control, put("k", "one more"))
	ch := in.changes(t, start, 0)
	if !ch.Gone || len(ch.Values) != 0 || ch.Revision != c.Revision || ch.Epoch != c.Epoch {
		t.Errorf("changes after trimming = %+v, want gone at revision %d", ch, c.Revision)
	}
	if ch := in.changes(t, start+1, 0); ch.Gone || list(ch.Values) != "k=one more " {
		t.Errorf("changes after the first kept revision = %+v", ch)
	}
}

func testStamps(t *testing.T, in *Instance) {
	var last kv.Commit
	for i := range 12 {
		last = in.commit(t, other,
			kv.Write{Key: "ev/", Data: []byte(fmt.Sprintf("%d.0", i)), Stamp: true},
			put("plain", ""),
			kv.Write{Key: "ev/", Data: []byte(fmt.Sprintf("%d.1", i)), Stamp: true})
	}
	found := in.read(t, other, nil, kv.Scan{Prefix: "ev/"}).Scans[0]
	if len(found) != 24 {
		t.Fatalf("%d stamped values, want 24", len(found))
	}
	for i, v := range found {
		if want := fmt.Sprintf("%d.%d", i/2, i%2); string(v.Data) != want {
			t.Errorf("stamped value %d = %s, want %s", i, v.Data, want)
		}
	}
	if want := fmt.Sprintf("ev/%016x%04x", last.Revision, 2); found[23].Key != want {
		t.Errorf("key = %q, want %q", found[23].Key, want)
	}
}

// testStampsRace reads a feed while many write it: whoever has passed a key
// must never find another one before it later.
func testStampsRace(t *testing.T, in *Instance) {
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				txn := in.txn(other, nil, kv.Write{Key: "ev/", Data: []byte(fmt.Sprintf("%d.%d", w, i)), Stamp: true})
				if _, err := in.Store.Commit(bg(t), txn); err != nil {
					t.Errorf("commit: %v", err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	var got []string
	from, ended := "", false
	for !ended {
		select {
		case <-done:
			ended = true
		default:
		}
		for _, v := range in.read(t, other, nil, kv.Scan{Prefix: "ev/", From: from, Limit: 7}).Scans[0] {
			got, from = append(got, string(v.Data)), v.Key+"\x00"
			ended = false
		}
	}
	if len(got) != writers*each {
		t.Errorf("a follower saw %d of %d events", len(got), writers*each)
	}
	slices.Sort(got)
	if len(slices.Compact(got)) != writers*each {
		t.Error("a follower saw an event twice")
	}
}

func testWatch(t *testing.T, in *Instance) {
	for _, space := range []kv.Space{kv.Control, other} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		hints := in.Store.Watch(ctx, space)
		const n = 200
		go func() {
			for i := 1; i <= n; i++ {
				in.Store.Commit(ctx, in.txn(space, nil, put("n", fmt.Sprint(i))))
			}
		}()
		wakes := 0
		for range hints {
			wakes++
			if string(in.read(t, space, []string{"n"}).Values[0].Data) == fmt.Sprint(n) {
				cancel()
			}
		}
		if ctx.Err() == context.DeadlineExceeded {
			t.Errorf("%s: after %d hints the last state was not seen", space, wakes)
		}
		cancel()
	}
}

func testWatchEnds(t *testing.T, in *Instance) {
	ctx, cancel := context.WithCancel(t.Context())
	a, b := in.Store.Watch(ctx, kv.Control), in.Store.Watch(t.Context(), kv.Control)
	cancel()
	ended(t, "its context", a)
	if err := in.Store.Close(); err != nil {
		t.Fatal(err)
	}
	ended(t, "the store", b)
	ended(t, "a closed store", in.Store.Watch(t.Context(), kv.Control))
	if _, err := in.Store.Read(t.Context(), kv.Control, nil, nil); err == nil {
		t.Error("a closed store reads")
	}
	if _, err := in.Store.Commit(t.Context(), in.txn(kv.Control, nil, put("a", ""))); err == nil {
		t.Error("a closed store commits")
	}
	if err := in.Store.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func ended(t *testing.T, with string, hints <-chan struct{}) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case _, ok := <-hints:
			if !ok {
				return
			}
		case <-deadline:
			t.Fatalf("the channel did not close with %s", with)
		}
	}
}
