package rediskv

import (
	"context"
	"net"
	"runtime"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// client is a go-redis client whose connections are ours: they end at once when
// the primary is another one, and Close leaves nothing running.
type client struct {
	redis.UniversalClient
	dialer  *dialer
	lookout *lookout // nil: no Sentinels
}

// Dial makes a client of url (see Open) without connecting: every wait bounded
// by Timeout, deadlines of contexts obeyed, nothing sent twice, replicas never
// read, a failover followed. The caller closes it. ratelimit/redislimit takes
// one of its own.
func Dial(url string, cfg Config) (redis.UniversalClient, error) {
	c, err := dial(url, cfg.withDefaults())
	if err != nil {
		return nil, err // not c: a nil pointer in an interface is not nil
	}
	return c, nil
}

func dial(url string, cfg Config) (*client, error) {
	opts, err := parse(url)
	if err != nil {
		return nil, err
	}
	if opts.TLSConfig != nil && cfg.TLS != nil {
		opts.TLSConfig = cfg.TLS.Clone()
	}
	logging.Disable() // what fails is told by errors; the library would print to stderr
	d := newDialer(opts.TLSConfig)
	opts.Dialer = d.dial
	opts.ContextTimeoutEnabled = true
	opts.MaxRetries = -1
	opts.DialerRetries = 1
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = cfg.Timeout, cfg.Timeout, cfg.Timeout, cfg.Timeout
	if opts.PoolSize = cfg.PoolSize; opts.PoolSize <= 0 {
		opts.PoolSize = 16 * runtime.GOMAXPROCS(0)
	}
	opts.Protocol = 2
	opts.ClientName = "sightline"
	opts.DisableIdentity = true
	opts.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if opts.MasterName == "" {
		return &client{UniversalClient: redis.NewUniversalClient(opts), dialer: d}, nil
	}
	look := newLookout(*opts, cfg.Log, d.keepOnly)
	simple := opts.Simple()
	simple.Addr = opts.MasterName // told to the dialer, which asks the lookout
	simple.Dialer = func(ctx context.Context, network, _ string) (net.Conn, error) {
		if err := look.known(ctx); err != nil {
			return orUnmade(nil, err), nil
		}
		return d.dial(ctx, network, look.address())
	}
	simple.OnConnect = isPrimary
	return &client{UniversalClient: redis.NewClient(simple), dialer: d, lookout: look}, nil
}

// Close ends everything; what waits for a connection fails.
func (c *client) Close() error {
	c.dialer.stop()
	if c.lookout != nil {
		c.lookout.close()
	}
	err := c.UniversalClient.Close()
	c.dialer.wait()
	return err
}

// isPrimary refuses a server that is a replica by now: the Sentinels' word may
// be a moment old, and replicas are never read.
func isPrimary(ctx context.Context, cn *redis.Conn) error {
	role, err := cn.Do(ctx, "ROLE").Slice()
	if err != nil {
		return err
	}
	if len(role) == 0 || role[0] != "master" {
		return errReplica
	}
	return nil
}
