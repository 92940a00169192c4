package controlroom

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/kv"
	"sightline/sfu"
)

func TestRuling10_LayerRule(t *testing.T) {
	for _, tc := range []struct {
		px, tiles int
		focus     bool
		main      bool
	}{
		{640, 1, false, false}, {641, 1, false, true}, {641, 4, false, true}, {641, 5, false, false},
		{320, 16, true, true}, {0, 1, false, false},
	} {
		if got := wantsMain(TileWant{Px: tc.px, Focus: tc.focus}, tc.tiles, 640, 4); got != tc.main {
			t.Errorf("%+v: main %v", tc, got)
		}
	}
}

// Row R94: tiles of the page that comes next do not change what is seen.
func TestR94_WarmTilesTakeNothing(t *testing.T) {
	warm := TileWant{Camera: "w", Px: 2000, Warm: true}
	if wantsMain(warm, 1, 640, 4) || wantsMain(TileWant{Camera: "w", Focus: true, Warm: true}, 1, 640, 4) {
		t.Error("a warm tile wants the main layer")
	}
	seen := TileWant{Camera: "s", Px: 960}
	if n := liveTiles([]TileWant{seen, seen, seen, seen, warm, warm, warm, warm}); n != 4 {
		t.Errorf("%d tiles are counted", n)
	}
	if rank(warm) >= rank(seen) || rank(seen) >= rank(TileWant{Focus: true}) {
		t.Error("a warm tile is not the first to give way")
	}
}

// What the chip on a tile says of its layer.
func TestR92_LayerAndWhy(t *testing.T) {
	lim := Limits{}.withDefaults()
	up := ingest.LayerState{Status: ingest.Live}
	for _, tc := range []struct {
		px, tiles int
		focus     bool
		sent      ingest.Layer
		have      int
		main      ingest.LayerState
		reason    sfu.Reason
		why       string
	}{
		{640, 1, false, ingest.Sub, 2, up, "", LayerSize},
		{1280, 4, false, ingest.Main, 2, up, "", LayerSize},
		{1280, 6, false, ingest.Sub, 2, up, "", LayerTiles},
		{640, 6, false, ingest.Sub, 2, up, "", LayerSize},
		{1920, 6, true, ingest.Main, 2, up, "", LayerFocus},
		{1920, 6, true, ingest.Sub, 2, up, "", LayerStarting},
		{1920, 6, true, ingest.Sub, 2, ingest.LayerState{Status: ingest.Connecting}, "", LayerStarting},
		{1920, 6, true, ingest.Sub, 2, ingest.LayerState{Status: ingest.Offline}, "", LayerOnly},
		{1920, 6, true, ingest.Sub, 2, up, sfu.ReasonLowBandwidth, LayerBandwidth},
		{640, 6, false, ingest.Sub, 2, up, sfu.ReasonLowBandwidth, LayerSize},
		{640, 6, false, ingest.Main, 2, up, "", LayerOnly}, // the sub layer cannot be shown
		{1920, 1, true, ingest.Main, 1, up, "", LayerOnly},
	} {
		w := TileWant{Px: tc.px, Focus: tc.focus}
		if got := layerWhy(w, tc.tiles, lim, "", tc.sent, tc.have, tc.main, tc.reason); got != tc.why {
			t.Errorf("%+v: %q", tc, got)
		}
	}
	if got := layerWhy(TileWant{Px: 100}, 1, lim, "main", ingest.Main, 2, up, ""); got != LayerAsked {
		t.Errorf("a player that asked: %q", got)
	}
}

// Whatever lists follow one another, no tile is taken over by another camera and
// none goes to two cells.
func TestMatchIsOneToOne(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	list := func() []TileWant {
		var out []TileWant
		for c := range r.IntN(8) {
			out = append(out, TileWant{Cell: c, Camera: string(rune('a' + r.IntN(4)))})
		}
		return out
	}
	for range 5000 {
		have, want := list(), list()
		seen := map[int]bool{}
		for i, j := range match(have, want) {
			if j < 0 {
				continue
			}
			if seen[j] || have[j].Camera != want[i].Camera {
				t.Fatalf("%v → %v: %d is %d", have, want, i, j)
			}
			seen[j] = true
		}
		count := func(l []TileWant) map[string]int {
			m := map[string]int{}
			for _, t := range l {
				m[t.Camera]++
			}
			return m
		}
		kept, h, w := map[string]int{}, count(have), count(want)
		for j := range seen {
			kept[have[j].Camera]++
		}
		for c := range w {
			if kept[c] != min(h[c], w[c]) {
				t.Fatalf("%v → %v keeps %d of %s", have, want, kept[c], c)
			}
		}
	}
}

func TestR91_EveryTileIsInExactlyOneNamedState(t *testing.T) {
	known := map[string]bool{}
	for _, s := range []string{StateConnecting, StateLive, StateStalled, StateReconnecting, StateOffline, StateOff, StateClosed,
		StateRestricted, StateEnded, StateThrottled, StateFrozen, StateUnsupported, StateImage} {
		known[s] = true
	}
	reasons := append(authz.Reasons(), "")
	allMedia := append(sfu.Reasons(), "")
	for _, w := range []TileWant{{Cell: 1, Camera: "c"}, {Cell: 1, Still: 1}} {
		for _, frozen := range []bool{false, true} {
			for _, r := range reasons {
				for bits := range 16 {
					v := verdict{known: bits&1 != 0, away: bits&2 != 0, wasLive: bits&4 != 0,
						decision: authz.Decision{Reason: r, Allowed: r == authz.ReasonOK, Invisible: bits&8 != 0}}
					for _, status := range []ingest.Status{ingest.Idle, ingest.Connecting, ingest.Live, ingest.Reconnecting, ingest.Offline} {
						for _, mr := range allMedia {
							m := media{known: true, first: bits&8 != 0, reason: mr, paused: mr == sfu.ReasonLowBandwidth, held: [2]bool{true, false}}
							m.camera.Layers[0] = ingest.LayerState{Status: status, Reason: mr}
							st := derive(w, "0", "name", frozen, v, m)
							if !known[st.State] {
								t.Fatalf("state %q", st.State)
							}
							if st.Name != "" && !frozen && !v.decision.Allowed {
								t.Fatalf("a name without the right: %+v of %+v", st, v)
							}
							if st.State == StateLive && (status != ingest.Live || !m.first || m.paused || !v.decision.Allowed || frozen) {
								t.Fatalf("live without pictures: %+v", st)
							}
						}
					}
				}
			}
		}
	}
}

func TestViewsAreChecked(t *testing.T) {
	ok := View{Name: " Yard ", Rows: 2, Columns: 3, Cells: []Cell{{Any: 1}, {Camera: authz.NewID()}}, DefaultFor: []string{"phone", "desktop", "phone"}}
	if err := checkView(&ok, nil); err != nil {
		t.Fatal(err)
	}
	if ok.Name != "Yard" || len(ok.Cells) != 6 || len(ok.DefaultFor) != 2 || ok.Layout != LayoutGrid {
		t.Fatalf("made whole: %+v", ok)
	}
	five := View{Name: "Five", Layout: LayoutOneFive}
	if err := checkView(&five, nil); err != nil || len(five.Cells) != 6 {
		t.Fatalf("1+5: %+v %v", five, err)
	}
	for name, v := range map[string]View{
		"no name":     {Rows: 1, Columns: 1},
		"long name":   {Name: strings.Repeat("ä", 61), Rows: 1, Columns: 1},
		"name taken":  {Name: "yard", Rows: 1, Columns: 1},
		"five rows":   {Name: "x", Rows: 5, Columns: 1},
		"no columns":  {Name: "x", Rows: 1},
		"more cells":  {Name: "x", Rows: 1, Columns: 1, Cells: make([]Cell, 2)},
		"both":        {Name: "x", Rows: 1, Columns: 1, Cells: []Cell{{Camera: authz.NewID(), Any: 1}}},
		"no id":       {Name: "x", Rows: 1, Columns: 1, Cells: []Cell{{Camera: "../x"}}},
		"device":      {Name: "x", Rows: 1, Columns: 1, DefaultFor: []string{"fridge"}},
		"layout":      {Name: "x", Rows: 1, Columns: 1, Layout: "spiral"},
		"minus first": {Name: "x", Rows: 1, Columns: 1, Cells: []Cell{{Any: -1}}},
	} {
		if err := checkView(&v, []View{{ID: "other", Name: "Yard"}}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestR90_DefaultViewShowsTheFirstCamera(t *testing.T) {
	v := DefaultView()
	if v.Rows != 1 || v.Columns != 1 || len(v.Cells) != 1 || v.Cells[0] != (Cell{Any: 1}) {
		t.Fatalf("%+v", v)
	}
}

func TestF21_OutboxIsBounded(t *testing.T) {
	o := newOutbox()
	for i := range outboxMessages {
		if !o.put([]byte{byte(i)}) {
			t.Fatalf("full at %d", i)
		}
	}
	if o.put([]byte("x")) {
		t.Fatal("message 257 fits")
	}
	for i := range outboxMessages {
		if m, ok := o.next(t.Context()); !ok || m[0] != byte(i) {
			t.Fatalf("message %d: %v", i, m)
		}
	}
	big := make([]byte, outboxBytes)
	if !o.put(big) || o.put([]byte("x")) {
		t.Fatal("1 MB is not the limit")
	}
	o.end(false)
	if m, ok := o.next(t.Context()); !ok || len(m) != outboxBytes {
		t.Fatal("what was queued before the end is lost")
	}
	if _, ok := o.next(t.Context()); ok {
		t.Fatal("a message after the end")
	}
	if !o.put([]byte("x")) {
		t.Fatal("putting after the end is no failure")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := newOutbox().next(ctx); ok {
		t.Fatal("a message from nowhere")
	}
}

func TestMentionedFindsIDsInKeysAndValues(t *testing.T) {
	a, b, c := authz.NewID(), authz.NewID(), authz.NewID()
	m := mentioned([]kv.Value{{Key: "grant/" + a + "/" + b, Data: []byte(fmt.Sprintf(`{"owner":%q,"x":"%s0"}`, c, c))}, {Key: "instance"}})
	if len(m) != 3 || !m[a] || !m[b] || !m[c] {
		t.Fatalf("%v", m)
	}
	if !m.meets(interest{c: true}) || m.meets(interest{"x": true}) || m.meets(nil) {
		t.Fatal("meets")
	}
}

func TestBackoffIsBounded(t *testing.T) {
	for n := range 20 {
		if d := backoff(n); d < 750*time.Millisecond || d > 19*time.Second {
			t.Fatalf("wait %d is %v", n, d)
		}
	}
}
