package notice

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/mail/mailtest"
)

// way is a Channel that keeps what it is given.
type way struct {
	name    string
	targets []string

	mu     sync.Mutex
	fail   map[string]error // by target
	hang   string           // a target that answers only when the try is ended
	got    []string         // "account name target: title | body | page"
	gaveUp []string
	most   time.Duration
}

func (c *way) Name() string   { return c.name }
func (c *way) Prefix() string { return "" }

func (c *way) Targets(context.Context, string, string) ([]string, error) { return c.targets, nil }

func (c *way) Send(ctx context.Context, to authz.Account, target string, m Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hang == target {
		c.mu.Unlock()
		<-ctx.Done()
		c.mu.Lock()
		return ctx.Err()
	}
	if err := c.fail[target]; err != nil {
		return err
	}
	c.got = append(c.got, to.Name+" "+target+": "+m.Title+" | "+m.Body+" | "+m.Page)
	return nil
}

func (c *way) Retry() ([]time.Duration, time.Duration) {
	return []time.Duration{time.Minute}, max(c.most, time.Hour)
}

func (c *way) GaveUp(_ context.Context, account, target string, why error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gaveUp = append(c.gaveUp, target+": "+why.Error())
	return nil
}

func (c *way) failing(target string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fail == nil {
		c.fail = map[string]error{}
	}
	c.fail[target] = err
}

func (c *way) sent() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

// scene is a board with all its ways out, on a clock that moves when told.
type scene struct {
	*world
	fake     *clock.Fake
	sink     *mailtest.Sink
	push     *way
	webhook  *way
	down     func(bool) // the mail server refuses for now
	cfg      BoardConfig
	refuseMu sync.Mutex
	refuse   bool
}

func newScene(t *testing.T, change ...func(*BoardConfig)) *scene {
	t.Helper()
	s := &scene{fake: clock.NewFake(time.Now().UTC().Truncate(time.Hour).Add(10 * time.Minute)),
		push: &way{name: ByPush, targets: []string{"phone"}}, webhook: &way{name: ByWebhook, targets: []string{"hook"}}}
	store, err := boltkv.Open(t.Context(), filepath.Join(t.TempDir(), "store"), boltkv.Config{Clock: s.fake})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	b := setUp(t)
	sink, letters := b.sink(t, mailtest.Config{Answer: func(string) error {
		s.refuseMu.Lock()
		defer s.refuseMu.Unlock()
		if s.refuse {
			return errBusy
		}
		return nil
	}})
	s.sink = sink
	s.down = func(yes bool) { s.refuseMu.Lock(); s.refuse = yes; s.refuseMu.Unlock() }
	s.cfg = BoardConfig{Letters: letters, Texts: b.texts, Channels: []Channel{s.push, s.webhook}, PublicURL: "https://cams.example.org",
		Clock: s.fake, Retry: []time.Duration{time.Minute}, Steady: time.Minute}
	for _, f := range change {
		f(&s.cfg)
	}
	s.world = newWorld(t, store, s.cfg, func(c *authz.Config) { c.Clock = s.fake })
	s.cfg.Store, s.cfg.Authority = store, s.world.auth
	return s
}

// another runs a second board on the same store, as another node does.
func (s *scene) another(t *testing.T) (*Board, func()) {
	t.Helper()
	b, err := NewBoard(s.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b, runBoard(t, b)
}

// advance moves time and lets the board look.
func (s *scene) advance(d time.Duration, boards ...*Board) {
	s.fake.Advance(d)
	for _, b := range append(boards, s.board) {
		b.sender.poke()
	}
}

func (s *scene) event(t *testing.T, camera, kind, text string) string {
	t.Helper()
	id := authz.NewID()
	ev := event.CameraEvent{ID: id, Camera: camera, Kind: kind, Source: "hook", Text: text, At: s.fake.Now().UnixMilli()}
	if _, err := s.store.Commit(t.Context(), kv.Txn{ID: kv.NewID(s.fake.Now()), Space: event.CameraEvents, Writes: []kv.Write{event.WriteAs(id, ev)}}); err != nil {
		t.Fatal(err)
	}
	return id
}

// choose changes one's preferences.
func (s *scene) choose(t *testing.T, who authz.Subject, change func(*Preferences)) {
	t.Helper()
	p, err := s.board.Preferences(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	change(&p)
	if _, err := s.board.SetPreferences(t.Context(), who, p); err != nil {
		t.Fatal(err)
	}
}

// letters chooses mail, and nothing else that leaves, for movement.
func letters(digest string) func(*Preferences) {
	return func(p *Preferences) {
		p.Digest = digest
		p.Kinds[Motion] = Ways{Feed: true, Mail: true}
	}
}

func (s *scene) mails(to string) (got []mailtest.Mail) {
	for _, m := range s.sink.Mails() {
		if strings.HasPrefix(m.To, to+"@") {
			got = append(got, m)
		}
	}
	return got
}

// jobs counts what waits to leave for somebody.
func (s *scene) jobs(t *testing.T, who authz.Subject) int {
	t.Helper()
	snap, err := s.store.Read(t.Context(), kv.Bulk(who.Account), nil, []kv.Scan{{Prefix: pJob}})
	if err != nil {
		t.Fatal(err)
	}
	return len(snap.Scans[0])
}

// tried reports whether one notice waits for somebody, after a try that failed.
func (s *scene) tried(t *testing.T, who authz.Subject, failed bool) bool {
	t.Helper()
	snap, err := s.store.Read(t.Context(), kv.Bulk(who.Account), nil, []kv.Scan{{Prefix: pJob}})
	if err != nil {
		t.Fatal(err)
	}
	if len(snap.Scans[0]) != 1 {
		return false
	}
	j, err := parseJob(snap.Scans[0][0])
	return err == nil && (!failed || j.Tries > 0)
}

// idle waits until everything before has been handled: a mark of the end is told
// after it, on both feeds.
func (w *world) idle(t *testing.T) {
	t.Helper()
	w.poll(t, "the feeds are read", func() bool {
		for _, space := range []kv.Space{kv.Control, event.CameraEvents} {
			left, err := event.Recent(t.Context(), w.store, space, 1)
			if err != nil {
				t.Fatal(err)
			}
			snap, err := w.store.Read(t.Context(), space, nil, []kv.Scan{{Prefix: "evc/" + boardConsumer}})
			if err != nil {
				t.Fatal(err)
			}
			if len(left) > 0 && (len(snap.Scans[0]) == 0 || !strings.Contains(string(snap.Scans[0][0].Data), left[0].Place())) {
				return false
			}
		}
		return true
	})
}

const seen = authz.LevelOnline | authz.LevelNotices
