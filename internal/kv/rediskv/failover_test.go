package rediskv

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/redistest"
)

// failures are the ways in which a primary goes; each returns when it is gone
// and gives what brings it back.
var failures = []struct {
	name string
	fail func(old *redistest.Server) (back func())
}{
	{"cut off", func(old *redistest.Server) func() { old.Pause(); return old.Resume }},
	{"killed", func(old *redistest.Server) func() { old.Kill(); return old.Restart }},
}

// ledger is what writers were told.
type ledger struct {
	mu      sync.Mutex
	acked   map[string]uint64 // revision by key
	unknown int
	last    time.Time
	away    time.Duration // longest time between two acknowledged commits
}

func (l *ledger) add(key string, c kv.Commit, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		if fault.Is(err, fault.Unknown) {
			l.unknown++
		}
		return
	}
	now := time.Now()
	if !l.last.IsZero() {
		l.away = max(l.away, now.Sub(l.last))
	}
	l.last, l.acked[key] = now, c.Revision
}

func (l *ledger) count() int { l.mu.Lock(); defer l.mu.Unlock(); return len(l.acked) }

// write commits under new keys until ctx ends; who does not know repeats the ID.
func (l *ledger) write(ctx context.Context, s *Store, name string) {
	for i := 0; ctx.Err() == nil; i++ {
		key := fmt.Sprintf("%s-%d", name, i)
		txn := write("a/"+key, key)
		txn.Conditions = []kv.Condition{{Key: "a/" + key}}
		txn.Writes = append(txn.Writes, kv.Write{Key: "ev/", Data: []byte(key), Stamp: true})
		for ctx.Err() == nil {
			c, err := s.Commit(ctx, txn)
			if l.add(key, c, err); err == nil {
				break
			}
		}
	}
}

// failOver makes rounds failovers under writers on two nodes, atLeast
// acknowledged commits in all, and holds F11.
func failOver(t *testing.T, rounds, atLeast int, bar time.Duration) {
	group := redistest.StartSentinels(t, 2)
	const writers = 3
	nodes := []*Store{open(t, group.URL(), Config{}), open(t, group.URL(), Config{})}
	l := &ledger{acked: map[string]uint64{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for n, s := range nodes {
		for w := range writers {
			wg.Go(func() { l.write(ctx, s, fmt.Sprintf("%d-%d", n, w)) })
		}
		wg.Go(func() { neverLost(t, ctx, s) })
	}
	more := func(n int) {
		t.Helper()
		for deadline, had := time.Now().Add(redistest.Patience), l.count(); l.count() < had+n; <-time.After(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d of %d commits were acknowledged in %v", l.count()-had, n, redistest.Patience)
			}
		}
	}
	for round := range rounds {
		how := failures[round%len(failures)]
		more(atLeast / (2 * rounds))
		l.mu.Lock()
		l.away = 0
		l.mu.Unlock()
		old := group.Agreed()
		back := how.fail(old)
		group.Until(old)
		more(atLeast/(2*rounds) + 1)
		l.mu.Lock()
		away, unknown := l.away, l.unknown
		l.mu.Unlock()
		t.Logf("round %d, the primary is %s: unavailable for %v; %d acknowledged, %d unknown so far", round+1, how.name, away.Round(time.Millisecond), l.count(), unknown)
		if away > bar {
			t.Errorf("unavailable for %v, the bar is %v", away, bar)
		}
		back()
		if round+1 < rounds {
			group.Whole() // so that the next one has whom to promote
		}
	}
	cancel()
	wg.Wait()
	l.audit(t, open(t, group.URL(), followed))
}

// neverLost follows the changes as authz does: a failover may undo what was
// seen, but never what is safe.
func neverLost(t *testing.T, ctx context.Context, s *Store) {
	after, gone := uint64(0), 0
	for ctx.Err() == nil {
		ch, err := s.Changes(ctx, after, 0)
		if err == nil {
			if !ch.More && ch.Revision < ch.Safe || !ch.Gone && ch.Revision < after {
				t.Errorf("changes after %d: revision %d, safe %d, gone %v: it looks like a loss", after, ch.Revision, ch.Safe, ch.Gone)
				return
			}
			if ch.Gone {
				gone++
			}
			after = ch.Revision
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Logf("a reader had to begin anew %d times", gone)
}

// audit looks for every acknowledged commit.
func (l *ledger) audit(t *testing.T, s *Store) {
	t.Helper()
	back(t, s)
	present, events := map[string]uint64{}, map[string]int{}
	for _, prefix := range []string{"a/", "ev/"} {
		for from := ""; ; {
			snap, err := s.Read(t.Context(), kv.Control, nil, []kv.Scan{{Prefix: prefix, From: from, Limit: 500}})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range snap.Scans[0] {
				if prefix == "a/" {
					present[v.Key[2:]] = v.Version
				} else {
					events[string(v.Data)]++
				}
				from = v.Key + "\x00"
			}
			if len(snap.Scans[0]) < 500 {
				break
			}
		}
	}
	lost := 0
	for key, revision := range maps.All(l.acked) {
		if present[key] != revision || events[key] != 1 {
			lost++
			t.Errorf("acknowledged %s at %d: found at %d, %d times", key, revision, present[key], events[key])
		}
	}
	for key, n := range events {
		if n != 1 || present[key] == 0 {
			t.Errorf("%s was applied %d times", key, n)
		}
	}
	t.Logf("%d acknowledged, %d lost, %d times unknown", len(l.acked), lost, l.unknown)
}

// F11: 3,000 acknowledged commits over a primary that is cut off (and takes up
// what was sent to it when it returns) and one that is killed: none is lost.
func TestF11_FailoverLosesNothing(t *testing.T) {
	failOver(t, 2, 3000, 3*5*time.Second) // three times the bar: other tests run beside it
}
