package rediskv

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/redistest"
)

// TestKeepsWhatWasAcknowledgedOverKills kills redis-server with SIGKILL at random
// moments while writers commit. Whoever gets Unknown repeats the ID until he
// knows. Every acknowledged commit is there, whole, and applied once.
func TestKeepsWhatWasAcknowledgedOverKills(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), Config{})
	const rounds, writers = 8, 6
	var (
		mu      sync.Mutex
		acked   []string
		unknown int
		wg      sync.WaitGroup
		stop    = make(chan struct{})
	)
	for w := range writers {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d", w, i)
				txn := write("a/"+key, strings.Repeat("x", rand.IntN(2000)))
				txn.Writes = append(txn.Writes, kv.Write{Key: "b/" + key}, kv.Write{Key: "ev/", Data: []byte(key), Stamp: true})
				for {
					select {
					case <-stop:
						return
					default:
					}
					_, err := s.Commit(t.Context(), txn)
					mu.Lock()
					if err == nil {
						acked = append(acked, key)
					} else if fault.Is(err, fault.Unknown) {
						unknown++
					}
					mu.Unlock()
					if err == nil {
						break
					}
				}
			}
		})
	}
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(acked)
	}
	for range rounds {
		deadline := time.Now().Add(time.Minute)
		for before := count(); count() < before+20; <-time.After(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d commits were acknowledged in a minute", count()-before)
			}
		}
		<-time.After(time.Duration(rand.IntN(100)) * time.Millisecond)
		server.Kill()
		server.Restart()
	}
	close(stop)
	wg.Wait()

	s = open(t, server.URL(), unhurried)
	back(t, s)
	present := map[string]int{}
	var once []string
	for _, prefix := range []string{"a/", "b/", "ev/"} {
		from := ""
		for {
			snap, err := s.Read(t.Context(), kv.Control, nil, []kv.Scan{{Prefix: prefix, From: from, Limit: 500}})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range snap.Scans[0] {
				if prefix == "ev/" {
					once = append(once, string(v.Data))
				} else {
					present[v.Key[2:]]++
				}
				from = v.Key + "\x00"
			}
			if len(snap.Scans[0]) < 500 {
				break
			}
		}
	}
	events := map[string]int{}
	for _, key := range once {
		if events[key]++; events[key] > 1 {
			t.Errorf("commit %s was applied twice", key)
		}
	}
	for key, both := range present {
		if both != 2 || events[key] != 1 {
			t.Errorf("half of commit %s", key)
		}
	}
	for _, key := range acked {
		if present[key] != 2 {
			t.Errorf("acknowledged %s is lost", key)
		}
	}
	t.Logf("%d acknowledged commits over %d kills, %d unknown outcomes", len(acked), rounds, unknown)
}
