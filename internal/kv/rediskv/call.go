package rediskv

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"sightline/internal/kv"
)

// Read implements kv.Store.
func (s *Store) Read(ctx context.Context, space kv.Space, keys []string, scans []kv.Scan) (snap kv.Snapshot, err error) {
	defer s.metrics.Done("read", time.Now(), &err)
	if err := kv.CheckRead(space, keys, scans); err != nil {
		return kv.Snapshot{}, err
	}
	args := make([]any, 0, 2+len(keys)+4*len(scans))
	args = append(args, s.need(), len(keys))
	for _, k := range keys {
		args = append(args, k)
	}
	for _, sc := range scans {
		args = appendScan(args, sc)
	}
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	reply, err := s.run(ctx, s.scripts.read, []string{s.key(space, "meta"), s.key(space, "values"), s.key(space, "order")}, args)
	if err != nil {
		return kv.Snapshot{}, kv.Unavailable(err)
	}
	p := parser{items: reply}
	snap.Revision, snap.Epoch, snap.Now = p.head()
	found, lists := p.list(), p.list()
	if len(found) != len(keys) || len(lists) != len(scans) {
		p.fail("%d values and %d scans", len(found), len(lists))
	}
	snap.Values = make([]kv.Value, len(keys))
	snap.Scans = make([][]kv.Value, len(scans))
	for i := range min(len(found), len(keys)) {
		snap.Values[i] = p.value(keys[i], found[i])
	}
	for i := range min(len(lists), len(scans)) {
		flat, _ := lists[i].([]any)
		snap.Scans[i] = p.pairs(flat)
	}
	if p.err != nil {
		return kv.Snapshot{}, p.err
	}
	if space == kv.Control {
		raise(&s.seen, snap.Revision)
	}
	return snap, nil
}

func appendScan(args []any, sc kv.Scan) []any {
	lo, hi, ok := sc.Bounds()
	direction, low, high, limit := "f", "["+lo, "("+hi, sc.Max()
	if hi == "" {
		high = "+"
	}
	if !ok {
		low, high, limit = "-", "-", 1 // an empty range
	}
	if sc.Reverse {
		direction = "r"
	}
	return append(args, direction, low, high, limit)
}

// Commit implements kv.Store.
func (s *Store) Commit(ctx context.Context, txn kv.Txn) (c kv.Commit, err error) {
	defer s.metrics.Done("commit", time.Now(), &err)
	at, err := txn.Check()
	if err != nil {
		return kv.Commit{}, err
	}
	if err := ctx.Err(); err != nil {
		return kv.Commit{}, kv.Unavailable(err)
	}
	keys := []string{
		s.key(txn.Space, "meta"), s.key(txn.Space, "values"), s.key(txn.Space, "order"),
		s.key(txn.Space, "changes"), s.key(txn.Space, "txn:"+txn.ID),
	}
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	var reply []any
	acked := int64(s.cfg.Wait)
	if s.cfg.Wait > 0 {
		reply, acked, err = s.runWait(ctx, s.scripts.commit, keys, s.commitArgs(txn, at), s.replicas(), s.cfg.Timeout)
	} else {
		reply, err = s.run(ctx, s.scripts.commit, keys, s.commitArgs(txn, at))
	}
	if err != nil {
		return kv.Commit{}, commitFault(err)
	}
	p := parser{items: reply}
	switch status := p.text(); status {
	case "ok":
		c.Revision, c.Epoch, c.Now = p.number(), p.text(), p.time()
		if n := p.number(); n > 0 {
			s.following.Store(int64(n))
		}
		if p.err == nil && acked < int64(s.cfg.Wait) {
			return kv.Commit{}, kv.Unknown(fmt.Errorf("rediskv: %d of %d replicas confirmed", acked, s.cfg.Wait))
		}
		if p.err == nil && txn.Space == kv.Control {
			raise(&s.seen, c.Revision)
			raise(&s.safe, c.Revision)
		}
	case "conflict":
		var failed []string
		for len(p.items) > 0 {
			failed = append(failed, p.text())
		}
		return kv.Commit{}, kv.Conflict(failed)
	case "stale":
		return kv.Commit{}, kv.Stale()
	case "lost":
		return kv.Commit{}, kv.Unavailable(fmt.Errorf("rediskv: space %s is not the one this server was started with (epoch %s)", txn.Space, *s.epoch.Load()))
	case "format":
		return kv.Commit{}, kv.NewerFormat(int(p.number()), format)
	default:
		p.fail("status %q", status)
	}
	return c, p.err
}

func (s *Store) commitArgs(txn kv.Txn, at time.Time) []any {
	expected, kept, touch := "", 0, 0
	if txn.Space == kv.Control {
		expected, kept = *s.epoch.Load(), s.cfg.ChangesKept
	}
	if s.cfg.Wait > 0 {
		touch = 1
	}
	args := make([]any, 0, 11+2*len(txn.Conditions)+3*len(txn.Writes))
	args = append(args, format, at.UnixMilli(), kv.TxnLife.Milliseconds(), kv.TxnKept.Milliseconds(),
		expected, kv.NewID(at), kept, channel(s.cfg.Prefix, txn.Space), touch, len(txn.Conditions))
	for _, c := range txn.Conditions {
		args = append(args, c.Key, strconv.FormatUint(c.Version, 10))
	}
	args = append(args, len(txn.Writes))
	for _, w := range txn.Writes {
		op := "p"
		switch {
		case w.Delete:
			op = "d"
		case w.Stamp:
			op = "s"
		}
		args = append(args, op, w.Key, w.Data)
	}
	return args
}

// Changes implements kv.Store. With WAIT it also learns up to where the replicas
// follow, without insisting on it: a revision seen may be undone by a failover,
// and only one that is safe must still be there after it.
func (s *Store) Changes(ctx context.Context, after uint64, limit int) (ch kv.Changes, err error) {
	defer s.metrics.Done("changes", time.Now(), &err)
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	keys := []string{s.key(kv.Control, "meta"), s.key(kv.Control, "values"), s.key(kv.Control, "changes")}
	undone, safe := 0, s.safe.Load()
	if s.cfg.Wait > 0 && after <= s.seen.Load() {
		undone = 1
	}
	args := []any{after, kv.Scan{Limit: limit}.Max(), s.need(), safe, undone}
	var reply []any
	acked := int64(0)
	if s.cfg.Wait > 0 {
		reply, acked, err = s.runWait(ctx, s.scripts.changes, keys, args, s.cfg.Wait, lookBehind)
	} else {
		reply, err = s.run(ctx, s.scripts.changes, keys, args)
	}
	if err != nil {
		return kv.Changes{}, kv.Unavailable(err)
	}
	p := parser{items: reply}
	ch.Revision, ch.Epoch, ch.Now = p.head()
	ch.Gone, ch.More = p.number() == 1, p.number() == 1
	back := p.number() == 1
	ch.Values = p.pairs(p.list())
	if p.err != nil {
		return kv.Changes{}, p.err
	}
	if back {
		return kv.Changes{Safe: safe, Epoch: ch.Epoch, Now: ch.Now}, nil
	}
	raise(&s.seen, ch.Revision)
	switch {
	case s.cfg.Wait == 0:
		ch.Safe = ch.Revision
	case acked >= int64(s.cfg.Wait):
		raise(&s.safe, ch.Revision)
		ch.Safe = max(safe, ch.Revision)
	default:
		ch.Safe = safe
	}
	return ch, nil
}

// replicas is how many are asked for each commit: all that follow, because the
// Sentinels may promote any of them. Wait of them are enough when others are late.
func (s *Store) replicas() int { return max(s.cfg.Wait, int(s.following.Load())) }

// lookBehind is how long Changes waits to learn whether the replicas follow.
const lookBehind = 20 * time.Millisecond

// Adopt forgets what was known before: the store as it is now, with that epoch,
// is the one to trust. For an operator's word only (authz.AdoptStore).
func (s *Store) Adopt(epoch string) {
	s.safe.Store(0)
	s.epoch.Store(&epoch)
}

func raise(a *atomic.Uint64, to uint64) {
	for was := a.Load(); to > was && !a.CompareAndSwap(was, to); was = a.Load() {
	}
}
