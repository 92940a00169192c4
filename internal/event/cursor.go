package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

// cursor says how far a consumer is and which node works on the next batch.
type cursor struct {
	V      int    `json:"v"`
	At     string `json:"at"`               // key of the last event handled; "" = none
	Holder string `json:"holder,omitempty"` // who has the claim
	Until  int64  `json:"until,omitempty"`  // store time, Unix ms, when the claim ends

	version uint64 // of the record it was read from
}

func cursorKey(consumer string) string { return cursorPrefix + consumer }

func parseCursor(v kv.Value) (cursor, error) {
	c := cursor{V: version, version: v.Version}
	if !v.Exists() {
		return c, nil
	}
	if err := json.Unmarshal(v.Data, &c); err != nil || c.V != version {
		return c, fmt.Errorf("event: cursor %s has form %d, this version knows %d (%w)", v.Key, c.V, version, errors.Join(err))
	}
	return c, nil
}

// save commits the cursor if nobody else did since it was read, and repeats a
// commit of unknown outcome once.
func (c *cursor) save(ctx context.Context, store kv.Store, space kv.Space, consumer string, now time.Time) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	txn := kv.Txn{
		ID: kv.NewID(now), Space: space,
		Conditions: []kv.Condition{{Key: cursorKey(consumer), Version: c.version}},
		Writes:     []kv.Write{{Key: cursorKey(consumer), Data: data}},
	}
	done, err := store.Commit(ctx, txn)
	if fault.Is(err, fault.Unknown) && ctx.Err() == nil {
		done, err = store.Commit(ctx, txn)
	}
	if err == nil {
		c.version = done.Revision
	}
	return err
}

// Register makes sure that consumer has a cursor in a space, so that no event
// is trimmed before it has run. A new one begins at the oldest event there is.
func Register(ctx context.Context, store kv.Store, space kv.Space, consumer string) error {
	snap, err := store.Read(ctx, space, []string{cursorKey(consumer)}, nil)
	if err != nil || snap.Values[0].Exists() {
		return err
	}
	c := cursor{V: version}
	if err := c.save(ctx, store, space, consumer, snap.Now); !errors.Is(err, kv.ErrConflict) {
		return err
	}
	return nil
}

// Unregister forgets the cursor of a consumer that will not run again.
func Unregister(ctx context.Context, store kv.Store, space kv.Space, consumer string) error {
	snap, err := store.Read(ctx, space, []string{cursorKey(consumer)}, nil)
	if err != nil || !snap.Values[0].Exists() {
		return err
	}
	_, err = store.Commit(ctx, kv.Txn{
		ID: kv.NewID(snap.Now), Space: space,
		Writes: []kv.Write{{Key: cursorKey(consumer), Delete: true}},
	})
	return err
}

// trimMost is how many events one Trim removes.
const trimMost = 500

// Trim removes events that every registered cursor has passed, and those older
// than Keep; without any cursor only the latter. It says how many. Consumers
// call it themselves.
func Trim(ctx context.Context, store kv.Store, space kv.Space) (int, error) {
	snap, err := store.Read(ctx, space, nil, []kv.Scan{{Prefix: cursorPrefix}, {Prefix: feedPrefix, Limit: trimMost}})
	if err != nil {
		return 0, err
	}
	passed, known := "", false
	for _, v := range snap.Scans[0] {
		c, err := parseCursor(v)
		if err != nil {
			return 0, err
		}
		if !known || c.At < passed {
			passed, known = c.At, true
		}
	}
	txn := kv.Txn{ID: kv.NewID(snap.Now), Space: space}
	for _, v := range snap.Scans[1] {
		if at := read(space, v).At; v.Key <= passed || !at.IsZero() && snap.Now.Sub(at) > Keep {
			txn.Writes = append(txn.Writes, kv.Write{Key: v.Key, Delete: true})
		}
	}
	if len(txn.Writes) == 0 {
		return 0, nil
	}
	_, err = store.Commit(ctx, txn)
	return len(txn.Writes), err
}
