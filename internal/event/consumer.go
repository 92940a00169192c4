package event

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	mrand "math/rand/v2"
	"time"

	"sightline/internal/clock"
	"sightline/internal/kv"
)

// Defaults of a Consumer, and how long an event lives at most.
const (
	Walk  = 60 * time.Second   // the feed is read at least this often, hints or not
	Claim = 60 * time.Second   // one node's exclusive time with a batch
	Batch = 100                // events between two saves of the cursor
	Keep  = 7 * 24 * time.Hour // events are trimmed then, passed or not
)

// Consumer follows the feed of one space. Of all nodes that run a consumer of
// one name, one at a time handles events; the others take over when it ends or
// is silent for Claim. After a crash the last Batch events come again.
type Consumer struct {
	Store kv.Store
	Space kv.Space
	Name  string // the name of the cursor, the same on all nodes
	// Handle is called for one event after the other, in commit order. An error
	// makes the event come again later (after 1 s, doubling to Walk), and holds
	// back those behind it: whoever wants to give up returns nil. ctx ends with
	// the claim.
	Handle func(context.Context, Entry) error
	Log    *slog.Logger
	Batch  int           // 0 = Batch; 1 where doing a thing twice is seen, like a mail
	Walk   time.Duration // 0 = Walk
	Claim  time.Duration // 0 = Claim

	holder string
	at     string // last known place of the cursor
	since  int    // events handled since the last trim
}

// Follow runs a Consumer with the defaults until ctx ends.
func Follow(ctx context.Context, store kv.Store, space kv.Space, consumer string, fn func(context.Context, Entry) error) error {
	return (&Consumer{Store: store, Space: space, Name: consumer, Handle: fn}).Run(ctx)
}

// Run delivers events until ctx ends, and returns its error. A silent store and
// a failing Handle are waited out. Call it once.
func (c *Consumer) Run(ctx context.Context) error {
	if c.Name == "" || c.Handle == nil {
		return errors.New("event: a consumer needs a name and a handler")
	}
	c.defaults()
	hints := c.Store.Watch(ctx, c.Space)
	walk := time.NewTicker(c.Walk)
	defer walk.Stop()
	trim, failures := true, 0
	for {
		wait, err := c.pass(ctx)
		if err == nil && (trim || c.since >= trimMost) {
			_, err = Trim(ctx, c.Store, c.Space)
			trim, c.since = false, 0
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			wait = min(time.Second<<min(failures, 10), c.Walk)
			failures++
			c.Log.Warn("event consumer waits", "consumer", c.Name, "space", c.Space, "wait", wait, "err", err)
			wait = wait/2 + mrand.N(wait/2+1)
		} else {
			failures = 0
		}
		var timer <-chan time.Time
		if wait > 0 {
			timer = time.After(wait)
		}
		wake := hints
		if err != nil {
			wake = nil // its own saving of the cursor is a hint too
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case _, ok := <-wake:
			if !ok {
				hints = nil // the store was closed; ctx tells when to end
			}
		case <-timer:
		case <-walk.C:
			trim = true
		}
	}
}

func (c *Consumer) defaults() {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Batch <= 0 {
		c.Batch = Batch
	}
	if c.Walk <= 0 {
		c.Walk = Walk
	}
	if c.Claim <= 0 {
		c.Claim = Claim
	}
	var b [8]byte
	rand.Read(b[:])
	c.holder = hex.EncodeToString(b[:])
}

// pass handles events until there are none, or another node has the claim: then
// wait is the time until it ends.
func (c *Consumer) pass(ctx context.Context) (wait time.Duration, err error) {
	for {
		snap, err := c.Store.Read(ctx, c.Space, []string{cursorKey(c.Name)},
			[]kv.Scan{{Prefix: feedPrefix, From: after(c.at), Limit: c.Batch}})
		if err != nil {
			return 0, err
		}
		cur, err := parseCursor(snap.Values[0])
		if err != nil {
			return 0, err
		}
		if !snap.Values[0].Exists() {
			if err := Register(ctx, c.Store, c.Space, c.Name); err != nil {
				return 0, err
			}
			continue
		}
		if cur.At != c.at { // another node moved on
			c.at = cur.At
			continue
		}
		batch := snap.Scans[0]
		if len(batch) == 0 {
			return 0, nil
		}
		if left := time.UnixMilli(cur.Until).Sub(snap.Now); cur.Holder != "" && cur.Holder != c.holder && left > 0 {
			return left, nil
		}
		err = c.handle(ctx, cur, batch, snap.Now)
		if errors.Is(err, kv.ErrConflict) {
			continue // another node was quicker
		}
		if err != nil {
			return 0, err
		}
	}
}

// handle claims the batch, delivers it and saves the cursor; what was done is
// saved also when the rest fails.
func (c *Consumer) handle(ctx context.Context, cur cursor, batch []kv.Value, now time.Time) error {
	begin := clock.Mono()
	cur.Holder, cur.Until = c.holder, now.Add(c.Claim).UnixMilli()
	if err := cur.save(ctx, c.Store, c.Space, c.Name, now); err != nil {
		return err
	}
	hctx, cancel := context.WithTimeout(ctx, c.Claim*9/10-time.Duration(clock.Mono()-begin))
	defer cancel()
	var failed error
	for _, v := range batch {
		if failed = hctx.Err(); failed != nil {
			break
		}
		e := read(c.Space, v)
		if failed = c.Handle(hctx, e); failed != nil {
			failed = fmt.Errorf("event %s %s: %w", e.Event.Type(), e.ID, failed)
			break
		}
		cur.At = v.Key
		c.since++
	}
	if errors.Is(failed, context.DeadlineExceeded) && ctx.Err() == nil && cur.At != c.at {
		failed = nil // the claim ran out after some work was done: go on with the rest
	}
	cur.Holder, cur.Until = "", 0
	sctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := cur.save(sctx, c.Store, c.Space, c.Name, now.Add(time.Duration(clock.Mono()-begin))); err != nil {
		return errors.Join(failed, err)
	}
	c.at = cur.At
	return failed
}

// after is the first key behind a cursor.
func after(at string) string {
	if at == "" {
		return ""
	}
	return at + "\x00"
}
