package notice

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/i18n"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/mail"
	"sightline/internal/mail/mailtest"
	"sightline/internal/seal"
	"sightline/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type bench struct {
	store kv.Store
	box   *seal.Box
	texts *i18n.Catalogues
}

func setUp(t *testing.T) bench {
	t.Helper()
	store, err := boltkv.Open(t.Context(), filepath.Join(t.TempDir(), "store"), boltkv.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	box, err := seal.New(seal.Key{ID: "k1", Secret: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	texts, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	return bench{store, box, texts}
}

func (b bench) sink(t *testing.T, cfg mailtest.Config) (*mailtest.Sink, *mail.Sender) {
	t.Helper()
	s, err := mailtest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	m, err := mail.New(mail.Config{Host: "127.0.0.1", Port: s.Port(), Security: mail.Plain,
		From: "Sightline <no-reply@example.org>", Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

func (b bench) run(t *testing.T, m Sender, retry ...time.Duration) (stop func()) {
	t.Helper()
	n, err := New(Config{Store: b.store, Seal: b.box, Mail: m, Texts: b.texts, Retry: retry})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); n.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func (b bench) ask(t *testing.T, m event.MailRequested, oneTime string) {
	t.Helper()
	m.Sealed = []byte(b.box.Seal(secret.New(oneTime), authz.MailPlace(m)))
	if _, err := b.store.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{event.Write(m)}}); err != nil {
		t.Fatal(err)
	}
}

func request(kind, locale, to string) event.MailRequested {
	return event.MailRequested{Kind: kind, Account: "a", Email: to, Name: "Olena", From: "Max\r\nBcc: eve@example.org", Locale: locale,
		Base: "https://cams.example.org/", Expires: time.Now().Add(time.Hour).Unix()}
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestEveryLetterInEveryLanguage(t *testing.T) {
	b := setUp(t)
	s, m := b.sink(t, mailtest.Config{})
	b.run(t, m)
	n := 0
	for kind, page := range pages {
		for _, lang := range b.texts.Languages() {
			b.ask(t, request(kind, lang, "olena@example.org"), "s3cret-"+kind)
			n++
			mails, err := s.Wait(within(t, time.Minute), n)
			if err != nil {
				t.Fatal(err)
			}
			got := mails[n-1]
			link := "https://cams.example.org" + page + "#s3cret-" + kind
			if kind == event.MailGroup {
				link = "https://cams.example.org" + page // its code is typed there, so that only who is signed in can use it
			}
			if !strings.Contains(got.Text, "\n"+link+"\n") || !strings.Contains(got.HTML, `<a href="`+link+`">`) {
				t.Errorf("%s %s: no link in\n%s\n%s", kind, lang, got.Text, got.HTML)
			}
			if got.Lang != lang || got.To != "olena@example.org" || strings.ContainsAny(got.Text+got.Subject, "{}") ||
				strings.HasPrefix(got.Subject, "mail.") || strings.HasPrefix(got.Text, "mail.") {
				t.Errorf("%s %s: %+v", kind, lang, got)
			}
			if rtl := strings.Contains(got.HTML, `dir="rtl"`); rtl != (lang == "ar") {
				t.Errorf("%s: right to left %v", lang, rtl)
			}
		}
	}
}

func TestOneReceiversTroubleHoldsNobodyBack(t *testing.T) {
	b := setUp(t)
	var tries atomic.Int32
	var sink atomic.Pointer[mailtest.Sink]
	s, m := b.sink(t, mailtest.Config{Answer: func(to string) error {
		switch {
		case strings.HasPrefix(to, "grey") && (tries.Add(1) < 3 || len(sink.Load().Mails()) == 0): // until olena has hers
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come back"}
		case strings.HasPrefix(to, "never"):
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody"}
		}
		return nil
	}})
	sink.Store(s)
	b.run(t, m, 50*time.Millisecond)
	b.ask(t, request(event.MailReset, "en", "grey@example.org"), "a")
	b.ask(t, request(event.MailReset, "en", "never@example.org"), "b")
	b.ask(t, request(event.MailReset, "en", "olena@example.org"), "c")
	mails, err := s.Wait(within(t, time.Minute), 2)
	if err != nil {
		t.Fatal(err)
	}
	if mails[0].To != "olena@example.org" || mails[1].To != "grey@example.org" {
		t.Fatalf("order %s, %s", mails[0].To, mails[1].To)
	}
	waitEmpty(t, b.store)
	if n := len(s.Mails()); n != 2 {
		t.Fatalf("%d letters", n)
	}
}

func TestLettersSurviveARestartAndTwoNodesSendOnce(t *testing.T) {
	b := setUp(t)
	_, m := b.sink(t, mailtest.Config{Answer: func(string) error { return errBusy }})
	stop := b.run(t, m, 50*time.Millisecond)
	for i := range 5 {
		b.ask(t, request(event.MailInvitation, "en", "p"+string(rune('0'+i))+"@example.org"), "x")
	}
	waitQueued(t, b.store, 5)
	stop()
	s, m := b.sink(t, mailtest.Config{})
	// Who takes a letter has a minute for it, as by default: the other leaves it alone.
	b.run(t, m, 50*time.Millisecond, time.Minute)
	b.run(t, m, 50*time.Millisecond, time.Minute)
	if _, err := s.Wait(within(t, time.Minute), 5); err != nil {
		t.Fatal(err)
	}
	waitEmpty(t, b.store)
	seen := map[string]int{}
	for _, m := range s.Mails() {
		seen[m.ID+" "+m.To]++
	}
	if len(seen) != 5 || len(s.Mails()) != 5 {
		t.Fatalf("delivered %v", seen)
	}
}

// The program may end between queueing a letter and moving the feed's cursor, or
// after the queued letter went: the event then comes again.
func TestARepeatedEventSendsNothingAgain(t *testing.T) {
	b := setUp(t)
	s, m := b.sink(t, mailtest.Config{})
	n, err := New(Config{Store: b.store, Seal: b.box, Mail: refuseOnce(m), Texts: b.texts, Retry: []time.Duration{time.Nanosecond}})
	if err != nil {
		t.Fatal(err)
	}
	req := request(event.MailReset, "en", "olena@example.org")
	req.Sealed = []byte(b.box.Seal(secret.New("x"), authz.MailPlace(req)))
	e := event.Entry{ID: "e1", Space: kv.Control, Event: req}
	deliver := func(letters int, when string) {
		t.Helper()
		if err := n.handle(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if got := len(s.Mails()); got != letters {
			t.Fatalf("%s: %d letters, want %d", when, got, letters)
		}
	}
	deliver(0, "the server is away")
	deliver(0, "again, while it waits")
	snap, err := b.store.Read(t.Context(), kv.Control, []string{waitingKey("e1")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	n.once(t.Context(), snap.Values[0])
	deliver(1, "again, after it went")
	// Two nodes that saw the same waiting letter: the later finds it taken.
	n.once(t.Context(), snap.Values[0])
	deliver(1, "taken twice")
}

// refuseOnce fails the first letter as a server that is away does.
func refuseOnce(m Sender) Sender { return &refusing{Sender: m} }

type refusing struct {
	Sender
	asked atomic.Int32
}

func (r *refusing) Send(ctx context.Context, l mail.Letter) error {
	if r.asked.Add(1) == 1 {
		return errors.New("away")
	}
	return r.Sender.Send(ctx, l)
}

func TestWhatCannotBeSentIsPassedOver(t *testing.T) {
	b := setUp(t)
	s, m := b.sink(t, mailtest.Config{})
	over := request(event.MailReset, "en", "late@example.org")
	over.Expires = time.Now().Add(-time.Minute).Unix()
	b.ask(t, over, "x")
	nowhere := request(event.MailReset, "en", "nowhere@example.org")
	nowhere.Base = "javascript:alert(1)"
	b.ask(t, nowhere, "x")
	unknown := request("party", "en", "party@example.org")
	b.ask(t, unknown, "x")
	foreign := request(event.MailReset, "en", "foreign@example.org")
	foreign.Sealed = []byte("s1.k1.AAAA")
	if _, err := b.store.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{event.Write(foreign)}}); err != nil {
		t.Fatal(err)
	}
	b.ask(t, request(event.MailReset, "xx", "olena@example.org"), "x")
	b.run(t, m, 50*time.Millisecond)
	mails, err := s.Wait(within(t, time.Minute), 1)
	if err != nil {
		t.Fatal(err)
	}
	if mails[0].To != "olena@example.org" || mails[0].Lang != "en" {
		t.Fatalf("got %+v", mails[0])
	}
	waitEmpty(t, b.store)
}

// queued counts the letters that still wait.
func queued(t *testing.T, s kv.Store) int {
	t.Helper()
	snap, err := s.Read(t.Context(), kv.Control, nil, []kv.Scan{{Prefix: waitingPrefix}})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, v := range snap.Scans[0] {
		var q waiting
		if err := json.Unmarshal(v.Data, &q); err != nil {
			t.Fatal(err)
		}
		if !q.Done {
			n++
		} else if q.Request.Email != "" || q.Request.Sealed != nil {
			t.Error("a letter that is done with is kept with its secret")
		}
	}
	return n
}

func waitQueued(t *testing.T, s kv.Store, n int) {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); queued(t, s) != n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d letters wait, not %d", queued(t, s), n)
		}
	}
}

func waitEmpty(t *testing.T, s kv.Store) { t.Helper(); waitQueued(t, s, 0) }
