package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// OpsConfig is what the operations listener needs.
type OpsConfig struct {
	Gatherer prometheus.Gatherer             // required: what /metrics shows
	Ready    func(ctx context.Context) error // nil error = /readyz answers 200; its text is shown to the operator
	Log      *slog.Logger                    // required
}

// Ops serves /metrics, /healthz, /readyz and /debug/pprof/ on its own net/http
// listener, which belongs on loopback: it has no login (threat T37).
type Ops struct{ srv *http.Server }

// NewOps returns an operations server.
func NewOps(cfg OpsConfig) *Ops {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(cfg.Gatherer, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plainAnswer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		if cfg.Ready != nil {
			if err := cfg.Ready(ctx); err != nil {
				plainAnswer(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
				return
			}
		}
		plainAnswer(w, http.StatusOK, "ready")
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return &Ops{srv: &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute, // profiles take their time
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeaders,
		ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
	}}
}

func plainAnswer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}

// Serve answers until Close and returns nil after it.
func (o *Ops) Serve(l net.Listener) error {
	if err := o.srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close lets running requests end within ctx, then cuts them.
func (o *Ops) Close(ctx context.Context) error {
	if err := o.srv.Shutdown(ctx); err != nil {
		return errors.Join(err, o.srv.Close())
	}
	return nil
}
