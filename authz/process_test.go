package authz

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const farEnv = "SIGHTLINE_TEST_FAR"

// farTask is what another process is asked to do at once.
type farTask struct {
	Subject Subject
	Grant   string
}

// TestFarProcess is the other process of the tests that need one; without being
// asked it does nothing.
func TestFarProcess(t *testing.T) {
	url, prefix, asked := strings.Cut(os.Getenv(farEnv), " ")
	if !asked {
		return
	}
	s := newStand(t, openRedis(t, url, prefix)).run()
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var task farTask
		if err := json.Unmarshal(in.Bytes(), &task); err != nil {
			t.Fatal(err)
		}
		fmt.Println("done", s.AcceptOffer(s.ctx(), task.Subject, task.Grant) == nil)
	}
}

// R33: accept in one process against revoke in another, over one Redis. However
// it goes, it ends revoked.
func TestR33_AcceptAgainstRevokeInTwoProcesses(t *testing.T) {
	url := startRedis(t)
	s := newStand(t, openRedis(t, url, "two")).run()
	ann, bob := s.person("Ann"), s.person("Bob")
	cam := s.camera(ann.Subject, "Yard")
	far := exec.Command(os.Args[0], "-test.run=^TestFarProcess$")
	far.Env = append(os.Environ(), farEnv+"="+url+" two")
	far.Stderr = os.Stderr
	in, err := far.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := far.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := far.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	t.Cleanup(func() {
		_ = in.Close()
		for said.Scan() { // to the end, so that Wait does not cut it off
		}
		if err := far.Wait(); err != nil {
			t.Errorf("the other process: %v", err)
		}
	})
	if !said.Scan() || said.Text() != "ready" {
		t.Fatalf("the other process says %q", said.Text())
	}
	rounds := 2000
	if testing.Short() {
		rounds = 100
	}
	version, accepted := uint64(0), 0
	for i := range rounds {
		tab, err := s.SaveAccess(s.ctx(), ann.Subject, cam.ID, version, []GrantEdit{{Account: bob.Account.ID, Levels: LevelOnline}})
		if err != nil {
			t.Fatal(err)
		}
		task, err := json.Marshal(farTask{bob.Subject, tab.Rows[0].Grant.ID})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintln(in, string(task)); err != nil {
			t.Fatal(err)
		}
		if tab, err = s.SaveAccess(s.ctx(), ann.Subject, cam.ID, tab.Version, nil); err != nil || len(tab.Rows) != 0 {
			t.Fatalf("round %d: revoke: %+v %v", i, tab, err)
		}
		version = tab.Version
		if !said.Scan() || !strings.HasPrefix(said.Text(), "done") {
			t.Fatalf("round %d: the other process says %q", i, said.Text())
		}
		if said.Text() == "done true" {
			accepted++
		}
		if d, err := s.Check(s.ctx(), bob.Subject, ActLive, Object{Camera: cam.ID}); err != nil || !d.Invisible {
			t.Fatalf("round %d: after the race: %+v %v", i, d, err)
		}
	}
	t.Logf("accepting came first in %d of %d", accepted, rounds)
}
