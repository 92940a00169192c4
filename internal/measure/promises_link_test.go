//go:build promises

package measure

import "testing"

// Six tiles over a line of 3, then 1, then 10 Mbit/s, at three times the bar.
func TestPromiseLine(t *testing.T) { holdLine(t, slack) }
