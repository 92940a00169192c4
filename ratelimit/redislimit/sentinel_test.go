package redislimit

import (
	"net/netip"
	"testing"
	"time"

	"sightline/internal/redistest"
	"sightline/ratelimit"
)

// Slots come back after a failover without a new client, and those taken and
// replicated before it still are.
func TestF11_SlotsOverAFailover(t *testing.T) {
	group := redistest.StartSentinels(t, 2)
	l := limiter(t, group.URL(), Config{})
	r := ratelimit.SlotRequest{Link: "l", Visit: "v", IP: netip.MustParseAddr("192.0.2.1")}
	admitted(t, l, r, 1)
	old := group.Primary()
	for end := time.Now().Add(time.Minute); ; {
		got := old.Do("WAIT", "2", "1000")
		if got == "2" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%s replicas follow", got)
		}
	}
	at := time.Now()
	old.Pause()
	defer old.Resume()
	r.Visit, r.IP = "w", netip.MustParseAddr("192.0.2.2")
	admitted(t, l, r, 2)
	t.Logf("away for %v", time.Since(at))
}

// admitted tries until the store answers, which on a busy machine has to elect a
// primary first, and expects so many slots to be taken.
func admitted(t *testing.T, l *Limiter, r ratelimit.SlotRequest, taken int) {
	t.Helper()
	for end := time.Now().Add(90 * time.Second); ; {
		a, err := l.Admit(t.Context(), r)
		if err == nil {
			if a.Taken != taken {
				t.Errorf("%d slots are taken, want %d", a.Taken, taken)
			}
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not back: %v", err)
		}
	}
}
