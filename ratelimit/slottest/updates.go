package slottest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sightline/ratelimit"
)

// UpdateInstance is one empty store of gallery updates whose time the test moves.
type UpdateInstance struct {
	Updates ratelimit.Updates
	Advance func(time.Duration)
	Again   func() ratelimit.Updates // the same data opened anew, as after a restart
}

// repeat is how long repeats of a visit are one update: longer than a test takes on
// a busy machine, where a store's own clock runs on.
const repeat = 10 * time.Minute

// RunUpdates holds a store of gallery updates to R78 and ruling 3.
func RunUpdates(t *testing.T, open func(*testing.T, ratelimit.UpdateRules) *UpdateInstance) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *UpdateInstance)
	}{
		{"R78_FortyInADay", updatesForty},
		{"R78_RepeatsAreOne", updatesRepeat},
		{"R78_ExactUnderLoad", updatesLoad},
		{"KeepsUpdatesOverRestart", updatesRestart},
		{"LooksWithoutEffect", updatesPeek},
		{"R83_TellsWhenUpdatesFree", testUpdateUsage},
		{"R78_TellsTheUpdatesOfEachHour", testUpdateParts},
		{"RefusesNonsense", updatesNonsense},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t, ratelimit.UpdateRules{Repeat: repeat})) })
	}
	t.Run("AgreesWithTheModel", func(t *testing.T) {
		rules := ratelimit.UpdateRules{Budget: 4, Window: time.Minute, Repeat: 5 * time.Second}
		updatesModel(t, open(t, rules), rules)
	})
}

func (in *UpdateInstance) ask(t *testing.T, r ratelimit.UpdateRequest) ratelimit.UpdateAnswer {
	t.Helper()
	if r.Link == "" {
		r.Link = "l"
	}
	a, err := in.Updates.Update(t.Context(), r)
	if err != nil {
		t.Fatalf("%+v: %v", r, err)
	}
	return a
}

// The window slides: each update frees a day after it was made, not at midnight.
func updatesForty(t *testing.T, in *UpdateInstance) {
	for i := range 40 {
		a := in.ask(t, ratelimit.UpdateRequest{Visit: fmt.Sprint(i)})
		if !a.Allowed || a.Used != i+1 || a.Budget != 40 {
			t.Fatalf("update %d: %+v", i+1, a)
		}
		in.Advance(30 * time.Minute)
	}
	a := in.ask(t, ratelimit.UpdateRequest{Visit: "late"})
	if a.Allowed || a.Used != 40 {
		t.Fatalf("the 41st: %+v", a)
	}
	if wait := a.Free.Sub(a.Now); wait < 3*time.Hour+59*time.Minute || wait > 4*time.Hour+time.Minute {
		t.Errorf("the first frees in %v, it was made 20 h ago", wait)
	}
	if other := in.ask(t, ratelimit.UpdateRequest{Link: "other", Visit: "late"}); !other.Allowed {
		t.Error("another link has its own")
	}
	in.Advance(a.Free.Sub(a.Now) + time.Second)
	if a := in.ask(t, ratelimit.UpdateRequest{Visit: "late"}); !a.Allowed || a.Used != 40 {
		t.Errorf("after one freed: %+v", a)
	}
	if a := in.ask(t, ratelimit.UpdateRequest{Visit: "later"}); a.Allowed {
		t.Errorf("only one freed: %+v", a)
	}
}

func updatesRepeat(t *testing.T, in *UpdateInstance) {
	for range 5 {
		if a := in.ask(t, ratelimit.UpdateRequest{Visit: "v"}); !a.Allowed || a.Used != 1 {
			t.Errorf("repeats of one visit: %+v", a)
		}
		in.Advance(repeat * 9 / 50)
	}
	if a := in.ask(t, ratelimit.UpdateRequest{Visit: "w"}); a.Used != 2 {
		t.Errorf("another visit's: %+v", a)
	}
	in.Advance(repeat * 2 / 5) // 1.3 of it after the first: repeats did not prolong it
	if a := in.ask(t, ratelimit.UpdateRequest{Visit: "v"}); a.Used != 3 {
		t.Errorf("after %v: %+v", repeat, a)
	}
}

func updatesLoad(t *testing.T, in *UpdateInstance) {
	var allowed atomic.Int32
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				a, err := in.Updates.Update(t.Context(), ratelimit.UpdateRequest{Link: "l", Visit: fmt.Sprintf("%d-%d", w, i)})
				if err != nil {
					t.Error(err)
					return
				}
				if a.Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n := allowed.Load(); n != 40 {
		t.Errorf("%d of 400 were let through, the budget is 40", n)
	}
}

func updatesRestart(t *testing.T, in *UpdateInstance) {
	for i := range 40 {
		in.ask(t, ratelimit.UpdateRequest{Visit: fmt.Sprint(i)})
	}
	in.Updates = in.Again()
	if a := in.ask(t, ratelimit.UpdateRequest{Visit: "new"}); a.Allowed || a.Used != 40 {
		t.Errorf("after a restart: %+v", a)
	}
}

func updatesPeek(t *testing.T, in *UpdateInstance) {
	for range 50 {
		if a := in.ask(t, ratelimit.UpdateRequest{Visit: "v", Peek: true}); !a.Allowed || a.Used != 0 || !a.Free.IsZero() {
			t.Fatalf("%+v", a)
		}
	}
}

func updatesNonsense(t *testing.T, in *UpdateInstance) {
	for _, r := range []ratelimit.UpdateRequest{{Link: "l"}, {Visit: "v", Link: "a b"}, {Visit: "v", Link: "}{"}} {
		if _, err := in.Updates.Update(t.Context(), r); err == nil {
			t.Errorf("%+v is kept", r)
		}
	}
}

// updatesModel walks at random and compares with UpdateState.
func updatesModel(t *testing.T, in *UpdateInstance, rules ratelimit.UpdateRules) {
	var model ratelimit.UpdateState
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range 400 {
		r := ratelimit.UpdateRequest{Link: "l", Visit: fmt.Sprint("v", rng.IntN(6)), Peek: rng.IntN(5) == 0}
		got := in.ask(t, r)
		want, _ := model.Judge(rules, got.Now, r)
		if got.Allowed != want.Allowed || got.Used != want.Used || !got.Free.Equal(want.Free) {
			t.Fatalf("seed %d, step %d, %+v: %+v, the model says %+v", seed, i, r, got, want)
		}
		in.Advance(time.Duration(rng.IntN(6000)) * time.Millisecond)
	}
}
