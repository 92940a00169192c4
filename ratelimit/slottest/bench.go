package slottest

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"sightline/internal/clock"
	"sightline/ratelimit"
)

// Bench measures admissions: their rate, and the time of one at p50 and p99, from
// as many callers at once as a busy node has. One link in ten is full, so that
// both answers are in it.
func Bench(b *testing.B, slots ratelimit.Slots, callers int) {
	const links = 100
	admit := func(i int) error {
		link := i % links
		people := 8
		if link%10 == 0 {
			people = 24
		}
		_, err := slots.Admit(b.Context(), ratelimit.SlotRequest{Link: fmt.Sprint("bench", link), Visit: fmt.Sprint("v", i/links%people),
			IP: netip.AddrFrom4([4]byte{10, 1, byte(link), byte(i / links % people)})})
		return err
	}
	for i := range links * 24 { // everybody has been here
		if err := admit(i); err != nil {
			b.Fatal(err)
		}
	}
	took := make([][]time.Duration, callers)
	var wg sync.WaitGroup
	b.ResetTimer()
	begun := clock.Mono()
	for c := range callers {
		wg.Go(func() {
			for i := c; i < b.N; i += callers {
				at := clock.Mono()
				if err := admit(i); err != nil {
					b.Error(err)
					return
				}
				took[c] = append(took[c], time.Duration(clock.Mono()-at))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Concat(took...)
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	ms := func(part float64) float64 {
		return float64(all[int(part*float64(len(all)-1))]) / float64(time.Millisecond)
	}
	b.ReportMetric(float64(len(all))/time.Duration(clock.Mono()-begun).Seconds(), "admissions/s")
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
}
