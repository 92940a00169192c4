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
		name string
		span time.Duration
		wish time.Duration
	}{{"ten minutes", 10 * time.Minute, 2 * time.Second}, {"an hour", time.Hour, 2 * time.Second}, {"a day", 24 * time.Hour, 5 * time.Second}} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			size, days, before := 0, 0, now()
			for b.Loop() {
				for range 40 {
					from := noon.Add(time.Duration(days%150) * 24 * time.Hour) // another day each time
					days++
					began := clock.Mono()
					list, err := a.Segments(b.Context(), "gate", Main, Span{from, from.Add(c.span)}, 0, "")
					if err != nil {
						b.Fatal(err)
					}
					p := Playlist{Pieces: Pieces(list, Cut{Span: Span{from, from.Add(c.span)}, Wish: c.wish}), From: from, Ended: true}
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
