package gallery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sightline/internal/blob"
	"sightline/internal/clock"
	"sightline/internal/event"
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
	if err := g.close(ctx, account); err != nil { // before anything goes: no row may come behind
		return err
	}
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
	return nil
}

// close marks an account's sums: they are all that stays of its gallery. Every
// commit of a row is conditional on them, so none of an arrival or a copy that
// was decided before the account was closed comes after.
func (g *Gallery) close(ctx context.Context, account string) error {
	return g.change(ctx, account, []string{kSums}, func(at map[string]kv.Value, _ time.Time) (kv.Txn, error) {
		s, err := parseSums(at[kSums])
		if err != nil || s.Closed {
			return kv.Txn{}, cmp.Or(err, errNothing)
		}
		s.Closed = true
		return kv.Txn{Conditions: is(at[kSums]), Writes: []kv.Write{s.write()}}, nil
	})
}

// walks goes over all accounts at the start and every minute, and between empties
// the trash of those in which an image's undo ended.
func (g *Gallery) walks(ctx context.Context) {
	for ctx.Err() == nil {
		next := clock.Mono() + int64(walkEvery)
		if err := g.walk(ctx); err != nil && ctx.Err() == nil {
			g.cfg.Log.Warn("not all galleries could be looked after", "err", err)
		}
		for g.wait(ctx, next) {
			for _, account := range g.ended() {
				if err := g.tidy(ctx, account); err != nil && ctx.Err() == nil {
					g.cfg.Log.Warn("deleted images wait for the next round", "err", err)
				}
			}
		}
	}
}

// wait returns when undo of an image that this node knows of ends; false at the
// deadline, a clock.Mono reading, and when ctx ended.
func (g *Gallery) wait(ctx context.Context, deadline int64) bool {
	for {
		wait := time.Duration(deadline - clock.Mono())
		if due, ok := g.soonest(); ok {
			wait = min(wait, max(due.Sub(g.cfg.Clock.Now()), 0)+time.Millisecond)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
			return clock.Mono() < deadline
		case <-g.purge:
			timer.Stop()
		}
	}
}

// trashed notes when undo of an account's images ends; the sooner stays.
func (g *Gallery) trashed(account string, due time.Time) {
	g.mu.Lock()
	was, known := g.trash[account]
	if !known || due.Before(was) {
		g.trash[account] = due
	}
	g.mu.Unlock()
	if !known {
		select {
		case g.purge <- struct{}{}:
		default:
		}
	}
}

func (g *Gallery) soonest() (due time.Time, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.trash {
		if !ok || t.Before(due) {
			due, ok = t, true
		}
	}
	return due, ok
}

// ended takes the accounts whose trash is due from the list.
func (g *Gallery) ended() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for account, t := range g.trash {
		if !g.cfg.Clock.Now().Before(t) {
			out = append(out, account)
			delete(g.trash, account)
		}
	}
	return out
}

// walk looks after everybody. One account that fails does not keep it from the others.
func (g *Gallery) walk(ctx context.Context) error {
	after := ""
	var failed error
	for {
		ids, err := g.cfg.Authority.AccountIDs(ctx, after)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := g.tidy(ctx, id); err != nil && failed == nil {
				failed = err
			}
		}
		if len(ids) == 0 {
			return failed
		}
		after = ids[len(ids)-1]
	}
}

// tidy delivers what is left in an account's outbox and ends undo.
func (g *Gallery) tidy(ctx context.Context, account string) error {
	snap, err := g.read(ctx, account, nil, kv.Scan{Prefix: pOutbox, Limit: 1}, kv.Scan{Prefix: pTrash, Limit: 1})
	if err != nil {
		return err
	}
	if len(snap.Scans[0]) > 0 {
		err = g.send(ctx, account)
	}
	if len(snap.Scans[1]) > 0 {
		next, failed := g.empty(ctx, account, false)
		if !next.IsZero() {
			g.trashed(account, next)
		}
		err = cmp.Or(err, failed)
	}
	return err
}

// send delivers what is left in an account's outbox.
func (g *Gallery) send(ctx context.Context, account string) error {
	parcels, err := g.left(ctx, account)
	if err != nil {
		return err
	}
	for _, p := range parcels {
		err = cmp.Or(err, g.deliver(ctx, p))
	}
	return err
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
					err = g.refs.drop(ctx, n.hash, g.leaving, n.account)
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
		if err := g.refs.buryAll(ctx, space, before); err != nil {
			return err
		}
	}
	return g.sweepBlobs(ctx)
}

// sweepBlobs removes bytes whose hash has no state record. One is written before
// any byte and removed after the last, so nothing in flight is touched.
func (g *Gallery) sweepBlobs(ctx context.Context) error {
	var orphans []string // hashes
	last := ""
	var failed error
	err := g.cfg.Blobs.List(ctx, "", func(i blob.Info) bool {
		hash := hashOf(i.Name)
		if hash == "" || hash == last {
			return true
		}
		last = hash
		known, err := g.refs.exists(ctx, hash)
		if err == nil && !known {
			orphans = append(orphans, hash)
		}
		failed = err
		return err == nil
	})
	if err != nil || failed != nil {
		return away(cmp.Or(failed, err))
	}
	for _, hash := range orphans {
		g.metrics.swept.Inc()
		if err := g.refs.condemn(ctx, hash); err != nil {
			return away(err)
		}
	}
	return nil
}
