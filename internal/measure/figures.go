package measure

import (
	"fmt"
	"slices"
	"time"
)

// Durations is a set of measured times.
type Durations []time.Duration

// Percentile returns the smallest value that at least p percent of the values do not exceed; 0 of none.
func (d Durations) Percentile(p float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	s := slices.Clone(d)
	slices.Sort(s)
	i := int(float64(len(s))*p/100+0.999999) - 1
	return s[min(max(i, 0), len(s)-1)]
}

// Max returns the largest value; 0 of none.
func (d Durations) Max() time.Duration { return d.Percentile(100) }

func (d Durations) String() string {
	ms := func(v time.Duration) float64 { return float64(v.Microseconds()) / 1000 }
	return fmt.Sprintf("n %d, p50 %.1f ms, p95 %.1f ms, p99 %.1f ms, max %.1f ms",
		len(d), ms(d.Percentile(50)), ms(d.Percentile(95)), ms(d.Percentile(99)), ms(d.Max()))
}
