package rediskv

import (
	"context"
	_ "embed"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	//go:embed lua/open.lua
	openLua string
	//go:embed lua/read.lua
	readLua string
	//go:embed lua/commit.lua
	commitLua string
	//go:embed lua/changes.lua
	changesLua string
)

type scripts struct{ open, read, commit, changes *redis.Script }

func newScripts() scripts {
	return scripts{
		open: redis.NewScript(openLua), read: redis.NewScript(readLua),
		commit: redis.NewScript(commitLua), changes: redis.NewScript(changesLua),
	}
}

func (s scripts) all() []*redis.Script { return []*redis.Script{s.open, s.read, s.commit, s.changes} }

// run is EVALSHA, and EVAL once where the server does not know the script (it
// was restarted since Open).
func (s *Store) run(ctx context.Context, script *redis.Script, keys []string, args []any) ([]any, error) {
	return script.Run(ctx, s.client, keys, args...).Slice()
}

// runWait is run with WAIT behind it on the same connection to the primary of
// keys[0]. acked is how many of the replicas confirmed within patience, at most what
// leaves room for the answer: Redis ends a WAIT up to 100 ms late.
func (s *Store) runWait(ctx context.Context, script *redis.Script, keys []string, args []any, replicas int, patience time.Duration) (reply []any, acked int64, err error) {
	node, err := s.primary(ctx, keys[0])
	if err != nil {
		return nil, 0, err
	}
	if end, ok := ctx.Deadline(); ok {
		left := time.Until(end)
		patience = min(patience, max(left-120*time.Millisecond, left/2))
	}
	try := func(eval func(redis.Pipeliner) *redis.Cmd) ([]any, int64, error) {
		pipe := node.Pipeline()
		cmd := eval(pipe)
		wait := pipe.Do(ctx, "WAIT", replicas, max(1, patience.Milliseconds()))
		_, _ = pipe.Exec(ctx) // each command keeps its own error
		reply, err := cmd.Slice()
		if err != nil {
			return nil, 0, err
		}
		n, err := wait.Int64()
		if err != nil {
			n = 0 // applied, and nobody knows where: as good as no replica
		}
		return reply, n, nil
	}
	reply, acked, err = try(func(p redis.Pipeliner) *redis.Cmd { return script.EvalSha(ctx, p, keys, args...) })
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		return try(func(p redis.Pipeliner) *redis.Cmd { return script.Eval(ctx, p, keys, args...) })
	}
	return reply, acked, err
}

// primary is the client of the server that holds key.
func (s *Store) primary(ctx context.Context, key string) (*redis.Client, error) {
	switch c := s.client.UniversalClient.(type) {
	case *redis.ClusterClient:
		return c.MasterForKey(ctx, key)
	case *redis.Client:
		return c, nil
	}
	return nil, errClosed
}
