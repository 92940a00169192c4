// Package rediskv keeps the store in Redis.
package rediskv

import (
	"context"
	"crypto/tls"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"sightline/internal/kv"
)

// Config holds what Open needs beside the URL; the zero value works.
type Config struct {
	Log         *slog.Logger
	Registerer  prometheus.Registerer
	Timeout     time.Duration // of every call; 0 = 250 ms
	Wait        int           // replicas that must have a commit before it is acknowledged (WAIT); 0 = none
	ChangesKept int           // commits kept for Changes; 0 = 20,000
	TLS         *tls.Config   // for rediss://; nil = the system's roots
	Prefix      string        // of every key; "" = "sightline:"
	PoolSize    int           // connections per server; 0 = 16 per core
}

// Store implements kv.Store.
type Store struct{ kv.Store }

// Open connects to redis://, rediss://, several comma-separated addresses (a cluster), or ?sentinel=<master name>.
func Open(ctx context.Context, url string, cfg Config) (*Store, error) { panic("soon") }

// Dial makes a client with the settings every store client has, for ratelimit/redislimit.
func Dial(url string, cfg Config) (redis.UniversalClient, error) { panic("soon") }
