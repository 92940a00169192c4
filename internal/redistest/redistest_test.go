package redistest

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerKeepsDataOverKill(t *testing.T) {
	s := Start(t)
	s.Do("SET", "a", "1")
	s.Kill()
	s.Restart()
	if got := s.Do("GET", "a"); got != "1" {
		t.Fatalf("after a kill a = %q, want 1", got)
	}
	s.Stop()
}

func TestClusterIsWhole(t *testing.T) {
	c := StartCluster(t)
	if len(c.Nodes) != 3 {
		t.Fatalf("%d nodes", len(c.Nodes))
	}
}

func TestSentinelsReplaceAKilledPrimary(t *testing.T) {
	s := StartSentinels(t, 1)
	old := s.Primary()
	old.Do("SET", "a", "1")
	old.Kill()
	if got := s.Until(old).Do("GET", "a"); got != "1" {
		t.Fatalf("after the failover a = %q, want 1", got)
	}
	old.Restart()
	s.Whole()
}
