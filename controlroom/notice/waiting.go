package notice

import (
	"context"
	"errors"
	"strings"
	"time"

	"sightline/internal/clock"
	"sightline/internal/event"
	"sightline/internal/kv"
)

// waiting is a letter that could not be sent yet. The record is durable: a
// restart loses no letter. When it is done with, the record stays until the
// letter's link is over, so that a repeat of its event sends nothing again.
type waiting struct {
	V       int                 `json:"v"`
	Request event.MailRequested `json:"request"`
	Tries   int                 `json:"tries"`
	Next    int64               `json:"next"` // Unix ms; of one that is done: when it is forgotten
	Done    bool                `json:"done,omitempty"`
}

const (
	waitingPrefix  = "mailq/"
	waitingVersion = 1
	waitingLook    = 15 * time.Second
)

func waitingKey(id string) string { return waitingPrefix + id }

// queue keeps it until n's loop sends it, once however often it is asked.
func (q waiting) queue(ctx context.Context, store kv.Store, now time.Time, key string) error {
	q.V = waitingVersion
	_, err := store.Commit(ctx, kv.Txn{ID: kv.NewID(now), Space: kv.Control,
		Conditions: []kv.Condition{{Key: key}}, Writes: []kv.Write{{Key: key, Data: kv.Encode(q)}}})
	if errors.Is(err, kv.ErrConflict) {
		return nil
	}
	return err
}

// again tries the waiting letters that are due, until ctx ends.
func (n *Notices) again(ctx context.Context) {
	eachKept(ctx, n.cfg.Store, kv.Control, waitingPrefix, min(waitingLook, n.cfg.Retry[0]), func(v kv.Value) {
		if ctx.Err() == nil {
			n.once(ctx, v)
		}
	})
}

// eachKept looks at every record of a prefix, about so often, until ctx ends.
func eachKept(ctx context.Context, store kv.Store, space kv.Space, prefix string, every time.Duration, look func(kv.Value)) {
	for clock.Around(ctx, every, nil) {
		snap, err := store.Read(ctx, space, nil, []kv.Scan{{Prefix: prefix}})
		if err != nil {
			continue // the store's own log says so
		}
		for _, v := range snap.Scans[0] {
			look(v)
		}
	}
}

// once takes one waiting letter for this node, by moving its next try on, and
// tries it.
func (n *Notices) once(ctx context.Context, v kv.Value) {
	q, ok := kv.Decode[waiting](v, waitingVersion)
	if !ok {
		n.cfg.Log.Error("a waiting mail cannot be read", "key", v.Key)
		return
	}
	if n.cfg.Clock.Now().UnixMilli() < q.Next {
		return
	}
	if q.Done {
		n.keep(ctx, v.Same(), kv.Write{Key: v.Key, Delete: true})
		return
	}
	q.Tries++
	q.Next = n.next(q.Tries).UnixMilli()
	done, err := n.commit(ctx, v.Same(), kv.Write{Key: v.Key, Data: kv.Encode(q)})
	if err != nil {
		if !errors.Is(err, kv.ErrConflict) && ctx.Err() == nil {
			n.cfg.Log.Warn("a waiting mail could not be taken", "err", err)
		}
		return
	}
	if !n.try(ctx, strings.TrimPrefix(v.Key, waitingPrefix), q.Request) {
		return
	}
	q.Done, q.Next = true, q.Request.Expires*1000
	if q.Request.Expires == 0 {
		q.Next = n.cfg.Clock.Now().Add(event.Keep).UnixMilli()
	}
	q.Request = event.MailRequested{Kind: q.Request.Kind} // nothing of it is needed any more
	n.keep(ctx, kv.Condition{Key: v.Key, Version: done.Revision}, kv.Write{Key: v.Key, Data: kv.Encode(q)})
}

// keep commits what became of a letter, also when the program is about to end:
// the letter is out, and should not go again.
func (n *Notices) keep(ctx context.Context, c kv.Condition, w kv.Write) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if _, err := n.commit(ctx, c, w); err != nil && !errors.Is(err, kv.ErrConflict) {
		n.cfg.Log.Warn("a mail that is done with stays queued", "err", err)
	}
}

func (n *Notices) commit(ctx context.Context, c kv.Condition, w kv.Write) (kv.Commit, error) {
	return n.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(n.cfg.Clock.Now()), Space: kv.Control,
		Conditions: []kv.Condition{c}, Writes: []kv.Write{w}})
}
