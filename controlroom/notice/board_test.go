package notice

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/i18n"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/mail/mailtest"
	"sightline/internal/redistest"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

// world is a store with an authority and a board that follows it.
type world struct {
	bench
	auth  *authz.Authority
	board *Board
	stop  func() // ends the board
}

func onBoth(t *testing.T, test func(*testing.T, *world)) {
	t.Run("bolt", func(t *testing.T) {
		s, err := boltkv.Open(t.Context(), filepath.Join(t.TempDir(), "store"), boltkv.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, newWorld(t, s, BoardConfig{}))
	})
	t.Run("redis", func(t *testing.T) {
		s, err := rediskv.Open(t.Context(), redistest.Start(t).URL(), rediskv.Config{Timeout: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, newWorld(t, s, BoardConfig{}))
	})
}

func newWorld(t *testing.T, s kv.Store, cfg BoardConfig, change ...func(*authz.Config)) *world {
	t.Helper()
	w := &world{bench: bench{store: s}}
	var err error
	if w.box, err = seal.New(seal.Key{ID: "k1", Secret: [32]byte{1}}); err != nil {
		t.Fatal(err)
	}
	if w.texts, err = i18n.New(); err != nil {
		t.Fatal(err)
	}
	ac := authz.Config{Store: s, Seal: w.box, Node: "n", Timeout: 20 * time.Second}
	for _, f := range change {
		f(&ac)
	}
	w.auth = authz.New(ac)
	cfg.Store, cfg.Authority = s, w.auth
	if w.board, err = NewBoard(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.auth.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	w.stop = runBoard(t, w.board)
	w.poll(t, "the authority is ready", func() bool { return w.auth.Ready() == nil })
	return w
}

// runBoard runs a board until stop is called or the test is over.
func runBoard(t *testing.T, b *Board) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); b.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func (w *world) poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("waited 40 s: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func (w *world) person(t *testing.T, name string) authz.Subject {
	t.Helper()
	pass, email := secret.New("correct horse "+name), name+"@example.org"
	if _, err := w.auth.AddAccount(t.Context(), authz.Operator, authz.NewAccount{Email: email, Plan: authz.PlanPro,
		Profile: authz.Profile{Name: name, Password: pass, Language: "en", Zone: "UTC"}}); err != nil {
		t.Fatal(err)
	}
	l, err := w.auth.SignIn(t.Context(), email, pass, authz.Client{IP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	return l.Subject
}

func (w *world) camera(t *testing.T, s authz.Subject, name string) string {
	t.Helper()
	c, err := w.auth.CreateCamera(t.Context(), s, authz.CameraSpec{Name: name, Zone: "UTC"})
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// save makes the camera's table be these people with these levels.
func (w *world) save(t *testing.T, owner authz.Subject, camera string, levels map[string]authz.Levels) {
	t.Helper()
	table, err := w.auth.Access(t.Context(), owner, camera)
	if err != nil {
		t.Fatal(err)
	}
	var rows []authz.GrantEdit
	for name, l := range levels {
		r := authz.GrantEdit{Email: name + "@example.org", Levels: l, Message: "For the holidays <b>"}
		for _, have := range table.Rows {
			if have.Name == name {
				r.GrantID, r.Email = have.Grant.ID, ""
			}
		}
		rows = append(rows, r)
	}
	if _, err := w.auth.SaveAccess(t.Context(), owner, camera, table.Version, rows); err != nil {
		t.Fatal(err)
	}
}

func (w *world) grant(t *testing.T, s authz.Subject, camera string) string {
	t.Helper()
	offers, err := w.auth.Offers(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range offers {
		if o.Camera.ID == camera {
			return o.Grant.ID
		}
	}
	t.Fatal("no offer")
	return ""
}

func (w *world) accept(t *testing.T, s authz.Subject, camera string) {
	t.Helper()
	if err := w.auth.AcceptOffer(t.Context(), s, w.grant(t, s, camera)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) reject(t *testing.T, s authz.Subject, camera string) {
	t.Helper()
	if err := w.auth.RejectOffer(t.Context(), s, w.grant(t, s, camera)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) list(t *testing.T, s authz.Subject) []Notice {
	t.Helper()
	l, err := w.board.List(t.Context(), s, Query{})
	if err != nil {
		t.Fatal(err)
	}
	return l.Notices
}

func (w *world) unread(t *testing.T, s authz.Subject) int {
	t.Helper()
	n, _, err := w.board.Unread(t.Context(), s.Account)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// words is a list as a person reads it, newest first.
func words(list []Notice) string {
	var out []string
	for _, n := range list {
		s := n.Kind
		if n.Answer != "" {
			s += " " + n.Answer
		}
		if n.Person != nil {
			s += " by " + n.Person.Name
		}
		if n.Camera != nil {
			s += " on " + n.Camera.Name
		}
		if n.Group != nil {
			s += " in " + n.Group.Name
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func (w *world) reads(t *testing.T, s authz.Subject, want string, unread int) {
	t.Helper()
	got, n := "", 0
	for end := time.Now().Add(40 * time.Second); time.Now().Before(end); <-time.After(5 * time.Millisecond) {
		if got, n = words(w.list(t, s)), w.unread(t, s); got == want && n == unread {
			return
		}
	}
	t.Fatalf("reads %q, %d unread; want %q, %d", got, n, want, unread)
}

func TestR31_R32_AnOfferIsToldAndItsAnswerOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena, max := w.person(t, "olena"), w.person(t, "max")
		yard := w.camera(t, olena, "Yard")
		w.save(t, olena, yard, map[string]authz.Levels{"max": authz.LevelOnline})
		w.reads(t, max, "offer_received by olena on Yard", 1)
		w.reads(t, olena, "", 0)

		// R32: reading the notice does not touch the offer.
		if err := w.board.MarkRead(t.Context(), max, nil); err != nil {
			t.Fatal(err)
		}
		w.reads(t, max, "offer_received by olena on Yard", 0)
		w.reject(t, max, yard)
		w.reads(t, olena, "offer_answered declined by max on Yard", 1)
		w.accept(t, max, yard)
		w.reads(t, olena, "offer_answered accepted by max on Yard", 1)
		w.reject(t, max, yard)
		w.reads(t, olena, "offer_answered left by max on Yard", 1) // still one
	})
}

func TestR14_WithoutTheRightANoticeNamesNoCamera(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena, max := w.person(t, "olena"), w.person(t, "max")
		yard := w.camera(t, olena, "Yard")
		w.save(t, olena, yard, map[string]authz.Levels{"max": authz.LevelOnline})
		w.reads(t, max, "offer_received by olena on Yard", 1)
		w.accept(t, max, yard)
		w.reads(t, max, "offer_received by olena on Yard", 0) // answered is read
		w.save(t, olena, yard, map[string]authz.Levels{"max": authz.LevelOnline | authz.LevelArchive})
		w.reads(t, max, "access_changed by olena on Yard; offer_received by olena on Yard", 1)
		w.reject(t, max, yard) // left: the list is the same, the name is not told any more
		w.reads(t, max, "access_changed by olena; offer_received by olena", 1)
		w.accept(t, max, yard)
		w.reads(t, max, "access_changed by olena on Yard; offer_received by olena on Yard", 1)
		w.save(t, olena, yard, nil)
		w.reads(t, max, "access_ended by olena", 1)
	})
}

func TestR23_AWithdrawnOfferLeavesNoNotice(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena, max := w.person(t, "olena"), w.person(t, "max")
		yard := w.camera(t, olena, "Yard")
		w.save(t, olena, yard, map[string]authz.Levels{"max": authz.LevelOnline})
		w.reads(t, max, "offer_received by olena on Yard", 1)
		w.save(t, olena, yard, nil)
		w.reads(t, max, "", 0)
		w.save(t, olena, yard, map[string]authz.Levels{"max": authz.LevelOnline}) // a new offer
		w.reads(t, max, "offer_received by olena on Yard", 1)
	})
}

func TestR58_AGroupsEndIsOneNoticeToEachMember(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena, max, eve := w.person(t, "olena"), w.person(t, "max"), w.person(t, "eve")
		g, err := w.auth.CreateGroup(t.Context(), olena, "House")
		if err != nil {
			t.Fatal(err)
		}
		id := g.Group.ID
		code, err := w.auth.CreateShareCode(t.Context(), olena, id, authz.RoleViewer, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []authz.Subject{max, eve} {
			if _, err := w.auth.JoinGroup(t.Context(), s, code.Code.Reveal()); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := w.auth.InviteAdministrator(t.Context(), olena, id, "max@example.org", "https://cams.example.org"); err != nil {
			t.Fatal(err)
		}
		w.reads(t, max, "group_invitation by olena in House", 1)
		if _, err := w.auth.RemoveParticipant(t.Context(), olena, id, eve.Account); err != nil {
			t.Fatal(err)
		}
		w.reads(t, eve, "group_removed by olena in House", 1)
		if _, err := w.auth.DeleteGroup(t.Context(), olena, id); err != nil {
			t.Fatal(err)
		}
		w.reads(t, max, "group_deleted by olena in House", 1)
		w.reads(t, eve, "group_removed by olena in House", 1)
		w.reads(t, olena, "", 0)
	})
}

func TestR3_ADowngradeIsToldOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena := w.person(t, "olena")
		yard := w.camera(t, olena, "Yard")
		if _, err := w.auth.CreateLink(t.Context(), olena, authz.NewLink{Kind: authz.LinkShare, Name: "L", Cameras: []string{yard}, RiskAcknowledged: true}); err != nil {
			t.Fatal(err)
		}
		plan := func(p authz.Plan) {
			t.Helper()
			if _, err := w.auth.SetPlan(t.Context(), authz.Operator, olena.Account, p); err != nil {
				t.Fatal(err)
			}
		}
		plan(authz.PlanMini)
		w.reads(t, olena, LinksPausedPlan, 1)
		plan(authz.PlanMini)
		plan(authz.PlanPro)
		plan(authz.PlanMini)
		w.poll(t, "a second downgrade is told instead of the first", func() bool {
			l := w.list(t, olena)
			return len(l) == 1 && l[0].Links == 1 && w.unread(t, olena) == 1
		})
	})
}

// The feed delivers at least once: what was read stays read.
func TestARepeatedEventTellsNothingAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		if err := event.Register(t.Context(), w.store, kv.Control, "again"); err != nil { // so that nothing is trimmed before
			t.Fatal(err)
		}
		olena, max := w.person(t, "olena"), w.person(t, "max")
		yard := w.camera(t, olena, "Yard")
		w.save(t, olena, yard, map[string]authz.Levels{"max": authz.LevelOnline})
		w.reads(t, max, "offer_received by olena on Yard", 1)
		w.accept(t, max, yard)
		w.reads(t, olena, "offer_answered accepted by max on Yard", 1)
		if err := w.board.MarkRead(t.Context(), olena, nil); err != nil {
			t.Fatal(err)
		}
		seen := make(chan event.Entry, 100)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go event.Follow(ctx, w.store, kv.Control, "again", func(_ context.Context, e event.Entry) error { seen <- e; return nil })
		for n := 0; n < 2; {
			e := <-seen
			if _, ok := e.Event.(event.OfferChanged); !ok {
				continue
			}
			n++
			if err := w.board.handle(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		w.reads(t, olena, "offer_answered accepted by max on Yard", 0)
		w.reads(t, max, "offer_received by olena on Yard", 0)
	})
}

func TestAMutedCameraRingsNoBell(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena, max, eve := w.person(t, "olena"), w.person(t, "max"), w.person(t, "eve")
		yard := w.camera(t, olena, "Yard")
		w.save(t, olena, yard, map[string]authz.Levels{"max": authz.LevelOnline})
		w.accept(t, max, yard)
		w.reads(t, olena, "offer_answered accepted by max on Yard", 1)
		if err := w.board.Mute(t.Context(), eve, yard, true); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger mutes: %v", err)
		}
		if err := w.board.Mute(t.Context(), max, yard, true); err != nil {
			t.Fatal(err)
		}
		w.poll(t, "the offer's notice", func() bool { return len(w.list(t, max)) <= 1 })
		before := w.unread(t, max)
		w.save(t, olena, yard, map[string]authz.Levels{"max": authz.LevelOnline | authz.LevelArchive})
		w.poll(t, "told in the list", func() bool { return strings.HasPrefix(words(w.list(t, max)), AccessChanged) })
		if n := w.unread(t, max); n != before {
			t.Errorf("%d unread, %d before", n, before)
		}
		l, err := w.board.List(t.Context(), max, Query{})
		if err != nil || !slices.Equal(l.Muted, []string{yard}) {
			t.Errorf("muted %v, %v", l.Muted, err)
		}
	})
}

func TestNoticesArePagedAndRunOut(t *testing.T) {
	s := setUp(t)
	w := newWorld(t, s.store, BoardConfig{Most: 120})
	max := w.person(t, "max")
	now := time.Now()
	for i := range 130 {
		r := record{Kind: GroupRemoved, At: now.Add(time.Duration(i) * time.Millisecond).UnixMilli(), Group: "g", GroupName: fmt.Sprint(i)}
		if err := w.board.add(t.Context(), fmt.Sprint(i), max.Account, r, nil); err != nil {
			t.Fatal(err)
		}
	}
	var got []Notice
	for before := ""; ; {
		l, err := w.board.List(t.Context(), max, Query{Before: before, Unread: true})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, l.Notices...)
		if before = l.Next; before == "" {
			break
		}
		if len(l.Notices) != Page {
			t.Fatalf("a page of %d", len(l.Notices))
		}
	}
	if len(got) != 120 || got[0].Group.Name != "129" || got[119].Group.Name != "10" || w.unread(t, max) != 120 {
		t.Fatalf("%d notices, from %v to %v, %d unread", len(got), got[0].Group, got[len(got)-1].Group, w.unread(t, max))
	}
	old := record{Kind: GroupRemoved, At: now.Add(-31 * 24 * time.Hour).UnixMilli(), Group: "old"}
	if err := w.board.add(t.Context(), "old", max.Account, old, nil); err != nil {
		t.Fatal(err)
	}
	if n := w.unread(t, max); n != 120 {
		t.Errorf("%d unread with one that has run out", n)
	}
	if err := w.board.MarkRead(t.Context(), max, []string{got[0].ID, got[1].ID, "nonsense"}); err != nil {
		t.Fatal(err)
	}
	if n := w.unread(t, max); n != 118 {
		t.Errorf("%d unread, want 118", n)
	}
	if _, err := w.board.List(t.Context(), max, Query{Before: "../x"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a place that is none: %v", err)
	}
}

func TestAClosedAccountLeavesNoNotices(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena, max := w.person(t, "olena"), w.person(t, "max")
		w.person(t, "eve")
		yard := w.camera(t, olena, "Yard")
		w.save(t, olena, yard, map[string]authz.Levels{"max": authz.LevelOnline})
		w.reads(t, max, "offer_received by olena on Yard", 1)
		if _, err := w.auth.CloseAccount(t.Context(), max, max.Account); err != nil {
			t.Fatal(err)
		}
		w.poll(t, "nothing is left", func() bool {
			snap, err := w.store.Read(t.Context(), kv.Bulk(max.Account), nil, []kv.Scan{{Prefix: "nt"}})
			return err == nil && len(snap.Scans[0]) == 0
		})
	})
}

// Mail for offers: decided when it goes, escaped, and 20 a day of one owner.
func TestOffersGoByMail(t *testing.T) {
	s := setUp(t)
	w := newWorld(t, s.store, BoardConfig{Mail: true}, func(c *authz.Config) { c.MailsADay = 3 })
	sink, m := w.sink(t, mailtest.Config{})
	olena, max := w.person(t, "olena"), w.person(t, "max")
	yard, door := w.camera(t, olena, "Yard"), w.camera(t, olena, "Door")
	w.save(t, olena, yard, map[string]authz.Levels{"max": authz.LevelOnline})
	w.reads(t, max, "offer_received by olena on Yard", 1)
	w.save(t, olena, door, map[string]authz.Levels{"max": authz.LevelOnline})
	w.reads(t, max, "offer_received by olena on Door; offer_received by olena on Yard", 2)
	w.poll(t, "both letters wait", func() bool { return queued(t, w.store) == 2 })
	w.save(t, olena, door, nil) // withdrawn before the letter goes

	n, err := New(Config{Store: w.store, Seal: w.box, Mail: m, Texts: w.texts, Recipients: w.auth, PublicURL: "https://cams.example.org",
		Retry: []time.Duration{20 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}()
	mails, err := sink.Wait(within(t, time.Minute), 1)
	if err != nil {
		t.Fatal(err)
	}
	waitEmpty(t, w.store)
	got := mails[0]
	if len(sink.Mails()) != 1 || got.To != "max@example.org" || !strings.Contains(got.Subject, "Yard") ||
		!strings.Contains(got.Text, "\nhttps://cams.example.org/cameras\n") || !strings.Contains(got.Text, "For the holidays <b>") ||
		!strings.Contains(got.HTML, "For the holidays &lt;b&gt;") || strings.ContainsAny(got.Text+got.Subject, "{}") {
		t.Errorf("%d letters: %+v", len(sink.Mails()), got)
	}
	for range 3 { // the third of the day goes, the fourth and fifth do not
		w.save(t, olena, door, map[string]authz.Levels{"max": authz.LevelOnline})
		w.poll(t, "told", func() bool { return strings.HasPrefix(words(w.list(t, max)), "offer_received by olena on Door") })
		w.idle(t) // the letter is queued behind the notice
		waitEmpty(t, w.store)
		w.save(t, olena, door, nil)
		w.poll(t, "withdrawn", func() bool { return !strings.Contains(words(w.list(t, max)), "Door") })
	}
	if n := len(sink.Mails()); n != 2 {
		t.Errorf("%d letters, the limit is 3 with one withdrawn", n)
	}
}

// R54: a full gallery is told once until there was room, however often the event
// comes; the next time replaces it, and rings again.
func TestR54_AFullGalleryIsOneNotice(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena := w.person(t, "olena")
		began := time.Now()
		full := func(id string, said time.Duration) event.Entry {
			return event.Entry{ID: id, At: began.Add(said), Event: event.GalleryFull{Account: olena.Account}}
		}
		for said := range 2 { // two couriers at once, or one after a crash
			if err := w.board.handle(t.Context(), full("gallery-full/1", time.Duration(said)*time.Second)); err != nil {
				t.Fatal(err)
			}
			if said == 0 {
				if err := w.board.MarkRead(t.Context(), olena, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.reads(t, olena, GalleryFull, 0)
		if err := w.board.handle(t.Context(), full("gallery-full/2", time.Minute)); err != nil {
			t.Fatal(err)
		}
		w.poll(t, "the second is told instead of the first", func() bool { return len(w.list(t, olena)) == 1 && w.unread(t, olena) == 1 })
	})
}

// Two nodes that switch one webhook off, or one after a crash, say so twice under
// one id, at two times: what was read stays read.
func TestWhatIsToldTwiceIsOneNotice(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		olena := w.person(t, "olena")
		off := event.WebhookOff{Account: olena.Account, Webhook: authz.NewID(), Name: "House"}
		for said := range 2 {
			if err := w.board.handle(t.Context(), event.Entry{ID: "webhook_off/1", At: time.Now().Add(time.Duration(said) * time.Second), Event: off}); err != nil {
				t.Fatal(err)
			}
			if said == 0 {
				if err := w.board.MarkRead(t.Context(), olena, nil); err != nil {
					t.Fatal(err)
				}
			}
			w.reads(t, olena, WebhookOff, 0)
		}
		if err := w.board.handle(t.Context(), event.Entry{ID: "webhook_off/2", At: time.Now().Add(time.Minute), Event: off}); err != nil {
			t.Fatal(err)
		}
		w.reads(t, olena, WebhookOff, 1) // switched on and off again: another one
	})
}
