package controlroom

import (
	"testing"
	"time"
)

// Who chose an older key frame and was held up gets the newer still there is: no
// second run, and no step back in time for those who ask later.
func TestStillCacheNeverGoesBack(t *testing.T) {
	k := stillKey{"c", StillWhole}
	c := stillCache{most: 100, byKey: map[stillKey]*cachedStill{}}
	c.put(k, Still{JPEG: []byte("new")}, int64(2*time.Second))
	for mono, want := range map[time.Duration]bool{time.Second: true, 2 * time.Second: true, 2*time.Second + 1: false} {
		if s, ok := c.get(k, int64(mono), 0); ok != want || ok && string(s.JPEG) != "new" {
			t.Errorf("of a key frame of %v: %q %v", mono, s.JPEG, ok)
		}
	}
	if _, ok := c.get(k, int64(12*time.Second), 10*time.Second); !ok {
		t.Error("a poster does not serve for its time")
	}
	if _, ok := c.get(k, int64(12*time.Second)+1, 10*time.Second); ok {
		t.Error("a poster serves for longer")
	}
}
