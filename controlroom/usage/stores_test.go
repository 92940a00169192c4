package usage

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onBoth runs a test on both stores; open opens the same data as often as asked,
// where the store can be shared.
func onBoth(t *testing.T, test func(t *testing.T, kind string, open func() kv.Store)) {
	t.Run("bolt", func(t *testing.T) {
		dir := t.TempDir()
		var one kv.Store
		test(t, "bolt", func() kv.Store {
			if one == nil {
				one = openBolt(t, dir)
			}
			return one
		})
	})
	t.Run("redis", func(t *testing.T) {
		url := redistest.Start(t).URL()
		test(t, "redis", func() kv.Store { return openRedis(t, url) })
	})
}

func openBolt(t testing.TB, dir string) kv.Store {
	t.Helper()
	s, err := boltkv.Open(t.Context(), dir, boltkv.Config{Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openRedis(t testing.TB, url string) kv.Store {
	t.Helper()
	s, err := rediskv.Open(t.Context(), url, rediskv.Config{Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func poll(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(40 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 40 s for %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}
