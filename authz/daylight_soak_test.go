//go:build soak

package authz

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestR20_EveryMinuteOfEveryYear is the whole sweep: each minute from 2020 to
// 2037 in every zone, with another schedule every week.
func TestR20_EveryMinuteOfEveryYear(t *testing.T) {
	onCores(t, civilZones(t), func(c civil, rng *rand.Rand) error {
		end := time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC)
		for at := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC); at.Before(end); at = at.Add(7 * 24 * time.Hour) {
			near := at
			if _, change := at.In(c.zone).ZoneBounds(); !change.IsZero() && change.Before(at.Add(7*24*time.Hour)) {
				near = change
			}
			for _, s := range schedules(rng, near, c.zone) {
				if err := agree(c, s, at, at.Add(7*24*time.Hour), rng); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
