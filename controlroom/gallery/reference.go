package gallery

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"sightline/internal/blob"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// references say which accounts need a blob. They live in 256 spaces by the
// first byte of the hash: b/<hash> is the blob's state, r/<hash>/<account> one
// account's need. Every change puts b/<hash> anew, so that adding the next and
// dropping the last need of a blob never both succeed.
type references struct {
	store kv.Store
	blobs blob.Store
	clock clock.Clock
}

// blobState is the record under b/<hash>.
type blobState struct {
	V     int   `json:"v"`
	Dying int64 `json:"dying,omitempty"` // Unix ms since when its bytes are being removed
}

const (
	refVersion = 1
	pBlob      = "b/"
	pRef       = "r/"
	renditions = 3 // of one hash, see names
	dyingMost  = time.Minute
)

// Endings of a blob's names.
const (
	asSent    = ".jpg"
	asThumb   = ".thumb.jpg"
	asUpright = ".guest.jpg"
)

func names(hash string) [renditions]string {
	return [...]string{blobName(hash, asSent), blobName(hash, asThumb), blobName(hash, asUpright)}
}

func blobName(hash, ending string) string { return hash[:2] + "/" + hash + ending }

func shard(hash string) kv.Space { return kv.Space("blob-" + hash[:2]) }

func refKey(hash, account string) string { return pRef + hash + "/" + account }

// add notes that accounts need a blob. It must be durable before its bytes are
// put and before a row names it. A reference that is there already stays.
func (r *references) add(ctx context.Context, hash string, accounts ...string) error {
	return r.change(ctx, hash, func(state blobState, _ bool, version uint64, now time.Time) (kv.Txn, error) {
		if state.Dying != 0 {
			if now.Sub(time.UnixMilli(state.Dying)) > dyingMost { // whoever removed it ended on the way
				return kv.Txn{}, errors.Join(r.finish(ctx, hash, version), errAgain)
			}
			return kv.Txn{}, errAgain
		}
		return r.needed(hash, version, now, accounts), nil
	})
}

// drop forgets accounts' needs; the last one takes the bytes along. rows says
// whether an account has a row of the blob after all: one that was committed
// meanwhile gets its reference back, before any byte is gone. Whoever commits
// such a row looks afterwards with held, so one of the two always notices.
func (r *references) drop(ctx context.Context, hash string, rows func(ctx context.Context, account, hash string) (bool, error), accounts ...string) error {
	last := false
	err := r.change(ctx, hash, func(state blobState, exists bool, version uint64, now time.Time) (kv.Txn, error) {
		last = false
		if !exists {
			return kv.Txn{}, nil
		}
		snap, err := r.store.Read(ctx, shard(hash), nil, []kv.Scan{{Prefix: pRef + hash + "/", Limit: len(accounts) + 1}})
		if err != nil {
			return kv.Txn{}, err
		}
		left := len(snap.Scans[0])
		txn := kv.Txn{Conditions: []kv.Condition{{Key: pBlob + hash, Version: version}}}
		for _, a := range accounts {
			if slices.ContainsFunc(snap.Scans[0], func(v kv.Value) bool { return v.Key == refKey(hash, a) }) {
				left--
			}
			txn.Writes = append(txn.Writes, kv.Write{Key: refKey(hash, a), Delete: true})
		}
		next := blobState{V: refVersion, Dying: state.Dying}
		if last = left <= 0; last && next.Dying == 0 {
			next.Dying = now.UnixMilli()
		}
		txn.Writes = append(txn.Writes, kv.Write{Key: pBlob + hash, Data: encode(next)})
		return txn, nil
	})
	if err != nil {
		return err
	}
	var back []string
	for _, a := range accounts {
		needed, err := rows(ctx, a, hash)
		if err != nil {
			return err // a dying blob without references is finished by the sweep, which asks again
		}
		if needed {
			back = append(back, a)
		}
	}
	switch {
	case len(back) > 0:
		return r.revive(ctx, hash, back...)
	case !last:
		return nil
	}
	snap, err := r.store.Read(ctx, shard(hash), []string{pBlob + hash}, nil)
	if err != nil {
		return err
	}
	var state blobState
	if v := snap.Values[0]; v.Exists() && json.Unmarshal(v.Data, &state) == nil && state.Dying != 0 {
		return r.finish(ctx, hash, v.Version)
	}
	return nil
}

// revive gives references back to a blob whose bytes are still there.
func (r *references) revive(ctx context.Context, hash string, accounts ...string) error {
	return r.change(ctx, hash, func(_ blobState, _ bool, version uint64, now time.Time) (kv.Txn, error) {
		return r.needed(hash, version, now, accounts), nil
	})
}

// needed writes a live state with accounts' references.
func (r *references) needed(hash string, version uint64, now time.Time, accounts []string) kv.Txn {
	txn := kv.Txn{Conditions: []kv.Condition{{Key: pBlob + hash, Version: version}},
		Writes: []kv.Write{{Key: pBlob + hash, Data: encode(blobState{V: refVersion})}}}
	at := encode(now.UnixMilli())
	for _, a := range accounts {
		txn.Writes = append(txn.Writes, kv.Write{Key: refKey(hash, a), Data: at})
	}
	return txn
}

// held says whether a live blob has the account's reference.
func (r *references) held(ctx context.Context, hash, account string) (bool, error) {
	snap, err := r.store.Read(ctx, shard(hash), []string{pBlob + hash, refKey(hash, account)}, nil)
	if err != nil {
		return false, err
	}
	var state blobState
	b := snap.Values[0]
	return b.Exists() && json.Unmarshal(b.Data, &state) == nil && state.Dying == 0 && snap.Values[1].Exists(), nil
}

// finish removes the bytes of a dying blob and then its record.
func (r *references) finish(ctx context.Context, hash string, version uint64) error {
	for _, name := range names(hash) {
		if err := r.blobs.Delete(ctx, name); err != nil {
			return err
		}
	}
	_, err := commit(ctx, r.store, kv.Txn{ID: kv.NewID(r.clock.Now()), Space: shard(hash),
		Conditions: []kv.Condition{{Key: pBlob + hash, Version: version}}, Writes: []kv.Write{{Key: pBlob + hash, Delete: true}}})
	if errors.Is(err, kv.ErrConflict) {
		return nil // somebody else finished it
	}
	return err
}

// errAgain from a change's function means: read again in a moment.
var errAgain = errors.New("gallery: once more")

// change reads a blob's state, lets fn write a transaction and commits it,
// until nobody came between. An empty transaction changes nothing.
func (r *references) change(ctx context.Context, hash string, fn func(s blobState, exists bool, version uint64, now time.Time) (kv.Txn, error)) error {
	for try := 0; ; try++ {
		snap, err := r.store.Read(ctx, shard(hash), []string{pBlob + hash}, nil)
		if err != nil {
			return err
		}
		var state blobState
		if v := snap.Values[0]; v.Exists() && (json.Unmarshal(v.Data, &state) != nil || state.V != refVersion) {
			return fault.Wrap(errRow, fault.Internal, fault.CodeInternal, "An image's record cannot be read.")
		}
		txn, err := fn(state, snap.Values[0].Exists(), snap.Values[0].Version, snap.Now)
		if err == nil {
			if len(txn.Writes) == 0 {
				return nil
			}
			txn.ID, txn.Space = kv.NewID(r.clock.Now()), shard(hash)
			_, err = commit(ctx, r.store, txn)
			if err == nil {
				return nil
			}
		}
		if !errors.Is(err, kv.ErrConflict) && !errors.Is(err, errAgain) || try == tries {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// needs lists the references of one shard, a page at a time.
func (r *references) needs(ctx context.Context, space kv.Space, from string) (page []need, next string, err error) {
	snap, err := r.store.Read(ctx, space, nil, []kv.Scan{{Prefix: pRef, From: from, Limit: walkPage}})
	if err != nil {
		return nil, "", err
	}
	for _, v := range snap.Scans[0] {
		hash, account, ok := strings.Cut(strings.TrimPrefix(v.Key, pRef), "/")
		var at int64
		if !ok || json.Unmarshal(v.Data, &at) != nil {
			continue
		}
		page = append(page, need{hash: hash, account: account, at: time.UnixMilli(at)})
	}
	if n := len(snap.Scans[0]); n == walkPage {
		next = snap.Scans[0][n-1].Key + "\x00"
	}
	return page, next, nil
}

// need is one reference.
type need struct {
	hash, account string
	at            time.Time
}

// exists says whether there is a state record, live or dying.
func (r *references) exists(ctx context.Context, hash string) (bool, error) {
	snap, err := r.store.Read(ctx, shard(hash), []string{pBlob + hash}, nil)
	if err != nil {
		return false, err
	}
	return snap.Values[0].Exists(), nil
}

// hashOf is the hash in a blob's name; "" when it is none of ours.
func hashOf(name string) string {
	_, file, _ := strings.Cut(name, "/")
	hash, _, _ := strings.Cut(file, ".")
	if len(hash) != 64 || blobName(hash, "") != name[:min(len(name), 67)] {
		return ""
	}
	return hash
}

// bury finishes, in one shard, what has been dying since before.
func (r *references) bury(ctx context.Context, space kv.Space, before time.Time, rows func(ctx context.Context, account, hash string) (bool, error)) error {
	from := ""
	for {
		snap, err := r.store.Read(ctx, space, nil, []kv.Scan{{Prefix: pBlob, From: from, Limit: walkPage}})
		if err != nil {
			return err
		}
		for _, v := range snap.Scans[0] {
			var s blobState
			if json.Unmarshal(v.Data, &s) != nil || s.Dying == 0 || !time.UnixMilli(s.Dying).Before(before) {
				continue
			}
			if err := r.drop(ctx, strings.TrimPrefix(v.Key, pBlob), rows); err != nil {
				return err
			}
		}
		if len(snap.Scans[0]) < walkPage {
			return nil
		}
		from = snap.Scans[0][walkPage-1].Key + "\x00"
	}
}
