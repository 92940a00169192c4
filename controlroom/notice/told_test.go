package notice

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

func TestR14_WhatACameraSawIsToldToWhoHasTheLevel(t *testing.T) {
	s := newScene(t)
	olena, anna, max, zoe := s.person(t, "olena"), s.person(t, "anna"), s.person(t, "max"), s.person(t, "zoe")
	yard := s.camera(t, olena, "Yard")
	s.save(t, olena, yard, map[string]authz.Levels{"anna": seen, "max": authz.LevelOnline})
	s.accept(t, anna, yard)
	s.accept(t, max, yard)
	s.idle(t)
	if err := s.board.MarkRead(t.Context(), olena, nil); err != nil {
		t.Fatal(err)
	}
	for _, p := range []authz.Subject{anna, max} {
		s.choose(t, p, letters(DigestOff))
		if err := s.board.MarkRead(t.Context(), p, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.choose(t, anna, func(p *Preferences) { p.Kinds[Motion] = Ways{Feed: true, Mail: true, Push: true, Webhook: true} })
	s.event(t, yard, "motion", "at the <gate>")
	s.poll(t, "anna gets a letter", func() bool { return len(s.mails("anna")) >= 1 })
	s.poll(t, "push and webhook", func() bool { return s.jobs(t, anna)+s.jobs(t, olena) == 0 })
	m := s.mails("anna")[len(s.mails("anna"))-1]
	if !strings.Contains(m.Text, "at the <gate>") || !strings.Contains(m.HTML, "at the &lt;gate&gt;") || !strings.Contains(m.Subject, "Yard") {
		t.Errorf("%+v", m)
	}
	for _, sent := range [][]string{s.push.sent(), s.webhook.sent()} {
		sent = slices.DeleteFunc(sent, func(m string) bool { return strings.Contains(m, "accepted") })
		slices.Sort(sent)
		if len(sent) != 2 || !strings.HasPrefix(sent[0], "anna") || !strings.HasPrefix(sent[1], "olena") {
			t.Errorf("%q", sent)
		}
		// Anna has no archive, olena has her own.
		if !strings.HasSuffix(sent[0], "| /notices") || !strings.Contains(sent[1], "| /archive/"+yard+"?at=") {
			t.Errorf("%q", sent)
		}
	}
	if n := len(s.mails("olena")) + len(s.mails("zoe")); n != 0 {
		t.Errorf("%d letters to who wants, or may have, none", n)
	}
	for _, m := range s.mails("max") { // the offer's only
		if strings.Contains(m.Text, "gate") {
			t.Errorf("max: %s", m.Text)
		}
	}
	s.reads(t, zoe, "", 0)
	s.idle(t)
	for who, want := range map[authz.Subject]int{anna: 1, max: 0} {
		if n := s.unread(t, who); n != want || strings.Contains(words(s.list(t, who)), "motion on Yard") != (want == 1) {
			t.Errorf("%d unread, %s", n, words(s.list(t, who)))
		}
	}
	l, err := s.board.List(t.Context(), olena, Query{Kinds: []string{Motion}, Camera: yard})
	if err != nil || len(l.Notices) != 1 || l.Notices[0].Archive == "" || l.Notices[0].Text != "at the <gate>" {
		t.Errorf("%+v %v", l.Notices, err)
	}
}

var errBusy = errors.New("451 4.3.2 not now")

// R14: between the writing and the sending of a notice the level is taken away.
// Neither mail, gathered mail, push nor webhook says anything then, and the list
// and the badge forget what they said.
func TestR14_NothingLeavesAfterTheLevelIsGone(t *testing.T) {
	ends := map[string]func(*testing.T, *scene, authz.Subject, string){
		"revoked": func(t *testing.T, s *scene, o authz.Subject, c string) { s.save(t, o, c, nil) },
		"level gone": func(t *testing.T, s *scene, o authz.Subject, c string) {
			s.save(t, o, c, map[string]authz.Levels{"max": authz.LevelOnline})
		},
		"expired": func(*testing.T, *scene, authz.Subject, string) {}, // time alone, 30 min later
	}
	for name, end := range ends {
		for _, by := range []string{ByMail, "digest", ByPush, ByWebhook} {
			if name == "level gone" && by != ByPush {
				continue // as revoked
			}
			t.Run(name+" "+by, func(t *testing.T) {
				s := newScene(t)
				olena, max := s.person(t, "olena"), s.person(t, "max")
				yard := s.camera(t, olena, "Backyard")
				until := time.Time{}
				if name == "expired" {
					until = s.fake.Now().Add(30 * time.Minute)
				}
				table, err := s.auth.Access(t.Context(), olena, yard)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.auth.SaveAccess(t.Context(), olena, yard, table.Version, []authz.GrantEdit{{Email: "max@example.org", Levels: seen, Until: until}}); err != nil {
					t.Fatal(err)
				}
				s.accept(t, max, yard)
				s.idle(t)
				s.poll(t, "the offer was pushed", func() bool { return s.jobs(t, max) == 0 })
				s.push.failing("phone", errBusy)
				s.webhook.failing("hook", errBusy)
				s.down(true)
				s.choose(t, olena, func(p *Preferences) { p.Kinds[Motion] = Ways{Feed: true} })
				s.choose(t, max, func(p *Preferences) {
					p.Kinds[Motion] = Ways{Feed: true, Mail: by == ByMail || by == "digest", Push: by == ByPush, Webhook: by == ByWebhook}
					if by == "digest" {
						p.Digest = DigestHourly
					}
				})
				s.event(t, yard, "motion", "")
				s.poll(t, "it waits, after a try", func() bool { return s.tried(t, max, by != "digest") })
				if s.unread(t, max) == 0 {
					t.Error("it is not counted")
				}
				end(t, s, olena, yard)
				s.push.failing("phone", nil)
				s.webhook.failing("hook", nil)
				s.down(false)
				s.advance(55 * time.Minute)
				s.poll(t, "nothing waits", func() bool { s.board.sender.poke(); return s.jobs(t, max) == 0 })
				for _, m := range s.sink.Mails() {
					if m.Subject != "" && !strings.Contains(m.Subject, "offers") && (strings.Contains(m.Text, "Backyard") || strings.Contains(m.Text, "ovement")) {
						t.Errorf("a letter left: %s", m.Text)
					}
				}
				for _, m := range append(s.push.sent(), s.webhook.sent()...) {
					if strings.Contains(m, "ovement") {
						t.Errorf("it left: %s", m)
					}
				}
				for _, n := range s.list(t, max) {
					if n.Kind == Motion || n.Camera != nil && n.Camera.Name != "" && name != "level gone" {
						t.Errorf("the list says %+v", n)
					}
				}
			})
		}
	}
}

func TestOneNoticeACameraAndKindOnAllNodes(t *testing.T) {
	s := newScene(t)
	olena := s.person(t, "olena")
	yard, gate := s.camera(t, olena, "Yard"), s.camera(t, olena, "Gate")
	s.another(t)
	s.another(t)
	for range 20 {
		s.event(t, yard, "motion", "")
		s.event(t, yard, "person", "")
		s.event(t, gate, "motion", "")
		s.event(t, gate, "what is this", "")
	}
	s.idle(t)
	if got := s.list(t, olena); len(got) != 3 {
		t.Fatalf("%d notices: %s", len(got), words(got))
	}
	s.poll(t, "they are pushed", func() bool { return len(s.push.sent()) == 3 && s.jobs(t, olena) == 0 })
	s.fake.Advance(4 * time.Minute)
	s.event(t, yard, "motion", "")
	s.idle(t)
	if got := s.list(t, olena); len(got) != 3 {
		t.Fatalf("%d notices within five minutes", len(got))
	}
	s.fake.Advance(time.Minute)
	s.event(t, yard, "motion", "")
	s.idle(t)
	if got := s.list(t, olena); len(got) != 4 {
		t.Fatalf("%d notices after five minutes", len(got))
	}
	s.poll(t, "once each", func() bool { return len(s.push.sent()) == 4 && s.jobs(t, olena) == 0 })
}

// A node that stops in the middle of a notice has not tried the rest, however old it is.
func TestANodeThatStopsGivesNobodyUp(t *testing.T) {
	s := newScene(t)
	s.push.targets, s.push.hang = []string{"watch", "phone", "tablet"}, "phone"
	olena := s.person(t, "olena")
	s.event(t, s.camera(t, olena, "Yard"), "motion", "")
	s.poll(t, "the first target has it", func() bool { return len(s.push.sent()) == 1 && s.jobs(t, olena) == 1 })
	s.fake.Advance(2 * time.Hour) // longer than this way tries
	s.stop()
	if n := s.jobs(t, olena); n != 1 || len(s.push.gaveUp) != 0 {
		t.Fatalf("%d wait, given up %v", n, s.push.gaveUp)
	}
	s.push.mu.Lock()
	s.push.hang = ""
	s.push.mu.Unlock()
	s.another(t)
	s.poll(t, "the others have it too", func() bool { return s.jobs(t, olena) == 0 })
	for i, target := range []string{"watch", "phone", "tablet"} {
		if got := s.push.sent(); len(got) != 3 || !strings.HasPrefix(got[i], "olena "+target+":") {
			t.Errorf("%q", got)
		}
	}
}

func TestAFlappingCameraIsToldOnce(t *testing.T) {
	s := newScene(t, func(c *BoardConfig) { c.Steady = 200 * time.Millisecond })
	olena := s.person(t, "olena")
	yard := s.camera(t, olena, "Yard")
	now := s.fake
	for range 6 {
		s.event(t, yard, "lost", "")
		s.idle(t)
		now.Advance(100 * time.Millisecond)
		s.event(t, yard, "back", "")
		s.idle(t)
		now.Advance(50 * time.Millisecond)
	}
	s.reads(t, olena, "camera_lost on Yard", 1)
	now.Advance(time.Second)
	s.reads(t, olena, "camera_back on Yard; camera_lost on Yard", 2)
	// Lost again so soon: it has to wait, and is told if it is lost still.
	s.event(t, yard, "lost", "")
	s.idle(t)
	s.reads(t, olena, "camera_back on Yard; camera_lost on Yard", 2)
	now.Advance(6 * time.Minute)
	s.reads(t, olena, "camera_lost on Yard; camera_back on Yard; camera_lost on Yard", 3)
	// Switched off is not lost.
	off := s.camera(t, olena, "Off")
	no := false
	if _, err := s.auth.UpdateCamera(t.Context(), olena, off, authz.CameraPatch{Enabled: &no}); err != nil {
		t.Fatal(err)
	}
	s.event(t, off, "lost", "")
	s.idle(t)
	if got := words(s.list(t, olena)); strings.Contains(got, "Off") {
		t.Errorf("%s", got)
	}
}

func TestAGatheredLetterGoesOnceHoweverManyNodesAndRestarts(t *testing.T) {
	s := newScene(t)
	olena := s.person(t, "olena")
	yard, gate := s.camera(t, olena, "Yard"), s.camera(t, olena, "Gate")
	s.choose(t, olena, letters(DigestHourly))
	_, stop := s.another(t)
	third, _ := s.another(t)
	s.event(t, yard, "motion", "")
	s.event(t, gate, "motion", "")
	s.idle(t)
	s.advance(7 * time.Minute)
	s.event(t, yard, "motion", "")
	s.idle(t)
	if n := s.jobs(t, olena); n != 3 || len(s.mails("olena")) != 0 {
		t.Fatalf("%d wait, %d letters", n, len(s.mails("olena")))
	}
	stop() // a node goes, another comes
	fourth, _ := s.another(t)
	s.advance(50*time.Minute, third, fourth)
	s.poll(t, "the letter", func() bool {
		for _, b := range []*Board{s.board, third, fourth} {
			b.sender.poke()
		}
		return s.jobs(t, olena) == 0
	})
	got := s.mails("olena")
	if len(got) != 1 || strings.Count(got[0].Text, "Yard") != 2 || strings.Count(got[0].Text, "Gate") != 1 {
		t.Fatalf("%d letters: %+v", len(got), got)
	}
	if !strings.Contains(got[0].Text, "https://cams.example.org/notices") {
		t.Errorf("no way to the page: %s", got[0].Text)
	}
}

func TestQuietHoursHoldBackAllButTheList(t *testing.T) {
	s := newScene(t)
	olena := s.person(t, "olena")
	yard := s.camera(t, olena, "Yard")
	start := s.fake.Now()
	s.choose(t, olena, func(p *Preferences) {
		p.Quiet = Quiet{On: true, From: start.Add(-time.Hour).Format("15:04"), To: start.Add(2 * time.Hour).Format("15:04"), Zone: "UTC"}
		p.Kinds[Motion] = Ways{Feed: true, Push: true, Webhook: true}
		p.Kinds[Vehicle] = Ways{Feed: true, Mail: true}
	})
	s.event(t, yard, "motion", "")
	s.fake.Advance(time.Second)
	s.event(t, yard, "vehicle", "")
	s.idle(t)
	s.reads(t, olena, "vehicle on Yard; motion on Yard", 2)
	s.advance(time.Hour)
	s.event(t, yard, "motion", "")
	s.idle(t)
	if n := len(s.push.sent()) + len(s.webhook.sent()) + len(s.mails("olena")); n != 0 {
		t.Fatalf("%d left in the quiet hours", n)
	}
	s.advance(time.Hour)
	s.poll(t, "the letter after them", func() bool { s.board.sender.poke(); return len(s.mails("olena")) == 1 })
	if m := s.mails("olena")[0]; strings.Count(m.Text, "Yard") != 3 {
		t.Errorf("%s", m.Text)
	}
	s.poll(t, "nothing waits", func() bool { return s.jobs(t, olena) == 0 })
	s.advance(time.Minute)
	s.event(t, yard, "tamper", "")
	s.poll(t, "it is loud again", func() bool { return len(s.push.sent()) == 1 })
}

func TestAChannelIsTriedAgainForWhatItDidNotReach(t *testing.T) {
	s := newScene(t)
	olena := s.person(t, "olena")
	yard := s.camera(t, olena, "Yard")
	s.choose(t, olena, func(p *Preferences) { p.Kinds[Motion] = Ways{Feed: true, Webhook: true} })
	s.webhook.targets = []string{"well", "ill", "gone"}
	s.webhook.failing("ill", errBusy)
	s.webhook.failing("gone", NeverAgain(errors.New("410")))
	s.event(t, yard, "motion", "")
	s.poll(t, "the first try", func() bool { return s.tried(t, olena, true) })
	s.webhook.failing("ill", nil)
	s.advance(2 * time.Minute)
	s.poll(t, "the next try", func() bool { s.board.sender.poke(); return s.jobs(t, olena) == 0 })
	if got := s.webhook.sent(); len(got) != 2 || !strings.Contains(got[0], "well") || !strings.Contains(got[1], "ill") {
		t.Errorf("%q", got)
	}
	s.webhook.failing("ill", errBusy)
	s.advance(10 * time.Minute)
	s.event(t, yard, "motion", "")
	s.poll(t, "the first try of the next", func() bool { return s.tried(t, olena, true) })
	s.advance(2 * time.Hour) // longer than this way tries
	s.poll(t, "it is given up", func() bool { s.board.sender.poke(); return s.jobs(t, olena) == 0 })
	if !slices.Equal(s.webhook.gaveUp, []string{"ill: 451 4.3.2 not now"}) {
		t.Errorf("%q", s.webhook.gaveUp)
	}
}

func TestBudgetsWebhooksAndImagesAreToldOnce(t *testing.T) {
	s := newScene(t)
	olena := s.person(t, "olena")
	yard := s.camera(t, olena, "Yard")
	put := func(ev event.Event) {
		t.Helper()
		if _, err := s.store.Commit(t.Context(), kv.Txn{ID: kv.NewID(s.fake.Now()), Space: kv.Control, Writes: []kv.Write{event.Write(ev)}}); err != nil {
			t.Fatal(err)
		}
		s.idle(t)
		s.fake.Advance(time.Minute)
	}
	used := func(level string) event.EgressUsed {
		return event.EgressUsed{Account: olena.Account, Level: level, At: s.fake.Now().UnixMilli(), Until: s.fake.Now().Add(time.Hour).UnixMilli()}
	}
	put(used("sub"))
	put(used("sub")) // another node, or a level that comes and goes
	s.reads(t, olena, "throttle", 1)
	put(used("stills"))
	put(used("sub"))
	s.reads(t, olena, "throttle", 1)
	if n := s.list(t, olena)[0]; n.Reason != "stills" || n.Until.IsZero() {
		t.Errorf("%+v", n)
	}
	s.event(t, yard, "still", "")
	s.reads(t, olena, "still on Yard; throttle", 2)
	put(event.WebhookOff{Account: olena.Account, Webhook: authz.NewID(), Name: "House"})
	s.poll(t, "the letter about the webhook", func() bool {
		return len(s.mails("olena")) == 1 && strings.Contains(s.mails("olena")[0].Subject, "House")
	})
	s.poll(t, "pushes", func() bool { return len(s.push.sent()) == 3 && s.jobs(t, olena) == 0 }) // a still is not pushed
}

func TestStorageIsToldToAdministratorsAndOwners(t *testing.T) {
	s := newScene(t)
	adm, err := s.auth.AddAccount(t.Context(), authz.Operator, authz.NewAccount{Email: "root@example.org", Plan: authz.PlanPro, InstanceAdmin: true,
		Profile: authz.Profile{Name: "root", Language: "en", Zone: "UTC", Password: secret.New("correct horse root")}})
	if err != nil {
		t.Fatal(err)
	}
	olena, max := s.person(t, "olena"), s.person(t, "max")
	yard := s.camera(t, olena, "Yard")
	s.idle(t)
	for i := range 3 {
		ev := event.StorageTrouble{Node: "n", Disk: "/mnt/secret", Reason: "disk_full", Cameras: []string{yard}, At: s.fake.Now().UnixMilli()}
		if _, err := s.store.Commit(t.Context(), kv.Txn{ID: kv.NewID(s.fake.Now()), Space: kv.Control, Writes: []kv.Write{event.WriteAs("full"+string(rune('a'+i)), ev)}}); err != nil {
			t.Fatal(err)
		}
	}
	s.poll(t, "letters", func() bool { return len(s.mails("root")) == 1 && len(s.mails("olena")) == 1 })
	s.idle(t)
	if m := s.mails("olena")[0]; strings.Contains(m.Text, "secret") {
		t.Errorf("an owner reads the path: %s", m.Text)
	}
	if m := s.mails("root")[0]; !strings.Contains(m.Text, "/mnt/secret") {
		t.Errorf("the administrator does not: %s", m.Text)
	}
	s.reads(t, olena, "storage", 1)
	s.reads(t, max, "", 0)
	if n, _, err := s.board.Unread(t.Context(), adm.ID); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
}
