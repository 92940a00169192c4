package authz

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/redistest"
)

// often are the steps that come more often than others, so that there is
// something to lose.
var often = map[string]int{"camera": 6, "give": 8, "accept": 14, "watch": 14, "link": 5, "visit": 6, "resume": 2, "link's dates": 2, "join": 4, "code": 2, "share": 4, "sign in": 12, "suspend": 3, "plan": 2, "switch": 3, "enrol": 4, "group": 2}

func randomSteps(seed uint64, n int) []step {
	rng := rand.New(rand.NewPCG(seed, seed))
	var kinds []string
	for _, k := range slices.Sorted(maps.Keys(steps)) {
		for range max(1, often[k]) {
			kinds = append(kinds, k)
		}
	}
	out := make([]step, n)
	for i := range out {
		out[i] = step{kinds[rng.IntN(len(kinds))], rng.IntN(64), rng.IntN(64), rng.IntN(64), rng.IntN(64), rng.IntN(1 << 12)}
	}
	return out
}

// worlds make a fresh store for a sequence, and where it can be done a way to set
// its clock.
type worlds func(t testing.TB) (store kv.Store, clock *leapClock, done func())

// boltWorlds have a clock that stands but for its leaps of whole minutes, in the
// middle of a minute: nothing begins or ends while a sequence runs, however long
// it takes, and a sequence comes out the same at any hour.
func boltWorlds(t testing.TB) (kv.Store, *leapClock, func()) {
	clk := &leapClock{still: time.Date(2026, 3, 3, 14, 50, 30, 0, time.UTC)}
	s, err := boltkv.Open(context.Background(), t.TempDir(), boltkv.Config{Clock: clk, Timeout: patient})
	if err != nil {
		t.Fatal(err)
	}
	return s, clk, func() { s.Close() }
}

func redisWorlds(url string) worlds {
	n := 0
	return func(t testing.TB) (kv.Store, *leapClock, func()) {
		n++
		return openRedis(t, url, fmt.Sprintf("%s-%d", t.Name(), n)), nil, func() {}
	}
}

// play runs a sequence on a fresh world; the error is where it went apart.
func play(t testing.TB, w worlds, seq []step) (at int, err error) {
	store, clk, done := w(t)
	defer done()
	a := newArena(t, store, clk)
	defer a.stop()
	for i, s := range seq {
		if err := a.do(s); err != nil {
			return i, err
		}
	}
	return len(seq), a.orphans()
}

// shrink leaves out steps as long as it still goes wrong, for two minutes at most.
func shrink(t testing.TB, w worlds, seq []step, tries int) []step {
	end := time.Now().Add(2 * time.Minute)
	for size := len(seq) / 2; size > 0; size /= 2 {
		for from := 0; from+size <= len(seq) && tries > 0 && time.Now().Before(end); tries-- {
			less := slices.Delete(slices.Clone(seq), from, from+size)
			if at, err := play(t, w, less); err != nil {
				seq = less[:min(at+1, len(less))]
			} else {
				from += size
			}
		}
	}
	return seq
}

// againstTheModel plays random sequences on a store. What goes wrong is printed
// with its seed and shrunk; MODEL_SEED plays one seed alone.
func againstTheModel(t *testing.T, w worlds, seeds, length int) {
	first := uint64(time.Now().UnixNano())
	if env := os.Getenv("MODEL_SEED"); env != "" {
		n, err := strconv.ParseUint(env, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		first, seeds = n, 1
	}
	t.Logf("seeds %d to %d, %d steps each", first, first+uint64(seeds)-1, length)
	for i := range seeds {
		seed := first + uint64(i)
		seq := randomSteps(seed, length)
		at, err := play(t, w, seq)
		if err == nil {
			continue
		}
		small := shrink(t, w, seq[:min(at+1, len(seq))], 200)
		var b strings.Builder
		for _, s := range small {
			fmt.Fprintf(&b, "\t%v,\n", s)
		}
		_, again := play(t, w, small)
		t.Fatalf("seed %d, step %d: %v\nshrunk to %d steps (%v):\n%s", seed, at, err, len(small), again, b.String())
	}
}

// The service against the model: random operations on two nodes, every decision
// and every running subscription compared after each (research 3.3).
func TestModel(t *testing.T) {
	t.Run("bolt", func(t *testing.T) { againstTheModel(t, boltWorlds, 6, 150) })
	t.Run("redis", func(t *testing.T) { againstTheModel(t, redisWorlds(redistest.Start(t).URL()), 3, 120) })
}
