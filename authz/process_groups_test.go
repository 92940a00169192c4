package authz

import (
	"fmt"
	"strings"
	"testing"

	"sightline/internal/fault"
)

// R49: two administrators in two processes remove or demote each other, leave or
// step down at once, over one Redis. One administrator is always left.
func TestR49_TwoAdministratorsInTwoProcesses(t *testing.T) {
	url := startRedis(t)
	s := newStand(t, openRedis(t, url, "two")).run()
	far := startFar(t, url, "two")
	people := []NewLogin{s.person("Ann"), s.person("Bob")}
	g := s.group(people[0], nil, nil)
	rounds := 3000
	if testing.Short() {
		rounds = 150
	}
	ways := []string{"remove", "demote", "leave", "step down"}
	outcome := map[string]int{}
	for i := range rounds {
		for me, p := range people { // both are administrators again
			if v, err := s.GroupOf(s.ctx(), p.Subject, g); err == nil && v.Role == RoleAdministrator {
				restore(t, s, people[me], people[1-me], g)
				break
			}
		}
		s.wantRoles(g, "ann=administrator bob=administrator")
		near := i / 8 % 2 // who acts in this process
		task := func(way string, me int) farTask {
			return farTask{Do: way, Subject: people[me].Subject, Group: g, Account: people[1-me].Account.ID}
		}
		far.begin(task(ways[i%4], 1-near))
		err := s.far(task(ways[(i+i/4)%4], near))
		done, code := far.end()
		for _, c := range []string{code, fault.Code(err)} {
			if c != "" && c != fault.CodeNotFound && c != "role_viewer" && c != "role_member" && c != "sole_administrator" {
				t.Fatalf("round %d: %v here, %q there", i, err, code)
			}
		}
		if err != nil && fault.Code(err) == "" {
			t.Fatalf("round %d: %v", i, err)
		}
		outcome[fmt.Sprintf("here %v, there %v", err == nil, done)]++
		if now := s.roles(g); strings.Count(now, "=administrator") != 1 { // roles() also holds the counters to the records
			t.Fatalf("round %d: %q after %v here, %v %s there", i, now, err, done, code)
		}
	}
	t.Logf("%d rounds: %v", rounds, outcome)
	if outcome["here true, there false"] == 0 || outcome["here false, there true"] == 0 {
		t.Errorf("one side always won, so nothing raced: %v", outcome)
	}
}

// R44: a code is revoked in one process while somebody joins by it in another.
// Whoever came in was counted, and nobody comes in by it afterwards.
func TestR44_JoinAgainstRevokeOfTheCodeInTwoProcesses(t *testing.T) {
	url := startRedis(t)
	s := newStand(t, openRedis(t, url, "two")).run()
	far := startFar(t, url, "two")
	ann, bob := s.person("Ann"), s.person("Bob")
	g := s.group(ann, nil, nil)
	rounds := 1500
	if testing.Short() {
		rounds = 100
	}
	joined := 0
	for i := range rounds {
		c, err := s.CreateShareCode(s.ctx(), ann.Subject, g, RoleViewer, 0)
		if err != nil {
			t.Fatal(err)
		}
		far.begin(farTask{Do: "join", Subject: bob.Subject, Code: c.Code.Reveal()})
		if err := s.RevokeShareCode(s.ctx(), ann.Subject, g, c.ID); err != nil {
			t.Fatalf("round %d: revoke: %v", i, err)
		}
		done, code := far.end()
		if !done && code != fault.CodeShareCode {
			t.Fatalf("round %d: the joiner is told %q", i, code)
		}
		want := "ann=administrator"
		if done {
			joined++
			want += " bob=viewer"
		}
		s.wantRoles(g, want)
		_, err = s.JoinGroup(s.ctx(), bob.Subject, c.Code.Reveal())
		wantCode(t, err, fault.Invalid, fault.CodeShareCode)
		if done {
			if _, err := s.RemoveParticipant(s.ctx(), ann.Subject, g, bob.Account.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("joining came first in %d of %d", joined, rounds)
}
