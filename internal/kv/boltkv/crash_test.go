package boltkv

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sightline/internal/kv"
)

// crashDir makes this test binary the child that is killed: it commits from
// several goroutines and prints each key once its commit is acknowledged.
const crashDir = "BOLTKV_CRASH_DIR"

func crashChild(dir string) {
	s, err := Open(context.Background(), dir, Config{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	acked := make(chan string)
	for w := range 4 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d-%d", os.Getpid(), w, i)
				space := kv.Control
				if i%3 == 2 {
					space = kv.Bulk("crash")
				}
				txn := kv.Txn{ID: kv.NewID(time.Now()), Space: space, Writes: []kv.Write{
					{Key: "a/" + key, Data: []byte(strings.Repeat("x", rand.IntN(3000)))}, {Key: "b/" + key},
				}}
				if _, err := s.Commit(context.Background(), txn); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(4)
				}
				acked <- string(space) + " " + key
			}
		}()
	}
	fmt.Println("ready")
	for line := range acked {
		fmt.Println(line)
	}
}

func TestKeepsWhatWasAcknowledgedOverKills(t *testing.T) {
	dir := t.TempDir()
	acked := map[kv.Space][]string{}
	for round := range 12 {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), crashDir+"="+dir)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		if !lines.Scan() || lines.Text() != "ready" {
			cmd.Process.Kill()
			cmd.Wait()
			t.Fatalf("round %d: the store did not open again: %s", round, stderr.String())
		}
		var timer *time.Timer
		for lines.Scan() {
			if timer == nil { // at random after the first commit, however slow the machine is
				timer = time.AfterFunc(time.Duration(rand.IntN(150))*time.Millisecond, func() { cmd.Process.Kill() })
			}
			space, key, whole := strings.Cut(lines.Text(), " ")
			if whole && strings.Count(key, "-") == 2 {
				acked[kv.Space(space)] = append(acked[kv.Space(space)], key)
			}
		}
		cmd.Wait()
		if stderr.Len() > 0 {
			t.Fatalf("round %d: %s", round, stderr.String())
		}
	}

	s := open(t, dir, Config{})
	n := 0
	for space, keys := range acked {
		n += len(keys)
		snap, err := s.Read(t.Context(), space, nil, []kv.Scan{{Prefix: "a/"}, {Prefix: "b/"}})
		if err != nil {
			t.Fatal(err)
		}
		present := map[string]int{}
		for _, found := range snap.Scans {
			for _, v := range found {
				present[v.Key[2:]]++
			}
		}
		for key, both := range present {
			if both != 2 {
				t.Errorf("%s: half of commit %s", space, key)
			}
		}
		for _, key := range keys {
			if len(present) < kv.MaxScan && present[key] != 2 {
				t.Errorf("%s: acknowledged %s is lost", space, key)
			}
		}
	}
	if n < 12 {
		t.Fatalf("%d commits were acknowledged in 12 rounds: the test proves nothing", n)
	}
	t.Logf("%d acknowledged commits over 12 kills", n)
}
