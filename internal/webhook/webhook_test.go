package webhook

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/outbound"
	"sightline/internal/seal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const me = "00000000000000000000000001"

// receiver is a real TLS server that keeps what it got.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []delivered
	answer func(w http.ResponseWriter, r *http.Request)
}

type delivered struct {
	header http.Header
	body   []byte
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	r.got = append(r.got, delivered{req.Header.Clone(), body})
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w, req)
	}
}

func (r *receiver) set(fn func(http.ResponseWriter, *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = fn
}

func (r *receiver) status(code int, header ...string) {
	r.set(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	})
}

func (r *receiver) all() []delivered {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivered(nil), r.got...)
}

type bench struct {
	*Webhooks
	*receiver
	store  kv.Store
	cfg    Config
	client func(limit time.Duration) *outbound.Client
	log    *bytes.Buffer
	clock  *clock.Fake
}

func setUp(t *testing.T) *bench {
	t.Helper()
	b := &bench{receiver: &receiver{}, log: &bytes.Buffer{}, clock: clock.NewFake(time.Now())}
	b.Server = httptest.NewTLSServer(b.receiver)
	t.Cleanup(b.Server.Close)
	var err error
	if b.store, err = boltkv.Open(t.Context(), filepath.Join(t.TempDir(), "store"), boltkv.Config{Clock: b.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.store.Close() })
	box, err := seal.New(seal.Key{ID: "k1", Secret: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(b.Certificate())
	guard := outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil)
	b.client = func(limit time.Duration) *outbound.Client {
		c := outbound.NewClient(guard, limit, roots)
		t.Cleanup(c.Close)
		return c
	}
	var n atomic.Int64
	b.cfg = Config{Store: b.store, Seal: box, Guard: guard, Client: b.client(time.Minute), Clock: b.clock, Most: 3,
		NewID: func() string { return fmt.Sprintf("%026d", n.Add(1)) },
		Test:  func(language string) (string, string) { return "Sightline", "test in " + language },
		Log:   slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if b.Webhooks, err = New(b.cfg); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) hook(t *testing.T) (id, secret string) {
	t.Helper()
	h, key, err := b.Create(t.Context(), me, "House", b.Server.URL+"/in?key=canary")
	if err != nil {
		t.Fatal(err)
	}
	return h.ID, key.Reveal()
}

func (b *bench) message(id string) Message {
	return Message{ID: id, Kind: "motion", At: b.clock.Now(), Title: "Gate", Body: "Motion at 14:03", Text: "a <b>", CameraID: "c1", CameraName: "Gate",
		URL: "https://cameras.example.org/archive/c1?at=x", Language: "en"}
}

func (b *bench) one(t *testing.T, id string) Hook {
	t.Helper()
	list, _, err := b.List(t.Context(), me)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range list {
		if h.ID == id {
			return h
		}
	}
	t.Fatalf("no webhook %s", id)
	return Hook{}
}

func TestADeliveryIsSignedAndDocumented(t *testing.T) {
	b := setUp(t)
	id, key := b.hook(t)
	if err := b.Send(t.Context(), me, id, b.message("n1")); err != nil {
		t.Fatal(err)
	}
	got := b.all()
	if len(got) != 1 {
		t.Fatalf("%d deliveries", len(got))
	}
	h := got[0].header
	if err := Verify(key, h.Get(HeaderSignature), got[0].body, b.clock.Now()); err != nil {
		t.Error(err)
	}
	if h.Get(HeaderID) != "n1" || h.Get(HeaderWebhook) != id || h.Get("Content-Type") != "application/json" || h.Get("User-Agent") != agent {
		t.Errorf("%v", h)
	}
	for what, err := range map[string]error{
		"another secret": Verify("whsec_x", h.Get(HeaderSignature), got[0].body, b.clock.Now()),
		"another body":   Verify(key, h.Get(HeaderSignature), append([]byte(" "), got[0].body...), b.clock.Now()),
		"another time":   Verify(key, strings.Replace(h.Get(HeaderSignature), "t=1", "t=2", 1), got[0].body, b.clock.Now()),
		"much later":     Verify(key, h.Get(HeaderSignature), got[0].body, b.clock.Now().Add(6*time.Minute)),
	} {
		if err == nil {
			t.Errorf("%s passes", what)
		}
	}
	var doc map[string]any
	if err := json.Unmarshal(got[0].body, &doc); err != nil {
		t.Fatal(err)
	}
	cam, _ := doc["camera"].(map[string]any)
	at, err := time.Parse(time.RFC3339, fmt.Sprint(doc["at"]))
	if doc["version"] != 1.0 || doc["id"] != "n1" || doc["kind"] != "motion" || doc["title"] != "Gate" || doc["body"] != "Motion at 14:03" || doc["text"] != "a <b>" ||
		cam["id"] != "c1" || cam["name"] != "Gate" || doc["language"] != "en" || err != nil || at.UnixMilli() != b.clock.Now().UnixMilli() || len(doc) != 10 {
		t.Errorf("%s", got[0].body)
	}
}

func TestANewSecretBesideTheFormer(t *testing.T) {
	b := setUp(t)
	id, old := b.hook(t)
	h, key, err := b.Rotate(t.Context(), me, id)
	if err != nil || key.Reveal() == old || h.OldSecret.IsZero() {
		t.Fatalf("%+v, %v", h, err)
	}
	check := func(secret string, want bool) {
		t.Helper()
		if err := b.Send(t.Context(), me, id, b.message("n")); err != nil {
			t.Fatal(err)
		}
		all := b.all()
		last := all[len(all)-1]
		if err := Verify(secret, last.header.Get(HeaderSignature), last.body, b.clock.Now()); (err == nil) != want {
			t.Errorf("%v", err)
		}
	}
	check(old, true)
	check(key.Reveal(), true)
	b.clock.Advance(24*time.Hour + time.Second)
	check(old, false)
	check(key.Reveal(), true)
	if h := b.one(t, id); !h.OldSecret.IsZero() {
		t.Errorf("%+v", h)
	}
}

func TestFailuresAndTheirEnd(t *testing.T) {
	b := setUp(t)
	id, _ := b.hook(t)
	for _, status := range []int{500, 404, 401, 400} {
		b.status(status)
		if err := b.Send(t.Context(), me, id, b.message("n1")); err == nil || errors.Is(err, ErrFinal) {
			t.Errorf("%d: %v", status, err)
		}
	}
	b.status(302, "Location", b.Server.URL+"/elsewhere")
	if err := b.Send(t.Context(), me, id, b.message("n1")); err == nil || errors.Is(err, ErrFinal) {
		t.Errorf("a redirect: %v", err)
	}
	if since := b.one(t, id).FailingSince; since.IsZero() {
		t.Error("it does not count as failing")
	}
	b.status(204)
	if err := b.Send(t.Context(), me, id, b.message("n1")); err != nil {
		t.Error(err)
	}
	if since := b.one(t, id).FailingSince; !since.IsZero() {
		t.Error("a success does not end the failing")
	}
	n := len(b.all())
	for _, d := range b.all() {
		if d.header.Get(HeaderID) != "n1" {
			t.Error("a try has another id")
		}
	}
	// Retry-After holds without a request.
	b.status(503, "Retry-After", "60")
	if err := b.Send(t.Context(), me, id, b.message("n2")); err == nil {
		t.Error("503 is a success")
	}
	b.status(204)
	if err := b.Send(t.Context(), me, id, b.message("n2")); err == nil || errors.Is(err, ErrFinal) || len(b.all()) != n+1 {
		t.Errorf("held: %v, %d requests", err, len(b.all())-n)
	}
	b.clock.Advance(61 * time.Second)
	if err := b.Send(t.Context(), me, id, b.message("n2")); err != nil {
		t.Error(err)
	}
	// 24 hours without success.
	b.status(500)
	for i := range 25 {
		err := b.Send(t.Context(), me, id, b.message("n3"))
		if final := errors.Is(err, ErrFinal); final != (i == 24) {
			t.Errorf("after %d h: %v", i, err)
		}
		b.clock.Advance(time.Hour)
	}
	if h := b.one(t, id); h.On || h.Off != OffFailing {
		t.Errorf("%+v", h)
	}
	if ids, _ := b.Targets(t.Context(), me); len(ids) != 0 {
		t.Errorf("%v", ids)
	}
	n = len(b.all())
	if err := b.Send(t.Context(), me, id, b.message("n4")); !errors.Is(err, ErrFinal) || len(b.all()) != n {
		t.Errorf("while off: %v", err)
	}
	if told := b.told(t); len(told) != 1 || told[0] != (event.WebhookOff{Account: me, Webhook: id, Name: "House"}) {
		t.Errorf("%+v", told)
	}
	// On again.
	on := true
	if h, err := b.Update(t.Context(), me, id, Patch{On: &on}); err != nil || !h.On || h.Off != "" || !h.FailingSince.IsZero() {
		t.Errorf("%+v, %v", h, err)
	}
	b.status(410)
	if err := b.Send(t.Context(), me, id, b.message("n5")); !errors.Is(err, ErrFinal) {
		t.Errorf("410: %v", err)
	}
	if h := b.one(t, id); h.On || h.Off != OffGone || len(b.told(t)) != 2 {
		t.Errorf("%+v", h)
	}
	log, err := b.Deliveries(t.Context(), me, id)
	if err != nil || len(log) != 20 || log[0].Status != 410 || log[1].ID != "n3" {
		t.Errorf("%d %+v %v", len(log), log, err)
	}
	if text := b.log.String(); strings.Contains(text, "canary") || strings.Contains(text, "whsec_") {
		t.Error("the log has a secret")
	}
}

func (b *bench) told(t *testing.T) (out []event.WebhookOff) {
	t.Helper()
	list, err := event.Recent(t.Context(), b.store, kv.Control, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if ev, ok := e.Event.(event.WebhookOff); ok {
			out = append(out, ev)
		}
	}
	return out
}

func TestAMessageThatBecameTooOld(t *testing.T) {
	b := setUp(t)
	id, _ := b.hook(t)
	if err := b.GaveUp(t.Context(), me, id); err != nil || !b.one(t, id).On {
		t.Errorf("without a failure: %v", err)
	}
	b.status(500)
	b.Send(t.Context(), me, id, b.message("n1"))
	b.clock.Advance(23*time.Hour + 30*time.Minute) // the tries of a message end some time after the last one
	for range 2 {                                  // it may be called again
		if err := b.GaveUp(t.Context(), me, id); err != nil {
			t.Error(err)
		}
	}
	if h := b.one(t, id); h.On || len(b.told(t)) != 1 {
		t.Errorf("%+v", h)
	}
}

// The program ends after the receiver took a delivery and before its answer came:
// it goes again, with the same id and a good signature.
func TestTheEndOfTheProgramBetweenSendingAndAnswer(t *testing.T) {
	b := setUp(t)
	id, key := b.hook(t)
	ctx, kill := context.WithCancel(t.Context())
	b.set(func(_ http.ResponseWriter, r *http.Request) {
		kill()
		<-r.Context().Done()
	})
	if err := b.Send(ctx, me, id, b.message("n1")); err == nil || errors.Is(err, ErrFinal) {
		t.Errorf("%v", err)
	}
	if h := b.one(t, id); !h.FailingSince.IsZero() {
		t.Error("our end counts as the receiver's failure")
	}
	next, err := New(b.cfg) // the next run
	if err != nil {
		t.Fatal(err)
	}
	b.status(200)
	if err := next.Send(t.Context(), me, id, b.message("n1")); err != nil {
		t.Error(err)
	}
	got := b.all()
	if len(got) != 2 || got[0].header.Get(HeaderID) != got[1].header.Get(HeaderID) || Verify(key, got[1].header.Get(HeaderSignature), got[1].body, b.clock.Now()) != nil {
		t.Errorf("%d deliveries", len(got))
	}
}

// One that hangs costs its own limit and nobody else anything.
func TestAHangingReceiverHoldsNobodyUp(t *testing.T) {
	b := setUp(t)
	hanging, _ := b.hook(t)
	release := make(chan struct{})
	b.set(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/in" {
			<-release
		}
	})
	h, _, err := b.Create(t.Context(), me, "Quick", b.Server.URL+"/quick")
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 1)
	ctx, leave := context.WithCancel(t.Context())
	go func() { failed <- b.Send(ctx, me, hanging, b.message("n0")) }()
	for i := range 20 {
		if err := b.Send(t.Context(), me, h.ID, b.message(fmt.Sprint("n", i))); err != nil {
			t.Error(err)
		}
	}
	select {
	case err := <-failed:
		t.Errorf("the hanging one was not waited for: %v", err)
	default:
	}
	leave()
	if err := <-failed; err == nil || errors.Is(err, ErrFinal) {
		t.Errorf("%v", err)
	}
	short := b.cfg
	short.Client = b.client(time.Second)
	impatient, err := New(short)
	if err != nil {
		t.Fatal(err)
	}
	if err := impatient.Send(t.Context(), me, hanging, b.message("n1")); err == nil || errors.Is(err, ErrFinal) {
		t.Errorf("after its limit: %v", err)
	}
	// It is not waited for again at once: what else goes to its owner would wait too.
	n := len(b.all())
	if err := b.Send(t.Context(), me, hanging, b.message("n2")); err == nil || errors.Is(err, ErrFinal) || len(b.all()) != n {
		t.Errorf("%v", err)
	}
	close(release)
	b.clock.Advance(silentHold + time.Second)
	if err := b.Send(t.Context(), me, hanging, b.message("n2")); err != nil {
		t.Error(err)
	}
}

func TestSecretsAreSealedAndHooksAreBounded(t *testing.T) {
	b := setUp(t)
	id, key := b.hook(t)
	snap, err := b.store.Read(t.Context(), kv.Bulk(me), nil, []kv.Scan{{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range snap.Scans[0] {
		if bytes.Contains(v.Data, []byte("canary")) || bytes.Contains(v.Data, []byte(key)) {
			t.Errorf("%s is not sealed", v.Key)
		}
	}
	var wg sync.WaitGroup
	made := make(chan error, 12)
	for range cap(made) {
		wg.Go(func() {
			for {
				_, _, err := b.Create(context.Background(), me, "x", b.Server.URL)
				if fault.Code(err) != fault.CodeConflict {
					made <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(made)
	good := 0
	for err := range made {
		if err == nil {
			good++
		} else if fault.Code(err) != fault.CodeWebhookCap {
			t.Error(err)
		}
	}
	if list, most, err := b.List(t.Context(), me); err != nil || len(list) != 3 || most != 3 || good != 2 {
		t.Errorf("%d made, %d there, %v", good, len(list), err)
	}
	for _, bad := range []struct{ name, url, code string }{{"", b.Server.URL, fault.CodeRequired}, {strings.Repeat("я", 81), b.Server.URL, fault.CodeTooLong},
		{"a\nb", b.Server.URL, fault.CodeBadValue}, {"a", "https://10.0.0.1/", fault.CodeAddressDenied}, {"a", "x", fault.CodeBadURL}} {
		if _, err := b.Update(t.Context(), me, id, Patch{Name: &bad.name, URL: &bad.url}); fault.Code(err) != bad.code {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if err := b.Delete(t.Context(), me, id); err != nil {
		t.Fatal(err)
	}
	if err := b.Send(t.Context(), me, id, b.message("n1")); !errors.Is(err, ErrFinal) || len(b.all()) != 0 {
		t.Errorf("removed: %v", err)
	}
	// What a delivery notes late brings no removed hook back.
	if _, err := b.after(t.Context(), me, id, entry{Outcome: outbound.OutcomeOK}, 0); err != nil {
		t.Error(err)
	}
	if left, _ := b.store.Read(t.Context(), kv.Bulk(me), []string{pState + id}, nil); left.Values[0].Exists() {
		t.Error("the log of a removed webhook came back")
	}
	if err := b.Delete(t.Context(), me, id); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
	if _, err := b.Test(t.Context(), me, id, "en"); !fault.Is(err, fault.NotFound) {
		t.Errorf("%v", err)
	}
}

func TestATestGoesAtOnce(t *testing.T) {
	b := setUp(t)
	id, key := b.hook(t)
	off := false
	if _, err := b.Update(t.Context(), me, id, Patch{On: &off}); err != nil {
		t.Fatal(err)
	}
	d, err := b.Test(t.Context(), me, id, "uk")
	if err != nil || d.Outcome != outbound.OutcomeOK || d.Kind != KindTest {
		t.Fatalf("%+v, %v", d, err)
	}
	got := b.all()[0]
	if err := Verify(key, got.header.Get(HeaderSignature), got.body, b.clock.Now()); err != nil || !bytes.Contains(got.body, []byte("test in uk")) {
		t.Errorf("%s, %v", got.body, err)
	}
	b.status(500)
	if d, err := b.Test(t.Context(), me, id, "uk"); err != nil || d.Outcome != outbound.OutcomeStatus || d.Status != 500 {
		t.Errorf("%+v, %v", d, err)
	}
	if h := b.one(t, id); !h.FailingSince.IsZero() {
		t.Error("a failed test counts as a failed delivery")
	}
	url := "https://127.0.0.1:1/"
	if _, err := b.Update(t.Context(), me, id, Patch{URL: &url}); err != nil {
		t.Fatal(err)
	}
	if d, err := b.Test(t.Context(), me, id, "uk"); err != nil || d.Outcome != outbound.OutcomeUnreachable || d.Status != 0 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestWaitsGrowToADayOfTries(t *testing.T) {
	a, b := Waits(), Waits()
	same := true
	for i := range a {
		same = same && a[i] == b[i]
		if i > 0 && a[i] <= a[i-1] {
			t.Errorf("%v", a)
		}
	}
	if same {
		t.Error("there is no jitter")
	}
}
