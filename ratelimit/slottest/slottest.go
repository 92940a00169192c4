// Package slottest is the suite that holds every store of link slots to spec
// ruling 3.
package slottest

import (
	"fmt"

	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/ratelimit"
)

// Instance is one empty store of slots whose time the test moves.
type Instance struct {
	Slots   ratelimit.Slots
	Advance func(time.Duration)
	Again   func() ratelimit.Slots // the same data opened anew, as after a restart
	Shared  bool                   // Again is another node beside the first
}

// present is how long a waiter may be silent: longer than a test takes on a busy
// machine, where a store's own clock runs on.
const present = 15 * time.Minute

// Run holds a store to the ruling. Most tests open it with the default rules.
func Run(t *testing.T, open func(*testing.T, ratelimit.SlotRules) *Instance) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *Instance)
	}{
		{"R77_TenAddressesShareALink", testTen},
		{"R77_CookieKeepsItsSlot", testCookie},
		{"R83_SlotFreesADayAfterLastUse", testFrees},
		{"R82_LongestWaitingPresentGuestIsNext", testQueue},
		{"R82_AnAddressWaitsOnce", testAddressWaitsOnce},
		{"LooksWithoutEffect", testPeek},
		{"R83_TellsWhenSlotsFree", testSlotUsage},
		{"R76_TellsWhichVisitsHaveASlot", testSlotVisits},
		{"R77_TellsTheAddressesOfEachHour", testSlotParts},
		{"R77_CountsNoAddressTwiceInAnHour", testSlotPartsLoad},
		{"R77_ExactUnderLoad", testLoad},
		{"KeepsSlotsOverRestart", testRestart},
		{"RefusesNonsense", testNonsense},
		{"RemembersABoundedNumber", testBounded},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t, ratelimit.SlotRules{Present: present})) })
	}
	t.Run("AgreesWithTheModel", func(t *testing.T) {
		rules := ratelimit.SlotRules{Slots: 3, Keep: time.Minute, Present: 15 * time.Second}
		testModel(t, open(t, rules), rules)
	})
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }
func ip(i int) netip.Addr      { return netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}) }

func (in *Instance) ask(t *testing.T, r ratelimit.SlotRequest) ratelimit.Admission {
	t.Helper()
	if r.Link == "" {
		r.Link = "l"
	}
	a, err := in.Slots.Admit(t.Context(), r)
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return a
}

func (in *Instance) want(t *testing.T, visit string, from netip.Addr, admitted bool, taken, waiting int) ratelimit.Admission {
	t.Helper()
	a := in.ask(t, ratelimit.SlotRequest{Visit: visit, IP: from})
	if a.Admitted != admitted || a.Taken != taken || a.Waiting != waiting || a.Slots != 10 {
		t.Errorf("%s from %s = %+v, want admitted %v, %d taken, place %d", visit, from, a, admitted, taken, waiting)
	}
	return a
}

// fill takes all slots: visit v0…v9 from ip(0)…ip(9).
func (in *Instance) fill(t *testing.T) {
	t.Helper()
	for i := range 10 {
		in.want(t, fmt.Sprint("v", i), ip(i), true, i+1, 0)
	}
}

func testTen(t *testing.T, in *Instance) {
	in.fill(t)
	in.want(t, "v10", ip(10), false, 10, 1)
	in.want(t, "v11", ip(11), false, 10, 2)
	in.want(t, "another at 3", ip(3), true, 10, 0)
	in.want(t, "again at 3", addr("::ffff:192.0.2.3"), true, 10, 0)
	if a := in.ask(t, ratelimit.SlotRequest{Link: "other", Visit: "v10", IP: ip(10)}); !a.Admitted || a.Taken != 1 {
		t.Errorf("another link = %+v", a)
	}
	for i := range 3 { // one /64 is one address
		if a := in.ask(t, ratelimit.SlotRequest{Link: "six", Visit: fmt.Sprint(i), IP: addr(fmt.Sprintf("2001:db8::%d", i))}); a.Taken != 1 {
			t.Errorf("a /64 takes %d slots", a.Taken)
		}
	}
}

func testCookie(t *testing.T, in *Instance) {
	in.fill(t)
	in.want(t, "v3", addr("2001:db8::1"), true, 10, 0)
	in.want(t, "stranger", addr("2001:db8::1"), false, 10, 1)
	in.Advance(23 * time.Hour)
	in.want(t, "v3", addr("2001:db8::1"), true, 10, 0) // renews the slot of its first address
	in.Advance(2 * time.Hour)
	in.want(t, "guest at 3", ip(3), true, 1, 0)
}

func testFrees(t *testing.T, in *Instance) {
	in.fill(t)
	a := in.want(t, "v10", ip(10), false, 10, 1)
	if left := a.Free.Sub(a.Now); left > 24*time.Hour || left < 24*time.Hour-10*time.Minute {
		t.Errorf("the next slot frees in %v, want 24 h", left)
	}
	in.Advance(12 * time.Hour)
	for i := 1; i < 10; i++ {
		in.want(t, fmt.Sprint("v", i), ip(i), true, 10, 0)
	}
	in.Advance(12*time.Hour - 10*time.Minute)
	in.want(t, "v10", ip(10), false, 10, 1) // its asking renews nothing
	in.Advance(10 * time.Minute)
	a = in.want(t, "v10", ip(10), true, 10, 0)
	if left := a.Free.Sub(a.Now); left > 12*time.Hour {
		t.Errorf("the next slot frees in %v, want 12 h", left)
	}
	in.want(t, "v0", ip(0), false, 10, 1)
}

func testQueue(t *testing.T, in *Instance) {
	in.fill(t)
	in.Advance(24*time.Hour - 20*time.Minute)
	in.ask(t, ratelimit.SlotRequest{Visit: "v9", IP: ip(9)})
	in.want(t, "absent", ip(20), false, 10, 1)
	in.want(t, "first", ip(21), false, 10, 2)
	in.want(t, "also first", ip(21), false, 10, 3)
	in.want(t, "second", ip(22), false, 10, 4)
	for i := 1; i < 9; i++ {
		in.ask(t, ratelimit.SlotRequest{Visit: fmt.Sprint("v", i), IP: ip(i)})
	}
	in.Advance(10 * time.Minute)
	in.want(t, "first", ip(21), false, 10, 2)
	in.want(t, "second", ip(22), false, 10, 4)
	in.Advance(10 * time.Minute) // slot 0 is free; "absent" was not heard for 20 min
	in.want(t, "second", ip(22), false, 9, 2)
	in.want(t, "newcomer", ip(23), false, 9, 3)
	in.want(t, "first", ip(21), true, 10, 0)
	in.want(t, "also first", ip(21), true, 10, 0)
	in.want(t, "second", ip(22), false, 10, 1)
	in.want(t, "absent", ip(20), false, 10, 3)
}

// testAddressWaitsOnce frees two slots: the right to them goes by address, not
// by how many visits wait there.
func testAddressWaitsOnce(t *testing.T, in *Instance) {
	in.fill(t)
	in.Advance(24*time.Hour - 10*time.Minute)
	for i := 2; i < 10; i++ {
		in.want(t, fmt.Sprint("v", i), ip(i), true, 10, 0)
	}
	in.want(t, "a1", ip(21), false, 10, 1)
	in.want(t, "a2", ip(21), false, 10, 2)
	in.want(t, "b", ip(22), false, 10, 3)
	in.want(t, "c", ip(23), false, 10, 4)
	in.Advance(10 * time.Minute)
	in.want(t, "c", ip(23), false, 8, 4)
	in.want(t, "b", ip(22), true, 9, 0) // only one address is before it
	in.want(t, "c", ip(23), false, 9, 3)
	in.want(t, "a1", ip(21), true, 10, 0)
	in.Advance(24 * time.Hour)
	// All slots are free but the ones a visit of a1's address has just taken.
	in.fill(t)
	in.Advance(24*time.Hour - 10*time.Minute)
	for i := 2; i < 10; i++ {
		in.want(t, fmt.Sprint("v", i), ip(i), true, 10, 0)
	}
	in.want(t, "a3", ip(21), false, 10, 1)
	in.want(t, "a4", ip(21), false, 10, 2)
	in.want(t, "d", ip(24), false, 10, 3)
	in.Advance(10 * time.Minute)
	in.want(t, "a3", ip(21), true, 9, 0)
	in.want(t, "d", ip(24), true, 10, 0) // a4 waits before it, at an address that has a slot
}

func testPeek(t *testing.T, in *Instance) {
	look := func(visit string, from netip.Addr) ratelimit.Admission {
		return in.ask(t, ratelimit.SlotRequest{Visit: visit, IP: from, Peek: true})
	}
	if a := look("v", ip(1)); a.Admitted || a.Taken != 0 || a.Waiting != 0 || !a.Free.IsZero() {
		t.Errorf("a look at an empty link = %+v", a)
	}
	in.fill(t)
	if a := look("x", ip(50)); a.Admitted || a.Waiting != 0 || a.Free.IsZero() {
		t.Errorf("a look from outside = %+v", a)
	}
	in.want(t, "y", ip(51), false, 10, 1) // x does not wait
	in.Advance(23 * time.Hour)
	if a := look("v0", ip(0)); !a.Admitted {
		t.Errorf("a look of who has a slot = %+v", a)
	}
	in.Advance(time.Hour)
	if a := look("v0", ip(0)); a.Admitted || a.Taken != 0 {
		t.Errorf("a look renewed the slot: %+v", a)
	}
}

func testLoad(t *testing.T, in *Instance) {
	const tries, workers = 4000, 16
	var mu sync.Mutex
	admitted := map[netip.Addr]bool{}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < tries; i += workers {
				from := netip.AddrFrom4([4]byte{10, 0, byte(i % 100), byte(i % 7)})
				a, err := in.Slots.Admit(t.Context(), ratelimit.SlotRequest{Link: "l", Visit: fmt.Sprint(i), IP: from})
				if err != nil {
					t.Errorf("try %d: %v", i, err)
					return
				}
				if a.Admitted {
					mu.Lock()
					admitted[from] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if len(admitted) != 10 {
		t.Errorf("%d addresses admitted in %d tries, want 10", len(admitted), tries)
	}
}

func testRestart(t *testing.T, in *Instance) {
	in.fill(t)
	in.Slots = in.Again()
	in.want(t, "v10", ip(10), false, 10, 1)
	in.want(t, "v4", addr("2001:db8::4"), true, 10, 0)
	in.want(t, "other", ip(5), true, 10, 0)
}

func testNonsense(t *testing.T, in *Instance) {
	for _, r := range []ratelimit.SlotRequest{
		{Link: "a}{b", Visit: "v", IP: ip(1)}, {Link: "l", IP: ip(1)}, {Link: "l", Visit: "v"},
	} {
		if a, err := in.Slots.Admit(t.Context(), r); err == nil {
			t.Errorf("%+v was judged: %+v", r, a)
		}
	}
}

// testBounded has more visits on one slot, and more waiters, than are remembered.
func testBounded(t *testing.T, in *Instance) {
	for i := range ratelimit.MaxVisits {
		in.ask(t, ratelimit.SlotRequest{Visit: fmt.Sprint("a", i), IP: ip(0)})
		if i == 0 {
			in.Advance(time.Second)
		}
	}
	in.Advance(time.Second)
	for i := 1; i < 10; i++ {
		in.want(t, "a1", ip(0), true, i, 0)
		in.want(t, fmt.Sprint("v", i), ip(i), true, i+1, 0)
	}
	// a0 and some others were forgotten: from elsewhere they are strangers.
	in.want(t, "a0", ip(99), false, 10, 1)
	in.want(t, "a1", ip(99), true, 10, 0)
	in.want(t, "a0", ip(0), true, 10, 0)
	for i := range ratelimit.MaxVisits {
		in.want(t, fmt.Sprint("w", i), netip.AddrFrom4([4]byte{10, 0, byte(i), 1}), false, 10, i+1)
	}
	in.want(t, "one too many", ip(100), false, 10, ratelimit.MaxVisits+1)
	in.want(t, "another", ip(101), false, 10, ratelimit.MaxVisits+1)
	in.want(t, "w7", netip.AddrFrom4([4]byte{10, 0, 7, 1}), false, 10, 8)
}

// testModel compares random histories with ratelimit.SlotState.
func testModel(t *testing.T, in *Instance, rules ratelimit.SlotRules) {
	rnd := rand.New(rand.NewPCG(5, 6))
	model := &ratelimit.SlotState{}
	var history []string
	behind := 0 // waits though a slot is free, because others have the right to it
	for i := range 4000 {
		switch rnd.IntN(40) {
		case 0:
			in.Advance(rules.Keep - time.Duration(rnd.IntN(20))*time.Second)
		case 1, 2:
			in.Advance(rules.Present)
		case 3, 4, 5, 6, 7, 8:
			in.Advance(time.Duration(rnd.IntN(3000)) * time.Millisecond)
		}
		r := ratelimit.SlotRequest{
			Link: "l", Visit: fmt.Sprint("v", rnd.IntN(14)), IP: ip(rnd.IntN(7)), Peek: rnd.IntN(8) == 0,
		}
		got := in.ask(t, r)
		want, _ := model.Admit(rules, got.Now, r)
		history = append(history, fmt.Sprintf("%s %+v", got.Now.Format(time.TimeOnly), r))
		if got.Admitted != want.Admitted || got.Taken != want.Taken || got.Waiting != want.Waiting || !got.Free.Equal(want.Free) {
			t.Fatalf("step %d: got %+v, want %+v after\n%s", i, got, want, strings.Join(history[max(0, len(history)-12):], "\n"))
		}
		if got.Waiting > 0 && got.Taken < rules.Slots {
			behind++
		}
		if i%8 == 0 {
			w, err := in.Slots.(ratelimit.SlotReader).SlotUsage(t.Context(), "l")
			if m := model.Usage(rules, w.Now); err != nil || !slices.EqualFunc(w.Frees, m.Frees, time.Time.Equal) || !slices.EqualFunc(w.Uses, m.Uses, time.Time.Equal) {
				t.Fatalf("step %d: used %+v, %v, want %+v", i, w, err, m)
			}
			if n := len(w.Uses); n > (ratelimit.Parts+1)*rules.Slots || n < len(w.Frees) {
				t.Fatalf("step %d: %d uses of %d slots", i, n, len(w.Frees))
			}
		}
	}
	if behind < 3 {
		t.Errorf("the history is too tame: only %d waited behind others for a free slot", behind)
	}
}
