package main

import (
	"context"

	"sightline/internal/kv/rediskv"
	"sightline/ratelimit"
	"sightline/ratelimit/locallimit"
	"sightline/ratelimit/redislimit"
)

// openBudgets opens what counts guests' use of share links, where the records are.
func (n *node) openBudgets() (err error) {
	l := n.cfg.Limits
	slots := ratelimit.SlotRules{Slots: l.LinkUsers, Keep: l.UsageWindow}
	if n.cfg.Store.Embedded() {
		n.budgets.Slots = locallimit.New(n.store, locallimit.Config{SlotRules: slots})
	} else {
		client, err := rediskv.Dial(n.cfg.Store.Reveal(), rediskv.Config{PoolSize: 8})
		if err != nil {
			return err
		}
		n.budgets.Slots = redislimit.New(client, redislimit.Config{SlotRules: slots})
	}
	n.stack.push("slots of links", func(context.Context) error { return n.budgets.Slots.Close() })
	return nil
}
