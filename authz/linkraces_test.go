package authz

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

// capRound lets creators race for the last place and removes the winner's link.
func capRound(t *testing.T, nodes []*stand, owner Subject, cam string) {
	t.Helper()
	var wg sync.WaitGroup
	won := make(chan string, len(nodes))
	for i, n := range nodes {
		wg.Go(func() {
			l, err := n.CreateLink(n.ctx(), owner, NewLink{Kind: LinkShare, Name: "racer " + strconv.Itoa(i), Cameras: []string{cam}, RiskAcknowledged: true})
			switch {
			case err == nil:
				won <- l.Link.ID
			case fault.Code(err) != string(ReasonLinkCap):
				t.Errorf("the loser: %v", err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d of %d got the third link", len(won), len(nodes))
	}
	if _, err := nodes[0].RemoveLink(nodes[0].ctx(), owner, <-won); err != nil {
		t.Fatal(err)
	}
}

// TestR4_TheCapHoldsThousandsOfTimes: two creates at 2 of 3, on each store.
func TestR4_TheCapHoldsThousandsOfTimes(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s, far := newStand(t, store), newStand(t, store)
		ann := s.person("Ann")
		cam := s.camera(ann.Subject, "Yard")
		s.shareLink(ann.Subject, "one", cam.ID)
		s.shareLink(ann.Subject, "two", cam.ID)
		for range 1000 {
			capRound(t, []*stand{s, far}, ann.Subject, cam.ID)
		}
		if _, used, _, err := s.Links(s.ctx(), ann.Subject); err != nil || used != 2 {
			t.Fatal(used, err)
		}
	})
}

// TestR4_TwoProcesses race over one Redis: together they never have more than
// three, and each gets its turn.
func TestR4_TwoProcesses(t *testing.T) {
	const url, cookie, camera = "SIGHTLINE_RACE_URL", "SIGHTLINE_RACE_COOKIE", "SIGHTLINE_RACE_CAMERA"
	if os.Getenv(url) != "" {
		race(t, newStand(t, openRedis(t, os.Getenv(url), "race")), os.Getenv(cookie), os.Getenv(camera))
		return
	}
	at := startRedis(t)
	s := newStand(t, openRedis(t, at, "race"))
	ann := s.person("Ann")
	cam := s.camera(ann.Subject, "Yard")
	s.shareLink(ann.Subject, "one", cam.ID)
	s.shareLink(ann.Subject, "two", cam.ID)
	var wg sync.WaitGroup
	for i := range 2 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestR4_TwoProcesses$", "-test.v")
		cmd.Env = append(os.Environ(), url+"="+at, cookie+"="+ann.Subject.Account+" "+ann.Subject.Login, camera+"="+cam.ID)
		wg.Go(func() {
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "won ") || strings.Contains(string(out), "won 0 ") {
				t.Errorf("process %d: %v\n%s", i, err, out)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for looked := 0; ; looked++ {
		_, used, _, err := s.Links(s.ctx(), ann.Subject)
		if err != nil || used > 3 || used < 2 {
			t.Fatalf("%d links (%v)", used, err)
		}
		select {
		case <-done:
			if looked < 10 {
				t.Errorf("looked only %d times", looked)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// race is one process: create, and remove what was won.
func race(t *testing.T, s *stand, who, cam string) {
	account, login, _ := strings.Cut(who, " ")
	sub := Subject{Kind: AccountSubject, Account: account, Login: login}
	won := 0
	for i := range 1000 {
		l, err := s.CreateLink(s.ctx(), sub, NewLink{Kind: LinkShare, Name: NewID(), Cameras: []string{cam}, RiskAcknowledged: true})
		if err == nil {
			won++
			_, err := s.RemoveLink(s.ctx(), sub, l.Link.ID)
			for errors.Is(err, kv.ErrConflict) { // the other one was quicker sixteen times: to be asked again
				_, err = s.RemoveLink(s.ctx(), sub, l.Link.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		} else if c := fault.Code(err); c != string(ReasonLinkCap) && c != fault.CodeConflict && !fault.Is(err, fault.Conflict) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	t.Logf("won %d of 1000", won)
}

// TestR4_ALinkThatIsThereIsShown: the store falls silent once it has the link. Who
// was told that there is none would be told next that its name is taken.
func TestR4_ALinkThatIsThereIsShown(t *testing.T) {
	w := &wire{Store: openBolt(t, t.TempDir())}
	s := newStand(t, w)
	ann := s.person("Ann")
	cam := s.camera(ann.Subject, "Yard")
	w.last.Store(true)
	made := s.shareLink(ann.Subject, "Gate", cam.ID)
	w.down.Store(false)
	read, err := s.linkView(s.ctx(), ann.Subject, made.Link.ID)
	if err != nil || !made.Secret.Equal(read.Secret) {
		t.Fatal(err)
	}
	made.Secret, read.Secret = secret.String{}, secret.String{}
	made.Link.CreatedAt = made.Link.CreatedAt.Round(0)
	if got, want := fmt.Sprintf("%+v", made), fmt.Sprintf("%+v", read); got != want {
		t.Errorf("as it was made:\n%s\nas it is read:\n%s", got, want)
	}
}

// endLink dates a link an hour back, to before now.
func (s *stand) endLink(id string) {
	s.t.Helper()
	v, err := s.read(s.ctx(), []string{keyLink(id)})
	if err != nil {
		s.t.Fatal(err)
	}
	l := *get[Link](v.get, keyLink(id))
	l.Starts, l.Ends = v.now.Add(-time.Hour), v.now
	var d draft
	d.put(keyLink(id), l)
	if err := s.write(s.ctx(), d); err != nil {
		s.t.Fatal(err)
	}
}

// TestR39_AnEndedLinkTakesAPlaceAgain: a new off time is no way around ten a camera.
func TestR39_AnEndedLinkTakesAPlaceAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store)
		ctx := s.ctx()
		ann := s.person("Ann")
		cam := s.camera(ann.Subject, "Yard")
		in := NewLink{Kind: LinkTemporary, Cameras: []string{cam.ID}, Starts: time.Now(), Ends: time.Now().Add(time.Hour)}
		old, err := s.CreateLink(ctx, ann.Subject, in)
		if err != nil {
			t.Fatal(err)
		}
		s.endLink(old.Link.ID)
		if l, err := s.linkView(ctx, ann.Subject, old.Link.ID); err != nil || l.State != "ended" {
			t.Fatalf("%+v %v", l, err)
		}
		var last LinkView
		for range 10 {
			if last, err = s.CreateLink(ctx, ann.Subject, in); err != nil {
				t.Fatal(err)
			}
		}
		later := time.Now().Add(2 * time.Hour)
		_, err = s.UpdateLink(ctx, ann.Subject, old.Link.ID, LinkPatch{Ends: &later})
		wantCode(t, err, fault.Conflict, "link_cap")
		if _, err := s.PauseLink(ctx, ann.Subject, last.Link.ID); err != nil { // paused ones hold theirs
			t.Fatal(err)
		}
		_, err = s.UpdateLink(ctx, ann.Subject, old.Link.ID, LinkPatch{Ends: &later})
		wantCode(t, err, fault.Conflict, "link_cap")
		if _, err := s.RemoveLink(ctx, ann.Subject, last.Link.ID); err != nil {
			t.Fatal(err)
		}
		l, err := s.UpdateLink(ctx, ann.Subject, old.Link.ID, LinkPatch{Ends: &later})
		if err != nil || l.State != "active" || !l.Secret.Equal(old.Secret) {
			t.Fatalf("%+v %v", l, err)
		}
	})
}
