package event

import (
	"context"

	"sightline/internal/kv"
)

// Recent lists the newest events of a space that are still in its feed, newest
// first, at most limit (1 to kv.MaxScan).
func Recent(ctx context.Context, store kv.Store, space kv.Space, limit int) ([]Entry, error) {
	snap, err := store.Read(ctx, space, nil, []kv.Scan{{Prefix: feedPrefix, Reverse: true, Limit: limit}})
	if err != nil {
		return nil, err
	}
	out := make([]Entry, 0, len(snap.Scans[0]))
	for _, v := range snap.Scans[0] {
		out = append(out, read(space, v))
	}
	return out, nil
}

// Place is where an entry stands in its feed: it sorts in commit order.
func (e Entry) Place() string { return e.Key[len(feedPrefix):] }
