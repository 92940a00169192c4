package ratelimit

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hand is a monotonic clock moved by hand.
type hand struct{ at atomic.Int64 }

func (h *hand) now() int64              { return h.at.Load() }
func (h *hand) advance(d time.Duration) { h.at.Add(int64(d)) }

func limits(t *testing.T) (*Limits, *hand, *prometheus.Registry) {
	h := &hand{}
	h.advance(time.Duration(rand.Int64N(int64(100 * time.Hour))))
	reg := prometheus.NewRegistry()
	return New(Config{Registerer: reg, Now: h.now}), h, reg
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestPrefix(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := Prefix(addr(in)); got != want {
			t.Errorf("Prefix(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestT25Offers(t *testing.T) {
	l, clock, _ := limits(t)
	take := func(who string, n int) (allowed int, retry time.Duration) {
		for range n {
			ok, r := l.Offers.Allow(who)
			if ok {
				allowed++
			} else if retry = r; r <= 0 || r > time.Second {
				t.Fatalf("retry = %v", r)
			}
		}
		return allowed, retry
	}
	if n, retry := take("mallory", 1000); n != 20 || retry != 200*time.Millisecond {
		t.Errorf("1,000 offers of one: %d allowed, retry %v; want 20 and 200 ms", n, retry)
	}
	all := 20
	for i := range 20 {
		n, _ := take(fmt.Sprint("user", i), 5)
		all += n
	}
	if all != 50 {
		t.Errorf("offers of many: %d allowed, want 50 for the node", all)
	}
	clock.advance(20 * time.Millisecond)
	if n, _ := take("user19", 5); n != 1 {
		t.Errorf("20 ms later %d allowed, want 1: the refusals before cost the subject nothing", n)
	}
	clock.advance(time.Second)
	if n, _ := take("mallory", 1000); n != 5 {
		t.Errorf("a second later %d allowed, want 5", n)
	}
	clock.advance(time.Hour)
	if n, _ := take("mallory", 1000); n != 20 {
		t.Errorf("an hour later %d allowed, want 20 and no more", n)
	}
}

func TestT1Guesses(t *testing.T) {
	l, clock, _ := limits(t)
	net := Prefix(addr("2001:db8::1"))
	for i := range 20 {
		if ok, _ := l.Guesses.Check(net); !ok {
			t.Fatalf("guess %d is not looked at", i)
		}
		if ok, _ := l.Guesses.Add(net); !ok {
			t.Fatalf("guess %d was one too many", i)
		}
		clock.advance(time.Second)
	}
	ok, retry := l.Guesses.Add(Prefix(addr("2001:db8::2")))
	if ok || retry != 15*time.Minute {
		t.Errorf("the 21st guess: %v, retry %v; want refused for 15 min", ok, retry)
	}
	clock.advance(15*time.Minute - time.Second)
	if ok, retry := l.Guesses.Check(net); ok || retry != time.Second {
		t.Errorf("a second before the end: %v, retry %v", ok, retry)
	}
	if ok, _ := l.Guesses.Check(Prefix(addr("2001:db8:0:1::1"))); !ok {
		t.Error("another /64 is refused")
	}
	clock.advance(time.Second)
	if ok, _ := l.Guesses.Add(net); !ok {
		t.Error("refused after 15 min")
	}
	if l.SetupCodes.limit != 20 {
		t.Error("set-up codes have another limit")
	}
}

func TestT1ParallelGuessesDoNotPassTogether(t *testing.T) {
	l, _, _ := limits(t)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 500 {
		wg.Go(func() {
			if ok, _ := l.Guesses.Check("k"); !ok {
				return
			}
			if ok, _ := l.Guesses.Add("k"); ok {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if n := passed.Load(); n != 20 {
		t.Errorf("%d parallel guesses were answered, want 20", n)
	}
}

func TestT20Logins(t *testing.T) {
	l, clock, _ := limits(t)
	fail := func(account, ip, device string) bool {
		done, retry, ok := l.Logins.Begin(account, addr(ip), device)
		if ok {
			done(false)
		} else if retry <= 0 || retry > time.Hour {
			t.Fatalf("retry = %v", retry)
		}
		return ok
	}
	for i := range 10 {
		if !fail("a", "192.0.2.1", "") {
			t.Fatalf("fail %d is refused", i)
		}
	}
	if fail("a", "192.0.2.1", "") {
		t.Error("the 11th fail passes")
	}
	if !fail("b", "192.0.2.1", "") || !fail("a", "192.0.2.2", "") {
		t.Error("another account or address is refused")
	}
	for i := range 10 {
		if !fail("a", "192.0.2.1", "my phone") {
			t.Errorf("the known device is refused at %d", i)
		}
	}
	if fail("a", "192.0.2.1", "my phone") {
		t.Error("the known device has no limit")
	}
	clock.advance(15*time.Minute + 75*time.Second) // a step late at most
	if !fail("a", "192.0.2.1", "") {
		t.Error("refused after 15 min")
	}

	l, _, _ = limits(t)
	n := 0
	for i := range 300 {
		if fail("victim", fmt.Sprintf("198.51.100.%d", i%250), "") {
			n++
		}
	}
	if n != 100 {
		t.Errorf("%d fails an hour on one account from many addresses, want 100", n)
	}
	l, _, _ = limits(t)
	n = 0
	for i := range 1000 {
		if fail(fmt.Sprint("user", i), fmt.Sprintf("2001:db8::%x", i), "") {
			n++
		}
	}
	if n != 300 {
		t.Errorf("%d fails an hour from one /64, want 300", n)
	}
}

// Nobody is told to wait longer than the window, whenever in it his tries were.
func TestT20NobodyWaitsLongerThanTheWindow(t *testing.T) {
	for late := time.Duration(0); late < 2*time.Minute; late += 7 * time.Second {
		l, clock, _ := limits(t)
		clock.advance(late)
		for {
			done, retry, ok := l.Logins.Begin("a", addr("192.0.2.1"), "")
			if !ok {
				if retry <= 14*time.Minute || retry > 15*time.Minute {
					t.Errorf("%v into a step: retry after %v, want the window of 15 min at most", late, retry)
				}
				clock.advance(retry)
				if _, again, ok := l.Logins.Begin("a", addr("192.0.2.1"), ""); !ok {
					t.Errorf("%v into a step: refused after the wait, for %v more", late, again)
				}
				break
			}
			done(false)
		}
	}
}

func TestT20RightPasswordsDoNotCount(t *testing.T) {
	l, clock, _ := limits(t)
	for i := range 1000 {
		done, _, ok := l.Logins.Begin("a", addr("192.0.2.1"), "")
		if !ok {
			t.Fatalf("login %d is refused", i)
		}
		clock.advance(time.Duration(i%3) * 400 * time.Millisecond) // the hash takes its time
		done(true)
		done(true)
	}
	var wg sync.WaitGroup
	var begun atomic.Int64
	for range 100 {
		wg.Go(func() {
			if _, _, ok := l.Logins.Begin("a", addr("192.0.2.9"), ""); ok {
				begun.Add(1)
			}
		})
	}
	if wg.Wait(); begun.Load() != 10 {
		t.Errorf("%d parallel tries began before any ended, want 10", begun.Load())
	}
}

func TestT45NothingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its clock moves only while everybody waits
		l, _, _ := limits(t)
		before := runtime.NumGoroutine()
		start := time.Now()
		for range 5000 {
			if done, _, ok := l.Logins.Begin("a", addr("192.0.2.1"), ""); ok {
				done(false)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("5,000 bad logins waited %v", took)
		}
		if n := runtime.NumGoroutine() - before; n > 0 {
			t.Errorf("%d goroutines more", n)
		}
	})
}

// A window never lets more than its limit pass in any period, and refuses
// nobody longer than a step beyond it.
func TestWindowAgreesWithALog(t *testing.T) {
	h := &hand{}
	const limit, per = 7, 120 * time.Second
	w := NewWindows(h.now, limit, per, 0)
	rnd := rand.New(rand.NewPCG(3, 4))
	var passed []int64
	for i := range 20_000 {
		h.advance(time.Duration(rnd.Int64N(int64(20 * time.Second))))
		in := func(period time.Duration) (n int) {
			for _, at := range passed {
				if h.now()-at < int64(period) {
					n++
				}
			}
			return n
		}
		look, _ := w.Check("k")
		ok, retry := w.Add("k")
		if look != ok {
			t.Fatalf("%d: Check says %v, Add %v", i, look, ok)
		}
		if ok && in(per) >= limit {
			t.Fatalf("%d: one too many passed", i)
		}
		if !ok && in(per+per/steps) < limit {
			t.Fatalf("%d: refused though only %d are in the window", i, in(per+per/steps))
		}
		if ok {
			passed = append(passed, h.now())
			if len(passed) > 50 {
				passed = passed[25:]
			}
			continue
		}
		if retry > per {
			t.Fatalf("%d: told to wait %v for a window of %v", i, retry, per)
		}
		at := h.now()
		h.advance(retry - 1)
		if ok, _ := w.Check("k"); ok {
			t.Fatalf("%d: open before retry", i)
		}
		h.advance(1)
		if ok, again := w.Check("k"); !ok {
			t.Fatalf("%d: not open after retry %v, again %v", i, retry, again)
		}
		h.at.Store(at + int64(retry))
	}
}

// One who looked at the clock before another, and is counted after him, is not
// counted into a step that had not begun: nobody waits longer than the window.
func TestWindowOfTwoWhoOvertakeEachOther(t *testing.T) {
	const per = 120 * time.Second
	step := int64(per / steps)
	var slow atomic.Bool
	other := make(chan struct{})
	w := NewWindows(func() int64 {
		if !slow.CompareAndSwap(true, false) {
			return 100*step + 1
		}
		select { // the other one passes in here if he can
		case <-other:
		case <-time.After(100 * time.Millisecond):
		}
		return 100*step - step/2
	}, 2, per, 0)
	slow.Store(true)
	var wg sync.WaitGroup
	wg.Go(func() { w.Add("k") })
	for slow.Load() {
		runtime.Gosched()
	}
	wg.Go(func() {
		w.Add("k")
		close(other)
	})
	wg.Wait()
	if ok, retry := w.Add("k"); ok || retry > per {
		t.Errorf("the third: %v, told to wait %v for a window of %v", ok, retry, per)
	}
}

func TestOtherPresets(t *testing.T) {
	l, clock, _ := limits(t)
	n := 0
	for range 50 {
		if ok, _ := l.CameraTests.Allow("a"); ok {
			n++
		}
	}
	if n != 10 {
		t.Errorf("%d camera tests at once, want 10", n)
	}
	clock.advance(6 * time.Second)
	if ok, _ := l.CameraTests.Allow("a"); !ok {
		t.Error("no camera test 6 s later")
	}
	n = 0
	for range 50 {
		if ok, _ := l.Mails.Add("a@example.org"); ok {
			n++
		}
	}
	if n != 5 {
		t.Errorf("%d mails an hour, want 5", n)
	}
}

// 300,000 addresses leave at most MaxKeys keys in at most 20 MB, and the ones in
// use stay.
func TestMemoryIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	h := &hand{}
	w := NewWindows(h.now, 20, time.Minute, 15*time.Minute)
	for range 21 {
		w.Add("attacker")
	}
	for i := range 300_000 {
		w.Add(fmt.Sprintf("2001:db8:%x:%x::/64", i>>16, i&0xffff))
		if i%1000 == 0 {
			w.Add("attacker")
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if n := w.keys.len(); n > MaxKeys {
		t.Errorf("%d keys, want at most %d", n, MaxKeys)
	}
	if mb := float64(int64(after.HeapAlloc)-int64(before.HeapAlloc)) / 1e6; mb > 20 {
		t.Errorf("%.1f MB for %d keys, want at most 20", mb, w.keys.len())
	}
	if ok, _ := w.Check("attacker"); ok {
		t.Error("a key in use was forgotten")
	}
	runtime.KeepAlive(w)
}

func TestMetricsByKind(t *testing.T) {
	l, _, reg := limits(t)
	for range 22 {
		l.Offers.Allow("a")
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			key := ""
			for _, label := range m.Label {
				key += label.GetValue() + " "
			}
			got[key] = m.Counter.GetValue()
		}
	}
	if got["offer allowed "] != 20 || got["offer refused "] != 2 {
		t.Errorf("metrics = %v", got)
	}
}
