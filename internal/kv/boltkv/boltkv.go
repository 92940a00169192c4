// Package boltkv is the embedded store: two bbolt files in the data folder.
package boltkv

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
	"sightline/internal/kv"
)

// Config holds what Open needs beside the folder; the zero value works.
type Config struct {
	Log         *slog.Logger
	Registerer  prometheus.Registerer
	Clock       clock.Clock   // store time; nil = clock.System
	Timeout     time.Duration // longest wait for a commit; 0 = 5 s
	ChangesKept int           // commits kept for Changes; 0 = 20,000
}

// Store implements kv.Store.
type Store struct{ kv.Store }

// Open opens or creates the store in dir.
func Open(ctx context.Context, dir string, cfg Config) (*Store, error) { panic("soon") }
