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
	if a, err := l.Admit(t.Context(), r); err != nil || a.Taken != 1 {
		t.Fatalf("%+v %v", a, err)
	}
	old := group.Primary()
	if got := old.Do("WAIT", "2", "5000"); got != "2" {
		t.Fatalf("%s replicas follow", got)
	}
	at := time.Now()
	old.Pause()
	defer old.Resume()
	r.Visit, r.IP = "w", netip.MustParseAddr("192.0.2.2")
	for {
		a, err := l.Admit(t.Context(), r)
		if err == nil {
			if a.Taken != 2 {
				t.Errorf("%d slots are taken, want 2", a.Taken)
			}
			break
		}
		if time.Since(at) > 20*time.Second {
			t.Fatalf("not back: %v", err)
		}
	}
	t.Logf("away for %v", time.Since(at))
}
