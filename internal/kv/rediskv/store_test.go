package rediskv

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/kv/kvtest"
	"sightline/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, url string, cfg Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// unhurried is for tests of what is answered and not of how soon: a busy machine
// meets the default of 250 ms.
var unhurried = Config{Timeout: 5 * time.Second, Patience: time.Minute}

func write(key, data string) kv.Txn {
	return kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{{Key: key, Data: []byte(data)}}}
}

// contract runs the suite; each test has its own key prefix. Deadlines are wide:
// the suite is about what, and the 2,000-key commits of it meet a slow disk.
func contract(t *testing.T, url string, again func()) {
	kvtest.Run(t, func(t *testing.T) *kvtest.Instance {
		cfg := unhurried
		cfg.ChangesKept, cfg.Prefix = kvtest.ChangesKept, t.Name()+":"
		s := open(t, url, cfg)
		return &kvtest.Instance{Store: s, Clock: clock.System.Now, Again: func() kv.Store {
			s.Close()
			again()
			return open(t, url, cfg)
		}}
	})
}

func TestContract(t *testing.T) {
	server := redistest.Start(t)
	contract(t, server.URL(), server.Restart) // killed with SIGKILL in between
}

func TestContractOnACluster(t *testing.T) {
	contract(t, redistest.StartCluster(t).URL(), func() {})
}

func TestReadIsOneRoundTrip(t *testing.T) {
	proxy := redistest.NewProxy(t, redistest.Start(t).Addr())
	one := unhurried
	one.PoolSize = 1
	s := open(t, proxy.URL(), one)
	keys := make([]string, 50)
	for i := range keys {
		keys[i] = fmt.Sprint("k", i)
	}
	for name, call := range map[string]func() error{
		"read": func() error {
			_, err := s.Read(t.Context(), kv.Control, keys, []kv.Scan{{Prefix: "a"}, {Prefix: "b", Reverse: true}})
			return err
		},
		"commit": func() error { _, err := s.Commit(t.Context(), write("a", "1")); return err },
		"changes": func() error {
			_, err := s.Changes(t.Context(), 0, 0)
			return err
		},
	} {
		if err := call(); err != nil {
			t.Fatal(err)
		}
		const n = 20
		before := commands(proxy)
		for range n {
			if err := call(); err != nil {
				t.Fatal(err)
			}
		}
		if got := commands(proxy) - before; got != n {
			t.Errorf("%d %ss sent %d commands", n, name, got)
		}
	}
}

// commands counts what is not the set-up and the heartbeat of connections.
func commands(p *redistest.Proxy) int {
	n := p.Count("")
	for _, name := range []string{"HELLO", "CLIENT", "PING", "SUBSCRIBE", "UNSUBSCRIBE"} {
		n -= p.Count(name)
	}
	return n
}

func TestUnknownOutcomeIsResolvedByTheSameID(t *testing.T) {
	proxy := redistest.NewProxy(t, redistest.Start(t).Addr())
	s := open(t, proxy.URL(), Config{Timeout: 2 * time.Second})
	txn := write("n", "1")
	txn.Conditions = []kv.Condition{{Key: "n"}}
	proxy.SwallowReplies(true)
	start := time.Now()
	_, err := s.Commit(t.Context(), txn)
	if !fault.Is(err, fault.Unknown) || fault.Code(err) != kv.CodeUnavailable {
		t.Fatalf("a commit whose reply is swallowed: %v, want Unknown", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if _, err := s.Read(t.Context(), kv.Control, []string{"n"}, nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a read whose reply is swallowed: %v, want Unavailable", err)
	}
	proxy.SwallowReplies(false)
	proxy.DropConnections()
	c := acknowledged(t, s, txn) // the same ID again
	snap, err := s.Read(t.Context(), kv.Control, []string{"n"}, nil)
	if err != nil || snap.Values[0].Version != c.Revision || snap.Revision != c.Revision {
		t.Errorf("after it: %+v, %v, want one commit at %d", snap, err, c.Revision)
	}
}

func TestF10SilentRedisIsAnsweredInTime(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), Config{})
	acknowledged(t, s, write("a", "1"))
	// Forty callers at once: more than there are connections. On a busy machine
	// half of them may take twice the bar; none eight times.
	const bar = 300 * time.Millisecond
	call := func(how string, commit fault.Kind) {
		t.Helper()
		var late atomic.Int64
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				start := time.Now()
				var err error
				want := fault.Unavailable
				switch i % 3 {
				case 0:
					_, err = s.Read(t.Context(), kv.Control, []string{"a"}, nil)
				case 1:
					_, err = s.Changes(t.Context(), 0, 0)
				case 2:
					_, err = s.Commit(t.Context(), write("b", "1"))
					want = commit
				}
				if took := time.Since(start); took > 8*bar {
					t.Errorf("%s: call %d took %v", how, i, took)
				} else if took > 2*bar {
					late.Add(1)
				}
				if fault.Code(err) != kv.CodeUnavailable || !fault.Is(err, want) && !fault.Is(err, fault.Unavailable) {
					t.Errorf("%s: call %d: %v", how, i, err)
				}
			})
		}
		if wg.Wait(); late.Load() > 20 {
			t.Errorf("%s: %d of 40 calls took more than %v", how, late.Load(), 2*bar)
		}
	}
	server.Pause()
	call("stopped", fault.Unknown)
	server.Resume()
	backInTime(t, s)
	server.Kill()
	_, err := s.Commit(t.Context(), write("b", "1"))
	for range 100 { // connections that were there when it was killed may leave it unknown
		if !fault.Is(err, fault.Unknown) {
			break
		}
		_, err = s.Commit(t.Context(), write("b", "1"))
	}
	if !fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Unknown) {
		t.Errorf("nothing listens there: %v, want Unavailable", err)
	}
	call("killed", fault.Unknown)
	server.Restart()
	backInTime(t, s)
}

// backInTime waits until the store answers again: within 2 s (F9).
func backInTime(t *testing.T, s *Store) {
	t.Helper()
	if took := back(t, s); took > 8*time.Second {
		t.Errorf("back after %v", took)
	}
}

// back waits until the store answers again and returns how long that took.
func back(t *testing.T, s *Store) time.Duration {
	t.Helper()
	start := time.Now()
	for {
		_, err := s.Read(t.Context(), kv.Control, []string{"a"}, nil)
		if err == nil {
			return time.Since(start)
		}
		if time.Since(start) > time.Minute {
			t.Fatalf("not back after a minute: %v", err)
		}
	}
}

func TestF12LostDataIsAnOutage(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), unhurried)
	c, err := s.Commit(t.Context(), write("a", "1"))
	if err != nil {
		t.Fatal(err)
	}
	server.Do("FLUSHALL")
	if _, err := s.Commit(t.Context(), write("a", "2")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("commit after FLUSHALL: %v, want Unavailable", err)
	}
	snap, err := s.Read(t.Context(), kv.Control, []string{"a"}, nil)
	if err != nil || snap.Epoch == c.Epoch || snap.Revision >= c.Revision {
		t.Errorf("read after FLUSHALL = %+v, %v: the loss does not show", snap, err)
	}
	anew := open(t, server.URL(), unhurried)
	if _, err := s.Commit(t.Context(), write("a", "2")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("commit into the new space by a store of the old one: %v, want Unavailable", err)
	}
	if _, err := anew.Commit(t.Context(), write("a", "2")); err != nil {
		t.Errorf("commit into the new space: %v", err)
	}
}

func TestScriptsAreSentAgainWhenTheServerForgot(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), unhurried)
	server.Do("SCRIPT", "FLUSH")
	if _, err := s.Commit(t.Context(), write("a", "1")); err != nil {
		t.Error(err)
	}
	if _, err := s.Read(t.Context(), kv.Control, []string{"a"}, nil); err != nil {
		t.Error(err)
	}
}

func TestRefusesUnsafeSettings(t *testing.T) {
	server := redistest.Start(t)
	for _, c := range [][3]string{
		{"appendonly", "no", "yes"}, {"appendfsync", "everysec", "always"}, {"maxmemory-policy", "allkeys-lru", "noeviction"},
	} {
		server.Do("CONFIG", "SET", c[0], c[1])
		_, err := Open(t.Context(), server.URL(), unhurried)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != fault.CodeBadValue || !strings.Contains(f.Msg, "CONFIG SET "+c[0]+" "+c[2]) {
			t.Errorf("%s %s: %v, want a refusal with the way out", c[0], c[1], err)
		}
		server.Do("CONFIG", "SET", c[0], c[2])
	}
	server.Do("ACL", "SETUSER", "app", "on", ">pw", "~*", "&*", "+@all", "-config")
	url := strings.Replace(server.URL(), "redis://", "redis://app:pw@", 1)
	if _, err := Open(t.Context(), url, unhurried); fault.Code(err) != fault.CodeBadValue || !strings.Contains(err.Error(), "CONFIG GET") {
		t.Errorf("CONFIG forbidden: %v", err)
	}
	if _, err := Open(t.Context(), strings.Replace(url, ":pw@", ":no@", 1), unhurried); fault.Code(err) != fault.CodeBadValue || strings.Contains(err.Error(), ":no@") {
		t.Errorf("wrong password: %v", err)
	}
	open(t, server.URL(), unhurried)
}

func TestRefusesAServerOfAClusterAndNoServer(t *testing.T) {
	cluster := redistest.StartCluster(t)
	for _, node := range cluster.Nodes {
		if s, err := Open(t.Context(), node.URL(), unhurried); err == nil {
			s.Close() // the node that holds the control space serves it
		} else if fault.Code(err) != fault.CodeBadValue {
			t.Errorf("one address of a cluster: %v", err)
		}
		open(t, node.URL()+"?cluster=true", unhurried)
	}
	server := redistest.Start(t)
	server.Kill()
	if _, err := Open(t.Context(), server.URL(), Config{Patience: 10 * time.Millisecond}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("no server: %v, want Unavailable", err)
	}
	opened := make(chan error, 1)
	go func() {
		s, err := Open(t.Context(), server.URL(), unhurried)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	server.Restart()
	if err := <-opened; err != nil {
		t.Errorf("a server that starts after us: %v", err)
	}
}

func TestRefusesANewerFormat(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), unhurried)
	server.Do("HSET", s.key(kv.Control, "meta"), "format", "2")
	if _, err := Open(t.Context(), server.URL(), unhurried); fault.Code(err) != fault.CodeStoreVersion {
		t.Errorf("open: %v, want store_version", err)
	}
	if _, err := s.Commit(t.Context(), write("a", "1")); fault.Code(err) != fault.CodeStoreVersion {
		t.Errorf("a running store's commit: %v, want store_version", err)
	}
	if _, err := s.Read(t.Context(), kv.Control, nil, nil); fault.Code(err) != fault.CodeStoreVersion {
		t.Errorf("a running store's read: %v, want store_version", err)
	}
}

func TestResultsExpireAfterTenMinutes(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), unhurried)
	txn := write("a", "1")
	if _, err := s.Commit(t.Context(), txn); err != nil {
		t.Fatal(err)
	}
	var ms time.Duration
	fmt.Sscan(server.Do("PTTL", s.key(kv.Control, "txn:"+txn.ID)), &ms)
	if ms *= time.Millisecond; ms > kv.TxnKept || ms < kv.TxnKept-time.Minute {
		t.Errorf("a result is kept %v, want %v", ms, kv.TxnKept)
	}
}

func TestWaitNeedsItsReplicas(t *testing.T) {
	server := redistest.Start(t)
	waiting := Config{Wait: 1, Timeout: 3 * time.Second, Patience: time.Minute}
	if _, err := Open(t.Context(), server.URL(), waiting); fault.Code(err) != fault.CodeBadValue || !strings.Contains(err.Error(), "CONFIG SET min-replicas-to-write 1") {
		t.Errorf("a primary that writes alone: %v, want a refusal with the way out", err)
	}
	open(t, server.URL(), unhurried) // makes the control space
	server.Do("CONFIG", "SET", "min-replicas-to-write", "1")
	server.Do("CONFIG", "SET", "min-replicas-max-lag", "10")
	s := open(t, server.URL(), waiting)
	txn := write("a", "1")
	if _, err := s.Commit(t.Context(), txn); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("no replica: %v, want Unavailable", err)
	}
	host, port, _ := strings.Cut(server.Addr(), ":")
	replica := redistest.Start(t, "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	acknowledged(t, s, txn)
	server.Do("SCRIPT", "FLUSH")
	if _, err := s.Commit(t.Context(), write("b", "1")); err != nil {
		t.Errorf("after SCRIPT FLUSH: %v", err)
	}
	replica.Pause() // for Redis it follows for ten seconds more
	txn = write("c", "1")
	if _, err := s.Commit(t.Context(), txn); !fault.Is(err, fault.Unknown) {
		t.Errorf("the replica does not confirm: %v, want Unknown", err)
	}
	if snap, err := s.Read(t.Context(), kv.Control, []string{"c"}, nil); err != nil || !snap.Values[0].Exists() {
		t.Errorf("reads need no replica: %+v %v", snap, err)
	}
	replica.Resume()
	acknowledged(t, s, txn)
	if snap, err := s.Read(t.Context(), kv.Control, []string{"c"}, nil); err != nil || snap.Revision != 3 {
		t.Errorf("repeated: %+v %v, want revision 3", snap, err)
	}
}

// acknowledged repeats one transaction until it is.
func acknowledged(t *testing.T, s *Store, txn kv.Txn) kv.Commit {
	t.Helper()
	for deadline := time.Now().Add(redistest.Patience); ; {
		c, err := s.Commit(t.Context(), txn)
		if err == nil {
			return c
		}
		if !fault.Is(err, fault.Unknown) && !fault.Is(err, fault.Unavailable) || time.Now().After(deadline) {
			t.Fatalf("not acknowledged: %v", err)
		}
	}
}

func TestWatchOutlivesItsConnection(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr())
	s, direct := open(t, proxy.URL(), Config{Patience: time.Minute}), open(t, server.URL(), unhurried)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	hints := s.Watch(ctx, kv.Control)
	for i := range 3 {
		proxy.DropConnections()
		want := fmt.Sprint(i)
		if _, err := direct.Commit(ctx, write("n", want)); err != nil {
			t.Fatal(err)
		}
		for seen := false; !seen; {
			if _, ok := <-hints; !ok {
				t.Fatal("the last state was not seen")
			}
			snap, err := direct.Read(ctx, kv.Control, []string{"n"}, nil)
			seen = err == nil && string(snap.Values[0].Data) == want
		}
	}
}

func TestParsesAddresses(t *testing.T) {
	for url, want := range map[string]string{
		"redis://h":                             "[h:6379] 0  false tls=false :",
		"rediss://u:p%40@h:1/3":                 "[h:1] 3  false tls=true u:p@",
		"redis://:p@[::1]:7,b":                  "[[::1]:7 b:6379] 0  false tls=false :p",
		"redis://a,b:2?sentinel=main":           "[a:26379 b:2] 0 main false tls=false :",
		"redis://a?cluster=true":                "[a:6379] 0  true tls=false :",
		"http://h":                              "bad_url",
		"redis://":                              "bad_url",
		"redis://h:x":                           "bad_url",
		"redis://h/x":                           "bad_url",
		"redis://a,b/2":                         "bad_url",
		"redis://h?sentinal=x":                  "bad_url",
		"redis://secret@h":                      "bad_url",
		"redis://user:sec%ret@h:6379?cluster=1": "bad_url",
	} {
		o, err := parse(url)
		got := fault.Code(err)
		if err == nil {
			got = fmt.Sprintf("%v %d %s %v tls=%v %s:%s", o.Addrs, o.DB, o.MasterName, o.IsClusterMode, o.TLSConfig != nil, o.Username, o.Password)
		} else if strings.Contains(err.Error(), "sec") {
			t.Errorf("%s: the error repeats a secret: %v", url, err)
		}
		if got != want {
			t.Errorf("%s = %s, want %s", url, got, want)
		}
	}
}

func TestServersErrorsAreNotUnknown(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), unhurried)
	server.Do("CONFIG", "SET", "maxmemory", "1")
	txn := write("a", "1")
	if _, err := s.Commit(t.Context(), txn); !fault.Is(err, fault.Unavailable) || fault.Is(err, fault.Unknown) {
		t.Errorf("out of memory: %v, want Unavailable", err)
	}
	server.Do("CONFIG", "SET", "maxmemory", "0")
	snap, err := s.Read(t.Context(), kv.Control, []string{"a"}, []kv.Scan{{}})
	if err != nil || snap.Values[0].Exists() || len(snap.Scans[0]) != 0 || snap.Revision != 0 {
		t.Errorf("after a refused commit: %+v, %v: something was written", snap, err)
	}
	if !fault.Is(commitFault(redis.ErrPoolTimeout), fault.Unavailable) {
		t.Error("a commit that got no connection cannot have been applied")
	}
}
