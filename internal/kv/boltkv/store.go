// Package boltkv is the embedded store: two bbolt files in the data folder.
// authority.db holds the control space and bulk.db every other one, so that a
// revoke never queues behind a gallery. A commit is acknowledged after fsync.
package boltkv

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.etcd.io/bbolt"

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

// Store implements kv.Store. One process at a time has a folder open.
type Store struct {
	clock     clock.Clock
	timeout   time.Duration
	authority *file
	bulk      *file
	hints     kv.Hints
	metrics   *kv.Metrics
}

var _ kv.Store = (*Store)(nil)

// Open opens the store in dir and creates what is missing. Its errors are
// faults with a sentence: folder not writable, in use by another process,
// damaged, written by a newer version (store_version).
func Open(ctx context.Context, dir string, cfg Config) (*Store, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.System
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 5 * time.Second
	}
	if cfg.ChangesKept <= 0 {
		cfg.ChangesKept = 20_000
	}
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	s := &Store{clock: cfg.Clock, timeout: cfg.Timeout}
	var err error
	if s.authority, err = openFile(dir, "authority.db", kv.Control, s, cfg); err != nil {
		return nil, err
	}
	if s.bulk, err = openFile(dir, "bulk.db", "", s, cfg); err != nil {
		return nil, errors.Join(err, s.authority.close())
	}
	s.metrics = kv.NewMetrics(cfg.Registerer, s.Kind())
	return s, nil
}

func (s *Store) file(space kv.Space) *file {
	if space == kv.Control {
		return s.authority
	}
	return s.bulk
}

// Read implements kv.Store.
func (s *Store) Read(ctx context.Context, space kv.Space, keys []string, scans []kv.Scan) (snap kv.Snapshot, err error) {
	defer s.metrics.Done("read", time.Now(), &err)
	if err := kv.CheckRead(space, keys, scans); err != nil {
		return kv.Snapshot{}, err
	}
	if err := ctx.Err(); err != nil {
		return kv.Snapshot{}, kv.Unavailable(err)
	}
	err = s.file(space).view(func(tx *bbolt.Tx) error {
		snap = readSpace(openSpace(tx, space), keys, scans)
		return nil
	})
	snap.Now = s.clock.Now()
	if err != nil {
		return kv.Snapshot{}, kv.Unavailable(err)
	}
	return snap, nil
}

// Commit implements kv.Store. Commits that arrive together share one fsync.
func (s *Store) Commit(ctx context.Context, txn kv.Txn) (c kv.Commit, err error) {
	defer s.metrics.Done("commit", time.Now(), &err)
	at, err := txn.Check()
	if err != nil {
		return kv.Commit{}, err
	}
	if err := ctx.Err(); err != nil {
		return kv.Commit{}, kv.Unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	return s.file(txn.Space).commit(ctx, txn, at)
}

// Changes implements kv.Store.
func (s *Store) Changes(ctx context.Context, after uint64, limit int) (ch kv.Changes, err error) {
	defer s.metrics.Done("changes", time.Now(), &err)
	if err := ctx.Err(); err != nil {
		return kv.Changes{}, kv.Unavailable(err)
	}
	limit = kv.Scan{Limit: limit}.Max()
	err = s.authority.view(func(tx *bbolt.Tx) error {
		ch = readChanges(openSpace(tx, kv.Control), after, limit)
		return nil
	})
	ch.Now = s.clock.Now()
	if err != nil {
		return kv.Changes{}, kv.Unavailable(err)
	}
	return ch, nil
}

// Watch implements kv.Store. Within one process no hint is lost.
func (s *Store) Watch(ctx context.Context, space kv.Space) <-chan struct{} {
	return s.hints.Add(ctx, space)
}

// Kind implements kv.Store.
func (s *Store) Kind() string { return "bolt" }

// Close waits for the commits that were taken and closes both files.
func (s *Store) Close() error {
	s.hints.Close()
	return errors.Join(s.authority.close(), s.bulk.close())
}
