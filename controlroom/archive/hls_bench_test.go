package archive

import (
	"slices"
	"testing"
	"time"

	"sightline/internal/clock"
)

// BenchmarkPlaylistYear: a playlist over a range with a year of a camera on the
// disk, as a player asks for it: the index is read, cut and written out. The bar is
// 100 ms (p95) for a day.
func BenchmarkPlaylistYear(b *testing.B) {
	dir := b.TempDir()
	year(b, dir, 365)
	a, err := New(Config{Sources: nobody{}, Disks: []Disk{{Path: dir}}})
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	noon := time.Now().Add(-180 * 24 * time.Hour).Truncate(24 * time.Hour).Add(-2 * time.Hour)
	for _, c := range []struct {
		name  string
		span  time.Duration
		wish  time.Duration
		again bool // the same day each time
	}{{"ten minutes", 10 * time.Minute, 2 * time.Second, false}, {"an hour", time.Hour, 2 * time.Second, false}, {"a day", 24 * time.Hour, 5 * time.Second, false}, {"a day again", 24 * time.Hour, 5 * time.Second, true}} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			size, days, before := 0, 0, now()
			for b.Loop() {
				for range 40 {
					from := noon.Add(time.Duration(days%150) * 24 * time.Hour) // another day each time
					if !c.again {
						days++
						a.parts = partsCache{} // as if nobody had asked for it
					}
					began := clock.Mono()
					pieces, err := a.Pieces(b.Context(), "gate", Main, Cut{Span: Span{from, from.Add(c.span)}, Wish: c.wish})
					if err != nil {
						b.Fatal(err)
					}
					p := Playlist{Pieces: pieces, From: from, Ended: true}
					size = len(p.Append(nil))
					took = append(took, time.Duration(clock.Mono()-began))
				}
			}
			b.ReportMetric((now().cpu-before.cpu)*1e3/float64(len(took)), "ms-cpu")
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1e3, "ms-p95")
			b.ReportMetric(float64(size)/1024, "KiB")
		})
	}
	list, err := a.Segments(b.Context(), "gate", Main, Span{noon, noon.Add(time.Minute)}, 1, "")
	if err != nil || len(list) != 1 {
		b.Fatal(len(list), err)
	}
	b.Run("one segment", func(b *testing.B) {
		for b.Loop() {
			if _, err := a.Segment(b.Context(), "gate", list[0].ID); err != nil {
				b.Fatal(err)
			}
		}
	})
}
