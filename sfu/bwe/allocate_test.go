package bwe_test

import (
	"slices"
	"testing"

	"sightline/sfu/bwe"
)

func layers(tiles []*bwe.Tile) []int {
	var out []int
	for _, t := range tiles {
		out = append(out, t.Layer)
	}
	return out
}

// C5: every tile lowest first, then raises in order of importance; what does
// not fit is paused from the least important on.
func TestAllocateLowestFirst(t *testing.T) {
	const p = bwe.Paused
	one := func(bits ...int) *bwe.Tile { return &bwe.Tile{Want: len(bits) - 1, Bits: bits} }
	for _, c := range []struct {
		name  string
		tiles []*bwe.Tile
		rate  int
		sure  bool
		want  []int
	}{
		{"all high", wall(3, 300, 2000), 7000, true, []int{1, 1, 1}},
		{"two high", wall(3, 300, 2000), 5000, true, []int{1, 1, 0}},
		{"all low", wall(3, 300, 2000), 900, true, []int{0, 0, 0}},
		{"the last paused", wall(3, 300, 2000), 899, true, []int{0, 0, p}},
		{"nobody paused by a guess", wall(3, 300, 2000), 100, false, []int{0, 0, 0}},
		{"nothing fits", wall(2, 300, 2000), 100, true, []int{p, p}},
		{"a large one that does not fit leaves the small", []*bwe.Tile{one(300), one(4000), one(300)}, 1000, true, []int{0, p, 0}},
		{"focus first", []*bwe.Tile{{Want: 1, Bits: []int{300, 2000}}, {Want: 1, Rank: 5, Bits: []int{300, 2000}}}, 2700, true, []int{0, 1}},
		{"focus stays", []*bwe.Tile{{Bits: []int{300}}, {Rank: 5, Bits: []int{300}}}, 400, true, []int{p, 0}},
		{"no higher than wanted", []*bwe.Tile{{Want: 0, Bits: []int{300, 2000}}}, 9000, true, []int{0}},
		{"a source without layers", []*bwe.Tile{{}, one(300)}, 400, true, []int{p, 0}},
	} {
		bwe.Allocate(c.tiles, c.rate, c.sure, 0)
		if got := layers(c.tiles); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// A rate that moves about a threshold does not make layers flap: each raise
// that does not last doubles the wait for the next.
func TestAllocateDoesNotFlap(t *testing.T) {
	tiles := wall(2, 300_000, 2_000_000)
	changes, last := 0, []int{0, 0}
	for i := range 600 { // 60 s, 0.1 s apart, the rate crosses the threshold every second
		rate := 2_600_000
		if i/10%2 == 1 {
			rate = 2_200_000
		}
		bwe.Allocate(tiles, rate, true, int64(i)*100*ms)
		if got := layers(tiles); !slices.Equal(got, last) {
			changes++
			last = got
		}
	}
	if changes > 10 {
		t.Errorf("%d changes in a minute", changes)
	}
}

// The plan names what the next raise needs, and nothing while it is held back.
func TestPlanNamesTheNextRaise(t *testing.T) {
	tiles := wall(2, 300_000, 2_000_000)
	p := bwe.Allocate(tiles, 1_000_000, true, 0)
	if p.Used != 600_000 || p.Wanted != 4_000_000 || p.Next < 2_300_000 || p.Next > 3_000_000 {
		t.Errorf("%+v", p)
	}
	bwe.Allocate(tiles, 5_000_000, true, 1000*ms)
	p = bwe.Allocate(tiles, 1_000_000, true, 2000*ms)
	if p.Next != 0 || !p.Held || p.Used != 600_000 {
		t.Errorf("right after a cut: %+v", p)
	}
	if p = bwe.Allocate(tiles, 5_000_000, true, 60_000*ms); p.Next != 0 || p.Held || p.Used != 4_000_000 {
		t.Errorf("with room for all: %+v", p)
	}
}
