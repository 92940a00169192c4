//go:build soak

package rediskv

import (
	"testing"
	"time"
)

// F11 many times over, at the bar itself.
func TestSoakF11_FailoverLosesNothing(t *testing.T) {
	failOver(t, 20, 60_000, 5*time.Second)
}
