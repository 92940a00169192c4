package authz

import (
	"testing"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

const newPassword = "another long way"

// Ruling 5: what runs on another login ends when the old password is checked,
// not when the new one is hashed.
func TestANewPasswordCutsBeforeItIsHashed(t *testing.T) {
	onBoth(t, func(t *testing.T, store kv.Store) {
		s := newStand(t, store).run()
		ann := s.person("Ann")
		cam := s.camera(ann.Subject, "Yard")
		for name, change := range map[string]func(NewLogin) error{
			"changed": func(other NewLogin) error {
				return s.ChangePassword(s.ctx(), other.Subject, secret.New(goodPassword), secret.New(newPassword))
			},
			"reset": func(NewLogin) error {
				h, err := s.ResetAccount(s.ctx(), Operator, ann.Account.ID, "")
				if err != nil {
					return err
				}
				return s.RedeemReset(s.ctx(), h.Secret, secret.New(goodPassword))
			},
		} {
			s.setHash(argonParams{64, 1, 1})
			if name == "reset" {
				s.password(ann.Account.ID, newPassword)
			}
			watching, other := s.signInWith("ann@example.org", map[string]string{"changed": goodPassword, "reset": newPassword}[name]), NewLogin{}
			if name == "changed" {
				other = s.signIn("ann@example.org")
			}
			cut := make(chan time.Time, 1)
			l, d, err := s.Subscribe(s.ctx(), watching.Subject, cam.ID, ActLive, func(Decision) { cut <- time.Now() })
			if err != nil || !d.Allowed {
				t.Fatal(d, err)
			}
			s.setHash(argonParams{64 * 1024, 4, 1}) // a new hash takes long
			if err := change(other); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			done := time.Now()
			if at := <-cut; done.Sub(at) < 20*time.Millisecond || l.ValidUntil() != 0 {
				t.Errorf("%s: cut %v before the answer, which a hash of 64 MiB comes before", name, done.Sub(at))
			}
		}
	})
}

// Who signs in with the old password between the cut and the new password is
// ended with it.
func TestASignInDuringAPasswordChangeEnds(t *testing.T) {
	s := newStand(t, openBolt(t, t.TempDir())).run()
	ann := s.person("Ann")
	was := s.credential(ann.Account.ID)
	if err := s.endOthers(s.ctx(), ann.Subject, was, ""); err != nil {
		t.Fatal(err)
	}
	late := s.signIn("ann@example.org")
	hash, err := s.hasher.hash(s.ctx(), newPassword)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.endOthers(s.ctx(), ann.Subject, was, hash); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Authenticate(s.ctx(), late.Cookie)
	wantCode(t, err, fault.Unauthenticated, string(ReasonLoginEnded))
	if _, _, err := s.Authenticate(s.ctx(), ann.Cookie); err != nil {
		t.Fatalf("the asking login: %v", err)
	}
	if err := s.endOthers(s.ctx(), ann.Subject, was, hash); fault.Code(err) != fault.CodeBadLogin {
		t.Fatalf("another change decided on the same credential: %v", err)
	}
}

// The urgent go first, and a full line of the others does not turn them away.
func TestUrgentHashesGoFirst(t *testing.T) {
	q := hashQueue{free: 1}
	if turn, ok := q.join(false); !ok || !came(turn) {
		t.Fatal("a free place is taken at once")
	}
	var usual []chan struct{}
	for range hashesQueued {
		turn, ok := q.join(false)
		if !ok || came(turn) {
			t.Fatal("it waits")
		}
		usual = append(usual, turn)
	}
	if _, ok := q.join(false); ok {
		t.Fatal("one too many waits")
	}
	first, ok := q.join(true)
	second, ok2 := q.join(true)
	if !ok || !ok2 {
		t.Fatal("an urgent one was turned away")
	}
	for i, want := range []chan struct{}{first, second, usual[0], usual[1]} {
		if came(want) {
			t.Fatalf("turn %d came too early", i)
		}
		q.leave()
		if !came(want) {
			t.Fatalf("turn %d did not come in its order", i)
		}
	}
	if q.giveUp(usual[1]) || !q.giveUp(usual[2]) || q.giveUp(usual[2]) {
		t.Fatal("one gives up what it waits for, once")
	}
	q.leave()
	if came(usual[2]) || !came(usual[3]) {
		t.Fatal("who gave up is passed over")
	}
}

func came(turn chan struct{}) bool {
	select {
	case <-turn:
		return true
	default:
		return false
	}
}

func (s *stand) setHash(p argonParams) { s.hasher.params = p }

func (s *stand) signInWith(email, password string) NewLogin {
	s.t.Helper()
	l, err := s.SignIn(s.ctx(), email, secret.New(password), Client{})
	if err != nil {
		s.t.Fatal(err)
	}
	return l
}

// credential is the version of an account's password.
func (s *stand) credential(account string) kv.Condition {
	s.t.Helper()
	v, err := s.read(s.ctx(), []string{keyCredential(account)})
	if err != nil {
		s.t.Fatal(err)
	}
	return v.condition(keyCredential(account))
}

// password sets one without any way around it.
func (s *stand) password(account, text string) {
	s.t.Helper()
	hash, err := s.hasher.hash(s.ctx(), text)
	if err != nil {
		s.t.Fatal(err)
	}
	var d draft
	d.put(keyCredential(account), Credential{head: v1, Hash: hash})
	if err := s.write(s.ctx(), d); err != nil {
		s.t.Fatal(err)
	}
}
