package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/authz"
	"sightline/cmd/sightline/config"
	"sightline/controlroom/notice"
	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/i18n"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/push"
	"sightline/internal/push/pushtest"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

// ways is a store with an authority, and boards that send through the real push
// and webhooks to real receivers.
type ways struct {
	t     *testing.T
	store kv.Store
	box   *seal.Box
	texts *i18n.Catalogues
	auth  *authz.Authority
	clock *clock.Fake
	log   *output
	roots *pushtest.Service // whose certificates are trusted
}

func newWays(t *testing.T) *ways {
	t.Helper()
	w := &ways{t: t, clock: clock.NewFake(time.Now().UTC()), log: &output{}, roots: pushtest.New(t)}
	var err error
	if w.store, err = boltkv.Open(t.Context(), filepath.Join(t.TempDir(), "store"), boltkv.Config{Clock: w.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	if w.box, err = seal.New(seal.Key{ID: "k1", Secret: [32]byte{1}}); err != nil {
		t.Fatal(err)
	}
	if w.texts, err = i18n.New(); err != nil {
		t.Fatal(err)
	}
	w.auth = authz.New(authz.Config{Store: w.store, Seal: w.box, Node: "n", Timeout: 5 * time.Second, Clock: w.clock})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { w.auth.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	w.poll("the authority", func() bool { return w.auth.Ready() == nil })
	return w
}

func (w *ways) poll(what string, ok func() bool) {
	w.t.Helper()
	for end := time.Now().Add(40 * time.Second); !ok(); {
		if time.Now().After(end) {
			w.t.Fatalf("waited 40 s: %s\n%s", what, w.log.String())
		}
		<-time.After(5 * time.Millisecond)
	}
}

// node runs a board with its ways out, as one server does; stop ends it like a crash.
func (w *ways) node() (n *node, stop func()) {
	w.t.Helper()
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	n = &node{store: w.store, authority: w.auth, log: log, stack: newStack(log), roots: w.roots.Roots(), clock: w.clock,
		cfg: config.Config{PublicURL: "https://cams.example.org", Outbound: config.Outbound{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}}}
	reg := prometheus.NewRegistry()
	if err := n.buildChannels(reg, w.box, w.texts); err != nil {
		w.t.Fatal(err)
	}
	board, err := notice.NewBoard(notice.BoardConfig{Store: w.store, Authority: w.auth, Channels: n.channels(), Texts: w.texts, PublicURL: n.cfg.PublicURL,
		Log: log, Registerer: reg, Clock: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	n.stack.loop("board", board.Run)
	stop = sync.OnceFunc(func() {
		if err := n.stack.stop(); err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(stop)
	return n, stop
}

func (w *ways) person(name, language string) authz.Subject {
	w.t.Helper()
	pass, email := secret.New("correct horse "+name), name+"@example.org"
	if _, err := w.auth.AddAccount(w.t.Context(), authz.Operator, authz.NewAccount{Email: email, Plan: authz.PlanPro,
		Profile: authz.Profile{Name: name, Password: pass, Language: language, Zone: "UTC"}}); err != nil {
		w.t.Fatal(err)
	}
	l, err := w.auth.SignIn(w.t.Context(), email, pass, authz.Client{IP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		w.t.Fatal(err)
	}
	return l.Subject
}

// shared makes a camera whose notices these people get.
func (w *ways) shared(owner authz.Subject, name string, with ...authz.Subject) string {
	w.t.Helper()
	c, err := w.auth.CreateCamera(w.t.Context(), owner, authz.CameraSpec{Name: name, Zone: "UTC"})
	if err != nil {
		w.t.Fatal(err)
	}
	var rows []authz.GrantEdit
	for _, s := range with {
		rows = append(rows, authz.GrantEdit{Account: s.Account, Levels: authz.LevelOnline | authz.LevelNotices})
	}
	w.access(owner, c.ID, rows)
	for _, s := range with {
		offers, err := w.auth.Offers(w.t.Context(), s)
		if err != nil || len(offers) != 1 {
			w.t.Fatalf("%d offers, %v", len(offers), err)
		}
		if err := w.auth.AcceptOffer(w.t.Context(), s, offers[0].Grant.ID); err != nil {
			w.t.Fatal(err)
		}
	}
	return c.ID
}

func (w *ways) access(owner authz.Subject, camera string, rows []authz.GrantEdit) {
	w.t.Helper()
	table, err := w.auth.Access(w.t.Context(), owner, camera)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.auth.SaveAccess(w.t.Context(), owner, camera, table.Version, rows); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ways) motion(camera, text string) {
	w.t.Helper()
	id := authz.NewID()
	ev := event.CameraEvent{ID: id, Camera: camera, Kind: "motion", Source: "hook", Text: text, At: w.clock.Now().UnixMilli()}
	if _, err := w.store.Commit(w.t.Context(), kv.Txn{ID: kv.NewID(w.clock.Now()), Space: event.CameraEvents, Writes: []kv.Write{event.WriteAs(id, ev)}}); err != nil {
		w.t.Fatal(err)
	}
}

// settled waits until so many messages wait for somebody and nobody sends any:
// then the clock can be moved without making a commit stale.
func (w *ways) settled(waiting int, people ...authz.Subject) {
	w.t.Helper()
	w.poll("what is sent is noted", func() bool {
		n := 0
		for _, s := range people {
			snap, err := w.store.Read(w.t.Context(), kv.Bulk(s.Account), []string{"ntlease"}, []kv.Scan{{Prefix: "ntj/"}})
			if err != nil || snap.Values[0].Exists() {
				return false
			}
			n += len(snap.Scans[0])
		}
		return n == waiting
	})
}

// hookEnd is a receiver of webhooks.
type hookEnd struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	ids    []string
	answer http.HandlerFunc
}

func newHookEnd(t *testing.T, answer http.HandlerFunc) *hookEnd {
	e := &hookEnd{answer: answer}
	e.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		e.mu.Lock()
		answer := e.answer
		e.bodies, e.ids = append(e.bodies, string(b)), append(e.ids, r.Header.Get("Sightline-Id"))
		e.mu.Unlock()
		if answer != nil {
			answer(rw, r)
		}
	}))
	t.Cleanup(e.Server.Close)
	return e
}

func (e *hookEnd) set(answer http.HandlerFunc) { e.mu.Lock(); e.answer = answer; e.mu.Unlock() }

func (e *hookEnd) got() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.bodies...)
}

// about counts the bodies that name something.
func about(bodies []string, what string) (n int) {
	for _, b := range bodies {
		if strings.Contains(b, what) {
			n++
		}
	}
	return n
}

func (e *hookEnd) about(what string) int { return about(e.got(), what) }

func (w *ways) hook(n *node, who authz.Subject, e *hookEnd) {
	w.t.Helper()
	if _, _, err := n.webhooks.Create(w.t.Context(), who.Account, "hook", e.URL+"/canary-of-the-address"); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ways) device(n *node, who authz.Subject, s *pushtest.Service) {
	w.t.Helper()
	if _, err := n.push.Subscribe(w.t.Context(), who.Account, who.Login, "", push.Subscription{Endpoint: s.URL, P256dh: s.P256dh, Auth: s.Auth}); err != nil {
		w.t.Fatal(err)
	}
}

func pushed(s *pushtest.Service) (out []string) {
	for _, m := range s.Messages() {
		out = append(out, string(m.Plain))
	}
	return out
}

// R14: a push and a webhook come to who has the level, in his language, and to
// nobody else; what waits for a receiver when the level goes never leaves.
func TestR14_PushAndWebhooksFollowTheLevel(t *testing.T) {
	w := newWays(t)
	n, _ := w.node()
	olena, anna, max := w.person("olena", "en"), w.person("anna", "uk"), w.person("max", "de")
	busy := func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) }
	annas, maxs := newHookEnd(t, nil), newHookEnd(t, nil)
	phone := pushtest.New(t)
	w.hook(n, anna, annas)
	w.hook(n, max, maxs)
	w.device(n, anna, w.roots)
	w.device(n, max, phone)
	yard := w.shared(olena, "Hinterhof-7", anna, max)

	w.motion(yard, "at the gate")
	w.poll("both are told", func() bool {
		return annas.about(`"motion"`) == 1 && maxs.about(`"motion"`) == 1 && about(pushed(w.roots), `"motion"`) == 1 && about(pushed(phone), `"motion"`) == 1
	})
	var p struct{ Title, Body, Lang, Page string }
	for _, b := range pushed(w.roots) {
		if strings.Contains(b, `"motion"`) {
			if err := json.Unmarshal([]byte(b), &p); err != nil {
				t.Fatal(err)
			}
		}
	}
	if p.Title != "Hinterhof-7" || p.Lang != "uk" || !strings.Contains(p.Body, "at the gate") || !strings.HasPrefix(p.Page, "/") {
		t.Errorf("%+v", p)
	}

	w.settled(0, olena, anna, max)

	// The receivers are away, the level goes, the receivers come back.
	maxs.set(busy)
	phone.SetAnswer(busy)
	w.clock.Advance(10 * time.Minute)
	before := len(maxs.got())
	w.motion(yard, "second")
	w.poll("it was tried", func() bool { return len(maxs.got()) > before && phone.Requests() > len(phone.Messages()) })
	w.poll("anna is told", func() bool { return annas.about(`"second"`) == 1 })
	w.settled(2, olena, anna, max)
	w.access(olena, yard, []authz.GrantEdit{{Account: anna.Account, GrantID: w.grantOf(olena, yard, "anna"), Levels: authz.LevelOnline | authz.LevelNotices}})
	tries, pushes := maxs.about("second"), phone.Requests()
	maxs.set(nil)
	phone.SetAnswer(nil)
	w.clock.Advance(2 * time.Minute)
	w.settled(0, olena, anna, max) // withdrawn from both
	if maxs.about("second") != tries || about(pushed(phone), "second") != 0 || about(pushed(phone), "Hinterhof") != 1 {
		t.Errorf("%d tries after %d, %d pushes after %d: %q", maxs.about("second"), tries, phone.Requests(), pushes, pushed(phone))
	}
	w.clock.Advance(10 * time.Minute)
	w.motion(yard, "third")
	w.poll("anna is told", func() bool { return annas.about(`"third"`) == 1 })
	if maxs.about("third") != 0 || about(pushed(phone), "third") != 0 {
		t.Error("it came to who has no right")
	}
	for _, canary := range []string{"canary-of-the-address", "a-secret-of-the-browser", phone.Auth, "whsec_", "Hinterhof"} {
		if strings.Contains(w.log.String(), canary) {
			t.Errorf("the log has %s", canary)
		}
	}
}

func (w *ways) grantOf(owner authz.Subject, camera, name string) string {
	w.t.Helper()
	table, err := w.auth.Access(w.t.Context(), owner, camera)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range table.Rows {
		if r.Name == name {
			return r.Grant.ID
		}
	}
	w.t.Fatal("no row of " + name)
	return ""
}

// What ends takes its ways out along, and at once: a login its device, a closed
// account its webhooks and all that is sealed in them.
func TestAnEndedLoginAndAClosedAccountLeaveNothing(t *testing.T) {
	w := newWays(t)
	n, _ := w.node()
	w.person("admin", "en") // the first account cannot be closed
	anna := w.person("anna", "en")
	w.device(n, anna, w.roots)
	w.hook(n, anna, newHookEnd(t, nil))
	left := func(prefixes ...string) (keys []string) {
		for _, space := range []kv.Space{kv.Bulk(anna.Account), kv.Control} {
			snap, err := w.store.Read(t.Context(), space, nil, []kv.Scan{{}})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range snap.Scans[0] {
				for _, p := range prefixes {
					if strings.HasPrefix(v.Key, p) {
						keys = append(keys, v.Key)
					}
				}
			}
		}
		return keys
	}
	if len(left("push/", "pushat/")) != 2 || len(left("webhook/")) != 1 {
		t.Fatalf("%q", left("push", "webhook"))
	}
	if err := w.auth.SignOut(t.Context(), anna); err != nil {
		t.Fatal(err)
	}
	w.poll("the device is gone", func() bool { return len(left("push/", "pushat/")) == 0 })
	if len(left("webhook/")) != 1 {
		t.Error("the webhook went with the login")
	}
	again, err := w.auth.SignIn(t.Context(), "anna@example.org", secret.New("correct horse anna"), authz.Client{IP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	w.device(n, again.Subject, w.roots)
	if _, err := w.auth.CloseOwn(t.Context(), again.Subject, secret.New("correct horse anna")); err != nil {
		t.Fatal(err)
	}
	w.poll("everything is gone", func() bool { return len(left("push", "webhook")) == 0 })
}

// One person's receiver hangs: the other's messages come all the same.
func TestAHangingReceiverHoldsNobodyUp(t *testing.T) {
	w := newWays(t)
	n, _ := w.node()
	olena, anna, max := w.person("olena", "en"), w.person("anna", "en"), w.person("max", "en")
	release := make(chan struct{})
	maxs, annas := newHookEnd(t, func(http.ResponseWriter, *http.Request) { <-release }), newHookEnd(t, nil)
	w.hook(n, anna, annas)
	w.hook(n, max, maxs)
	w.device(n, max, w.roots)
	yard := w.shared(olena, "Yard", anna, max)
	w.motion(yard, "zero")
	w.poll("max's receiver hangs", func() bool { return len(maxs.got()) == 1 })
	// Three come to anna while one and the same request hangs; a slow machine may
	// meet the limit of a request meanwhile, and another one hangs then.
	beside := 0
	for _, text := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"} {
		w.clock.Advance(6 * time.Minute)
		hung := len(maxs.got())
		w.motion(yard, text)
		w.poll("anna is told "+text, func() bool { return annas.about(`"`+text+`"`) == 1 })
		if len(maxs.got()) > hung {
			beside = 0
		} else if beside++; beside == 3 {
			break
		}
	}
	if beside < 3 {
		t.Errorf("anna's messages wait for max's receiver, which was asked %d times", len(maxs.got()))
	}
	close(release)
	maxs.set(nil)
	w.poll("max gets his", func() bool {
		w.clock.Advance(time.Second)
		return maxs.about(`"one"`) > 0 && maxs.about(`"three"`) > 0 && about(pushed(w.roots), `three`) == 1
	})
}

// A node dies after a receiver took a message and before its answer came; another
// node sends it again, with the same id, and what went meanwhile goes once.
func TestANodeDiesBetweenSendingAndAnswer(t *testing.T) {
	w := newWays(t)
	n, crash := w.node()
	olena, anna := w.person("olena", "en"), w.person("anna", "en")
	release := make(chan struct{})
	annas := newHookEnd(t, nil)
	w.hook(n, anna, annas)
	yard := w.shared(olena, "Yard", anna)
	annas.set(func(http.ResponseWriter, *http.Request) { <-release })
	w.motion(yard, "first")
	w.poll("the receiver has it", func() bool { return annas.about(`"first"`) == 1 })
	crash()
	close(release)
	annas.set(nil)
	_, stop := w.node()
	w.node() // two nodes at once
	w.poll("it comes again", func() bool { w.clock.Advance(time.Second); return annas.about(`"first"`) >= 2 })
	w.settled(0, olena, anna)
	w.clock.Advance(10 * time.Minute)
	w.motion(yard, "second")
	w.poll("the next comes", func() bool { return annas.about(`"second"`) >= 1 })
	stop()
	annas.mu.Lock()
	defer annas.mu.Unlock()
	ids := map[string]int{}
	for i, b := range annas.bodies {
		if strings.Contains(b, `"first"`) {
			ids[annas.ids[i]]++
		}
	}
	if len(ids) != 1 || about(annas.bodies, `"first"`) < 2 || about(annas.bodies, `"second"`) != 1 {
		t.Errorf("%v %q", ids, annas.bodies)
	}
}
