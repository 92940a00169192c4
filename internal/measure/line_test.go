//go:build promises || soak

package measure

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"time"

	"sightline/internal/testpeer"
)

// What is promised of six tiles while the line goes 3, 1, 10 Mbit/s (C5).
const (
	standStill = 2 * time.Second  // of a tile that is not told to be paused
	backWithin = 10 * time.Second // all six, after the line is quick again
	lineStep   = 15 * time.Second
)

// holdLine watches six tiles of the built program over a line of 3, then 1, then
// 10 Mbit/s: none stands still for longer than slack times the bar without its
// reason, all come back, and nothing is lost for good.
func holdLine(t *testing.T, slack time.Duration) {
	p := demo(t, Options{})
	var cams []string
	for _, c := range p.Demo.Cameras {
		cams = append(cams, c.ID)
	}
	line := func(bits int) testpeer.Shape { return testpeer.Shape{Bits: bits, Delay: 15 * time.Millisecond} }
	l, err := testpeer.NewLink("127.0.0.1:0", mediaAddress(t, p), line(3_000_000), testpeer.Shape{Delay: 15 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	eye := &eye{painted: map[string]time.Time{}, paused: map[string]time.Time{}}
	w, err := OpenWall(Patient(t.Context()), NewClient(p.Demo.BaseURL, p.Demo.Accounts[0].Token), "/api/v1", cams, 640, testpeer.Config{Link: l, NACK: true, TWCC: true, OnPacket: eye.packet})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := until(t.Context(), time.Minute, "six pictures at 3 Mbit/s", w.Playing); err != nil {
		t.Fatal(err)
	}
	watch := func(what string, d time.Duration, done func() bool) bool {
		t.Helper()
		longest, ok := eye.watch(t, w, d, done)
		for i, still := range longest {
			t.Logf("%s: tile %d stood still without a reason for %v at most", what, i, still.Round(10*time.Millisecond))
			if still > slack*standStill {
				t.Errorf("%s: tile %d stood still without a reason for %v, bar %v", what, i, still, slack*standStill)
			}
		}
		return ok
	}
	watch("3 Mbit/s", lineStep, nil)
	if n := eye.flowing(w, slack*standStill); n < 5 {
		t.Errorf("at 3 Mbit/s %d of 6 tiles flow", n)
	}
	l.SetDown(line(1_000_000))
	watch("1 Mbit/s", lineStep, nil)
	if w.Heard("tile:stalled:low_bandwidth").IsZero() {
		t.Error("at 1 Mbit/s no tile said why it is paused")
	}
	if n := eye.flowing(w, slack*standStill); n < 1 {
		t.Error("at 1 Mbit/s no tile flows")
	}
	l.SetDown(line(10_000_000))
	began := time.Now()
	if !watch("10 Mbit/s", slack*backWithin, func() bool { return eye.flowing(w, time.Second) == 6 }) {
		t.Errorf("%d of 6 tiles are back %v after the line", eye.flowing(w, time.Second), slack*backWithin)
	}
	t.Logf("six tiles again %v after 10 Mbit/s", time.Since(began).Round(100*time.Millisecond))
	watch("after that", lineStep, nil)
	// What a machine that stood still sends at once overflows the line too: that passes.
	for windows := 1; ; windows++ {
		before := l.Down()
		watch("at the end", 5*time.Second, nil)
		after := l.Down()
		lost, passed := after.Overflowed-before.Overflowed, after.Passed-before.Passed
		if lost*50 <= passed {
			break
		}
		if windows == 4 {
			t.Errorf("%d of %d packets are still lost", lost, passed)
			break
		}
	}
}

// eye notes when each tile last had a whole frame.
type eye struct {
	mu      sync.Mutex
	painted map[string]time.Time // by m-line

	paused map[string]time.Time // when it was last seen paused; of watch alone
}

func (e *eye) packet(p *testpeer.Packet) {
	if !p.Marker || p.RTX {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.painted[p.Mid] = p.At
}

// watch looks at the tiles for so long, or until done says so, and returns how
// long each stood still at most while the server did not say that it is paused.
func (e *eye) watch(t *testing.T, w *Wall, d time.Duration, done func() bool) (longest []time.Duration, ok bool) {
	t.Helper()
	mids := w.Peer.Mids()
	longest = make([]time.Duration, len(mids))
	for end := time.Now().Add(d); time.Now().Before(end); {
		if err := pause(t.Context(), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		for i, mid := range mids {
			if w.State(i) == "stalled" {
				e.paused[mid] = now
				continue
			}
			e.mu.Lock()
			last := e.painted[mid]
			e.mu.Unlock()
			if e.paused[mid].After(last) {
				last = e.paused[mid]
			}
			longest[i] = max(longest[i], now.Sub(last))
		}
		if done != nil && done() {
			return longest, true
		}
	}
	return longest, done == nil
}

// flowing is how many tiles had a whole frame within the last while.
func (e *eye) flowing(w *Wall, d time.Duration) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, mid := range w.Peer.Mids() {
		if time.Since(e.painted[mid]) < d {
			n++
		}
	}
	return n
}

// mediaAddress is where the program takes media, seen from this machine.
func mediaAddress(t *testing.T, p *Program) string {
	t.Helper()
	u, err := url.Parse(p.Demo.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	var port string
	cfg := testpeer.Config{Exchange: func(ctx context.Context, offer string) (string, error) {
		c := NewClient(p.Demo.BaseURL, p.Demo.Accounts[0].Token)
		var out struct{ ID, SDP string }
		in := map[string]any{"sdp": offer, "version": 1, "tiles": []tile{{Camera: p.Demo.Cameras[0].ID, Px: 320}}}
		err := c.Do(Patient(ctx), "POST", "/api/v1/viewing", in, &out)
		port = testpeer.MediaPort(out.SDP)
		return out.SDP, err
	}}
	j, err := testpeer.Join(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	j.Close()
	return u.Hostname() + ":" + port
}
