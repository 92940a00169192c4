//go:build soak

package ingest

import (
	"testing"
	"time"
)

// The faults at their whole figures; the same tests run shorter in `make test`.

func TestSoakF1TwoHundredResets(t *testing.T) { resets(t, 200) }

func TestSoakF4TenMinutesOfLoss(t *testing.T) { lossy(t, 10*time.Minute) }

func TestSoakF5AMillionMutatedPackets(t *testing.T) { mutated(t, 1_000_000, 10<<20) }

// An hour of a hostile camera in a minute and more: its acts send at least sixty
// times as fast as a camera of 2 Mbit/s does.
func TestSoakT41AnHourOfAHostileCamera(t *testing.T) { hostileBeside(t, 3*time.Minute) }
