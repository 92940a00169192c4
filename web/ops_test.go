package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestOps(t *testing.T) {
	reg := prometheus.NewRegistry()
	newMetrics(reg).requests.WithLabelValues("GET /", "2xx").Inc()
	var away atomic.Bool
	o := NewOps(OpsConfig{Gatherer: reg, Log: slog.New(slog.DiscardHandler), Ready: func(context.Context) error {
		if away.Load() {
			return errors.New("the store does not answer")
		}
		return nil
	}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- o.Serve(l) }()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	get := func(path string, status int, text string) {
		t.Helper()
		res, err := client.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != status || !strings.Contains(string(body), text) {
			t.Errorf("%s: %d %.200q, want %d with %q", path, res.StatusCode, body, status, text)
		}
	}
	get("/healthz", 200, "ok")
	get("/readyz", 200, "ready")
	away.Store(true)
	get("/readyz", 503, "the store does not answer")
	get("/metrics", 200, `sightline_http_requests_total{class="2xx",route="GET /"} 1`)
	get("/debug/pprof/", 200, "goroutine")
	get("/debug/pprof/goroutine?debug=1", 200, "goroutine profile")
	get("/", 404, "")
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	if err := o.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-served; err != nil {
		t.Fatalf("Serve after Close: %v", err)
	}
}
