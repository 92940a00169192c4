package gallery

import (
	"context"
	"encoding/json"
	"time"

	"sightline/internal/kv"
)

// trashed is a deleted image that can still be restored.
type trashed struct {
	Row   row   `json:"row"`
	Until int64 `json:"until"` // Unix ms
}

// remove takes an image out of the gallery: its bytes are free in the quota at
// once, and it can be restored for Config.Undo. False: there is none.
func (g *Gallery) remove(ctx context.Context, account, id string) (bool, error) {
	found := false
	r, err := g.row(ctx, account, id)
	if err != nil || r == nil {
		return false, err
	}
	keys := []string{pRow + id, kSums, pDay + r.Day}
	err = g.change(ctx, account, keys, func(at map[string]kv.Value, now time.Time) (kv.Txn, error) {
		found = at[pRow+id].Exists()
		if !found {
			return kv.Txn{}, errNothing
		}
		r, err := parseRow(at[pRow+id])
		if err != nil {
			return kv.Txn{}, err
		}
		s, err := parseSums(at[kSums])
		if err != nil {
			return kv.Txn{}, err
		}
		s.count(r, -1)
		txn := kv.Txn{Conditions: is(at[pRow+id], at[kSums], at[pDay+r.Day]), Writes: []kv.Write{
			{Key: pRow + id, Delete: true}, s.write(), dayWrite(at[pDay+r.Day], -1),
			{Key: pTrash + id, Data: kv.Encode(trashed{Row: r, Until: now.Add(g.cfg.Undo).UnixMilli()})}}}
		for _, k := range r.marks(id) {
			if k != pByHash+r.Hash+"/"+id { // the blob is needed until undo ends
				txn.Writes = append(txn.Writes, kv.Write{Key: k, Delete: true})
			}
		}
		return txn, nil
	})
	if err == nil && found {
		g.trashed(account, g.cfg.Clock.Now().Add(g.cfg.Undo))
	}
	return found, err
}

// restore undoes remove, where there is room. False: it cannot be any more.
func (g *Gallery) restore(ctx context.Context, account, id string) (ok, full bool, err error) {
	snap, err := g.read(ctx, account, []string{pTrash + id})
	if err != nil || !snap.Values[0].Exists() {
		return false, false, err
	}
	var t trashed
	if err := json.Unmarshal(snap.Values[0].Data, &t); err != nil {
		return false, false, away(errRow)
	}
	accounts, err := g.cfg.Authority.AccountsByID(ctx, []string{account})
	if err != nil {
		return false, false, err
	}
	acc, known := accounts[account]
	if !known {
		return false, false, nil
	}
	keys := []string{pTrash + id, kSums, pDay + t.Row.Day}
	err = g.change(ctx, account, keys, func(at map[string]kv.Value, now time.Time) (kv.Txn, error) {
		ok, full = at[pTrash+id].Exists() && now.UnixMilli() < t.Until, false
		if !ok {
			return kv.Txn{}, errNothing
		}
		s, err := parseSums(at[kSums])
		if err != nil {
			return kv.Txn{}, err
		}
		if ok = !s.Closed; !ok {
			return kv.Txn{}, errNothing
		}
		if full = s.Used+t.Row.Bytes > g.quota(acc, now); full {
			return kv.Txn{}, errNothing
		}
		s.count(t.Row, 1)
		txn := kv.Txn{Conditions: is(at[pTrash+id], at[kSums], at[pDay+t.Row.Day]), Writes: []kv.Write{
			{Key: pTrash + id, Delete: true}, {Key: pRow + id, Data: kv.Encode(t.Row)}, s.write(), dayWrite(at[pDay+t.Row.Day], 1)}}
		for _, k := range t.Row.marks(id) {
			txn.Writes = append(txn.Writes, kv.Write{Key: k, Data: []byte{'1'}})
		}
		return txn, nil
	})
	return ok && !full, full, err
}

// empty ends undo for an account: what is due leaves the trash and, where no
// other row needs it, the blobs. An image that is still on its way to others
// waits. It says when the next is due; zero when the trash is empty.
func (g *Gallery) empty(ctx context.Context, account string, all bool) (next time.Time, err error) {
	snap, err := g.read(ctx, account, nil, kv.Scan{Prefix: pTrash, Limit: walkPage}, kv.Scan{Prefix: pOutbox})
	if err != nil {
		return time.Time{}, err
	}
	sending := map[string]bool{}
	for _, v := range snap.Scans[1] {
		sending[v.Key[len(pOutbox):len(pOutbox)+26]] = true
	}
	for _, v := range snap.Scans[0] {
		id := v.Key[len(pTrash):]
		var t trashed
		if json.Unmarshal(v.Data, &t) != nil {
			continue // of a newer version
		}
		until := time.UnixMilli(t.Until)
		if sending[id] && until.Before(snap.Now.Add(time.Second)) {
			until = snap.Now.Add(time.Second)
		}
		if !all && snap.Now.Before(until) || sending[id] {
			if next.IsZero() || until.Before(next) {
				next = until
			}
			continue
		}
		if err := g.forget(ctx, account, id, t.Row, v); err != nil {
			return snap.Now, err
		}
	}
	if len(snap.Scans[0]) == walkPage {
		next = snap.Now
	}
	return next, nil
}

// forget removes what is left of a trashed image.
func (g *Gallery) forget(ctx context.Context, account, id string, r row, trash kv.Value) error {
	gone := false
	err := g.change(ctx, account, []string{trash.Key}, func(at map[string]kv.Value, _ time.Time) (kv.Txn, error) {
		if gone = at[trash.Key].Version == trash.Version; !gone {
			return kv.Txn{}, errNothing // restored, or somebody was quicker
		}
		txn := kv.Txn{Conditions: is(trash), Writes: []kv.Write{{Key: trash.Key, Delete: true}, {Key: pByHash + r.Hash + "/" + id, Delete: true}}}
		if r.Once != "" {
			txn.Writes = append(txn.Writes, kv.Write{Key: pOnce + r.Once, Delete: true})
		}
		return txn, nil
	})
	if err == nil && gone {
		g.unneeded(ctx, account, r.Hash)
	}
	return err
}

// row reads one image's record; nil when there is none.
func (g *Gallery) row(ctx context.Context, account, id string) (*row, error) {
	snap, err := g.read(ctx, account, []string{pRow + id})
	if err != nil || !snap.Values[0].Exists() {
		return nil, err
	}
	r, err := parseRow(snap.Values[0])
	if err != nil {
		return nil, away(err)
	}
	return &r, nil
}
