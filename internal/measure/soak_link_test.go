//go:build soak

package measure

import "testing"

// Six tiles over a line of 3, then 1, then 10 Mbit/s, at the bar itself.
func TestSoakLine(t *testing.T) { holdLine(t, 1) }
