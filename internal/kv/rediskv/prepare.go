package rediskv

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

// prepare checks every primary, loads the scripts there and makes the control space.
func (s *Store) prepare(ctx context.Context) error {
	err := s.eachPrimary(ctx, func(ctx context.Context, node *redis.Client) error {
		if err := checkServer(ctx, node); err != nil {
			return err
		}
		for _, script := range s.scripts.all() {
			if err := script.Load(ctx, node).Err(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s.explain(err)
	}
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	reply, err := s.run(ctx, s.scripts.open, []string{s.key(kv.Control, "meta")}, []any{format, kv.NewID(time.Now())})
	if err != nil {
		return s.explain(err)
	}
	p := parser{items: reply}
	if found := p.number(); found > format {
		return kv.NewerFormat(int(found), format)
	}
	s.epoch = p.text()
	return p.err
}

func (s *Store) eachPrimary(ctx context.Context, fn func(context.Context, *redis.Client) error) error {
	switch c := s.client.(type) {
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, fn)
	case *redis.Client:
		return fn(ctx, c)
	}
	return errors.New("rediskv: unknown kind of client")
}

// explain gives a failed start its sentence.
func (s *Store) explain(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "NOAUTH"), strings.HasPrefix(text, "WRONGPASS"):
		return unfit(err, "Redis refuses the user or the password. Write them into the address: redis://user:password@host:port.")
	case strings.HasPrefix(text, "READONLY"):
		return unfit(err, "This Redis is a read-only replica. Give the address of the primary, or those of the Sentinels with ?sentinel=<master name>.")
	case strings.HasPrefix(text, "MOVED"), strings.HasPrefix(text, "CROSSSLOT"), strings.HasPrefix(text, "CLUSTERDOWN"):
		return unfit(err, "This Redis is part of a cluster. Give the addresses of several of its nodes, divided by commas, or add ?cluster=true; every slot must be served.")
	case strings.HasPrefix(text, "NOPERM"):
		return unfit(err, "The Redis user may not do what the store needs. Allow it the commands CONFIG|GET, EVAL, EVALSHA, SCRIPT|LOAD, PUBLISH, SUBSCRIBE, those for hashes, sorted sets, streams and strings, and the keys and channels that begin with "+s.cfg.Prefix+".")
	}
	return fault.Wrap(err, fault.Unavailable, kv.CodeUnavailable, "The Redis store cannot be reached. See whether it runs and whether its address is right.")
}

func unfit(err error, msg string) error {
	return fault.Wrap(err, fault.Invalid, fault.CodeBadValue, msg)
}

// checkServer refuses settings under which an acknowledged commit could be lost.
func checkServer(ctx context.Context, node *redis.Client) error {
	for _, want := range []struct{ setting, value, why string }{
		{"appendonly", "yes", "it would lose commits when it ends"},
		{"appendfsync", "always", "it would lose the last second of commits when it is killed"},
		{"maxmemory-policy", "noeviction", "it would forget access rights when memory is short"},
	} {
		got, err := node.ConfigGet(ctx, want.setting).Result()
		if err != nil {
			if redis.HasErrorPrefix(err, "NOPERM") || redis.HasErrorPrefix(err, "ERR unknown command") {
				return unfit(err, "Redis does not say how safely it stores: allow this user the command CONFIG GET, so that appendonly, appendfsync and maxmemory-policy can be checked.")
			}
			return err
		}
		if v := got[want.setting]; v != want.value {
			return unfit(nil, fmt.Sprintf("Redis at %s runs with %s %s: %s. Set it with CONFIG SET %s %s and in its configuration file, and start again.",
				node.Options().Addr, want.setting, v, want.why, want.setting, want.value))
		}
	}
	return nil
}
