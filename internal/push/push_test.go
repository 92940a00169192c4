package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/outbound"
	"sightline/internal/push/pushtest"
	"sightline/internal/seal"
	"sightline/ratelimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const me, other = "00000000000000000000000001", "00000000000000000000000002"

type bench struct {
	*Push
	store  kv.Store
	cfg    Config
	client func(limit time.Duration) *outbound.Client
	log    *bytes.Buffer
	clock  *clock.Fake
	mu     sync.Mutex
	ended  map[string]bool
}

func setUp(t *testing.T, s *pushtest.Service) *bench {
	t.Helper()
	b := &bench{log: &bytes.Buffer{}, clock: clock.NewFake(time.Now()), ended: map[string]bool{}}
	var err error
	if b.store, err = boltkv.Open(t.Context(), filepath.Join(t.TempDir(), "store"), boltkv.Config{Clock: b.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.store.Close() })
	box, err := seal.New(seal.Key{ID: "k1", Secret: [32]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	guard := outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil)
	b.client = func(limit time.Duration) *outbound.Client {
		c := outbound.NewClient(guard, limit, s.Roots())
		t.Cleanup(c.Close)
		return c
	}
	b.cfg = Config{Store: b.store, Seal: box, Guard: guard, Client: b.client(time.Minute), Contact: "https://cameras.example.org", Most: 3, Clock: b.clock,
		Log: slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Stands: func(_ context.Context, account, login string) (bool, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			return !b.ended[login], nil
		}}
	if b.Push, err = New(b.cfg); err != nil {
		t.Fatal(err)
	}
	b.fresh = ratelimit.NewBuckets(func() int64 { return b.clock.Now().UnixNano() }, freshMost, time.Minute)
	return b
}

func (b *bench) end(login string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended[login] = true
}

func (b *bench) subscribe(t *testing.T, account, login string, s *pushtest.Service) Device {
	t.Helper()
	d, err := b.Subscribe(t.Context(), account, login, "Firefox", Subscription{Endpoint: s.URL, P256dh: s.P256dh, Auth: s.Auth})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (b *bench) message() Message {
	return Message{ID: "n1", Kind: "motion", At: b.clock.Now(), Title: "Ворота", Body: "Рух о 14:03", Page: "/archive/x?at=2026", Tag: "motion/x", Language: "uk", High: true}
}

func TestAMessageIsForOneBrowserOnly(t *testing.T) {
	s := pushtest.New(t)
	b := setUp(t, s)
	d := b.subscribe(t, me, "l1", s)
	m := b.message()
	if err := b.Send(t.Context(), me, d.ID, m); err != nil {
		t.Fatal(err)
	}
	got := s.Messages()
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	var p payload
	if err := json.Unmarshal(got[0].Plain, &p); err != nil {
		t.Fatal(err)
	}
	if p.V != 1 || p.Title != m.Title || p.Body != m.Body || p.Page != m.Page || p.Lang != "uk" || p.Dir != "ltr" || p.Tag != m.Tag || p.At != m.At.UnixMilli() {
		t.Errorf("%+v", p)
	}
	key, err := b.PublicKey(t.Context())
	if err != nil || got[0].Key != key || got[0].Claims.Sub != "https://cameras.example.org" {
		t.Errorf("signed by %s as %+v, %v", got[0].Key, got[0].Claims, err)
	}
	h := got[0].Header
	if h.Get("Urgency") != "high" || h.Get("TTL") != "86401" || len(h.Get("Topic")) != 32 || strings.ContainsAny(h.Get("Topic"), "+/=") {
		t.Errorf("%v", h)
	}
	// Whatever is said, the length says nothing of it.
	m.Body, m.Title = strings.Repeat("<ж>", 3000), strings.Repeat("\"", 3000)
	if err := b.Send(t.Context(), me, d.ID, m); err != nil {
		t.Fatal(err)
	}
	if got := s.Messages(); len(got) != 2 || got[0].Size != got[1].Size {
		t.Errorf("%d messages", len(got))
	}
	m.At = b.clock.Now().Add(-Life - time.Second)
	if err := b.Send(t.Context(), me, d.ID, m); !errors.Is(err, ErrFinal) {
		t.Errorf("an old message: %v", err)
	}
}

func TestAnEndedLoginTakesItsDeviceAlong(t *testing.T) {
	s := pushtest.New(t)
	b := setUp(t, s)
	d := b.subscribe(t, me, "l1", s)
	b.end("l1")
	if err := b.Send(t.Context(), me, d.ID, b.message()); !errors.Is(err, ErrFinal) {
		t.Errorf("%v", err)
	}
	if s.Requests() != 0 {
		t.Error("something left")
	}
	if ids, _ := b.Targets(t.Context(), me); len(ids) != 0 {
		t.Errorf("%v", ids)
	}
	// The sweep does it too, where nothing is sent.
	b.subscribe(t, me, "l2", s)
	b.end("l2")
	if err := b.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	snap, err := b.store.Read(t.Context(), kv.Control, nil, []kv.Scan{{Prefix: pPlace}})
	if ids, _ := b.Targets(t.Context(), me); err != nil || len(ids) != 0 || len(snap.Scans[0]) != 0 {
		t.Errorf("%v, %d places, %v", ids, len(snap.Scans[0]), err)
	}
}

func TestABrowserIsOfOneAccount(t *testing.T) {
	s := pushtest.New(t)
	b := setUp(t, s)
	mine := b.subscribe(t, me, "l1", s)
	his := b.subscribe(t, other, "l2", s) // signs in at the same browser
	if err := b.Send(t.Context(), me, mine.ID, b.message()); !errors.Is(err, ErrFinal) || s.Requests() != 0 {
		t.Errorf("%v, %d requests", err, s.Requests())
	}
	if err := b.Send(t.Context(), other, his.ID, b.message()); err != nil {
		t.Error(err)
	}
	if err := b.Remove(t.Context(), me, his.ID); !fault.Is(err, fault.NotFound) { // not his: nothing happens
		t.Error(err)
	}
	if err := b.Send(t.Context(), other, his.ID, b.message()); err != nil {
		t.Error(err)
	}
	// The row of a crash between two commits is not sent to.
	raw, _ := b.store.Read(t.Context(), kv.Bulk(other), []string{deviceKey(his.ID)}, nil)
	if err := b.commit(t.Context(), kv.Bulk(me), nil, kv.Write{Key: deviceKey(his.ID), Data: raw.Values[0].Data}); err != nil {
		t.Fatal(err)
	}
	if err := b.Send(t.Context(), me, his.ID, b.message()); !errors.Is(err, ErrFinal) || s.Requests() != 2 {
		t.Errorf("%v, %d requests", err, s.Requests())
	}
}

func TestAnswersOfAPushService(t *testing.T) {
	s := pushtest.New(t)
	b := setUp(t, s)
	answer := func(status int, header ...string) {
		s.SetAnswer(func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(status)
		})
	}
	for _, status := range []int{404, 410} {
		d := b.subscribe(t, me, "l1", s)
		answer(status)
		if err := b.Send(t.Context(), me, d.ID, b.message()); !errors.Is(err, ErrFinal) {
			t.Errorf("%d: %v", status, err)
		}
		if ids, _ := b.Targets(t.Context(), me); len(ids) != 0 {
			t.Errorf("%d leaves the device", status)
		}
	}
	d := b.subscribe(t, me, "l1", s)
	for _, status := range []int{500, 502, 503, 408} {
		answer(status)
		if err := b.Send(t.Context(), me, d.ID, b.message()); err == nil || errors.Is(err, ErrFinal) {
			t.Errorf("%d: %v", status, err)
		}
	}
	// 429 holds until it said, and no request leaves before.
	answer(429, "Retry-After", "120")
	if err := b.Send(t.Context(), me, d.ID, b.message()); err == nil || errors.Is(err, ErrFinal) {
		t.Errorf("429: %v", err)
	}
	s.SetAnswer(nil)
	before := s.Requests()
	b.clock.Advance(119 * time.Second)
	if err := b.Send(t.Context(), me, d.ID, b.message()); err == nil || errors.Is(err, ErrFinal) || s.Requests() != before {
		t.Errorf("held: %v", err)
	}
	b.clock.Advance(2 * time.Second)
	if err := b.Send(t.Context(), me, d.ID, b.message()); err != nil {
		t.Error(err)
	}
	// A redirect is not followed: it would carry the token elsewhere.
	answer(307, "Location", "https://127.0.0.1:1/")
	if err := b.Send(t.Context(), me, d.ID, b.message()); !errors.Is(err, ErrFinal) {
		t.Errorf("307: %v", err)
	}
	// Refused again and again, the device goes.
	answer(403)
	for i := 0; i < refusedMax; i++ {
		if err := b.Send(t.Context(), me, d.ID, b.message()); !errors.Is(err, ErrFinal) {
			t.Errorf("403: %v", err)
		}
	}
	if ids, _ := b.Targets(t.Context(), me); len(ids) != 0 {
		t.Error("a device that is always refused stays")
	}
	// A service that hangs is given up.
	d = b.subscribe(t, me, "l1", s)
	hang := make(chan struct{})
	s.SetAnswer(func(http.ResponseWriter, *http.Request) { <-hang })
	short := b.cfg
	short.Client = b.client(time.Second)
	impatient, err := New(short)
	if err != nil {
		t.Fatal(err)
	}
	if err := impatient.Send(t.Context(), me, d.ID, b.message()); err == nil || errors.Is(err, ErrFinal) {
		t.Errorf("hanging: %v", err)
	}
	close(hang)
	if text := b.log.String(); strings.Contains(text, "a-secret-of-the-browser") || strings.Contains(text, s.Auth) {
		t.Error("the log has the subscription")
	}
}

func TestErrorsCarryNoAddress(t *testing.T) {
	s := pushtest.New(t)
	b := setUp(t, s)
	d, err := b.Subscribe(t.Context(), me, "l1", "", Subscription{Endpoint: "https://127.0.0.1:1/push/canary", P256dh: s.P256dh, Auth: s.Auth})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Send(t.Context(), me, d.ID, b.message()); err == nil || errors.Is(err, ErrFinal) || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}

func TestOneKeyPairForAllNodes(t *testing.T) {
	s := pushtest.New(t)
	b := setUp(t, s)
	keys := make([]string, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			n, err := New(b.cfg)
			if err == nil {
				keys[i], err = n.PublicKey(context.Background())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k == "" || k != keys[0] {
			t.Fatalf("%q and %q", k, keys[0])
		}
	}
	snap, err := b.store.Read(t.Context(), kv.Control, []string{keysKey}, nil)
	pair, perr := b.pair(t.Context())
	if err != nil || perr != nil || bytes.Contains(snap.Values[0].Data, []byte(pair.Private.Reveal())) || strings.Contains(fmt.Sprintf("%+v", pair), pair.Private.Reveal()) {
		t.Error("the private key is not sealed")
	}
	d := b.subscribe(t, me, "l1", s)
	raw, _ := b.store.Read(t.Context(), kv.Bulk(me), []string{deviceKey(d.ID)}, nil)
	if bytes.Contains(raw.Values[0].Data, []byte("a-secret-of-the-browser")) || bytes.Contains(raw.Values[0].Data, []byte(s.Auth)) {
		t.Error("the subscription is not sealed")
	}
	// With other keys of the store the pair is made anew, and old subscriptions go.
	cfg := b.cfg
	cfg.Seal, _ = seal.New(seal.Key{ID: "k2", Secret: [32]byte{2}})
	n, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if k, err := n.PublicKey(t.Context()); err != nil || k == keys[0] {
		t.Errorf("%q, %v", k, err)
	}
	if err := n.Send(t.Context(), me, d.ID, b.message()); !errors.Is(err, ErrFinal) || s.Requests() != 0 {
		t.Errorf("%v", err)
	}
}

func TestTheLongestUnusedDeviceMakesRoom(t *testing.T) {
	s := pushtest.New(t)
	b := setUp(t, s)
	add := func(n int) string {
		d, err := b.Subscribe(context.Background(), me, fmt.Sprint("l", n), "", Subscription{Endpoint: fmt.Sprintf("https://127.0.0.1:1/%d", n), P256dh: s.P256dh, Auth: s.Auth})
		if err != nil {
			t.Error(err)
		}
		b.clock.Advance(time.Minute)
		return d.ID
	}
	first := add(1)
	for n := 2; n <= 4; n++ {
		add(n)
	}
	list, err := b.Devices(t.Context(), me)
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, d := range list {
		if d.ID == first {
			t.Error("the oldest is still there")
		}
	}
	// At once, too.
	var wg sync.WaitGroup
	for n := 10; n < 16; n++ {
		wg.Go(func() {
			for range 10 {
				_, err := b.Subscribe(context.Background(), me, fmt.Sprint("l", n), "", Subscription{Endpoint: fmt.Sprintf("https://127.0.0.1:1/%d", n), P256dh: s.P256dh, Auth: s.Auth})
				if err == nil || !fault.Is(err, fault.Conflict) {
					return
				}
			}
		})
	}
	wg.Wait()
	if ids, _ := b.Targets(t.Context(), me); len(ids) != 3 {
		t.Errorf("%d devices", len(ids))
	}
	// A browser that gets a new endpoint is still one device.
	if _, err := b.Subscribe(t.Context(), me, "l15", "", Subscription{Endpoint: "https://127.0.0.1:1/new", P256dh: s.P256dh, Auth: s.Auth}); err != nil {
		t.Error(err)
	}
	logins := map[string]int{}
	list, _ = b.Devices(t.Context(), me)
	for _, d := range list {
		logins[d.Login]++
	}
	if logins["l15"] != 1 {
		t.Errorf("%v", logins)
	}
}

// New devices are few in a minute, renewals are free, and what makes room leaves
// nothing behind in the space every decision reads.
func TestManyNewDevices(t *testing.T) {
	s := pushtest.New(t)
	b := setUp(t, s)
	subscribe := func(account string, n int) error {
		_, err := b.Subscribe(t.Context(), account, fmt.Sprint("l", n%5), "", Subscription{Endpoint: fmt.Sprintf("https://127.0.0.1:1/%d", n), P256dh: s.P256dh, Auth: s.Auth})
		return err
	}
	made := 0
	for n := range 100 {
		err := subscribe(me, n)
		if err == nil {
			made++
			continue
		}
		var f *fault.Error
		if !fault.Is(err, fault.RateLimited) || !errors.As(err, &f) || f.RetryAfter <= 0 {
			t.Fatal(err)
		}
	}
	if made != freshMost {
		t.Errorf("%d new devices in no time", made)
	}
	for range 20 {
		if err := subscribe(me, freshMost-1); err != nil { // a page that says again what it has
			t.Fatal(err)
		}
	}
	if err := subscribe(other, 1000); err != nil {
		t.Error("somebody else: ", err)
	}
	b.clock.Advance(time.Minute)
	if err := subscribe(me, 200); err != nil {
		t.Error("a minute later: ", err)
	}
	ids, _ := b.Targets(t.Context(), me)
	snap, err := b.store.Read(t.Context(), kv.Control, nil, []kv.Scan{{Prefix: pPlace}})
	if err != nil || len(ids) != b.cfg.Most || len(snap.Scans[0]) != b.cfg.Most+1 {
		t.Errorf("%d devices, %d places, %v", len(ids), len(snap.Scans[0]), err)
	}
}
