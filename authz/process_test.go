package authz

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"sightline/internal/fault"
)

const farEnv = "SIGHTLINE_TEST_FAR"

// farTask is what another process is asked to do at once.
type farTask struct {
	Do      string
	Subject Subject
	Grant   string
	Group   string
	Account string // of another
	Code    string
}

func (s *stand) far(task farTask) error {
	ctx := s.ctx()
	switch task.Do {
	case "accept":
		return s.AcceptOffer(ctx, task.Subject, task.Grant)
	case "remove":
		return second(s.RemoveParticipant(ctx, task.Subject, task.Group, task.Account))
	case "demote":
		return second(s.SetRole(ctx, task.Subject, task.Group, task.Account, RoleViewer))
	case "leave":
		return second(s.LeaveGroup(ctx, task.Subject, task.Group, false))
	case "step down":
		return second(s.SetRole(ctx, task.Subject, task.Group, task.Subject.Account, RoleMember))
	case "join":
		return second(s.JoinGroup(ctx, task.Subject, task.Code))
	}
	return fmt.Errorf("there is no task %q", task.Do)
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
		err := s.far(task)
		switch {
		case err == nil:
			fmt.Println("done")
		case fault.Code(err) != "":
			fmt.Println("refused " + fault.Code(err))
		default:
			fmt.Println("failed " + err.Error())
		}
	}
}

// farProcess is another operating-system process on the same Redis.
type farProcess struct {
	t    *testing.T
	in   io.WriteCloser
	said *bufio.Scanner
}

func startFar(t *testing.T, url, prefix string) *farProcess {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestFarProcess$")
	cmd.Env = append(os.Environ(), farEnv+"="+url+" "+prefix)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f := &farProcess{t, in, bufio.NewScanner(out)}
	t.Cleanup(func() {
		_ = in.Close()
		for f.said.Scan() { // to the end, so that Wait does not cut it off
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the other process: %v", err)
		}
	})
	if !f.said.Scan() || f.said.Text() != "ready" {
		t.Fatalf("the other process says %q", f.said.Text())
	}
	return f
}

// begin asks for a task without waiting.
func (f *farProcess) begin(task farTask) {
	f.t.Helper()
	b, err := json.Marshal(task)
	if err == nil {
		_, err = fmt.Fprintln(f.in, string(b))
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// end waits for it: whether it was done, else the code of the refusal.
func (f *farProcess) end() (done bool, code string) {
	f.t.Helper()
	if !f.said.Scan() {
		f.t.Fatal("the other process says nothing")
	}
	said := f.said.Text()
	if said == "done" {
		return true, ""
	}
	code, refused := strings.CutPrefix(said, "refused ")
	if !refused {
		f.t.Fatalf("the other process says %q", said)
	}
	return false, code
}

// R33: accept in one process against revoke in another, over one Redis. However
// it goes, it ends revoked.
func TestR33_AcceptAgainstRevokeInTwoProcesses(t *testing.T) {
	url := startRedis(t)
	s := newStand(t, openRedis(t, url, "two")).run()
	ann, bob := s.person("Ann"), s.person("Bob")
	cam := s.camera(ann.Subject, "Yard")
	far := startFar(t, url, "two")
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
		far.begin(farTask{Do: "accept", Subject: bob.Subject, Grant: tab.Rows[0].Grant.ID})
		if tab, err = s.SaveAccess(s.ctx(), ann.Subject, cam.ID, tab.Version, nil); err != nil || len(tab.Rows) != 0 {
			t.Fatalf("round %d: revoke: %+v %v", i, tab, err)
		}
		version = tab.Version
		if done, _ := far.end(); done {
			accepted++
		}
		if d, err := s.Check(s.ctx(), bob.Subject, ActLive, Object{Camera: cam.ID}); err != nil || !d.Invisible {
			t.Fatalf("round %d: after the race: %+v %v", i, d, err)
		}
	}
	t.Logf("accepting came first in %d of %d", accepted, rounds)
}
