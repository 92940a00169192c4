package main

import (
	"context"
	"errors"

	linkusage "sightline/controlroom/usage"
	"sightline/internal/kv/rediskv"
	"sightline/ratelimit"
	"sightline/ratelimit/locallimit"
	"sightline/ratelimit/redislimit"
)

// openBudgets opens what counts guests' use of share links, where the records are,
// and what tells owners of it. The gallery's updates are open by then.
func (n *node) openBudgets() (err error) {
	l := n.cfg.Limits
	slots := ratelimit.SlotRules{Slots: l.LinkUsers, Keep: l.UsageWindow}
	egress := ratelimit.EgressRules{Budget: l.EgressAccount, Window: l.UsageWindow}
	hours := ratelimit.HoursRules{Budget: l.ViewerHours, Window: l.UsageWindow}
	var reader ratelimit.SlotReader
	if n.cfg.Store.Embedded() {
		local := locallimit.New(n.store, locallimit.Config{SlotRules: slots})
		n.budgets.Slots, reader = local, local
		n.budgets.Hours = locallimit.NewHours(n.store, hours, nil)
		n.budgets.Egress = ratelimit.NewEgress(locallimit.NewHours(n.store, egress.Hours(), nil), egress)
	} else {
		late := n.hidden.StoreTimeout
		first, err := rediskv.Dial(n.cfg.Store.Reveal(), rediskv.Config{PoolSize: 8, Timeout: late})
		if err != nil {
			return err
		}
		second, err := rediskv.Dial(n.cfg.Store.Reveal(), rediskv.Config{PoolSize: 8, Timeout: late}) // each is closed by what takes it
		if err != nil {
			return errors.Join(err, first.Close())
		}
		third, err := rediskv.Dial(n.cfg.Store.Reveal(), rediskv.Config{PoolSize: 4, Timeout: late})
		if err != nil {
			return errors.Join(err, first.Close(), second.Close())
		}
		n.budgets.Egress = ratelimit.NewEgress(redislimit.NewHours(third, redislimit.HoursConfig{HoursRules: egress.Hours(), Timeout: late}), egress)
		remote := redislimit.New(first, redislimit.Config{SlotRules: slots, Timeout: late})
		n.budgets.Slots, reader = remote, remote
		n.budgets.Hours = redislimit.NewHours(second, redislimit.HoursConfig{HoursRules: hours, Timeout: late})
	}
	n.stack.push("slots of links", func(context.Context) error { return n.budgets.Slots.Close() })
	n.stack.push("viewing time of links", func(context.Context) error { return n.budgets.Hours.Close() })
	n.stack.push("bytes of accounts", func(context.Context) error { return n.budgets.Egress.Close() })
	updates, ok := n.updates.(ratelimit.UpdateReader)
	if !ok {
		return errors.New("gallery updates cannot be read")
	}
	n.usage, err = linkusage.New(linkusage.Config{Slots: reader, Updates: updates, Hours: n.budgets.Hours, Store: n.store, Egress: n.budgets.Egress, Window: l.UsageWindow, Near: l.Near})
	if err != nil {
		return err
	}
	watch, err := linkusage.NewWatch(linkusage.WatchConfig{Store: n.store, Book: n.usage, Log: n.log.With("part", "budgets")})
	if err != nil {
		return err
	}
	n.stack.loop("budgets of links", watch.Run)
	n.visits, err = linkusage.NewLog(linkusage.LogConfig{Store: n.store, Touched: watch.Touch, KeepAddress: l.VisitAddressKeep, Keep: l.AuditKeep, Log: n.log.With("part", "visits")})
	if err != nil {
		return err
	}
	n.stack.loop("visits", n.visits.Run)
	return nil
}
