package controlroom

import (
	"context"

	"sightline/internal/event"
	"sightline/internal/kv"
	"sightline/ratelimit"
)

var egressWords = map[EgressLevel]string{EgressSub: "sub", EgressStills: "stills"}

// rises are the accounts whose cameras are about to be shown with less than before,
// as far as this node knew.
func (b *egressBook) rises(list []ratelimit.EgressReport, answers []ratelimit.EgressAnswer) (out []event.EgressUsed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, a := range answers {
		level := EgressLevelOf(a.Used, a.Budget)
		if level <= b.gate[list[i].Account].is() {
			continue
		}
		ev := event.EgressUsed{Account: list[i].Account, Level: egressWords[level], At: a.Now.UnixMilli()}
		if !a.Until.IsZero() {
			ev.Until = a.Until.UnixMilli()
		}
		out = append(out, ev)
	}
	return out
}

// tellEgress says so in the feed. Every node does, and again after a restart: who
// reads it tells a person once.
func (r *Room) tellEgress(ctx context.Context, used []event.EgressUsed) {
	if r.cfg.Store == nil { // a ledger alone tells nobody
		return
	}
	for _, ev := range used {
		_, err := r.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(r.deps.clock.Now()), Space: kv.Control, Writes: []kv.Write{event.Write(ev)}})
		if err != nil {
			r.deps.log.Warn("the owner is not told that a budget of bytes is used up", "account", ev.Account, "err", err)
		}
	}
}
