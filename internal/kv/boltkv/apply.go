package boltkv

import (
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"

	"sightline/internal/kv"
)

// apply judges one Txn in an open write transaction and writes it when its
// conditions hold. wrote is false when the transaction was left as it was: a
// repeated ID, a refusal, a commit without writes in a space that has none.
// An err that is not a fault means that the whole transaction must be undone.
func apply(tx *bbolt.Tx, txn kv.Txn, at, now time.Time, kept int) (c kv.Commit, wrote bool, refusal, err error) {
	if refusal := kv.CheckAge(at, now); refusal != nil {
		return c, false, refusal, nil
	}
	sp := openSpace(tx, txn.Space)
	if sp != nil {
		if r := sp.txns.Get([]byte(txn.ID)); r != nil {
			return decodeResult(r, sp.epoch), false, nil, nil
		}
	}
	var failed []string
	for _, cond := range txn.Conditions {
		if sp.version(cond.Key) != cond.Version {
			failed = append(failed, cond.Key)
		}
	}
	if failed != nil {
		return c, false, kv.Conflict(failed), nil
	}
	if sp == nil {
		if len(txn.Writes) == 0 {
			return kv.Commit{Now: now}, false, nil, nil
		}
		if sp, err = makeSpace(tx, txn.Space, kv.NewID(now)); err != nil {
			return c, false, nil, err
		}
	}
	if len(txn.Writes) > 0 {
		if err := sp.write(txn.Writes, kept); err != nil {
			return c, false, nil, err
		}
	}
	c = kv.Commit{Revision: sp.revision, Epoch: sp.epoch, Now: now}
	return c, true, nil, sp.remember(txn.ID, c)
}

func (sp *space) write(writes []kv.Write, kept int) error {
	sp.revision++
	changed := make([]string, 0, len(writes))
	for i, w := range writes {
		key := w.StampedKey(sp.revision, i)
		if w.Delete {
			if sp.values.Get([]byte(key)) == nil {
				continue
			}
			if err := sp.values.Delete([]byte(key)); err != nil {
				return err
			}
		} else if err := sp.values.Put([]byte(key), encode(sp.revision, w.Data)); err != nil {
			return err
		}
		changed = append(changed, key)
	}
	if err := sp.bucket.Put(keyRevision, number(sp.revision)); err != nil {
		return err
	}
	if sp.changes == nil {
		return nil
	}
	if err := sp.changes.Put(number(sp.revision), packKeys(changed)); err != nil {
		return err
	}
	return sp.trimChanges(uint64(kept))
}

// trimChanges drops the oldest commits beyond kept, a few at a time, so that a
// smaller setting does not make one commit slow.
func (sp *space) trimChanges(kept uint64) error {
	const most = 8
	for range most {
		k, _ := sp.changes.Cursor().First()
		if k == nil || binary.BigEndian.Uint64(k)+kept > sp.revision {
			return nil
		}
		if err := sp.changes.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// remember keeps the result of an ID for TxnKept. IDs sort by their time, which
// may be TxnLife ahead of the commit.
func (sp *space) remember(id string, c kv.Commit) error {
	const most = 4
	for range most {
		k, _ := sp.txns.Cursor().First()
		if k == nil {
			break
		}
		at, err := kv.IDTime(string(k))
		if err == nil && c.Now.Sub(at) <= kv.TxnKept+kv.TxnLife {
			break
		}
		if err := sp.txns.Delete(k); err != nil {
			return err
		}
	}
	r := binary.BigEndian.AppendUint64(number(c.Revision), uint64(c.Now.UnixNano()))
	return sp.txns.Put([]byte(id), r)
}

func decodeResult(r []byte, epoch string) kv.Commit {
	return kv.Commit{
		Revision: binary.BigEndian.Uint64(r),
		Epoch:    epoch,
		Now:      time.Unix(0, int64(binary.BigEndian.Uint64(r[8:]))),
	}
}
