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
