package notice

import (
	"context"
	"strings"
	"time"

	"sightline/internal/clock"
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
		w = kv.Write{Key: key, Data: kv.Encode(due{V: recordVersion, At: ends.UnixMilli()})}
	}
	if have.Exists() != w.Delete && string(have.Data) == string(w.Data) {
		return nil
	}
	_, err = b.commit(ctx, kv.Control, nil, w)
	return err
}

// trials looks at the plans whose trial has ended, until ctx ends.
func (b *Board) trials(ctx context.Context) {
	for {
		if err := b.trialsOver(ctx); err != nil && ctx.Err() == nil {
			b.cfg.Log.Debug("ended trials are looked for again", "err", err)
		}
		if !clock.Around(ctx, dueLook, nil) {
			return
		}
	}
}

func (b *Board) trialsOver(ctx context.Context) error {
	snap, err := b.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: pDue}})
	if err != nil {
		return err
	}
	for _, v := range snap.Scans[0] {
		d, ok := kv.Decode[due](v, recordVersion)
		if !ok || snap.Now.UnixMilli() < d.At {
			continue
		}
		at := time.UnixMilli(d.At)
		if err := b.plan(ctx, "trial "+v.Key+" "+string(v.Data), at, strings.TrimPrefix(v.Key, pDue)); err != nil {
			return err
		}
	}
	return nil
}
