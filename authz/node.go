package authz

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"sightline/internal/kv"
)

// node is what one process knows of the store and keeps alive on it.
type node struct {
	mono      func() int64
	log       *slog.Logger
	metrics   *metrics
	lease     time.Duration
	ownerHold time.Duration

	// Nothing decided by others than an owner is forwarded past confirmed,
	// nothing at all past ownerConfirmed (mono ns).
	confirmed      atomic.Int64
	ownerConfirmed atomic.Int64
	heard          atomic.Int64 // send time of the last confirming read; MinInt64 never

	mu       sync.Mutex
	epoch    string // "" until the loop has heard of the store
	revision uint64 // up to which the loop has applied changes
	floor    uint64 // newest commit made through this node
	safe     uint64 // what the store said no failover takes away; for the memory
	lost     string // why the store is not trusted; "" = it is
	silent   bool   // the last round failed; for the log
	base     instant
	leases   map[*Lease]struct{}
	byKey    map[string]map[*Lease]struct{}
	dirty    map[*Lease]uint64 // touched and not yet decided again on facts of this revision or a newer one
}

// instant is one moment on both clocks.
type instant struct {
	mono int64
	wall time.Time // store time
}

// errLost is a store that answers and is not to be trusted.
type errLost string

func (e errLost) Error() string { return "authz: " + string(e) }

const (
	changesPage = 1_000
	chunkKeys   = 500                   // keys of one read when deciding again
	hintGap     = 10 * time.Millisecond // no more rounds than this many apart, however many hints
	notReady    = 2 * time.Second
)

// expect is what an answer of the store must not fall behind.
func (n *node) expect() (epoch string, revision uint64, lost string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.epoch, n.revision, n.lost
}

// own is the newest commit that was acknowledged through this node: the store
// must know it from then on.
func (n *node) own() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.floor
}

// storeNow estimates store time at a monotonic instant. Caller holds mu.
func (n *node) storeNow(mono int64) time.Time {
	if n.base.wall.IsZero() {
		return time.Time{}
	}
	return n.base.wall.Add(time.Duration(mono - n.base.mono))
}

// storeNow estimates store time now; the configured clock before the store was heard.
func (a *Authority) storeNow() time.Time {
	a.node.mu.Lock()
	defer a.node.mu.Unlock()
	if t := a.node.storeNow(a.node.mono()); !t.IsZero() {
		return t
	}
	return a.cfg.Clock.Now()
}

// Ready is nil when the store was heard from in the last 2 s and is the one this
// node knows; else a sentence why not.
func (a *Authority) Ready() error {
	if _, _, lost := a.node.expect(); lost != "" {
		return unavailable(errLost(lost))
	}
	heard := a.node.heard.Load()
	if heard == math.MinInt64 || a.node.mono()-heard > int64(notReady) {
		return unavailable(errors.New("authz: the store has been silent"))
	}
	return nil
}

// Run is the node's loop: it follows the store, confirms, decides touched
// subscriptions again and cuts; beside it, it removes what ended parents left
// behind. It returns when ctx ends; leases then run out by themselves.
func (a *Authority) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := a.recall(); err != nil {
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { a.upkeep(ctx) })
	wg.Go(func() { a.announce(ctx) })
	defer wg.Wait()
	defer cancel()
	defer a.persist()

	hints := a.cfg.Store.Watch(ctx, kv.Control)
	tick := time.NewTicker(a.cfg.Poll)
	defer tick.Stop()
	for {
		a.round(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			continue
		case _, open := <-hints:
			if !open {
				hints = nil // poll alone from here on
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(hintGap):
		}
	}
}

// round hears what changed, decides what it touches, and only then confirms.
func (a *Authority) round(ctx context.Context) {
	err := a.follow(ctx)
	n := &a.node
	n.mu.Lock()
	if err != nil && ctx.Err() == nil && !n.silent {
		n.log.Warn("the authority store does not answer; running subscriptions end with their leases", "err", err)
	}
	if err == nil && n.silent {
		n.log.Info("the authority store answers again")
	}
	n.silent = err != nil
	out := n.sweep()
	n.mu.Unlock()
	tell(out)
	a.remember(false)
}

func (a *Authority) follow(ctx context.Context) error {
	n := &a.node
	epoch, after, lost := n.expect()
	if lost != "" {
		return errLost(lost)
	}
	if epoch == "" {
		return a.begin(ctx)
	}
	for {
		sent, own := n.mono(), n.own()
		ch, err := a.changes(ctx, after)
		if err != nil {
			return err
		}
		if err := a.recognise(epoch, due(ch, after, own), ch.Epoch, ch.Revision); err != nil {
			return err
		}
		a.take(ch)
		if err := a.redecide(ctx, nil); err != nil {
			return err
		}
		if !ch.More {
			a.confirm(sent, ch.Now)
			return nil
		}
		after = ch.Revision
	}
}

// due is the revision that an answer must have reached: what this node has seen,
// or, where a failover undid some of that, what was acknowledged.
func due(ch kv.Changes, after, own uint64) uint64 {
	switch {
	case ch.More: // the page's revision, not the store's
		return after
	case ch.Gone:
		return max(ch.Safe, own)
	}
	return max(after, ch.Safe, own)
}

func (a *Authority) changes(ctx context.Context, after uint64) (kv.Changes, error) {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	return a.cfg.Store.Changes(ctx, after, changesPage)
}

// begin hears of the store for the first time in this process.
func (a *Authority) begin(ctx context.Context) error {
	n := &a.node
	sent := n.mono()
	rctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	snap, err := a.cfg.Store.Read(rctx, kv.Control, nil, nil)
	if err != nil {
		return err
	}
	if err := a.recogniseFirst(snap.Epoch, snap.Revision); err != nil {
		return err
	}
	a.cache.reset(snap.Revision)
	n.mu.Lock()
	n.epoch, n.revision = snap.Epoch, snap.Revision
	if a.memo.last.Epoch == snap.Epoch {
		n.safe = a.memo.last.Revision
	}
	n.mu.Unlock()
	a.remember(true)
	a.confirm(sent, snap.Now)
	return nil
}

// recognise refuses another store and one that went back: an outage until an
// operator says otherwise, not a truth (F12).
func (a *Authority) recognise(epoch string, revision uint64, gotEpoch string, got uint64) error {
	switch {
	case gotEpoch != epoch:
		return a.lose("the store was replaced: its epoch is another one")
	case got < revision:
		return a.lose("the store went back: acknowledged changes are missing")
	}
	return nil
}

// lose stops trusting the store; remembered over restarts.
func (a *Authority) lose(why string) error {
	n := &a.node
	n.mu.Lock()
	first := n.lost == ""
	n.lost = why
	n.mu.Unlock()
	if first {
		n.log.Error("not ready: "+why+"; check the store, then run: sightline adopt-store", "node", a.cfg.Node)
		a.remember(true)
	}
	return errLost(why)
}

// take applies one page of changes: copies are renewed, leases marked.
func (a *Authority) take(ch kv.Changes) {
	n := &a.node
	if ch.Gone {
		a.cache.reset(ch.Revision)
	} else {
		a.cache.apply(ch.Revision, func(known func(string) bool, set func(string, cached)) {
			for _, v := range ch.Values {
				if !known(v.Key) {
					continue
				}
				c := cached{version: v.Version}
				if v.Exists() {
					c.rec, _ = decodeKey(v.Key, v.Data) // damaged: nil with a version, as in hold
				}
				set(v.Key, c)
			}
		})
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if ch.Gone { // the feed does not reach back, or some of it was undone: everything is decided again
		for l := range n.leases {
			l.revision = 0
			n.dirty[l] = max(ch.Revision, n.floor)
		}
	}
	n.safe = max(n.safe, ch.Safe)
	for _, v := range ch.Values {
		for l := range n.byKey[v.Key] {
			n.dirty[l] = max(n.dirty[l], ch.Revision)
		}
	}
	if n.revision != ch.Revision {
		select {
		case a.moved <- struct{}{}:
		default:
		}
	}
	n.revision = ch.Revision
}

// confirm says that everything up to now has been heard and decided: sent is
// when the read that proves it was sent, wall what the store's clock said.
func (a *Authority) confirm(sent int64, wall time.Time) {
	n := &a.node
	n.mu.Lock()
	defer n.mu.Unlock()
	moved := wall.Sub(n.storeNow(sent))
	if n.base.wall.IsZero() || moved > time.Millisecond || moved < -time.Millisecond {
		n.base = instant{sent, wall} // sent is before the store looked at its clock: ends come early, never late
		for l := range n.leases {
			if !l.ends.IsZero() && !l.pending {
				n.arm(l)
			}
		}
	}
	n.confirmed.Store(sent + int64(n.lease))
	n.ownerConfirmed.Store(sent + int64(n.ownerHold))
	n.heard.Store(sent)
}

// sweep ends what time alone has ended: decisions whose instant has come, and
// leases nobody has confirmed. Caller holds mu and tells.
func (n *node) sweep() (out []ending) {
	now := n.mono()
	for l := range n.leases {
		if l.pending || l.ValidUntil() > now {
			continue
		}
		d := Decide(l.subject, l.action, l.object, l.facts, n.storeNow(now))
		switch {
		case !d.Allowed:
			out = n.end(l, afterwards(l.decision, d, l.facts), out)
		case l.confirm.Load().Load() <= now:
			out = n.end(l, deny(ReasonUnavailable), out)
		default: // another way holds on, or the store's clock was set back
			l.decision = d
			n.arm(l)
		}
	}
	return out
}
