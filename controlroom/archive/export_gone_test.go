package archive

import (
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/testcam"
)

// A watermark that cannot be made any more is told so once, and gives its place
// to the next one.
func TestAWatermarkOfFootageThatGoesFails(t *testing.T) {
	t.Parallel()
	x := newTaken(t, ExportsConfig{}, testcam.Spec{Kbits: 500, Width: 320, Height: 180}, 8)
	anna := authz.NewID()
	empty := x.fill() // nothing is made before all is gone
	ask := x.ask(anna)
	ask.Watermark = true
	made := x.create(ask)
	if n, err := x.a.shelvesOf("gate", Main)[0].removeOldest(func(row, int64) bool { return true }); n == 0 || err != nil {
		t.Fatal(n, err)
	}
	empty()
	poll(t, 30*time.Second, "the end of it", func() bool {
		now, err := x.e.Get(anna, made.ID)
		if err != nil {
			t.Fatal(err)
		}
		return now.State == ExportFailed
	})
	now, err := x.e.Get(anna, made.ID)
	if err != nil || now.Error != CodeFootageGone {
		t.Errorf("%+v %v", now, err)
	}
	poll(t, 10*time.Second, "its place to be free", func() bool { return len(x.e.marking) == 0 })
}
