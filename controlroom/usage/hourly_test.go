package usage

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"sightline/internal/kv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/ratelimit"
	"sightline/ratelimit/locallimit"
	"sightline/ratelimit/redislimit"
)

// hourly is a link's hours by what the counters say.
func hourly(t *testing.T, c counters, window time.Duration) Link {
	t.Helper()
	b, err := New(Config{Slots: c, Updates: c, Hours: c, Window: window})
	if err != nil {
		t.Fatal(err)
	}
	l, err := b.Link(t.Context(), "l")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestR76_TheHoursAreTheBars: whatever moments things were used at, in windows of
// any length and read at slightly different times, the hours lie beside each other
// over the window, and their sums are the bars.
func TestR76_TheHoursAreTheBars(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 14))
	for range 300 {
		window := []time.Duration{24 * time.Hour, 7 * time.Second, 10 * time.Minute, time.Hour}[rnd.IntN(4)]
		now := time.UnixMilli(1_760_000_000_000 + rnd.Int64N(100_000_000))
		in := func() time.Time { return now.Add(-time.Duration(rnd.Int64N(int64(window)))).Truncate(time.Millisecond) }
		c := counters{slots: ratelimit.Window{Budget: 10, Now: now.Add(-3 * time.Millisecond)}, updates: ratelimit.Window{Budget: 40, Now: now.Add(-time.Millisecond)}}
		for range rnd.IntN(30) {
			c.updates.Frees, c.updates.Uses = append(c.updates.Frees, now), append(c.updates.Uses, in())
		}
		state, rules := ratelimit.SlotState{}, ratelimit.SlotRules{Slots: 10, Keep: window, Present: time.Second}
		for at := now.Add(-2 * window); at.Before(now); at = at.Add(window / 40) {
			state.Admit(rules, at, ratelimit.SlotRequest{Link: "l", Visit: fmt.Sprint(rnd.IntN(12)), IP: netip.AddrFrom4([4]byte{10, 0, 0, byte(rnd.IntN(12))})})
		}
		c.slots = state.Usage(rules, now.Add(-3*time.Millisecond))
		c.hours.HoursAnswer = ratelimit.HoursAnswer{Budget: window, Now: now}
		for range rnd.IntN(40) {
			used := time.Duration(rnd.IntN(1e6)) * time.Millisecond
			c.hours.Buckets = append(c.hours.Buckets, ratelimit.HoursBucket{At: in(), Used: used})
			c.hours.Used += used
		}
		l := hourly(t, c, window)
		h := l.Hourly
		if n := len(h); n < 24 || n > 26 || !h[n-1].To.Equal(now) || h[n-1].To.Sub(h[0].From) < window {
			t.Fatalf("%d hours from %v to %v, now %v", n, h[0].From, h[n-1].To, now)
		}
		var updates, most, sum int64
		var viewed time.Duration
		for i, p := range h {
			if i > 0 && !p.From.Equal(h[i-1].To) || p.To.Before(p.From) || i > 0 && i < len(h)-1 && p.To.Sub(p.From) != ratelimit.Part(window) {
				t.Fatalf("hour %d: %+v", i, p)
			}
			updates, viewed, most, sum = updates+p.Updates, viewed+p.Viewed, max(most, p.Users), sum+p.Users
		}
		if updates != l.Updates.Used || viewed != c.hours.Used || most > l.Users.Used || sum < l.Users.Used {
			t.Fatalf("%d updates, %v viewed, at most %d and in all %d addresses an hour; the bars say %d, %v, %d", updates, viewed, most, sum, l.Updates.Used, c.hours.Used, l.Users.Used)
		}
	}
}

// TestR77_R78_HoursAreExactAcrossNodes: two nodes of one store, many guests at once;
// what the hours tell is what was let through.
func TestR77_R78_HoursAreExactAcrossNodes(t *testing.T) {
	type node struct {
		slots interface {
			ratelimit.Slots
			ratelimit.SlotReader
		}
		updates interface {
			ratelimit.Updates
			ratelimit.UpdateReader
		}
		hours ratelimit.Hours
	}
	check := func(t *testing.T, nodes []node) {
		var wg sync.WaitGroup
		for n, at := range nodes {
			wg.Go(func() {
				for i := range 60 {
					visit := fmt.Sprint(n, "-", i)
					from := netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 15)})
					_, err1 := at.slots.Admit(t.Context(), ratelimit.SlotRequest{Link: "l", Visit: visit, IP: from})
					_, err2 := at.updates.Update(t.Context(), ratelimit.UpdateRequest{Link: "l", Visit: visit})
					_, err3 := at.hours.Report(t.Context(), []ratelimit.HoursReport{{Link: "l", Sessions: []ratelimit.HoursSession{{ID: fmt.Sprint("s", n), Total: time.Duration(i) * time.Second, From: from}}}})
					if err1 != nil || err2 != nil || err3 != nil {
						t.Error(err1, err2, err3)
						return
					}
				}
			})
		}
		wg.Wait()
		for _, at := range nodes {
			b, err := New(Config{Slots: at.slots, Updates: at.updates, Hours: at.hours})
			if err != nil {
				t.Fatal(err)
			}
			l, err := b.Link(t.Context(), "l")
			if err != nil {
				t.Fatal(err)
			}
			var sum Hour
			for _, h := range l.Hourly {
				sum.Users, sum.Updates, sum.Viewed = max(sum.Users, h.Users), sum.Updates+h.Updates, sum.Viewed+h.Viewed
			}
			if want := time.Duration(len(nodes)) * 59 * time.Second; l.Users.Used != 10 || sum.Users > 10 || sum.Updates != 40 || sum.Viewed != want || l.Addresses != 15 {
				t.Errorf("%+v; the bars: %+v, want 10 addresses, 40 updates, %v", sum, l, want)
			}
		}
	}
	t.Run("bolt", func(t *testing.T) {
		s := openBolt(t, t.TempDir())
		one := node{locallimit.New(s, locallimit.Config{}), locallimit.NewUpdates(s, ratelimit.UpdateRules{}, nil), locallimit.NewHours(s, ratelimit.HoursRules{}, nil)}
		check(t, []node{one})
		again := node{locallimit.New(s, locallimit.Config{}), one.updates, one.hours}
		check(t, []node{again}) // read from what was written
	})
	t.Run("redis", func(t *testing.T) {
		url := redistest.Start(t).URL()
		var nodes []node
		for range 3 {
			dial := rediskv.Config{Timeout: 20 * time.Second}
			client, err := rediskv.Dial(url, dial)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = client.Close() })
			nodes = append(nodes, node{redislimit.New(client, redislimit.Config{Timeout: 20 * time.Second}),
				redislimit.NewUpdates(client, redislimit.UpdatesConfig{Timeout: 20 * time.Second}), redislimit.NewHours(client, redislimit.HoursConfig{Timeout: 20 * time.Second})})
		}
		check(t, nodes)
	})
}

// TestR81_SpellsOfABudget: joined and bounded, forgotten with the window.
func TestR81_SpellsOfABudget(t *testing.T) {
	day, now := 24*time.Hour, time.UnixMilli(1_760_000_000_000)
	var list []span
	for i := range 500 {
		list = spans(list, i%2 == 0, now, day)
		if len(list) > mostSpans {
			t.Fatalf("%d spells", len(list))
		}
		now = now.Add(time.Duration(1+i%7) * time.Minute)
	}
	if lasting(list) {
		t.Error("the last one lasts")
	}
	for i, s := range list {
		if s.To <= s.From || i > 0 && s.From <= list[i-1].To {
			t.Fatalf("%d: %+v after %+v", i, s, list[max(i-1, 0)])
		}
	}
	list = spans(list, true, now, day)
	if n := len(spans(list, true, now.Add(30*time.Hour), day)); n != 1 {
		t.Errorf("%d are kept, only one lasts", n)
	}
	if n := len(spans(spans(list, false, now, day), false, now.Add(30*time.Hour), day)); n != 0 {
		t.Errorf("%d are kept", n)
	}
}

// throttledTimes is what a link's owner is told, as from and to before now.
func throttledTimes(t *testing.T, s kv.Store, now time.Time) (out []string) {
	t.Helper()
	b, err := New(Config{Slots: counters{}, Updates: counters{}, Hours: counters{}, Store: s})
	if err != nil {
		t.Fatal(err)
	}
	list, err := b.Throttled(t.Context(), "link", now)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		to := "now"
		if !p.To.IsZero() {
			to = now.Sub(p.To).Round(time.Second).String()
		}
		out = append(out, fmt.Sprint(p.Budget, " ", now.Sub(p.From).Round(time.Second), " ", to))
	}
	return out
}
