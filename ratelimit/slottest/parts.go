package slottest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"sightline/ratelimit"
)

const dayLong = 24 * time.Hour

// byPart counts uses in each part of the window before now, the running part first.
func byPart(w ratelimit.Window, window time.Duration) []int {
	out := make([]int, ratelimit.Parts+1)
	now := ratelimit.PartOf(window, w.Now)
	for _, at := range w.Uses {
		out[now-ratelimit.PartOf(window, at)]++
	}
	return out
}

func parts(t *testing.T, w ratelimit.Window, err error, want ...int) {
	t.Helper()
	want = append(want, make([]int, ratelimit.Parts+1-len(want))...)
	if err != nil || !slices.Equal(byPart(w, dayLong), want) {
		t.Errorf("by hour, this one first: %v, %v: want %v", byPart(w, dayLong), err, want)
	}
}

// toQuarter goes on to a quarter past the next hour of the store's clock, so that
// what follows within minutes is of one hour.
func toQuarter(now time.Time, advance func(time.Duration)) {
	advance(now.Truncate(time.Hour).Add(75 * time.Minute).Sub(now))
}

// testSlotParts: an address counts once in each hour it used its slot in, and in no
// other; who only waits or looks counts nowhere.
func testSlotParts(t *testing.T, in *Instance) {
	reader := in.Slots.(ratelimit.SlotReader)
	use := func() (ratelimit.Window, error) { return reader.SlotUsage(t.Context(), "l") }
	w, err := use()
	parts(t, w, err)
	toQuarter(w.Now, in.Advance)
	for range 5 { // one hour, one address, however often and by however many visits
		in.want(t, "a", ip(1), true, 1, 0)
		in.want(t, "a2", ip(1), true, 1, 0)
		in.Advance(time.Minute)
	}
	in.ask(t, ratelimit.SlotRequest{Visit: "b", IP: ip(2), Peek: true})
	w, err = use()
	parts(t, w, err, 1)
	in.Advance(2 * time.Hour)
	for i := 1; i <= 10; i++ {
		in.ask(t, ratelimit.SlotRequest{Visit: fmt.Sprint("v", i), IP: ip(i)})
	}
	in.want(t, "late", ip(11), false, 10, 1)
	w, err = use()
	parts(t, w, err, 10, 0, 1)
	in.Slots = in.Again()
	reader = in.Slots.(ratelimit.SlotReader)
	w, err = use()
	parts(t, w, err, 10, 0, 1)
	in.Advance(time.Hour)
	in.want(t, "a", ip(77), true, 10, 0) // his slot, wherever he is now
	w, err = use()
	parts(t, w, err, 1, 10, 0, 1)
	in.Advance(21 * time.Hour) // an hour's use leaves when it is a day old, not its hour
	w, err = use()
	parts(t, w, err, append(make([]int, 21), 1, 10)...)
	in.Advance(2*time.Hour + 50*time.Minute)
	w, err = use()
	parts(t, w, err, append(make([]int, 24), 1)...)
	if len(w.Frees) != 1 {
		t.Errorf("%d slots taken", len(w.Frees))
	}
	in.Advance(time.Hour)
	w, err = use()
	parts(t, w, err)
}

// testSlotPartsLoad: two stores of the same data, many at once: no address is
// counted twice in an hour, none is missing.
func testSlotPartsLoad(t *testing.T, in *Instance) {
	reader := in.Slots.(ratelimit.SlotReader)
	w, err := reader.SlotUsage(t.Context(), "l")
	if err != nil {
		t.Fatal(err)
	}
	toQuarter(w.Now, in.Advance)
	nodes := []ratelimit.Slots{in.Slots, in.Slots}
	if in.Shared {
		nodes[1] = in.Again()
	}
	for hour := range 3 {
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				for i := range 100 {
					if _, err := nodes[n%2].Admit(t.Context(), ratelimit.SlotRequest{Link: "l", Visit: fmt.Sprint(n, i%20), IP: ip(i % 20)}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		for _, node := range nodes {
			w, err = node.(ratelimit.SlotReader).SlotUsage(t.Context(), "l")
			parts(t, w, err, slices.Repeat([]int{10}, hour+1)...)
		}
		in.Advance(time.Hour)
	}
}

// testUpdateParts: each update is told with the moment it was counted at.
func testUpdateParts(t *testing.T, in *UpdateInstance) {
	reader := in.Updates.(ratelimit.UpdateReader)
	use := func() (ratelimit.Window, error) { return reader.UpdateUsage(t.Context(), "l") }
	w, err := use()
	parts(t, w, err)
	toQuarter(w.Now, in.Advance)
	for i := range 7 {
		in.ask(t, ratelimit.UpdateRequest{Visit: fmt.Sprint(i)})
		in.ask(t, ratelimit.UpdateRequest{Visit: fmt.Sprint(i)}) // a repeat
	}
	in.Advance(3 * time.Hour)
	for i := range 33 {
		in.ask(t, ratelimit.UpdateRequest{Visit: fmt.Sprint(i)})
	}
	in.ask(t, ratelimit.UpdateRequest{Visit: "refused"})
	w, err = use()
	parts(t, w, err, 33, 0, 0, 7)
	if len(w.Frees) != 40 {
		t.Errorf("%d used", len(w.Frees))
	}
	in.Advance(21*time.Hour + time.Minute)
	w, err = use()
	parts(t, w, err, append(make([]int, 21), 33)...)
}
