package main

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/cmd/sightline/config"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
)

// openStore opens the configured store. Its errors are sentences: not
// reachable, unsafe settings, written by a newer version.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger, reg prometheus.Registerer) (kv.Store, error) {
	if cfg.Store.Embedded() {
		return boltkv.Open(ctx, cfg.Data, boltkv.Config{Log: log, Registerer: reg})
	}
	return rediskv.Open(ctx, cfg.Store.Reveal(), rediskv.Config{Log: log, Registerer: reg, Wait: cfg.StoreReplicas})
}
