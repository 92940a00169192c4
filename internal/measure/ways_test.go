package measure

import "testing"

// Nothing that ends a right is left out of the list or of what prepares it.
func TestR101_EveryWayIsMeasured(t *testing.T) {
	seen := map[Way]bool{}
	for _, w := range Ways() {
		if seen[w] {
			t.Errorf("%q stands twice", w)
		}
		seen[w] = true
		if ways[w] == nil {
			t.Errorf("nothing prepares %q", w)
		}
	}
	for w := range ways {
		if !seen[w] {
			t.Errorf("%q is never measured", w)
		}
	}
}
