package usage

import (
	"bufio"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sightline/controlroom"
	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/ratelimit"
	"sightline/ratelimit/locallimit"
	"sightline/ratelimit/redislimit"
)

const crashEnv = "SIGHTLINE_TEST_CRASH"

// ledger opens viewing time where a node keeps it.
func ledger(t *testing.T, kind, at string, store kv.Store) ratelimit.Hours {
	t.Helper()
	if kind == "bolt" {
		return locallimit.NewHours(store, ratelimit.HoursRules{}, nil)
	}
	client, err := rediskv.Dial(at, rediskv.Config{Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return redislimit.NewHours(client, redislimit.HoursConfig{Timeout: 20 * time.Second})
}

// waiting is a store that knows how many calls wait for it.
type waiting struct {
	kv.Store
	calls atomic.Int32
}

func (w *waiting) Read(ctx context.Context, space kv.Space, keys []string, scans []kv.Scan) (kv.Snapshot, error) {
	w.calls.Add(1)
	defer w.calls.Add(-1)
	return w.Store.Read(ctx, space, keys, scans)
}

func (w *waiting) Commit(ctx context.Context, txn kv.Txn) (kv.Commit, error) {
	w.calls.Add(1)
	defer w.calls.Add(-1)
	return w.Store.Commit(ctx, txn)
}

// TestCrashProcess is the node of the test below that is killed; without being
// asked it does nothing. It says after each step how much its sessions have
// watched.
func TestCrashProcess(t *testing.T) {
	kind, at, asked := strings.Cut(os.Getenv(crashEnv), " ")
	if !asked {
		return
	}
	var store kv.Store
	if kind == "bolt" {
		store = openBolt(t, at)
	} else {
		store = openRedis(t, at)
	}
	slow := &waiting{Store: store}
	log, hours := newLog(t, LogConfig{Store: slow}), ledger(t, kind, at, store)
	go func() { _ = log.Run(context.Background()) }()
	const step = 50 * time.Millisecond
	total, told := time.Duration(0), clock.Mono()
	for {
		<-time.After(step)
		if slow.calls.Load() > 0 { // nobody watches while the store is waited for, or this process stands
			continue
		}
		total += step
		list := []ratelimit.HoursReport{{Link: "link"}}
		for _, id := range []string{"a", "b"} {
			list[0].Sessions = append(list[0].Sessions, ratelimit.HoursSession{ID: id, Total: total, From: netip.MustParseAddr("192.0.2.7")})
			log.Watched([]controlroom.VisitUse{use(id, total, controlroom.VisitWatches)})
		}
		fmt.Println(total.Milliseconds())                                    // watched, and perhaps not told
		if now := clock.Mono(); time.Duration(now-told) >= 2*time.Second-1 { // as the room does
			told = now
			if _, err := hours.Report(context.Background(), list); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
	}
}

// TestR79_AKilledNodeLosesAtMostFiveSecondsASession and doubles nothing: it watches
// for more than five seconds, so that the test can see them.
func TestR79_AKilledNodeLosesAtMostFiveSecondsASession(t *testing.T) {
	for _, kind := range []string{"bolt", "redis"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			at := t.TempDir()
			if kind == "redis" {
				at = redistest.Start(t).URL()
			}
			truth := killedAfter(t, kind, at, 6500*time.Millisecond)
			var store kv.Store
			if kind == "bolt" {
				store = openBolt(t, at)
			} else {
				store = openRedis(t, at)
			}
			hours := ledger(t, kind, at, store)
			defer hours.Close()
			u, err := hours.Usage(t.Context(), "link")
			if err != nil {
				t.Fatal(err)
			}
			row := newLog(t, LogConfig{Store: store}).only(t, "link")
			for what, got := range map[string]time.Duration{"the ledger": u.Used, "the log of visits": row.Viewed} {
				// Two sessions; the last line may be from before the last 50 ms.
				if lost := 2*truth - got; lost > 2*5*time.Second || lost < -2*200*time.Millisecond {
					t.Errorf("%s has %v of %v", what, got, 2*truth)
				} else {
					t.Logf("%s lost %v a session", what, lost/2)
				}
			}
		})
	}
}

// killedAfter runs the node above until it has watched so long, kills it, and
// returns how much each session had watched.
func killedAfter(t *testing.T, kind, at string, long time.Duration) time.Duration {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrashProcess$")
	cmd.Env = append(os.Environ(), crashEnv+"="+kind+" "+at)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	truth, said := time.Duration(0), bufio.NewScanner(out)
	for said.Scan() {
		ms, err := strconv.ParseInt(said.Text(), 10, 64)
		if err != nil {
			t.Fatalf("the other process says %q", said.Text())
		}
		if was := truth; was < long {
			if truth = time.Duration(ms) * time.Millisecond; truth >= long {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		} else {
			truth = time.Duration(ms) * time.Millisecond
		}
	}
	_ = cmd.Wait()
	if truth < long {
		t.Fatalf("it ended after %v", truth)
	}
	return truth
}
