package usage

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sightline/authz"
	"sightline/controlroom"
	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
)

func newLog(t *testing.T, cfg LogConfig) *Log {
	t.Helper()
	cfg.Timeout = 20 * time.Second // beside other tests a store call may take long
	l, err := NewLog(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *Log) only(t *testing.T, link string) Row {
	t.Helper()
	rows, err := l.Visits(t.Context(), link)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v, %v", rows, err)
	}
	return rows[0]
}

func use(session string, viewed time.Duration, state controlroom.VisitDoing) controlroom.VisitUse {
	return controlroom.VisitUse{Link: "link", Visit: "visit", Session: session, IP: netip.MustParseAddr("192.0.2.7"), Viewed: viewed, State: state}
}

// TestR76_EveryNodesPartOfAVisitIsInItsRow: what two nodes tell of one visit adds
// up, and telling it again, or less, adds nothing.
func TestR76_EveryNodesPartOfAVisitIsInItsRow(t *testing.T) {
	onBoth(t, func(t *testing.T, _ string, open func() kv.Store) {
		one, two := newLog(t, LogConfig{Store: open()}), newLog(t, LogConfig{Store: open()})
		one.Seen(Visitor{Link: "link", Visit: "visit", IP: netip.MustParseAddr("192.0.2.7"), Browser: "Firefox"})
		for i := range 5 {
			one.Watched([]controlroom.VisitUse{use("a", time.Duration(i)*time.Minute, controlroom.VisitWatches)})
			two.Watched([]controlroom.VisitUse{use("b", time.Duration(2*i)*time.Minute, controlroom.VisitThrottled)})
			one.Updated("link", "visit")
			two.Updated("link", "visit")
			for range 2 {
				if err := one.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := two.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		two.Watched([]controlroom.VisitUse{use("b", time.Minute, controlroom.VisitWatches)}) // less than was told
		for _, l := range []*Log{one, two, newLog(t, LogConfig{Store: open()})} {
			r := l.only(t, "link")
			if r.Viewed != 12*time.Minute || r.GalleryUpdates != 10 || r.IP != "192.0.2.7" || r.Browser != "Firefox" || r.Last.Before(r.First) || r.Doing == "" {
				t.Errorf("%+v", r)
			}
		}
	})
}

// TestR76_NodesThatWriteAtOnceLoseNothing.
func TestR76_NodesThatWriteAtOnceLoseNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, _ string, open func() kv.Store) {
		const nodes, rounds = 4, 10
		var wg sync.WaitGroup
		for n := range nodes {
			l := newLog(t, LogConfig{Store: open()})
			wg.Go(func() {
				for i := range rounds {
					l.Updated("link", "visit")
					l.Watched([]controlroom.VisitUse{use(fmt.Sprint(n), time.Duration(i+1)*time.Second, controlroom.VisitWatches)})
					for l.Flush(t.Context()) != nil { // others were faster, too often
					}
				}
			})
		}
		wg.Wait()
		r := newLog(t, LogConfig{Store: open()}).only(t, "link")
		if r.Viewed != nodes*rounds*time.Second || r.GalleryUpdates != nodes*rounds {
			t.Errorf("%v and %d updates", r.Viewed, r.GalleryUpdates)
		}
	})
}

// silent is a store that does not answer while it is told not to.
type silent struct {
	kv.Store
	away atomic.Bool
}

func (s *silent) Commit(ctx context.Context, txn kv.Txn) (kv.Commit, error) {
	c, err := s.Store.Commit(ctx, txn)
	if s.away.Load() {
		return kv.Commit{}, kv.Unavailable(context.DeadlineExceeded) // done, and nobody knows
	}
	return c, err
}

// TestR76_AnUnknownOutcomeDoublesNothing, also of a session that ended meanwhile.
func TestR76_AnUnknownOutcomeDoublesNothing(t *testing.T) {
	s := &silent{Store: openBolt(t, t.TempDir())}
	l := newLog(t, LogConfig{Store: s})
	s.away.Store(true)
	ended := use("a", time.Minute, controlroom.VisitIdle)
	ended.Ended = true
	l.Watched([]controlroom.VisitUse{ended})
	l.Updated("link", "visit")
	for range 2 {
		if l.Flush(t.Context()) == nil {
			t.Fatal("the store answers")
		}
	}
	s.away.Store(false)
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := newLog(t, LogConfig{Store: s}).only(t, "link"); r.Viewed != time.Minute || r.GalleryUpdates != 1 {
		t.Errorf("%+v", r)
	}
}

// TestR76_TotalsAreWrittenWithinSeconds while sessions run, with nobody asking.
func TestR76_TotalsAreWrittenWithinSeconds(t *testing.T) {
	var mono atomic.Int64
	mono.Store(int64(time.Hour))
	store := openBolt(t, t.TempDir())
	l := newLog(t, LogConfig{Store: store, Mono: mono.Load})
	reader := newLog(t, LogConfig{Store: store})
	l.Watched([]controlroom.VisitUse{use("a", time.Second, controlroom.VisitWatches)})
	written := func() time.Duration {
		if err := l.write(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		return reader.only(t, "link").Viewed
	}
	if got := written(); got != time.Second {
		t.Fatalf("the first look: %v", got)
	}
	for i := 2; i <= 60; i++ {
		mono.Add(int64(time.Second))
		truth := time.Duration(i) * time.Second
		l.Watched([]controlroom.VisitUse{use("a", truth, controlroom.VisitWatches)})
		if got := written(); truth-got > logEvery || got > truth {
			t.Fatalf("%v are written of %v", got, truth)
		}
	}
	gone := use("a", time.Minute, controlroom.VisitIdle)
	gone.Ended = true
	l.Watched([]controlroom.VisitUse{gone})
	if got := written(); got != time.Minute || reader.only(t, "link").Doing != "" {
		t.Errorf("at the end: %v", got)
	}
	mono.Add(int64(time.Hour))
	l.due(false)
	if len(l.open) != 0 {
		t.Errorf("%d visits stay in memory", len(l.open))
	}
}

// TestR76_ManySessionsOfOneVisitKeepTheirSum when old ones are put together.
func TestR76_ManySessionsOfOneVisitKeepTheirSum(t *testing.T) {
	var r logRow
	for i := range 200 {
		now := int64(i) * time.Hour.Milliseconds()
		r.merge(&openVisit{run: "r", sessions: map[string]*openSession{fmt.Sprint(i): {viewed: time.Minute}}}, now)
	}
	if got := r.row("v/a/b", time.UnixMilli(r.Last)).Viewed; got != 200*time.Minute || len(r.Viewed) > foldFrom {
		t.Errorf("%v in %d sessions", got, len(r.Viewed))
	}
}

// TestR76_AddressesAreDroppedAfterAMonth and the rest of the row a year after.
func TestR76_AddressesAreDroppedAfterAMonth(t *testing.T) {
	fake := clock.NewFake(time.Now())
	store, err := boltkv.Open(t.Context(), t.TempDir(), boltkv.Config{Clock: fake, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	link := func(id string) {
		data, _ := json.Marshal(map[string]any{"v": 1, "id": id})
		if _, err := store.Commit(t.Context(), kv.Txn{ID: kv.NewID(fake.Now()), Space: kv.Control, Writes: []kv.Write{{Key: authz.LinkPrefix + id, Data: data}}}); err != nil {
			t.Fatal(err)
		}
	}
	link("link") // the other is removed
	l := newLog(t, LogConfig{Store: store, Clock: fake})
	seen := func(link, visit string) {
		l.Seen(Visitor{Link: link, Visit: visit, IP: netip.MustParseAddr("192.0.2.7"), Browser: "Safari"})
	}
	seen("link", "old")
	seen("removed", "old")
	flush := func() {
		t.Helper()
		if err := l.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := l.trim(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	flush()
	fake.Advance(30*24*time.Hour - time.Minute)
	seen("link", "young")
	flush()
	ips := func(link string) map[string]string {
		rows, err := l.Visits(t.Context(), link)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, r := range rows {
			out[r.Visit] = r.IP
		}
		return out
	}
	if got := ips("link"); len(got) != 2 || got["old"] == "" || got["young"] == "" || len(ips("removed")) != 1 {
		t.Fatalf("before the month is over: %v", got)
	}
	fake.Advance(2 * time.Minute)
	flush()
	got := ips("link")
	if old, kept := got["old"]; !kept || old != "" || got["young"] == "" || len(ips("removed")) != 0 {
		t.Errorf("after it: %v, %v", got, ips("removed"))
	}
	fake.Advance(365 * 24 * time.Hour)
	flush()
	if got := ips("link"); len(got) != 0 {
		t.Errorf("a year later: %v", got)
	}
}
