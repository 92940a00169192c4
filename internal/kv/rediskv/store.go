// Package rediskv keeps the store in Redis: a single server, Sentinel or a
// cluster. A space is a hash (values), a sorted set (order), for the control
// space a trimmed stream (changes), and a small hash (meta), all under one hash
// tag. Each call is one Lua script, i.e. one round trip to one primary; replicas
// are never read.
package rediskv

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Config holds what Open needs beside the URL; the zero value works.
type Config struct {
	Log         *slog.Logger
	Registerer  prometheus.Registerer
	Timeout     time.Duration // of every call; 0 = 250 ms
	Patience    time.Duration // how long Open waits for a server that starts or loads; 0 = 3 s
	Wait        int           // replicas that must have a commit before it is acknowledged (WAIT); 0 = none
	ChangesKept int           // commits kept for Changes; 0 = 20,000
	TLS         *tls.Config   // for rediss://; nil = the system's roots
	Prefix      string        // of every key; "" = "sightline:"
	PoolSize    int           // connections per server; 0 = 16 per core
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Timeout <= 0 {
		c.Timeout = 250 * time.Millisecond
	}
	if c.Patience <= 0 {
		c.Patience = 3 * time.Second
	}
	if c.ChangesKept <= 0 {
		c.ChangesKept = 20_000
	}
	if c.Prefix == "" {
		c.Prefix = "sightline:"
	}
	return c
}

// format is the layout of the keys; a higher one in Redis is refused.
const format = 1

// Store implements kv.Store.
type Store struct {
	cfg       Config
	client    *client
	scripts   scripts
	epoch     atomic.Pointer[string] // of the control space when the store was opened, or adopted
	seen      atomic.Uint64          // newest revision of the control space that was handed out
	safe      atomic.Uint64          // newest that enough replicas have; with Wait only
	following atomic.Int64           // replicas that did when a commit last looked
	made      bool                   // by this process; used by Open only
	hints     kv.Hints
	feed      *hintFeed
	metrics   *kv.Metrics
	closing   sync.Once
	closed    chan struct{}
}

var _ kv.Store = (*Store)(nil)

var (
	errClosed    = errors.New("rediskv: store is closed")
	errReplica   = errors.New("rediskv: not the primary any more")
	errNoPrimary = errors.New("rediskv: the Sentinels do not agree on a primary")
)

// Open connects to url: redis:// or rediss://, user and password, one address
// or several divided by commas (a cluster; or ?cluster=true with one), or the
// Sentinels' addresses with ?sentinel=<master name>; the path is the database
// number. With Sentinels every commit waits for at least one replica. It refuses,
// in a sentence that says the way out, a server that could lose or evict
// acknowledged commits and data of a newer version (store_version).
func Open(ctx context.Context, url string, cfg Config) (*Store, error) {
	cfg = cfg.withDefaults()
	client, err := dial(url, cfg)
	if err != nil {
		return nil, err
	}
	if client.lookout != nil {
		cfg.Wait = max(1, cfg.Wait)
	}
	s := &Store{cfg: cfg, client: client, scripts: newScripts(), closed: make(chan struct{})}
	for end := time.Now().Add(cfg.Patience); ; {
		if err = s.prepare(ctx); err == nil {
			break
		}
		if !fault.Is(err, fault.Unavailable) || fault.Code(err) == fault.CodeStoreVersion || time.Now().After(end) || ctx.Err() != nil {
			return nil, errors.Join(err, client.Close())
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	s.metrics = kv.NewMetrics(cfg.Registerer, s.Kind())
	s.feed = newHintFeed(client, cfg, &s.hints)
	return s, nil
}

// Kind implements kv.Store.
func (s *Store) Kind() string { return "redis" }

// Watch implements kv.Store: hints come by pub/sub and may be lost while the
// connection is; each new connection begins with a hint.
func (s *Store) Watch(ctx context.Context, space kv.Space) <-chan struct{} {
	return s.hints.Add(ctx, space)
}

// Close ends the hints and the connections.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		close(s.closed)
		s.client.dialer.stop()
		s.hints.Close()
		s.feed.close()
		err = s.client.Close()
	})
	return err
}

// Key names. The braces are the hash tag: all keys of a space share a slot.
func (s *Store) key(space kv.Space, name string) string {
	return s.cfg.Prefix + "{" + string(space) + "}:" + name
}

func channel(prefix string, space kv.Space) string { return prefix + "hint:" + string(space) }

// deadline bounds one call by Timeout and by the caller's own.
func (s *Store) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.cfg.Timeout)
}

// need is how many replicas must be seen to follow before a primary is believed
// that the Sentinels do not vouch for: it may have been replaced behind its back.
func (s *Store) need() int {
	if s.client.lookout == nil || s.client.lookout.sure() {
		return 0
	}
	return s.cfg.Wait
}
