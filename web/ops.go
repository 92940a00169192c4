package web

import (
	"context"
	"log/slog"
	"net"

	"github.com/prometheus/client_golang/prometheus"
)

// OpsConfig is what the operations listener needs.
type OpsConfig struct {
	Gatherer prometheus.Gatherer             // required: what /metrics shows
	Ready    func(ctx context.Context) error // nil error = /readyz answers 200; its text is shown to the operator
	Log      *slog.Logger                    // required
}

// Ops serves /metrics, /healthz, /readyz and /debug/pprof/ on its own net/http
// listener, which belongs on loopback: it has no login.
type Ops struct{ cfg OpsConfig }

// NewOps returns an operations server.
func NewOps(cfg OpsConfig) *Ops { panic("not yet") }

// Serve answers until Close and returns nil after it.
func (o *Ops) Serve(l net.Listener) error { panic("not yet") }

// Close ends within ctx.
func (o *Ops) Close(ctx context.Context) error { panic("not yet") }
