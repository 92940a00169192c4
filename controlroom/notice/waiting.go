package notice

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

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

// again tries the waiting letters that are due, until ctx ends.
func (n *Notices) again(ctx context.Context) {
	look := min(waitingLook, n.cfg.Retry[0])
	for {
		wait := time.NewTimer(look*3/4 + rand.N(look/2+1))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return
		}
		snap, err := n.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: waitingPrefix}})
		if err != nil {
			continue // the store's own log says so
		}
		for _, v := range snap.Scans[0] {
			if ctx.Err() == nil {
				n.once(ctx, v)
			}
		}
	}
}

// once takes one waiting letter for this node, by moving its next try on, and
// tries it.
func (n *Notices) once(ctx context.Context, v kv.Value) {
	var q waiting
	if err := json.Unmarshal(v.Data, &q); err != nil || q.V != waitingVersion {
		n.cfg.Log.Error("a waiting mail cannot be read", "key", v.Key)
		return
	}
	if n.cfg.Clock.Now().UnixMilli() < q.Next {
		return
	}
	if q.Done {
		n.keep(ctx, kv.Condition{Key: v.Key, Version: v.Version}, kv.Write{Key: v.Key, Delete: true})
		return
	}
	q.Tries++
	q.Next = n.next(q.Tries).UnixMilli()
	data, err := json.Marshal(q)
	if err != nil {
		return
	}
	done, err := n.commit(ctx, kv.Condition{Key: v.Key, Version: v.Version}, kv.Write{Key: v.Key, Data: data})
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
	if data, err = json.Marshal(q); err == nil {
		n.keep(ctx, kv.Condition{Key: v.Key, Version: done.Revision}, kv.Write{Key: v.Key, Data: data})
	}
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
