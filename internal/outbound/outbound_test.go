package outbound

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crypto/x509"

	"go.uber.org/goleak"

	"sightline/internal/clock"
	"sightline/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func guard(nets ...string) *Guard {
	var list []netip.Prefix
	for _, n := range nets {
		list = append(list, netip.MustParsePrefix(n))
	}
	return NewGuard(list, func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("93.184.216.34")} })
}

func TestGuardKeepsInside(t *testing.T) {
	open, lan := guard(), guard("192.168.1.0/24", "::ffff:10.1.0.0/112", "169.254.0.0/16")
	for a, want := range map[string][3]bool{ // reachable: open over https, with a LAN over https, with a LAN over http
		"8.8.8.8":            {true, true, false},
		"2606:4700::1111":    {true, true, false},
		"93.184.216.34":      {false, false, false}, // ourselves
		"192.168.1.7":        {false, true, true},
		"::ffff:192.168.1.7": {false, true, true},
		"10.1.2.3":           {false, true, true},
		"192.168.2.7":        {false, false, false},
		"127.0.0.1":          {false, false, false},
		"::1":                {false, false, false},
		"0.0.0.0":            {false, false, false},
		"169.254.169.254":    {false, false, false}, // also where listed
		"64:ff9b::a00:1":     {false, false, false},
		"2002:7f00:1::":      {false, false, false},
		"fd00:ec2::254":      {false, false, false},
		"100.64.0.1":         {false, false, false},
		"fe80::1":            {false, false, false},
	} {
		ip := netip.MustParseAddr(a)
		got := [3]bool{open.Check(ip, false) == nil, lan.Check(ip, false) == nil, lan.Check(ip, true) == nil}
		if got != want {
			t.Errorf("%s: %v, want %v", a, got, want)
		}
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	open, lan := guard(), guard("192.168.1.0/24")
	for raw, want := range map[string][2]string{
		"https://hooks.example.org/x?y=1":        {"", ""},
		"https://example.org:8443/":              {"", ""},
		"http://example.org/":                    {fault.CodeBadURL, ""}, // judged when it is dialled
		"http://192.168.1.5:8123/x":              {fault.CodeBadURL, ""},
		"https://192.168.1.5/x":                  {fault.CodeAddressDenied, ""},
		"https://localhost/x":                    {fault.CodeAddressDenied, fault.CodeAddressDenied},
		"https://a.localhost./x":                 {fault.CodeAddressDenied, fault.CodeAddressDenied},
		"https://[::1]/":                         {fault.CodeAddressDenied, fault.CodeAddressDenied},
		"https://[::ffff:7f00:1]/":               {fault.CodeAddressDenied, fault.CodeAddressDenied},
		"https://u:p@example.org/":               {fault.CodeBadURL, fault.CodeBadURL},
		"https://u@example.org/":                 {fault.CodeBadURL, fault.CodeBadURL},
		"https://example.org/#x":                 {fault.CodeBadURL, fault.CodeBadURL},
		"file:///etc/passwd":                     {fault.CodeBadURL, fault.CodeBadURL},
		"gopher://example.org/":                  {fault.CodeBadURL, fault.CodeBadURL},
		"https:///x":                             {fault.CodeBadURL, fault.CodeBadURL},
		"example.org":                            {fault.CodeBadURL, fault.CodeBadURL},
		"":                                       {fault.CodeBadURL, fault.CodeBadURL},
		"https://e/" + strings.Repeat("x", 2048): {fault.CodeTooLong, fault.CodeTooLong},
	} {
		for i, g := range []*Guard{open, lan} {
			if got := fault.Code(g.CheckURL(raw, "url")); got != want[i] {
				t.Errorf("%.60s with %d: %q, want %q", raw, i, got, want[i])
			}
		}
	}
}

// A name, an odd spelling or a redirect that leads inside reaches nobody (T11).
func TestNothingInsideIsReached(t *testing.T) {
	var hits, conns atomic.Int32
	inside := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	inside.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	inside.StartTLS()
	defer inside.Close()
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	roots := x509.NewCertPool()
	roots.AddCert(inside.Certificate())
	c := NewClient(guard("192.168.77.0/24"), time.Second, roots)
	defer c.Close()
	for _, host := range []string{"127.0.0.1", "localhost", "localhost.localdomain", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"} {
		for _, scheme := range []string{"https", "http"} {
			r, err := http.NewRequest("POST", scheme+"://"+host+":"+port+"/", nil)
			if err != nil {
				continue
			}
			if res, err := c.Do(r); err == nil {
				t.Errorf("%s://%s: %d", scheme, host, res.StatusCode)
			}
		}
	}
	// A name that is judged well and then resolves to the inside: what the dialer is given is judged again.
	for _, plain := range []bool{false, true} {
		if conn, err := c.guard.dialer(plain).DialContext(t.Context(), "tcp", "localhost:"+port); err == nil || !errors.Is(err, ErrDenied) {
			t.Errorf("a rebound name: %v", err)
			if err == nil {
				conn.Close()
			}
		}
	}
	if hits.Load() != 0 || conns.Load() != 0 {
		t.Errorf("%d requests, %d connections", hits.Load(), conns.Load())
	}
}

func TestRedirectsLimitsAndOutcomes(t *testing.T) {
	var followed atomic.Int32
	hang := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/followed", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/followed", func(http.ResponseWriter, *http.Request) { followed.Add(1) })
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "7"); w.WriteHeader(503) })
	mux.HandleFunc("/ok", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/hang", func(http.ResponseWriter, *http.Request) { <-hang })
	mux.HandleFunc("/slowly", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	srv := httptest.NewTLSServer(mux)
	defer srv.Close()
	defer close(hang)
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	client := func(g *Guard, limit time.Duration, roots *x509.CertPool) *Client {
		c := NewClient(g, limit, roots)
		t.Cleanup(c.Close)
		return c
	}
	// One that answers may do so late on a busy machine; one that never ends is given up.
	c, impatient := client(guard("127.0.0.1/32"), time.Minute, roots), client(guard("127.0.0.1/32"), 4*time.Second, roots)
	do := func(c *Client, url string) (string, *http.Response, error) {
		r, err := http.NewRequest("POST", url, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		begun := clock.Mono()
		res, err := c.Do(r)
		if took := time.Duration(clock.Mono() - begun); took > 50*time.Second {
			t.Errorf("%s took %s", url, took)
		}
		return Outcome(res, err), res, err
	}
	for path, want := range map[string]string{"/ok": OutcomeOK, "/away": OutcomeRedirect, "/busy": OutcomeStatus, "/endless": OutcomeOK} {
		if got, _, err := do(c, srv.URL+path); got != want {
			t.Errorf("%s: %s, want %s (%v)", path, got, want, err)
		}
	}
	for path, want := range map[string]string{"/hang": OutcomeUnreachable, "/slowly": OutcomeOK} {
		if got, _, err := do(impatient, srv.URL+path); got != want {
			t.Errorf("%s: %s, want %s (%v)", path, got, want, err)
		}
	}
	if followed.Load() != 0 {
		t.Error("a redirect was followed")
	}
	if _, res, _ := do(c, srv.URL+"/busy"); RetryAfter(res, time.Time{}) != 7*time.Second {
		t.Error("Retry-After is not read")
	}
	if got, _, err := do(client(guard("127.0.0.1/32"), time.Minute, x509.NewCertPool()), srv.URL+"/ok"); got != OutcomeTLS {
		t.Errorf("a certificate of nobody: %s (%v)", got, err)
	}
	if got, _, _ := do(client(guard(), time.Minute, roots), srv.URL+"/ok"); got != OutcomeDenied {
		t.Errorf("denied: %s", got)
	}
	if got, _, err := do(c, "https://127.0.0.1:1/canary"); got != OutcomeUnreachable || strings.Contains(err.Error(), "canary") {
		t.Errorf("refused: %s %v", got, err)
	}
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1") // is never asked
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	if got, _, err := do(client(guard("127.0.0.1/32"), time.Minute, roots), srv.URL+"/ok"); got != OutcomeOK {
		t.Errorf("through a proxy: %s %v", got, err)
	}
}
