package boltkv

import (
	"context"
	"errors"
	"syscall"
	"time"

	"sightline/internal/kv"
)

// Group commit: one goroutine takes what has queued up while the last fsync
// ran, judges each Txn on its own in one bbolt transaction, and answers all
// after the common fsync.
const (
	groupMost  = 256
	groupBytes = 4 << 20
)

type request struct {
	ctx  context.Context
	txn  kv.Txn
	at   time.Time // in the ID
	done chan result
}

type result struct {
	commit kv.Commit
	err    error
}

func (r *request) size() int {
	n := 0
	for _, w := range r.txn.Writes {
		n += len(w.Key) + len(w.Data)
	}
	return n
}

func (f *file) run() {
	defer close(f.done)
	for {
		select {
		case r := <-f.queue:
			f.group(f.collect(r))
		case <-f.stop:
			return
		}
	}
}

func (f *file) collect(first *request) []*request {
	all, bytes := []*request{first}, first.size()
	for len(all) < groupMost && bytes < groupBytes {
		select {
		case r := <-f.queue:
			all, bytes = append(all, r), bytes+r.size()
		default:
			return all
		}
	}
	return all
}

// group commits a batch. Nobody is answered, not even with a refusal, before
// the transaction it was judged in is durable.
func (f *file) group(batch []*request) {
	results := make([]result, len(batch))
	wrote, err := f.applyAll(batch, results)
	if err != nil {
		f.log.Error("store commit failed", "file", f.name, "err", err)
		for i := range results {
			results[i] = result{err: kv.Unknown(err)}
		}
	}
	for i, r := range batch {
		r.done <- results[i]
	}
	if err == nil {
		for space := range wrote {
			f.hint(space)
		}
	}
}

func (f *file) applyAll(batch []*request, results []result) (map[kv.Space]bool, error) {
	if err := f.health(); err != nil && !errors.Is(err, errClosed) {
		return nil, err
	}
	tx, err := f.db.Begin(true)
	if err != nil {
		return nil, err
	}
	wrote := map[kv.Space]bool{}
	now := f.clock.Now()
	for i, r := range batch {
		if err := r.ctx.Err(); err != nil { // its caller has gone; it may come again with the same ID
			results[i] = result{err: kv.Unknown(err)}
			continue
		}
		c, dirty, refusal, err := apply(tx, r.txn, r.at, now, f.kept)
		if err != nil {
			return nil, errors.Join(err, tx.Rollback())
		}
		if results[i] = (result{commit: c, err: refusal}); dirty {
			wrote[r.txn.Space] = true
		}
	}
	if len(wrote) == 0 {
		return nil, tx.Rollback()
	}
	if err := tx.Commit(); err != nil {
		// A full disk passes. After any other failure the kernel may have thrown
		// the pages away while calling them clean, so nothing more is promised.
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
			f.mu.Lock()
			f.broken = err
			f.mu.Unlock()
		}
		return nil, err
	}
	return wrote, nil
}
