package authz

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"sightline/internal/event"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
)

// leapClock is a clock that is set forward by hand.
type leapClock struct {
	by    atomic.Int64
	still time.Time // not zero: it moves by hand alone, from here
}

func (l *leapClock) Now() time.Time {
	from := l.still
	if from.IsZero() {
		from = time.Now()
	}
	return from.Add(time.Duration(l.by.Load()))
}

// Rows of a log stay for as long as is configured, and go with a closed account.
func TestLogsAreKeptForATime(t *testing.T) {
	const day = 24 * time.Hour
	clk := &leapClock{}
	store, err := boltkv.Open(t.Context(), t.TempDir(), boltkv.Config{Clock: clk, Timeout: patient})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s := newStand(t, store, func(c *Config) { c.Clock, c.AuditKeep = clk, 60*day })
	ann, bob := s.person("Ann").Account.ID, s.person("Bob").Account.ID
	place := 0
	keep := func(owner string, n int) {
		t.Helper()
		for range n {
			place++
			e := event.Entry{ID: NewID(), Key: fmt.Sprintf("ev/%016x", place), At: clk.Now(), Event: event.Audit{Action: "camera.create", Owner: owner}}
			if err := s.keepAudit(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	}
	rows := func(account string) int {
		t.Helper()
		snap, err := store.Read(t.Context(), kv.Bulk(account), nil, []kv.Scan{{Prefix: pAudit}})
		if err != nil {
			t.Fatal(err)
		}
		return len(snap.Scans[0])
	}
	trim := func(after time.Duration) {
		t.Helper()
		clk.by.Add(int64(after))
		if err := s.trimAudit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	keep(ann, sweepBatch+3) // more than one commit takes
	keep(bob, 2)
	trim(40 * day)
	keep(ann, 1)
	if rows(ann) != sweepBatch+4 || rows(bob) != 2 {
		t.Fatalf("after 40 days Ann has %d rows, Bob %d", rows(ann), rows(bob))
	}
	trim(21 * day)
	if rows(ann) != 1 || rows(bob) != 0 {
		t.Fatalf("after 61 days Ann has %d rows, want 1, Bob %d", rows(ann), rows(bob))
	}
	if _, err := s.CloseAccount(t.Context(), Operator, ann); err != nil {
		t.Fatal(err)
	}
	keep(ann, 1)
	trim(29 * day)
	if rows(ann) != 2 {
		t.Fatalf("%d rows: the log went before its time", rows(ann))
	}
	trim(2 * day)
	if n := rows(ann); n != 0 {
		t.Fatalf("%d rows of a closed account are kept", n)
	}
	v, err := s.read(t.Context(), nil, kv.Scan{Prefix: pClosed})
	if err != nil || len(v.scans[0]) != 0 {
		t.Fatalf("%v %v", v, err)
	}
}
