package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/cmd/sightline/config"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
)

// patience is how long one call of the store may take for a command, whose person
// sooner waits than reads that the disk is busy. A server answers in time instead.
const patience = 5 * time.Second

// openStore opens the configured store; timeout is of each call, 0 = a server's.
// Its errors are sentences: not reachable, unsafe settings, written by a newer version.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger, reg prometheus.Registerer, timeout time.Duration) (kv.Store, error) {
	if cfg.Store.Embedded() {
		return boltkv.Open(ctx, cfg.Data, boltkv.Config{Log: log, Registerer: reg})
	}
	return rediskv.Open(ctx, cfg.Store.Reveal(), rediskv.Config{Log: log, Registerer: reg, Wait: cfg.StoreReplicas, Timeout: timeout})
}
