package gallery

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sightline/internal/blob"
	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

const (
	walkEvery  = time.Minute    // over all accounts: parcels and trash that a crash left
	sweepEvery = 24 * time.Hour // over all references and blobs
	graceOther = time.Hour      // a reference of another node without a row is in flight at most this long
)

// Run delivers copies, ends undo, removes closed accounts' images and sweeps
// what crashes left, until ctx ends; it returns its error.
func (g *Gallery) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 2 {
		wg.Go(func() { g.courier(ctx) })
	}
	wg.Go(func() { g.walks(ctx) })
	wg.Go(func() { g.sweeps(ctx) })
	c := &event.Consumer{Store: g.cfg.Store, Space: kv.Control, Name: "gallery", Handle: g.heard, Log: g.cfg.Log}
	return c.Run(ctx)
}

// heard removes the images of an account that was closed. Copies of others stay.
func (g *Gallery) heard(ctx context.Context, e event.Entry) error {
	changed, ok := e.Event.(event.AccountChanged)
	if !ok {
		return nil
	}
	accounts, err := g.cfg.Authority.AccountsByID(ctx, []string{changed.Account})
	if err != nil {
		return err
	}
	if _, open := accounts[changed.Account]; open {
		return nil
	}
	return g.clear(ctx, changed.Account)
}

// clear removes all images of an account. What is still on its way to others is
// delivered first; until then the event comes again.
func (g *Gallery) clear(ctx context.Context, account string) error {
	for {
		ids, err := g.ids(ctx, account, kv.Scan{Prefix: pRow, Limit: walkPage})
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := g.remove(ctx, account, id); err != nil {
				return err
			}
		}
		if len(ids) < walkPage {
			break
		}
	}
	if err := g.send(ctx, account); err != nil {
		return err
	}
	for {
		next, err := g.empty(ctx, account, true)
		if err != nil {
			return err
		}
		if next.IsZero() {
			break
		}
		left, err := g.left(ctx, account)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			return errors.New("gallery: images of a closed account are still on their way")
		}
	}
	return g.change(ctx, account, []string{kSums}, func(at map[string]kv.Value, _ time.Time) (kv.Txn, error) {
		if !at[kSums].Exists() {
			return kv.Txn{}, errNothing
		}
		return kv.Txn{Conditions: is(at[kSums]), Writes: []kv.Write{{Key: kSums, Delete: true}}}, nil
	})
}

// walks goes over all accounts at the start and every minute, and empties the
// trash when something in it is due.
func (g *Gallery) walks(ctx context.Context) {
	for {
		now := g.cfg.Clock.Now()
		deadline := now.Add(walkEvery)
		due, err := g.walk(ctx)
		if err != nil && ctx.Err() == nil {
			g.cfg.Log.Warn("not all galleries could be looked after", "err", err)
		}
		if err == nil && !due.IsZero() && due.Before(deadline) {
			deadline = due
		}
		if !g.wait(ctx, now, deadline) {
			return
		}
	}
}

// wait returns at the deadline, or earlier when what was deleted meanwhile is
// due then; false when ctx ended. A walk begins at most every 100 ms.
func (g *Gallery) wait(ctx context.Context, last, deadline time.Time) bool {
	for {
		at := deadline
		if soonest := last.Add(100 * time.Millisecond); at.Before(soonest) {
			at = soonest
		}
		timer := time.NewTimer(at.Sub(g.cfg.Clock.Now()) + time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
			return true
		case <-g.purge:
			timer.Stop()
			if due := g.cfg.Clock.Now().Add(g.cfg.Undo); due.Before(deadline) {
				deadline = due
			}
		}
	}
}

func (g *Gallery) walk(ctx context.Context) (due time.Time, err error) {
	after := ""
	for {
		ids, err := g.cfg.Authority.AccountIDs(ctx, after)
		if err != nil {
			return due, err
		}
		for _, id := range ids {
			if err := g.send(ctx, id); err != nil {
				return due, err
			}
			next, err := g.empty(ctx, id, false)
			if err != nil {
				return due, err
			}
			if due.IsZero() || !next.IsZero() && next.Before(due) {
				due = next
			}
		}
		if len(ids) == 0 {
			return due, ctx.Err()
		}
		after = ids[len(ids)-1]
	}
}

// send delivers what is left in an account's outbox.
func (g *Gallery) send(ctx context.Context, account string) error {
	parcels, err := g.left(ctx, account)
	if err != nil {
		return err
	}
	for _, p := range parcels {
		if err := g.deliver(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// sweeps drops references without rows and blobs without references, at the
// start and once a day.
func (g *Gallery) sweeps(ctx context.Context) {
	for {
		if err := g.Sweep(ctx); err != nil && ctx.Err() == nil {
			g.cfg.Log.Warn("the sweep of images ended early", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweepEvery):
		}
	}
}

// Sweep drops what a crash left: references of accounts that have no row of the
// blob, and bytes that nobody refers to.
func (g *Gallery) Sweep(ctx context.Context) error {
	before := g.cfg.Clock.Now().Add(-graceOther)
	if g.cfg.Alone {
		before = g.began // whatever is older is of a run that has ended
	}
	for i := range 256 {
		space := kv.Space(fmt.Sprintf("blob-%02x", i))
		from := ""
		for {
			page, next, err := g.refs.needs(ctx, space, from)
			if err != nil {
				return err
			}
			for _, n := range page {
				if err := ctx.Err(); err != nil {
					return err
				}
				if !n.at.Before(before) {
					continue
				}
				needed, err := g.rows(ctx, n.account, n.hash)
				if err == nil && !needed {
					g.metrics.swept.Inc()
					err = g.refs.drop(ctx, n.hash, g.rows, n.account)
				}
				if err != nil {
					return err
				}
			}
			if next == "" {
				break
			}
			from = next
		}
		if err := g.refs.bury(ctx, space, before, g.rows); err != nil {
			return err
		}
	}
	return g.sweepBlobs(ctx)
}

// sweepBlobs removes bytes whose hash has no state record. One is written before
// any byte and removed after the last, so nothing in flight is touched.
func (g *Gallery) sweepBlobs(ctx context.Context) error {
	var orphans []string
	last, known := "", false
	var failed error
	err := g.cfg.Blobs.List(ctx, "", func(i blob.Info) bool {
		hash := hashOf(i.Name)
		if hash == "" {
			return true
		}
		if hash != last {
			last = hash
			known, failed = g.refs.exists(ctx, hash)
		}
		if !known && failed == nil {
			orphans = append(orphans, i.Name)
		}
		return failed == nil
	})
	if err != nil || failed != nil {
		return away(firstOf(failed, err))
	}
	for _, name := range orphans {
		if known, err := g.refs.exists(ctx, hashOf(name)); err != nil || known {
			if err != nil {
				return err
			}
			continue // it came back meanwhile
		}
		g.metrics.swept.Inc()
		if err := g.cfg.Blobs.Delete(ctx, name); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
