package notice

import (
	"context"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/mail/mailtest"
)

// TestR84_AnOwnerIsToldOfAUsedBudget naming link and budget: in his list at once,
// by mail only when he asked for it, in his language, and once when the event
// comes again.
func TestR84_AnOwnerIsToldOfAUsedBudget(t *testing.T) {
	s, err := boltkv.Open(t.Context(), t.TempDir(), boltkv.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w := newWorld(t, s, BoardConfig{Mail: true}, func(c *authz.Config) { c.Mail = true })
	sink, m := w.sink(t, mailtest.Config{})
	n, err := New(Config{Store: s, Seal: w.box, Mail: m, Texts: w.texts, Recipients: w.auth, PublicURL: "https://cams.example.org", Retry: []time.Duration{20 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	defer func() { cancel(); <-done }()
	me := w.person(t, "olena")
	lang := "uk"
	if _, err := w.auth.UpdateProfile(t.Context(), me, authz.ProfilePatch{Language: &lang}); err != nil {
		t.Fatal(err)
	}
	link := authz.NewID()
	say := func(times int, id, budget string, percent int) {
		t.Helper()
		ev := event.LinkUse{Link: link, Name: "Балкон", Owner: me.Account, Budget: budget, Percent: percent, At: time.Now().UnixMilli()}
		for range times {
			if _, err := s.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{event.WriteAs(id, ev)}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	say(1, "one", "users", 80)
	w.poll(t, "the notice", func() bool { return len(w.list(t, me)) > 0 })
	yes := true
	if _, err := w.auth.UpdateProfile(t.Context(), me, authz.ProfilePatch{UsageMails: &yes}); err != nil {
		t.Fatal(err)
	}
	say(2, "two", "viewer_seconds", 100) // as a feed may
	w.poll(t, "the second", func() bool { return len(w.list(t, me)) > 1 })
	list := w.list(t, me)
	if len(list) != 2 || list[0].Kind != LinkUsedUp || list[0].Budget != "viewer_seconds" || list[1].Kind != LinkNear || list[1].Budget != "users" ||
		list[0].Link == nil || list[0].Link.ID != link || list[0].Link.Name != "Балкон" {
		t.Errorf("%+v", list)
	}
	mails, err := sink.Wait(within(t, time.Minute), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := mails[0]; got.To != "olena@example.org" || got.Lang != "uk" || !strings.Contains(got.Subject, "Балкон") || !strings.Contains(got.Text, "години перегляду") || !strings.Contains(got.Text, "https://cams.example.org/settings/usage") || strings.Contains(got.Text, "{") {
		t.Errorf("%+v", got)
	}
	if n := queued(t, s); n > 1 { // the one that went stays noted until its event is over
		t.Errorf("%d letters are queued", n)
	}
}
