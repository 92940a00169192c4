//go:build promises

package measure

import (
	"testing"
	"time"

	"sightline/internal/redistest"
)

// F11 on running programs: two servers on one Redis with Sentinels, viewers on
// both, the primary stops answering, and comes back as something else.
func TestPromiseFailover_F11(t *testing.T) {
	group := redistest.StartSentinels(t, 2)
	p := demo(t, Options{Store: group.URL()})
	second, err := p.StartSecondNode(t.Context(), group.URL(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	stopAfter(t, second)
	bases := []string{p.Demo.BaseURL, second.Demo.BaseURL}
	for _, way := range []string{"cut off", "killed"} {
		t.Run(way, func(t *testing.T) {
			old := group.Agreed()
			got, err := Failover(t.Context(), p.Demo, bases, 4, func() {
				if way == "killed" {
					old.Kill()
				} else {
					old.Pause()
				}
				group.Until(old)
				group.Settled()
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(got)
			if got.Missing != 0 {
				t.Errorf("%d acknowledged changes are missing", got.Missing)
			}
			if bar := 5 * time.Second; got.Away > slack*bar {
				t.Errorf("no change for %v, the bar is %v", got.Away, bar)
			}
			if got.Still > time.Second {
				t.Errorf("a viewer received nothing for %v", got.Still)
			}
			held(t, got.Cut)
			if way == "cut off" {
				old.Resume()
				group.Whole()
			}
		})
	}
}
