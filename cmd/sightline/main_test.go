package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The demo runs its own program as its cameras; in a test that is this binary.
	if len(os.Args) > 1 && os.Args[1] == "demo-cameras" {
		main()
		return
	}
	goleak.VerifyTestMain(m,
		// fasthttp looks once in ten seconds whether its server has ended, and keeps one clock for all.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// output is a program's output that may be read while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// program is the whole program inside a test.
type program struct {
	t         *testing.T
	addresses Addresses
	out, err  *output
	cancel    context.CancelFunc
	done      chan struct{}
	code      int
}

// launch runs the program with args and returns without waiting for anything.
func launch(t *testing.T, environ []string, args ...string) (*program, chan Addresses) {
	t.Helper()
	p := &program{t: t, out: &output{}, err: &output{}, done: make(chan struct{})}
	up := make(chan Addresses, 1)
	m := &Main{Stdin: strings.NewReader("a password that is long\n"), Stdout: p.out, Stderr: p.err, Environ: environ,
		Started: func(a Addresses) { up <- a }}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go func() {
		defer close(p.done)
		err := m.ParseFlags(args)
		if err == nil {
			err = m.Run(ctx)
		}
		p.code = m.explain(err)
	}()
	t.Cleanup(func() { p.stop() })
	return p, up
}

// start runs a server and waits until it answers. Its store may be late, as a busy
// machine's is: these tests are about what is answered.
func start(t *testing.T, args ...string) *program {
	t.Helper()
	p, up := launch(t, nil, append(args, "--store-timeout", "5s")...)
	select {
	case p.addresses = <-up:
	case <-p.done:
		t.Fatalf("it ended with code %d:\n%s%s", p.code, p.out, p.err)
	case <-time.After(5 * time.Minute):
		t.Fatalf("it did not start:\n%s%s", p.out, p.err)
	}
	return p
}

// serve starts a server on free ports.
func serve(t *testing.T, data string, more ...string) *program {
	t.Helper()
	return start(t, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0",
		"--media-port", "0", "--media-loopback"}, more...)...)
}

// stop ends it as a signal would and says how long that took.
func (p *program) stop() time.Duration {
	begun := time.Now()
	p.cancel()
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		p.t.Errorf("it did not stop:\n%s", p.err)
	}
	return time.Since(begun)
}

// wait is for a command that ends by itself.
func run(t *testing.T, environ []string, args ...string) (code int, out, errs string) {
	t.Helper()
	p, _ := launch(t, environ, args...)
	select {
	case <-p.done:
	case <-time.After(2 * time.Minute):
		t.Fatalf("it did not end:\n%s%s", p.out, p.err)
	}
	return p.code, p.out.String(), p.err.String()
}

// becomesReady waits until a server says that it is: one whose store was late for
// a moment says otherwise.
func (p *program) becomesReady(want bool) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		code, _ := get(p.t, p.addresses.Ops+"/readyz")
		if (code == http.StatusOK) == want {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("ready is not %v in time:\n%s", want, p.err)
		}
	}
}

// client speaks HTTP(S) to a server under test and leaves nothing behind.
func client(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: time.Minute}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := client(t).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func post(t *testing.T, url, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Sightline", "1")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// within is a folder of a test, shorter than t.TempDir's where a name must fit a socket.
func within(t *testing.T, name string) string { return filepath.Join(t.TempDir(), name) }
