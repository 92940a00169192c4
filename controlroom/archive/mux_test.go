package archive

import (
	"testing"
	"time"

	"sightline/internal/testcam"
)

// Every key frame begins a fragment, wherever in the second before it the last
// fragment ended: the index knows key frames by that alone.
func TestEveryKeyFrameBeginsAFragment(t *testing.T) {
	t.Parallel()
	const fps, gop, groups = 25, 50, 20
	frames, format := framesOf(t, clip(t, testcam.Spec{Seconds: 4, Width: 160, Height: 90, GOP: 500 * time.Millisecond}))
	a, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: t.TempDir()}}, Reserve: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	cam := newFakeCamera(t, a, "gate", frames, format)
	from := cam.mono
	for n := range groups * gop {
		f := frames[1]
		if n%gop == 0 {
			f = frames[0]
		}
		// A picture in seven comes a tenth late: a second holds 24 as often as 25.
		at := int64(n) * int64(time.Second) / fps
		if n%7 == 3 {
			at += int64(time.Second) / fps / 10 * 9
		}
		f.Mono, f.TS = from+at, uint32((from+at)/1e6*90)
		cam.sink.Frame(format, &f)
	}
	cam.take.stop()
	keys := 0
	list, err := a.Segments(t.Context(), "gate", Main, always(), 0, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		for _, f := range s.Fragments {
			if f.Key {
				keys++
			}
		}
	}
	if keys != groups {
		t.Errorf("%d of %d key frames can be found", keys, groups)
	}
}
