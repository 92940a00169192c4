package main

import (
	"context"
	"errors"

	"sightline/internal/kv/rediskv"
	"sightline/ratelimit"
	"sightline/ratelimit/locallimit"
	"sightline/ratelimit/redislimit"
)

// openBudgets opens what counts guests' use of share links, where the records are.
func (n *node) openBudgets() (err error) {
	l := n.cfg.Limits
	slots := ratelimit.SlotRules{Slots: l.LinkUsers, Keep: l.UsageWindow}
	hours := ratelimit.HoursRules{Budget: l.ViewerHours, Window: l.UsageWindow}
	if n.cfg.Store.Embedded() {
		n.budgets.Slots = locallimit.New(n.store, locallimit.Config{SlotRules: slots})
		n.budgets.Hours = locallimit.NewHours(n.store, hours, nil)
	} else {
		first, err := rediskv.Dial(n.cfg.Store.Reveal(), rediskv.Config{PoolSize: 8})
		if err != nil {
			return err
		}
		second, err := rediskv.Dial(n.cfg.Store.Reveal(), rediskv.Config{PoolSize: 8}) // each is closed by what takes it
		if err != nil {
			return errors.Join(err, first.Close())
		}
		n.budgets.Slots = redislimit.New(first, redislimit.Config{SlotRules: slots})
		n.budgets.Hours = redislimit.NewHours(second, redislimit.HoursConfig{HoursRules: hours})
	}
	n.stack.push("slots of links", func(context.Context) error { return n.budgets.Slots.Close() })
	n.stack.push("viewing time of links", func(context.Context) error { return n.budgets.Hours.Close() })
	return nil
}
