//go:build promises

package measure

import (
	"context"
	"net/url"
	"testing"
	"time"

	"sightline/internal/testpeer"
)

// Six tiles of the built program over a line of 3, then 1, then 10 Mbit/s: what
// is not paused does not stand still, what is paused says why, and all come back.
func TestPromiseLine(t *testing.T) {
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
	w, err := OpenWall(t.Context(), NewClient(p.Demo.BaseURL, p.Demo.Accounts[0].Token), "/api/v1", cams, 640, testpeer.Config{Link: l, NACK: true, TWCC: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := until(t.Context(), 20*time.Second, "six pictures at 3 Mbit/s", w.Playing); err != nil {
		t.Fatal(err)
	}
	if n := flowing(t, w, 3*time.Second); n < 5 {
		t.Errorf("at 3 Mbit/s %d of 6 tiles flow", n)
	}
	l.SetDown(line(1_000_000))
	if err := until(t.Context(), 20*time.Second, "a tile that says why it is paused", func() bool { return !w.Heard("tile:stalled:low_bandwidth").IsZero() }); err != nil {
		t.Error(err)
	}
	if n := flowing(t, w, slack*2*time.Second); n < 1 {
		t.Error("at 1 Mbit/s no tile flows")
	}
	l.SetDown(line(10_000_000))
	if err := until(t.Context(), slack*30*time.Second, "six tiles again at 10 Mbit/s", func() bool { return flowing(t, w, 2*time.Second) == 6 }); err != nil {
		t.Error(err)
	}
	before := l.Down()
	flowing(t, w, 5*time.Second)
	after := l.Down()
	if lost := after.Overflowed - before.Overflowed; lost*50 > after.Passed-before.Passed {
		t.Errorf("%d of %d packets are still lost", lost, after.Passed-before.Passed)
	}
}

// flowing is how many tiles got frames in the next while.
func flowing(t *testing.T, w *Wall, d time.Duration) int {
	t.Helper()
	before := w.Peer.Stats()
	if err := pause(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, s := range w.Peer.Stats() {
		if s.Frames > before[i].Frames {
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
		err := c.Do(ctx, "POST", "/api/v1/viewing", in, &out)
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
