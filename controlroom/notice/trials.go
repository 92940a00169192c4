package notice

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	"sightline/internal/kv"
)

// dueLook is how often ends of trials are looked for: no event says that one
// has come.
const dueLook = 10 * time.Minute

// due is when an account's plan has to be looked at again.
type due struct {
	V  int   `json:"v"`
	At int64 `json:"at"` // Unix ms
}

// due notes when an account's trial ends; zero forgets it.
func (b *Board) due(ctx context.Context, account string, ends time.Time) error {
	key := pDue + account
	snap, err := b.cfg.Store.Read(ctx, kv.Control, []string{key}, nil)
	if err != nil {
		return err
	}
	have := snap.Values[0]
	w := kv.Write{Key: key, Delete: true}
	if !ends.IsZero() {
		w = kv.Write{Key: key, Data: encode(due{V: recordVersion, At: ends.UnixMilli()})}
	}
	if have.Exists() != w.Delete && string(have.Data) == string(w.Data) {
		return nil
	}
	_, err = b.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(b.cfg.Clock.Now()), Space: kv.Control, Writes: []kv.Write{w}})
	return err
}

// trials looks at the plans whose trial has ended, until ctx ends.
func (b *Board) trials(ctx context.Context) {
	wait := time.Duration(0)
	for {
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		if err := b.trialsOver(ctx); err != nil && ctx.Err() == nil {
			b.cfg.Log.Debug("ended trials are looked for again", "err", err)
		}
		wait = dueLook*3/4 + rand.N(dueLook/2)
	}
}

func (b *Board) trialsOver(ctx context.Context) error {
	snap, err := b.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: pDue}})
	if err != nil {
		return err
	}
	for _, v := range snap.Scans[0] {
		var d due
		if json.Unmarshal(v.Data, &d) != nil || snap.Now.UnixMilli() < d.At {
			continue
		}
		at := time.UnixMilli(d.At)
		if err := b.plan(ctx, "trial "+v.Key+" "+string(v.Data), at, strings.TrimPrefix(v.Key, pDue)); err != nil {
			return err
		}
	}
	return nil
}
