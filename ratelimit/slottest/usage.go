package slottest

import (
	"fmt"
	"testing"
	"time"

	"sightline/ratelimit"
)

// window checks what a reader says is used: so many, freeing so long from now, give
// or take what a busy machine took.
func window(t *testing.T, w ratelimit.Window, err error, budget int, frees ...time.Duration) {
	t.Helper()
	if err != nil || w.Budget != budget || len(w.Frees) != len(frees) {
		t.Fatalf("%+v, %v: want %d of %d", w, err, len(frees), budget)
	}
	for i, want := range frees {
		if d := w.Frees[i].Sub(w.Now) - want; d.Abs() > 5*time.Minute {
			t.Errorf("%d frees in %v, want %v", i, w.Frees[i].Sub(w.Now), want)
		}
	}
}

func testSlotUsage(t *testing.T, in *Instance) {
	reader := in.Slots.(ratelimit.SlotReader)
	use := func() (ratelimit.Window, error) { return reader.SlotUsage(t.Context(), "l") }
	w, err := use()
	window(t, w, err, 10)
	in.want(t, "a", ip(1), true, 1, 0)
	in.Advance(2 * time.Hour)
	in.want(t, "b", ip(2), true, 2, 0)
	w, err = use()
	window(t, w, err, 10, 22*time.Hour, 24*time.Hour)
	in.want(t, "a", ip(1), true, 2, 0)
	in.Advance(23 * time.Hour)
	w, err = use()
	window(t, w, err, 10, time.Hour, time.Hour)
	in.Advance(2 * time.Hour)
	w, err = use()
	window(t, w, err, 10)
}

func testUpdateUsage(t *testing.T, in *UpdateInstance) {
	reader := in.Updates.(ratelimit.UpdateReader)
	use := func() (ratelimit.Window, error) { return reader.UpdateUsage(t.Context(), "l") }
	w, err := use()
	window(t, w, err, 40)
	in.ask(t, ratelimit.UpdateRequest{Visit: "a"})
	in.Advance(5 * time.Hour)
	in.ask(t, ratelimit.UpdateRequest{Visit: "a"})
	w, err = use()
	window(t, w, err, 40, 19*time.Hour, 24*time.Hour)
	in.Advance(20 * time.Hour)
	w, err = use()
	window(t, w, err, 40, 4*time.Hour)
}

func testSlotVisits(t *testing.T, in *Instance) {
	reader := in.Slots.(ratelimit.SlotReader)
	have := func(want ...string) {
		t.Helper()
		got, err := reader.SlotVisits(t.Context(), "l")
		if err != nil || len(got) != len(want) {
			t.Fatalf("%v, %v: want %v", got, err, want)
		}
		for _, v := range want {
			if !got[v] {
				t.Errorf("%v: %s is missing", got, v)
			}
		}
	}
	have()
	in.want(t, "a", ip(1), true, 1, 0)
	in.want(t, "a2", ip(1), true, 1, 0)
	in.Advance(2 * time.Hour)
	for i := 2; i <= 10; i++ {
		in.ask(t, ratelimit.SlotRequest{Visit: fmt.Sprint("v", i), IP: ip(i)})
	}
	in.want(t, "late", ip(11), false, 10, 1)
	have("a", "a2", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10")
	in.Advance(22*time.Hour + time.Minute)
	have("v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10")
}
