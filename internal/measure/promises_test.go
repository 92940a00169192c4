//go:build promises

package measure

import (
	"testing"
	"time"

	"sightline/internal/redistest"
)

// The stage promises runs the built program ($SIGHTLINE_BIN) and holds every
// figure at three times its bar, a revocation at its 2 s worst case, so that a
// loaded machine does not fail what a user would not notice.
const slack = 3

// One server: first pictures, then a crowd that watches what it costs.
func TestPromiseMedia(t *testing.T) {
	p := demo(t, Options{})
	floor, err := Floor(t.Context(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, every := range []float64{2, 10} {
		cam, err := p.Demo.CameraEvery(every)
		if err != nil {
			t.Fatal(err)
		}
		got, err := FirstPicture(t.Context(), p.Demo, cam, 20)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("first picture, key frame every %g s: %v", every, got)
		if bar := 100 * time.Millisecond; got.Percentile(95) > slack*bar {
			t.Errorf("key frame every %g s: p95 is %v, the bar is %v", every, got.Percentile(95), bar)
		}
	}
	const viewers = 120
	got, err := Watch(t.Context(), p, viewers, 15*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(got)
	flows(t, got)
	ratio := float64(got.PerPacket()) / float64(floor)
	t.Logf("%.2f of the floor, %v", ratio, floor)
	if bar := 1.6; ratio > slack*bar {
		t.Errorf("a packet costs %.2f times the floor, the bar is %.1f", ratio, bar)
	}
	if bar := int64(800_000); got.PerViewer() > slack*bar {
		t.Errorf("a viewer takes %d bytes, the bar is %d", got.PerViewer(), bar)
	}
}

// flows holds what a crowd of 2 Mbit/s must get: about 9 packets a frame at 25
// pictures a second, fewer than half of that is a server that does not deliver,
// and nothing lost on the way.
func flows(t *testing.T, got Load) {
	t.Helper()
	if want := uint64(float64(got.Viewers) * 25 * 9 * got.For.Seconds() / 2); got.Packets < want {
		t.Errorf("only %d packets were delivered, at least %d were due", got.Packets, want)
	}
	if got.Lost != 0 {
		t.Errorf("%d packets are missing that the viewers' own sockets did not drop", got.Lost)
	}
	if got.Stalled != 0 {
		t.Errorf("%d viewers got less than half of what others of their camera got", got.Stalled)
	}
}

func TestPromiseLatency(t *testing.T) {
	p := demo(t, Options{Stamp: true})
	got, load, err := Latency(t.Context(), p, 60, 12*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("camera to viewer: %v", got)
	flows(t, load)
	if bar := 10 * time.Millisecond; got.Percentile(99) > slack*bar {
		t.Errorf("p99 is %v, the bar is %v", got.Percentile(99), bar)
	}
}

// Images: a copy for each of 50 members, and files that would fill the memory.
func TestPromiseImages_R51_T29(t *testing.T) {
	p := demo(t, Options{})
	got, err := Feeds(t.Context(), p.Demo, 50, 5)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("an image in the lists of 50 members: %v", got)
	if bar := 5 * time.Second; got.Percentile(95) > slack*bar {
		t.Errorf("p95 is %v, the bar is %v", got.Percentile(95), bar)
	}
	if got, err = Bombs(t.Context(), p.Demo, 40); err != nil {
		t.Fatal(err)
	}
	t.Logf("a bomb refused: %v", got)
	if bar := 50 * time.Millisecond; got.Percentile(95) > slack*bar {
		t.Errorf("p95 is %v, the bar is %v", got.Percentile(95), bar)
	}
}

func TestPromiseRevocation_R101(t *testing.T) {
	for name, store := range map[string]func(t *testing.T) string{
		"bolt":  func(t *testing.T) string { return "" },
		"redis": func(t *testing.T) string { return redistest.Start(t).URL() },
	} {
		t.Run(name, func(t *testing.T) {
			p := demo(t, Options{Store: store(t)})
			got, err := Revoke(t.Context(), p.Demo, []string{p.Demo.BaseURL}, LinkRemoved, 50)
			if err != nil {
				t.Fatal(err)
			}
			held(t, got)
		})
	}
}

func TestPromiseRevocationTwoNodes_R101(t *testing.T) {
	store := redistest.Start(t).URL()
	p := demo(t, Options{Store: store})
	second, err := p.StartSecondNode(t.Context(), store, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	stopAfter(t, second)
	bases := []string{p.Demo.BaseURL, second.Demo.BaseURL}
	got, err := Revoke(t.Context(), p.Demo, bases, LinkRemoved, 50)
	if err != nil {
		t.Fatal(err)
	}
	held(t, got)
	for _, w := range Ways() {
		if w == LinkRemoved {
			continue // above, with more viewers
		}
		t.Run(string(w), func(t *testing.T) { // R17 R23 R24 R37 R39 R55 R57 R62 R63: each ends what runs on it
			got, err := Revoke(t.Context(), p.Demo, bases, w, 8)
			if err != nil {
				t.Fatal(err)
			}
			held(t, got)
		})
	}
}

func held(t *testing.T, got Cut) {
	t.Helper()
	t.Log(got)
	if worst := 2 * time.Second; got.LastPacket.Max() > worst {
		t.Errorf("the last packet came %v after the request, the worst case is %v", got.LastPacket.Max(), worst)
	}
}
