package gallery

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"sightline/internal/blob"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// references say which accounts need a blob. They live in 256 spaces by the
// first byte of the hash: b/<hash> is the blob's state, r/<hash>/<account> one
// account's need. Every change of a need puts b/<hash> anew, so that adding the
// next and dropping the last need of a blob never both succeed. A blob without
// needs is dying, which is final: its bytes go, then its state, and only then it
// can be added again.
//
// A row and its reference are in two spaces. What keeps a row from being
// committed while its reference is dropped is the account's turn (see turnKey):
// whoever commits a row reads the turn, then makes sure of the reference, then
// commits on the condition that the turn is the same. Whoever drops marks the
// reference as leaving, then moves the turn and looks for rows, then drops what
// is still marked by him.
type references struct {
	store kv.Store
	blobs blob.Store
	clock clock.Clock
	call  time.Duration // limit of one commit
}

// blobState is the record under b/<hash>.
type blobState struct {
	V     int   `json:"v"`
	Dying int64 `json:"dying,omitempty"` // Unix ms since when its bytes are being removed
}

// needState is the record under r/<hash>/<account>.
type needState struct {
	At      int64  `json:"at"`                // Unix ms of the last add
	Leaving string `json:"leaving,omitempty"` // mark of whoever is about to drop it
}

const (
	refVersion = 1
	pBlob      = "b/"
	pRef       = "r/"
	renditions = 3 // of one hash, see names
	dyingMost  = time.Minute
	dyingWait  = 5 * time.Second // how long an image waits for the last bytes of its like to go
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
// put and before a row names it.
func (r *references) add(ctx context.Context, hash string, accounts ...string) error {
	return r.change(ctx, hash, func(b blobRead) (kv.Txn, error) {
		if b.state.Dying != 0 {
			if b.now.Sub(time.UnixMilli(b.state.Dying)) > dyingMost { // whoever removed it ended on the way
				return kv.Txn{}, errors.Join(r.bury(ctx, hash), errAgain)
			}
			return kv.Txn{}, errAgain
		}
		return b.needed(hash, accounts), nil
	})
}

// errGone from share: nobody needs the blob any more.
var errGone = errors.New("gallery: the image is gone")

// share is add for a blob whose bytes are there because somebody else needs
// them; errGone where nobody does.
func (r *references) share(ctx context.Context, hash string, accounts ...string) error {
	return r.change(ctx, hash, func(b blobRead) (kv.Txn, error) {
		if !b.exists || b.state.Dying != 0 {
			return kv.Txn{}, errGone
		}
		return b.needed(hash, accounts), nil
	})
}

// asker moves an account's turn for a blob and then says whether the account has
// a row of it.
type asker func(ctx context.Context, account, hash string) (bool, error)

// drop forgets accounts' needs, where ask finds no row; the last one takes the
// bytes along. What was added again meanwhile stays.
func (r *references) drop(ctx context.Context, hash string, ask asker, accounts ...string) error {
	mark := kv.NewID(r.clock.Now())
	keys := make([]string, len(accounts))
	for i, a := range accounts {
		keys[i] = refKey(hash, a)
	}
	found := 0
	err := r.change(ctx, hash, func(b blobRead) (kv.Txn, error) {
		snap, err := r.store.Read(ctx, shard(hash), keys, nil)
		if err != nil {
			return kv.Txn{}, err
		}
		txn := b.same(hash)
		for _, v := range snap.Values {
			if n, ok := parseNeed(v); ok {
				txn.Writes = append(txn.Writes, kv.Write{Key: v.Key, Data: kv.Encode(needState{At: n.At, Leaving: mark})})
			}
		}
		if found = len(txn.Writes) - 1; found <= 0 {
			return kv.Txn{}, nil
		}
		return txn, nil
	})
	if err != nil || found <= 0 {
		return err
	}
	needed := map[string]bool{}
	for i, a := range accounts {
		if needed[keys[i]], err = ask(ctx, a, hash); err != nil {
			return err // a reference that is leaving counts; the sweep asks again
		}
	}
	var dying int64
	began := clock.Mono()
	err = r.change(ctx, hash, func(b blobRead) (kv.Txn, error) {
		began, dying = clock.Mono(), 0
		snap, err := r.store.Read(ctx, shard(hash), keys, []kv.Scan{{Prefix: pRef + hash + "/", Limit: len(keys) + 1}})
		if err != nil {
			return kv.Txn{}, err
		}
		txn, left := b.same(hash), len(snap.Scans[0])
		for _, v := range snap.Values {
			n, ok := parseNeed(v)
			switch {
			case !ok || n.Leaving != mark: // added again
			case needed[v.Key]:
				txn.Writes = append(txn.Writes, kv.Write{Key: v.Key, Data: kv.Encode(needState{At: n.At})})
			default:
				txn.Writes = append(txn.Writes, kv.Write{Key: v.Key, Delete: true})
				left--
			}
		}
		if left == 0 && b.exists {
			dying = b.now.UnixMilli()
			txn.Writes[0].Data = kv.Encode(blobState{V: refVersion, Dying: dying})
		}
		if len(txn.Writes) == 1 && dying == 0 {
			return kv.Txn{}, nil
		}
		return txn, nil
	})
	if err != nil || dying == 0 {
		return err
	}
	return r.erase(ctx, hash, dying, began)
}

// held says whether a live blob has the account's reference, and nobody is about
// to drop it.
func (r *references) held(ctx context.Context, hash, account string) (bool, error) {
	snap, err := r.store.Read(ctx, shard(hash), []string{pBlob + hash, refKey(hash, account)}, nil)
	if err != nil {
		return false, err
	}
	var state blobState
	b := snap.Values[0]
	n, ok := parseNeed(snap.Values[1])
	return b.Exists() && json.Unmarshal(b.Data, &state) == nil && state.Dying == 0 && ok && n.Leaving == "", nil
}

// erase removes the bytes of a blob that began dying at the given moment, and
// then its record. It gives up well before somebody else takes over, so that no
// late removal meets bytes that were put again.
func (r *references) erase(ctx context.Context, hash string, dying int64, began int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dyingMost/2-time.Duration(clock.Mono()-began))
	defer cancel()
	for _, name := range names(hash) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.blobs.Delete(ctx, name); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return r.change(ctx, hash, func(b blobRead) (kv.Txn, error) {
		if b.state.Dying != dying {
			return kv.Txn{}, nil // somebody took over
		}
		return kv.Txn{Conditions: b.is(hash), Writes: []kv.Write{{Key: pBlob + hash, Delete: true}}}, nil
	})
}

// bury takes over a dying blob that was left behind.
func (r *references) bury(ctx context.Context, hash string) error { return r.begin(ctx, hash, false) }

// condemn removes bytes that have no state record: files a crash left. What
// somebody needs by now stays.
func (r *references) condemn(ctx context.Context, hash string) error {
	return r.begin(ctx, hash, true)
}

// begin makes the caller the one who erases a blob: one that has no record, or
// one that is dying.
func (r *references) begin(ctx context.Context, hash string, unknown bool) error {
	var dying int64
	began := clock.Mono()
	err := r.change(ctx, hash, func(b blobRead) (kv.Txn, error) {
		if began, dying = clock.Mono(), 0; b.exists == unknown || b.exists && b.state.Dying == 0 {
			return kv.Txn{}, nil
		}
		dying = b.now.UnixMilli()
		return kv.Txn{Conditions: b.is(hash), Writes: []kv.Write{{Key: pBlob + hash, Data: kv.Encode(blobState{V: refVersion, Dying: dying})}}}, nil
	})
	if err != nil || dying == 0 {
		return err
	}
	return r.erase(ctx, hash, dying, began)
}

// blobRead is a blob's state as it was read.
type blobRead struct {
	state   blobState
	exists  bool
	version uint64
	now     time.Time // of the store
}

func (b blobRead) is(hash string) []kv.Condition {
	return []kv.Condition{{Key: pBlob + hash, Version: b.version}}
}

// same puts the state anew; needs are appended.
func (b blobRead) same(hash string) kv.Txn {
	b.state.V = refVersion
	return kv.Txn{Conditions: b.is(hash), Writes: []kv.Write{{Key: pBlob + hash, Data: kv.Encode(b.state)}}}
}

// needed writes a live state with accounts' references.
func (b blobRead) needed(hash string, accounts []string) kv.Txn {
	txn := kv.Txn{Conditions: b.is(hash), Writes: []kv.Write{{Key: pBlob + hash, Data: kv.Encode(blobState{V: refVersion})}}}
	n := kv.Encode(needState{At: b.now.UnixMilli()})
	for _, a := range accounts {
		txn.Writes = append(txn.Writes, kv.Write{Key: refKey(hash, a), Data: n})
	}
	return txn
}

func parseNeed(v kv.Value) (needState, bool) {
	var n needState
	return n, v.Exists() && json.Unmarshal(v.Data, &n) == nil
}

// errAgain from a change's function means: read again in a moment.
var errAgain = errors.New("gallery: once more")

// change reads a blob's state, lets fn write a transaction and commits it,
// until nobody came between. An empty transaction changes nothing.
func (r *references) change(ctx context.Context, hash string, fn func(blobRead) (kv.Txn, error)) error {
	patient := clock.Mono() + int64(dyingWait)
	for try := 0; ; try++ {
		snap, err := r.store.Read(ctx, shard(hash), []string{pBlob + hash}, nil)
		if err != nil {
			return err
		}
		var state blobState
		if v := snap.Values[0]; v.Exists() && (json.Unmarshal(v.Data, &state) != nil || state.V != refVersion) {
			return fault.Wrap(errRow, fault.Internal, fault.CodeInternal, "An image's record cannot be read.")
		}
		txn, err := fn(blobRead{state: state, exists: snap.Values[0].Exists(), version: snap.Values[0].Version, now: snap.Now})
		if err == nil {
			if len(txn.Writes) == 0 {
				return nil
			}
			txn.ID, txn.Space = kv.NewID(r.clock.Now()), shard(hash)
			_, err = commit(ctx, r.store, txn, r.call)
			if err == nil {
				return nil
			}
		}
		switch {
		case errors.Is(err, errAgain) && clock.Mono() < patient: // a slow disk takes its time
		case !errors.Is(err, kv.ErrConflict) && !errors.Is(err, errAgain), try >= tries:
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
		n, whole := parseNeed(v)
		if !ok || !whole {
			continue
		}
		page = append(page, need{hash: hash, account: account, at: time.UnixMilli(n.At)})
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

// buryAll takes over, in one shard, what has been dying since before.
func (r *references) buryAll(ctx context.Context, space kv.Space, before time.Time) error {
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
			if err := r.bury(ctx, strings.TrimPrefix(v.Key, pBlob)); err != nil {
				return err
			}
		}
		if len(snap.Scans[0]) < walkPage {
			return nil
		}
		from = snap.Scans[0][walkPage-1].Key + "\x00"
	}
}
