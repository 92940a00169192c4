package testcam

import (
	"context"
	"testing"
	"time"
)

func TestScenesAreSixWithTheirIntervals(t *testing.T) {
	begin := time.Now()
	scenes, err := Clips(context.Background(), "", func(done, total int) { t.Logf("%d of %d after %v", done, total, time.Since(begin)) })
	if err != nil {
		t.Fatal(err)
	}
	if len(scenes) != 6 {
		t.Fatalf("%d scenes", len(scenes))
	}
	tens, sound := 0, 0
	for _, s := range scenes {
		for _, c := range []*Clip{s.Main, s.Sub} {
			if c.Length != time.Minute || len(c.Units) != 1500 {
				t.Errorf("%s: %v, %d pictures", s.Name, c.Length, len(c.Units))
			}
			keys, every := 0, int(c.Key.Seconds()*c.FPS)
			for i, u := range c.Units {
				if u.Key != (i%every == 0) {
					t.Fatalf("%s %d: key = %v", s.Name, i, u.Key)
				}
				if u.PTS != u.DTS {
					t.Fatalf("%s %d: reordered", s.Name, i)
				}
				if u.Key {
					keys++
				}
			}
			rate := float64(c.Bytes()) * 8 / c.Length.Seconds() / 1e6
			t.Logf("%s %dx%d: %.2f Mbit/s, %d keys, first key %d bytes", s.Name, c.Width, c.Height, rate, keys, len(c.Units[0].NALs[0]))
			if s.ID == "yard" || s.ID == "street" {
				checkNumbers(t, c)
			}
			if want := map[int]float64{1280: 2, 640: .4}[c.Width]; rate < want*.7 || rate > want*1.15 {
				t.Errorf("%s %d wide: %.2f Mbit/s, want about %.1f", s.Name, c.Width, rate, want)
			}
		}
		if s.Main.Key == 10*time.Second {
			tens++
		}
		if s.Main.Audio != nil {
			sound++
		}
	}
	if tens != 1 || sound != 1 {
		t.Errorf("%d cameras with 10 s, %d with sound; want one each", tens, sound)
	}
}

// TestScenesBeginShortlyBeforeAKeyFrame, also the one with 10 s between them.
func TestScenesBeginShortlyBeforeAKeyFrame(t *testing.T) {
	scenes, err := Clips(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scenes {
		for _, c := range []*Clip{s.Main, s.Sub} {
			n, _ := c.at(sceneStart)
			for !c.Units[n].Key {
				n++
			}
			if wait := c.Units[n].DTS - sceneStart; wait < 0 || wait > 2*time.Second {
				t.Errorf("%s: the first key frame comes after %v", s.Name, wait)
			}
		}
	}
}

func TestAPositionCountsWhatIsDueBeforeIt(t *testing.T) {
	c := &Clip{Units: []Unit{{DTS: 0}, {DTS: time.Second}, {DTS: 2 * time.Second}}, Audio: &Sound{Packet: 400 * time.Millisecond}}
	for pos, want := range map[time.Duration][2]int{0: {0, 0}, 1: {1, 1}, time.Second: {1, 3}, 1200 * time.Millisecond: {2, 3}, time.Minute: {3, 150}} {
		if u, p := c.at(pos); u != want[0] || p != want[1] {
			t.Errorf("at %v: %d pictures and %d packets, want %v", pos, u, p, want)
		}
	}
}
