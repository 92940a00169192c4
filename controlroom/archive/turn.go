package archive

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"sightline/internal/kv"
)

// turn says which node records. Every node pulls every camera, so without it
// each would record all of them. One node at a time has the turn and records all
// cameras; the others keep theirs. It is kept in a space of its own: no decision
// reads it. A node's name there is its first disk's, which no two processes can
// hold at once, so that a restart goes on without waiting.
//
// A node that cannot reach the store goes on with the turn it has: footage is
// worth more than that it is there once. When it hears of another, it stops.
type turn struct {
	r     *Recordings
	alone bool // no other node can be on this store
	mine  atomic.Bool

	mu    sync.Mutex
	other string // name of the node that has it
}

const (
	turnSpace kv.Space = "archive"
	turnKey            = "turn"
	turnLife           = 20 * time.Second
	turnBeat           = 5 * time.Second
)

type turnRecord struct {
	V    int       `json:"v"`
	Disk string    `json:"disk"`
	Node string    `json:"node"`
	Ends time.Time `json:"ends"` // store time
}

// elsewhere is the name of the other node that records, "" when none does.
func (t *turn) elsewhere() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.other
}

// keep takes and renews the turn until ctx ends, and gives it back then.
func (t *turn) keep(ctx context.Context) {
	if t.alone {
		return
	}
	tick := time.NewTicker(turnBeat)
	defer tick.Stop()
	for {
		mine, other, err := t.beat(ctx, false)
		if err == nil {
			t.mu.Lock()
			t.other = other
			t.mu.Unlock()
			if was := t.mine.Swap(mine); was != mine {
				t.r.log.Info("this server records", "now", mine, "other", other)
				t.r.applyAll(ctx)
			}
		} else if ctx.Err() == nil {
			t.r.log.Debug("the turn to record could not be looked at", "err", err)
		}
		select {
		case <-ctx.Done():
			if t.mine.Load() {
				end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
				_, _, _ = t.beat(end, true)
				cancel()
			}
			return
		case <-tick.C:
		}
	}
}

// beat looks at the turn, takes or renews it where it is free or ours, or gives
// it back.
func (t *turn) beat(ctx context.Context, leave bool) (mine bool, other string, err error) {
	store := t.r.cfg.Store
	ctx, cancel := context.WithTimeout(ctx, turnBeat)
	defer cancel()
	snap, err := store.Read(ctx, turnSpace, []string{turnKey}, nil)
	if err != nil {
		return false, "", err
	}
	v := snap.Values[0]
	var rec turnRecord
	if v.Exists() && json.Unmarshal(v.Data, &rec) == nil && snap.Now.Before(rec.Ends) && (t.r.cfg.Archive == nil || rec.Disk != t.r.cfg.Archive.disks[0].id) {
		return false, rec.Node, nil
	}
	if t.r.cfg.Archive == nil {
		return false, "", nil
	}
	w := kv.Write{Key: turnKey, Delete: leave}
	if !leave {
		if w.Data, err = json.Marshal(turnRecord{V: recordVersion, Disk: t.r.cfg.Archive.disks[0].id, Node: t.r.cfg.Node, Ends: snap.Now.Add(turnLife)}); err != nil {
			return false, "", err
		}
	}
	_, err = store.Commit(ctx, kv.Txn{ID: kv.NewID(t.r.cfg.Clock.Now()), Space: turnSpace,
		Conditions: []kv.Condition{{Key: turnKey, Version: v.Version}}, Writes: []kv.Write{w}})
	if errors.Is(err, kv.ErrConflict) {
		return false, "", err // another was faster; the next beat sees it
	}
	return err == nil && !leave, "", err
}
