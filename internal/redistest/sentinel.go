package redistest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// MasterName is what the Sentinels of StartSentinels call the primary.
const MasterName = "sightline"

// DownAfter is how long a primary is silent before the Sentinels of
// StartSentinels call it down: the value of docs/guide/redis.md.
const DownAfter = time.Second

// Patience is how long tests wait for Sentinels: one that a busy machine
// kept waiting for 2 s trusts its clock only 30 s later (TILT), and looks for
// replicas 10 s after that.
const Patience = 90 * time.Second

// Sentinels are a primary, its replicas and three Sentinels over them.
type Sentinels struct {
	Redis     []*Server // the first began as the primary
	Sentinels []*Server
	t         testing.TB
}

// StartSentinels starts them with the settings that the store demands and waits
// until every Sentinel knows all the others and every replica follows. args are
// those of Start, for each redis-server.
func StartSentinels(t testing.TB, replicas int, args ...string) *Sentinels {
	t.Helper()
	args = append([]string{"--min-replicas-to-write", "1", "--min-replicas-max-lag", "2",
		"--repl-diskless-sync-delay", "0"}, args...)
	s := &Sentinels{t: t, Redis: []*Server{Start(t, args...)}}
	first := s.Redis[0]
	for range replicas {
		s.Redis = append(s.Redis, Start(t, append([]string{"--replicaof", "127.0.0.1 " + strconv.Itoa(first.port)}, args...)...))
	}
	// Sentinels look for replicas every 10 s: those that follow by now are known
	// at once.
	s.until("every replica follows", func() bool { return s.followed(first) })
	for range 3 {
		s.Sentinels = append(s.Sentinels, startSentinel(t, first.port))
	}
	s.until("every replica follows and every Sentinel knows all", s.whole)
	return s
}

func startSentinel(t testing.TB, port int) *Server {
	t.Helper()
	var last error
	for range 5 {
		s := &Server{t: t, dir: t.TempDir(), port: freePort(t), program: "redis-sentinel"}
		conf := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nlogfile %s\nsentinel monitor %s 127.0.0.1 %d 2\n"+
			"sentinel down-after-milliseconds %s %d\nsentinel failover-timeout %s 5000\nsentinel parallel-syncs %s 1\n",
			s.port, s.dir, filepath.Join(s.dir, "redis.log"), MasterName, port, MasterName, DownAfter.Milliseconds(), MasterName, MasterName)
		file := filepath.Join(s.dir, "sentinel.conf")
		if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		s.args = []string{file}
		if last = s.start(); last == nil {
			t.Cleanup(s.Kill)
			return s
		}
		s.Kill()
	}
	t.Fatalf("redis-sentinel: %v", last)
	return nil
}

// whole reports whether a failover could happen now and would lose nothing.
func (s *Sentinels) whole() bool {
	for _, one := range s.Sentinels {
		r, err := do(one.Addr(), "SENTINEL", "master", MasterName)
		if err != nil {
			return false
		}
		f := strings.Split(r, "\n")
		is := func(name, value string) bool {
			i := slices.Index(f, name)
			return i >= 0 && i+1 < len(f) && f[i+1] == value
		}
		if !is("num-other-sentinels", strconv.Itoa(len(s.Sentinels)-1)) || !is("num-slaves", strconv.Itoa(len(s.Redis)-1)) || !is("flags", "master") {
			return false
		}
	}
	p := s.Primary()
	if p == nil {
		return false
	}
	return s.followed(p)
}

// followed reports whether all the others follow p.
func (s *Sentinels) followed(p *Server) bool {
	info, err := do(p.Addr(), "INFO", "replication")
	return err == nil && strings.Count(info, "state=online") == len(s.Redis)-1 &&
		strings.Contains(info, fmt.Sprintf("min_slaves_good_slaves:%d", len(s.Redis)-1))
}

// Primary is the server that most Sentinels call the primary; nil while they do
// not agree.
func (s *Sentinels) Primary() *Server { return s.primary(len(s.Sentinels)/2 + 1) }

func (s *Sentinels) primary(least int) *Server {
	votes := map[string]int{}
	for _, one := range s.Sentinels {
		if r, err := do(one.Addr(), "SENTINEL", "get-master-addr-by-name", MasterName); err == nil {
			votes[strings.Replace(r, "\n", ":", 1)]++
		}
	}
	for _, r := range s.Redis {
		if votes[r.Addr()] >= least {
			return r
		}
	}
	return nil
}

// Agreed waits until most Sentinels call one server the primary.
func (s *Sentinels) Agreed() (now *Server) {
	s.t.Helper()
	s.until("one primary", func() bool { now = s.Primary(); return now != nil })
	return now
}

// Until waits until the Sentinels agree on another primary than old.
func (s *Sentinels) Until(old *Server) *Server {
	s.t.Helper()
	var now *Server
	s.until("a failover", func() bool { now = s.Primary(); return now != nil && now != old })
	return now
}

// settledFor is how long nothing may change until the group is Settled. Sentinels
// may fail over twice within some seconds, elected one after the other; the first
// new primary becomes a replica of the second only 8 s later.
const settledFor = 3 * time.Second

// Settled waits until all Sentinels have called the same server the primary for a
// while, and a replica has followed it.
func (s *Sentinels) Settled() {
	s.t.Helper()
	var last *Server
	var since time.Time
	s.until("settled", func() bool {
		now := s.primary(len(s.Sentinels))
		if now == nil || now != last || !now.hasReplica() {
			last, since = now, time.Now()
			return false
		}
		return time.Since(since) > settledFor
	})
}

func (s *Server) hasReplica() bool {
	info, err := do(s.Addr(), "INFO", "replication")
	return err == nil && strings.Contains(info, "min_slaves_good_slaves:") && !strings.Contains(info, "min_slaves_good_slaves:0")
}

// Whole waits until all servers are up, followed and known again.
func (s *Sentinels) Whole() { s.t.Helper(); s.until("whole again", s.whole) }

func (s *Sentinels) until(what string, ok func() bool) {
	s.t.Helper()
	for end := time.Now().Add(Patience); !ok(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("not in %v: %s\n%s", Patience, what, s.seen())
		}
	}
}

// seen is how the Sentinels and servers see each other.
func (s *Sentinels) seen() string {
	var b strings.Builder
	for _, one := range s.Sentinels {
		r, err := do(one.Addr(), "SENTINEL", "master", MasterName)
		fmt.Fprintf(&b, "Sentinel %s: %s %v\n", one.Addr(), strings.ReplaceAll(r, "\n", " "), err)
		r, _ = do(one.Addr(), "INFO", "sentinel")
		fmt.Fprintln(&b, strings.ReplaceAll(r, "\r\n", " "))
	}
	for _, one := range s.Redis {
		r, err := do(one.Addr(), "INFO", "replication")
		fmt.Fprintf(&b, "Redis %s: %s %v\n", one.Addr(), strings.ReplaceAll(r, "\r\n", " "), err)
	}
	return b.String()
}

// URL is what rediskv.Open takes.
func (s *Sentinels) URL() string {
	var addrs []string
	for _, one := range s.Sentinels {
		addrs = append(addrs, one.Addr())
	}
	return "redis://" + strings.Join(addrs, ",") + "?sentinel=" + MasterName
}
