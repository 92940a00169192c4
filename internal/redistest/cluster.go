package redistest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

const slots = 16384

// Cluster is three primaries that share the slots between them.
type Cluster struct{ Nodes []*Server }

// StartCluster starts a Redis Cluster of three primaries without replicas and
// waits until every node calls it whole. args are those of Start.
func StartCluster(t testing.TB, args ...string) *Cluster {
	t.Helper()
	c := &Cluster{}
	const n = 3
	for range n {
		bus := strconv.Itoa(freePort(t))
		c.Nodes = append(c.Nodes, Start(t, append([]string{"--cluster-enabled", "yes", "--cluster-port", bus,
			"--cluster-node-timeout", "2000", "--cluster-config-file", "nodes.conf"}, args...)...))
	}
	for i, s := range c.Nodes {
		first, last := i*slots/n, (i+1)*slots/n-1
		s.Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last))
		s.Do("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
		for _, o := range c.Nodes[:i] {
			bus := ""
			for k, a := range o.args {
				if a == "--cluster-port" {
					bus = o.args[k+1]
				}
			}
			s.Do("CLUSTER", "MEET", "127.0.0.1", strconv.Itoa(o.port), bus)
		}
	}
	deadline := time.Now().Add(startTimeout)
	for _, s := range c.Nodes {
		for {
			info := s.Do("CLUSTER", "INFO")
			if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", n)) &&
				strings.Contains(info, "cluster_slots_ok:"+strconv.Itoa(slots)) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the cluster is not whole after %v: %s", startTimeout, info)
			}
			<-time.After(20 * time.Millisecond)
		}
	}
	return c
}

// URL lists all nodes, as rediskv.Open takes them.
func (c *Cluster) URL() string {
	var addrs []string
	for _, s := range c.Nodes {
		addrs = append(addrs, s.Addr())
	}
	return "redis://" + strings.Join(addrs, ",")
}
