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
		if err := s.checkServer(ctx, node); err != nil {
			return err
		}
		if err := s.checkReplicas(ctx, node); err != nil {
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
	var reply []any
	acked, keys, args := int64(s.cfg.Wait), []string{s.key(kv.Control, "meta")}, []any{format, kv.NewID(time.Now())}
	if s.cfg.Wait > 0 {
		reply, acked, err = s.runWait(ctx, s.scripts.open, keys, args, s.cfg.Wait, s.cfg.Timeout/5)
	} else {
		reply, err = s.run(ctx, s.scripts.open, keys, args)
	}
	if err != nil {
		return s.explain(err)
	}
	p := parser{items: reply}
	if found := p.number(); found > format {
		return kv.NewerFormat(int(found), format)
	}
	epoch := p.text()
	s.epoch.Store(&epoch)
	s.made = s.made || p.number() == 1
	if p.err == nil && acked < int64(s.cfg.Wait) {
		short := fmt.Errorf("rediskv: %d of %d replicas confirmed", acked, s.cfg.Wait)
		if s.made {
			return noReplicas(short)
		}
		s.cfg.Log.Warn("too few replicas of Redis follow its primary; until they do, no change can be acknowledged", "err", short)
	}
	return p.err
}

func (s *Store) eachPrimary(ctx context.Context, fn func(context.Context, *redis.Client) error) error {
	switch c := s.client.UniversalClient.(type) {
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
	case errors.Is(err, errReplica):
		return fault.Wrap(err, fault.Unavailable, kv.CodeUnavailable, "The Sentinels name a Redis that is a replica; a failover is under way. It is tried again.")
	case errors.Is(err, errNoPrimary):
		return fault.Wrap(err, fault.Unavailable, kv.CodeUnavailable, "More than half of the Sentinels in the address must name the same primary, and they do not. See whether they run, whether the name after sentinel= is the one they watch, and whether they want a password (sentinel_password=).")
	case strings.HasPrefix(text, "NOREPLICAS"):
		return noReplicas(err)
	case strings.HasPrefix(text, "MOVED"), strings.HasPrefix(text, "CROSSSLOT"), strings.HasPrefix(text, "CLUSTERDOWN"):
		return unfit(err, "This Redis is part of a cluster. Give the addresses of several of its nodes, divided by commas, or add ?cluster=true; every slot must be served.")
	case strings.HasPrefix(text, "NOPERM"):
		return unfit(err, "The Redis user may not do what the store needs. Allow it the commands CONFIG|GET, INFO, ROLE, WAIT, EVAL, EVALSHA, SCRIPT|LOAD, PUBLISH, SUBSCRIBE, those for hashes, sorted sets, streams and strings, and the keys and channels that begin with "+s.cfg.Prefix+".")
	}
	return fault.Wrap(err, fault.Unavailable, kv.CodeUnavailable, "The Redis store cannot be reached. See whether it runs and whether its address is right.")
}

func unfit(err error, msg string) error {
	return fault.Wrap(err, fault.Invalid, fault.CodeBadValue, msg)
}

func noReplicas(err error) error {
	return fault.Wrap(err, fault.Unavailable, kv.CodeUnavailable, "Too few replicas of Redis follow its primary, so no change can be acknowledged. See whether they run and reach it (INFO replication).")
}
