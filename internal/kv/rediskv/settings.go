package rediskv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/redis/go-redis/v9"

	"sightline/internal/fault"
)

// setting is what a server must run with, and what would happen otherwise.
type setting struct {
	name, value, why string
	ok               func(value string) bool // nil: exactly value
}

// settings that keep what is acknowledged; with WAIT also those that keep a
// primary which was cut off from going on.
func (s *Store) settings() []setting {
	all := []setting{
		{"appendonly", "yes", "it would lose commits when it ends", nil},
		{"appendfsync", "always", "it would lose the last second of commits when it is killed", nil},
		{"maxmemory-policy", "noeviction", "it would forget access rights when memory is short", nil},
	}
	if s.cfg.Wait == 0 {
		return all
	}
	return append(all,
		setting{"min-replicas-to-write", strconv.Itoa(s.cfg.Wait), "a primary that was cut off from its replicas would go on taking changes that are lost", atLeast(s.cfg.Wait)},
		setting{"min-replicas-max-lag", "2", "a primary that was cut off would not notice soon enough", within(1, 10)})
}

func atLeast(n int) func(string) bool {
	return func(v string) bool { got, err := strconv.Atoi(v); return err == nil && got >= n }
}

func within(low, high int) func(string) bool {
	return func(v string) bool { got, err := strconv.Atoi(v); return err == nil && got >= low && got <= high }
}

// checkServer refuses settings under which an acknowledged commit could be lost.
func (s *Store) checkServer(ctx context.Context, node *redis.Client) error {
	at := node.Options().Addr
	if s.client.lookout != nil {
		soon, cancel := s.deadline(ctx)
		defer cancel()
		if err := s.client.lookout.known(soon); err != nil {
			return err
		}
		at = s.client.lookout.address()
	}
	return s.check(ctx, node, at)
}

func (s *Store) check(ctx context.Context, node *redis.Client, at string) error {
	for _, want := range s.settings() {
		got, err := node.ConfigGet(ctx, want.name).Result()
		if err != nil {
			if redis.HasErrorPrefix(err, "NOPERM") || redis.HasErrorPrefix(err, "ERR unknown command") {
				return unfit(err, "Redis does not say how safely it stores: allow this user the command CONFIG GET, so that appendonly, appendfsync and maxmemory-policy can be checked.")
			}
			return err
		}
		v := got[want.name]
		if want.ok == nil && v != want.value || want.ok != nil && !want.ok(v) {
			return unfit(nil, fmt.Sprintf("Redis at %s runs with %s %s: %s. Set it with CONFIG SET %s %s and in its configuration file, and start again.",
				at, want.name, v, want.why, want.name, want.value))
		}
	}
	return nil
}

// checkReplicas holds to the same settings whoever may be the primary after a
// failover. A replica that cannot be reached from here is told in the log.
func (s *Store) checkReplicas(ctx context.Context, primary *redis.Client) error {
	if s.client.lookout == nil {
		return nil
	}
	role, err := primary.Do(ctx, "ROLE").Slice()
	if err != nil {
		return err
	}
	if len(role) < 3 {
		return errReplica
	}
	replicas, _ := role[2].([]any)
	for _, r := range replicas {
		place, _ := r.([]any)
		if len(place) < 2 {
			continue
		}
		addr := net.JoinHostPort(fmt.Sprint(place[0]), fmt.Sprint(place[1]))
		if err := s.checkReplica(ctx, primary.Options(), addr); err != nil {
			var known *fault.Error
			if errors.As(err, &known) {
				return err
			}
			s.cfg.Log.Warn("the settings of a Redis replica cannot be checked", "replica", addr, "err", err)
		}
	}
	return nil
}

func (s *Store) checkReplica(ctx context.Context, o *redis.Options, addr string) error {
	one := *o
	one.Addr, one.Dialer, one.OnConnect, one.PoolSize, one.PipelinePoolSize = addr, s.client.dialer.dial, nil, 1, -1
	node := redis.NewClient(&one)
	return errors.Join(s.check(ctx, node, addr), node.Close())
}
