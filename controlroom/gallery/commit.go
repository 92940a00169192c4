package gallery

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

const (
	tries    = 15
	walkPage = 500
)

// commit applies a transaction, repeating the same one while its outcome is
// unknown; limit is for one try. The caller going away does not stop it halfway.
func commit(ctx context.Context, store kv.Store, txn kv.Txn, limit time.Duration) (kv.Commit, error) {
	ctx = context.WithoutCancel(ctx)
	for try := 0; ; try++ {
		c, err := func() (kv.Commit, error) {
			ctx, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			return store.Commit(ctx, txn)
		}()
		if !fault.Is(err, fault.Unknown) || try == 2 {
			return c, err
		}
	}
}

// pause waits a little longer after every try.
func pause(ctx context.Context, try int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(1+rand.IntN(2<<min(try, 6))) * time.Millisecond):
		return nil
	}
}

// errNothing from a change's function means that there is nothing to commit.
var errNothing = errors.New("gallery: nothing to change")

// change reads keys of an account's space and commits what fn writes, with the
// conditions it names, until nobody came between. fn's errors end it.
func (g *Gallery) change(ctx context.Context, account string, keys []string, fn func(at map[string]kv.Value, now time.Time) (kv.Txn, error)) error {
	lock := g.accounts.of(account)
	lock.Lock()
	defer lock.Unlock()
	for try := 0; ; try++ {
		snap, err := g.read(ctx, account, keys)
		if err != nil {
			return err
		}
		at := make(map[string]kv.Value, len(keys))
		for _, v := range snap.Values {
			at[v.Key] = v
		}
		txn, err := fn(at, snap.Now)
		if errors.Is(err, errNothing) {
			return nil
		}
		if err != nil {
			return away(err)
		}
		txn.ID, txn.Space = kv.NewID(g.cfg.Clock.Now()), kv.Bulk(account)
		_, err = commit(ctx, g.cfg.Store, txn, g.cfg.Call)
		if !errors.Is(err, kv.ErrConflict) || try == tries {
			return away(err)
		}
		if err := pause(ctx, try); err != nil {
			return away(err)
		}
	}
}

// read is one round trip to an account's space.
func (g *Gallery) read(ctx context.Context, account string, keys []string, scans ...kv.Scan) (kv.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, g.cfg.Call)
	defer cancel()
	snap, err := g.cfg.Store.Read(ctx, kv.Bulk(account), keys, scans)
	return snap, away(err)
}

// away gives what the store or the context said a public half.
func away(err error) error {
	var f *fault.Error
	if err == nil || errors.As(err, &f) && f.Kind != fault.Internal {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeBusy, "The images cannot be reached right now. Try again in a moment.").After(2 * time.Second)
}
