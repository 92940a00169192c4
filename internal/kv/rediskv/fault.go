package rediskv

import (
	"context"
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"

	"sightline/internal/kv"
)

// commitFault decides whether a failed commit may have been applied. The
// server's own error replies and connections that were never made say no;
// everything else is unknown.
func commitFault(err error) error {
	var refused redis.Error
	if errors.As(err, &refused) && !errors.Is(err, redis.Nil) && !strings.HasPrefix(err.Error(), "UNKNOWN") {
		return kv.Unavailable(err)
	}
	var never *why
	if errors.As(err, &never) || errors.Is(err, errReplica) {
		return kv.Unavailable(err)
	}
	if errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrPoolExhausted) || errors.Is(err, redis.ErrClosed) {
		return kv.Unavailable(err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return kv.Unknown(err)
	}
	return kv.Unknown(err)
}
