package ingest

import "testing"

// A machine that stood still does not blame a camera for it; one that is always
// late does, for else nobody ever would.
func TestStandstillIsNoSilence(t *testing.T) {
	l := lookout{every: 500, last: 1000}
	for _, v := range []struct {
		now  int64
		want bool
	}{{1500, false}, {2010, false}, {2500, false}, {9000, true}, {9500, false}, {10000, false}, {20000, true}, {30000, false}, {30500, false}, {40000, true}} {
		if got := l.blind(v.now); got != v.want {
			t.Errorf("a look at %d: %v", v.now, got)
		}
	}
}
