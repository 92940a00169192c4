package web

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/internal/outbound"
	"sightline/internal/push"
	"sightline/internal/seal"
	"sightline/internal/webhook"
)

// testRoots are the certificates of servers that httptest makes.
func testRoots() *x509.CertPool {
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.StartTLS()
	defer srv.Close()
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	return pool
}

// waysOut are push and webhooks that may reach this machine.
func (h *harness) waysOut(store kv.Store, box *seal.Box, log *slog.Logger, clk clock.Clock) (*push.Push, *webhook.Webhooks) {
	guard := outbound.NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
	client := outbound.NewClient(guard, soon, testRoots())
	h.t.Cleanup(client.Close)
	p, err := push.New(push.Config{Store: store, Seal: box, Guard: guard, Client: client, Log: log, Registerer: h.registry, Clock: clk,
		Stands: func(ctx context.Context, account, login string) (bool, error) {
			d, err := h.authority.Check(ctx, authz.Subject{Kind: authz.AccountSubject, Account: account, Login: login}, authz.ActSelf, authz.Object{})
			return d.Allowed, err
		}})
	if err != nil {
		h.t.Fatal(err)
	}
	w, err := webhook.New(webhook.Config{Store: store, Seal: box, Guard: guard, Client: client, NewID: authz.NewID, Log: log, Registerer: h.registry, Clock: clk,
		Test: func(string) (string, string) { return "Sightline", "This is a test." }})
	if err != nil {
		h.t.Fatal(err)
	}
	return p, w
}

// aSubscription is what a browser would give its page.
func aSubscription(t *testing.T, endpoint string) row {
	t.Helper()
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var auth [16]byte
	rand.Read(auth[:])
	enc := base64.RawURLEncoding
	return row{"endpoint": endpoint, "expirationTime": nil, "keys": row{"p256dh": enc.EncodeToString(k.PublicKey().Bytes()), "auth": enc.EncodeToString(auth[:])}}
}

func TestPushBelongsToALogin(t *testing.T) {
	h := newHarness(t)
	one := h.person("owner", true)
	again := *one
	two := &again
	h.signIn(two)
	key := read[pushView](t, h.do("GET", "/api/v1/me/push", nil, one).want(t, 200)).PublicKey
	if raw, err := base64.RawURLEncoding.DecodeString(key); err != nil || len(raw) != 65 || raw[0] != 4 {
		t.Fatalf("public key %q", key)
	}
	made := read[pushDeviceView](t, h.do("POST", "/api/v1/me/push/subscriptions", aSubscription(t, "https://127.0.0.1:9/one"), one).want(t, 201))
	if !made.Current || made.Service != "127.0.0.1" {
		t.Errorf("%+v", made)
	}
	h.do("POST", "/api/v1/me/push/subscriptions", aSubscription(t, "https://127.0.0.1:9/two"), two).want(t, 201)
	list := read[pushView](t, h.do("GET", "/api/v1/me/push", nil, two).want(t, 200))
	if list.PublicKey != key || len(list.Subscriptions) != 2 {
		t.Fatalf("%+v", list)
	}
	// A login that ends takes its subscription along.
	h.do("POST", "/api/v1/logout", nil, one).want(t, 204)
	list = read[pushView](t, h.do("GET", "/api/v1/me/push", nil, two).want(t, 200))
	if len(list.Subscriptions) != 1 || !list.Subscriptions[0].Current {
		t.Fatalf("%+v", list)
	}
	h.do("DELETE", "/api/v1/me/push/subscriptions/"+list.Subscriptions[0].ID, nil, two).want(t, 204)
	if n := len(read[pushView](t, h.do("GET", "/api/v1/me/push", nil, two).want(t, 200)).Subscriptions); n != 0 {
		t.Errorf("%d left", n)
	}
}

func TestPushRefusesWhatNoBrowserGives(t *testing.T) {
	h := newHarness(t)
	me := h.person("owner", true)
	for _, c := range []struct{ endpoint, field, code string }{
		{"http://127.0.0.1:9/x", "endpoint", "bad_url"},
		{"https://192.168.1.1/x", "endpoint", "address_denied"},
		{"https://169.254.169.254/latest", "endpoint", "address_denied"},
		{"https://[::ffff:10.0.0.1]/x", "endpoint", "address_denied"},
		{"https://user:word@example.org/x", "endpoint", "bad_url"},
		{"ftp://example.org/x", "endpoint", "bad_url"},
		{"", "endpoint", "bad_url"},
	} {
		p := read[problemBody](t, h.do("POST", "/api/v1/me/push/subscriptions", aSubscription(t, c.endpoint), me).want(t, 422))
		if p.Field != c.field || p.Code != c.code {
			t.Errorf("%s: %+v", c.endpoint, p)
		}
	}
	s := aSubscription(t, "https://127.0.0.1:9/x")
	s["keys"].(row)["p256dh"] = base64.RawURLEncoding.EncodeToString(append([]byte{4}, make([]byte, 64)...)) // not on the curve
	if p := read[problemBody](t, h.do("POST", "/api/v1/me/push/subscriptions", s, me).want(t, 422)); p.Field != "keys.p256dh" {
		t.Errorf("%+v", p)
	}
}

func TestWebhooksOverHTTP(t *testing.T) {
	h := newHarness(t)
	me := h.person("owner", true)
	got := make(chan *http.Request, 4)
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got <- r; w.WriteHeader(204) }))
	t.Cleanup(srv.Close)

	made := read[webhookSecret](t, h.do("POST", "/api/v1/me/webhooks", row{"name": " House ", "url": srv.URL + "/in?key=canary-of-the-address"}, me).want(t, 201))
	if made.Name != "House" || !made.On || !strings.HasPrefix(made.Secret, "whsec_") {
		t.Fatalf("%+v", made)
	}
	path := "/api/v1/me/webhooks/" + made.ID
	d := read[deliveryView](t, h.do("POST", path+"/test", nil, me).want(t, 200))
	if d.Outcome != "ok" || d.Status != 204 || d.Kind != "test" {
		t.Errorf("%+v", d)
	}
	if r := <-got; r.Header.Get(webhook.HeaderID) != d.ID || r.Header.Get(webhook.HeaderWebhook) != made.ID {
		t.Errorf("%v", r.Header)
	}
	log := read[deliveriesView](t, h.do("GET", path+"/deliveries", nil, me).want(t, 200))
	if len(log.Deliveries) != 1 || log.Deliveries[0].ID != d.ID {
		t.Errorf("%+v", log)
	}
	next := read[webhookSecret](t, h.do("POST", path+"/secret", nil, me).want(t, 200))
	if next.Secret == made.Secret || next.OldSecretUntil == nil {
		t.Errorf("%+v", next.webhookView)
	}
	off := read[webhookView](t, h.do("PATCH", path, row{"on": false}, me).want(t, 200))
	if off.On || off.OffReason != "" {
		t.Errorf("%+v", off)
	}
	// Neither a token nor somebody else gets at it; the list never has a secret.
	tok := h.do("POST", "/api/v1/me/tokens", row{"name": "t"}, me).want(t, 201).field("token")
	for _, c := range [][2]string{{"POST", "/api/v1/me/webhooks"}, {"PATCH", path}, {"POST", path + "/secret"}, {"POST", path + "/test"}} {
		h.do(c[0], c[1], row{}, nil, bearer(tok)).want(t, 403)
	}
	other := h.person("other", false)
	h.do("GET", path+"/deliveries", nil, other).want(t, 404)
	h.do("PATCH", path, row{"on": true}, other).want(t, 404)
	h.do("DELETE", path, nil, other).want(t, 404)
	list := h.do("GET", "/api/v1/me/webhooks", nil, me).want(t, 200)
	if body := string(list.body); strings.Contains(body, made.Secret) || strings.Contains(body, next.Secret) || strings.Contains(body, `"secret"`) {
		t.Error("the list tells the secret")
	}
	for i := 1; i < 5; i++ {
		h.do("POST", "/api/v1/me/webhooks", row{"name": "more", "url": srv.URL}, me).want(t, 201)
	}
	if p := read[problemBody](t, h.do("POST", "/api/v1/me/webhooks", row{"name": "more", "url": srv.URL}, me).want(t, 409)); p.Code != "webhook_cap" {
		t.Errorf("%+v", p)
	}
	h.do("DELETE", path, nil, me).want(t, 204)
	h.do("GET", path+"/deliveries", nil, me).want(t, 404)
	for _, url := range []string{"https://10.0.0.1/x", "https://localhost.:8080/", "https://[::1]/"} {
		want := 422
		if strings.Contains(url, "localhost") {
			continue // loopback is listed here
		}
		h.do("POST", "/api/v1/me/webhooks", row{"name": "x", "url": url}, me).want(t, want)
	}
}
