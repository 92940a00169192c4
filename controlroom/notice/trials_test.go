package notice

import (
	"path/filepath"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/kv/boltkv"
	"sightline/internal/secret"
)

// No event says that a trial has ended: the board looks when it is due.
func TestR3_TheEndOfATrialIsToldOnce(t *testing.T) {
	fake := clock.NewFake(time.Now())
	s, err := boltkv.Open(t.Context(), filepath.Join(t.TempDir(), "store"), boltkv.Config{Clock: fake})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b := setUp(t)
	auth := authz.New(authz.Config{Store: s, Seal: b.box, Node: "n", Clock: fake, Timeout: 20 * time.Second})
	board, err := NewBoard(BoardConfig{Store: s, Authority: auth, Clock: fake})
	if err != nil {
		t.Fatal(err)
	}
	pass := secret.New("correct horse olena")
	acc, err := auth.AddAccount(t.Context(), authz.Operator, authz.NewAccount{Email: "olena@example.org", Plan: authz.PlanTrial,
		Profile: authz.Profile{Name: "olena", Password: pass, Language: "en", Zone: "UTC"}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := auth.SignIn(t.Context(), "olena@example.org", pass, authz.Client{})
	if err != nil {
		t.Fatal(err)
	}
	cam, err := auth.CreateCamera(t.Context(), l.Subject, authz.CameraSpec{Name: "Yard", Zone: "UTC"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auth.CreateLink(t.Context(), l.Subject, authz.NewLink{Kind: authz.LinkShare, Name: "L", Cameras: []string{cam.ID}, RiskAcknowledged: true}); err != nil {
		t.Fatal(err)
	}
	unread := func(want int, when string) {
		t.Helper()
		if err := board.trialsOver(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, _, err := board.Unread(t.Context(), acc.ID); err != nil || n != want {
			t.Fatalf("%s: %d unread, want %d (%v)", when, n, want, err)
		}
	}
	if err := board.plan(t.Context(), "e", fake.Now(), acc.ID); err != nil { // as the link's event does
		t.Fatal(err)
	}
	unread(0, "on the first day")
	fake.Advance(29 * 24 * time.Hour)
	unread(0, "on the last day")
	fake.Advance(25 * time.Hour)
	unread(1, "when it is over")
	unread(1, "looked at again")
}

func TestABoardSaysWhatIsWrongWithItsConfig(t *testing.T) {
	b := setUp(t)
	auth := authz.New(authz.Config{Store: b.store, Seal: b.box})
	for name, cfg := range map[string]BoardConfig{
		"no store":     {Authority: auth},
		"no authority": {Store: b.store},
		"too short":    {Store: b.store, Authority: auth, Keep: 24 * time.Hour},
		"too long":     {Store: b.store, Authority: auth, Keep: 31 * 24 * time.Hour},
	} {
		if _, err := NewBoard(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
