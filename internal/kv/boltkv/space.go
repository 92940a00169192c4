package boltkv

import (
	"bytes"
	"encoding/binary"

	"go.etcd.io/bbolt"

	"sightline/internal/kv"
)

// A space is a bucket: values (key → version, data), txns (ID → result), for
// the control space changes (revision → keys), and its revision and epoch.
var (
	bucketSpaces  = []byte("spaces")
	bucketValues  = []byte("values")
	bucketTxns    = []byte("txns")
	bucketChanges = []byte("changes")
	keyRevision   = []byte("revision")
	keyEpoch      = []byte("epoch")
)

// space is one space in one transaction; nil is a space without a commit.
type space struct {
	bucket   *bbolt.Bucket
	values   *bbolt.Bucket
	txns     *bbolt.Bucket
	changes  *bbolt.Bucket // nil outside the control space
	revision uint64
	epoch    string
}

func openSpace(tx *bbolt.Tx, name kv.Space) *space {
	b := tx.Bucket(bucketSpaces).Bucket([]byte(name))
	if b == nil {
		return nil
	}
	sp := &space{bucket: b, values: b.Bucket(bucketValues), epoch: string(b.Get(keyEpoch))}
	sp.txns, sp.changes = b.Bucket(bucketTxns), b.Bucket(bucketChanges)
	if r := b.Get(keyRevision); r != nil {
		sp.revision = binary.BigEndian.Uint64(r)
	}
	return sp
}

func makeSpace(tx *bbolt.Tx, name kv.Space, epoch string) (*space, error) {
	b, err := tx.Bucket(bucketSpaces).CreateBucket([]byte(name))
	if err != nil {
		return nil, err
	}
	inner := [][]byte{bucketValues, bucketTxns}
	if name == kv.Control {
		inner = append(inner, bucketChanges)
	}
	for _, n := range inner {
		if _, err := b.CreateBucket(n); err != nil {
			return nil, err
		}
	}
	if err := b.Put(keyEpoch, []byte(epoch)); err != nil {
		return nil, err
	}
	return openSpace(tx, name), nil
}

func (sp *space) version(key string) uint64 {
	if sp == nil {
		return 0
	}
	if raw := sp.values.Get([]byte(key)); raw != nil {
		return binary.BigEndian.Uint64(raw)
	}
	return 0
}

func (sp *space) value(key string) kv.Value {
	if sp == nil {
		return kv.Value{Key: key}
	}
	return decode(key, sp.values.Get([]byte(key)))
}

// decode copies: the memory of a transaction ends with it.
func decode(key string, raw []byte) kv.Value {
	if raw == nil {
		return kv.Value{Key: key}
	}
	return kv.Value{Key: key, Version: binary.BigEndian.Uint64(raw), Data: bytes.Clone(raw[8:])}
}

func encode(version uint64, data []byte) []byte {
	raw := make([]byte, 8, 8+len(data))
	binary.BigEndian.PutUint64(raw, version)
	return append(raw, data...)
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func readSpace(sp *space, keys []string, scans []kv.Scan) kv.Snapshot {
	snap := kv.Snapshot{Values: make([]kv.Value, len(keys)), Scans: make([][]kv.Value, len(scans))}
	if sp != nil {
		snap.Revision, snap.Epoch = sp.revision, sp.epoch
	}
	for i, k := range keys {
		snap.Values[i] = sp.value(k)
	}
	for i, s := range scans {
		snap.Scans[i] = sp.scan(s)
	}
	return snap
}

func (sp *space) scan(s kv.Scan) []kv.Value {
	lo, hi, ok := s.Bounds()
	if sp == nil || !ok {
		return nil
	}
	var (
		found []kv.Value
		c     = sp.values.Cursor()
		low   = []byte(lo)
		high  = []byte(hi)
	)
	if !s.Reverse {
		for k, v := c.Seek(low); k != nil && len(found) < s.Max() && (hi == "" || bytes.Compare(k, high) < 0); k, v = c.Next() {
			found = append(found, decode(string(k), v))
		}
		return found
	}
	k, v := c.Last()
	if hi != "" {
		if k, _ = c.Seek(high); k == nil {
			k, v = c.Last()
		} else {
			k, v = c.Prev()
		}
	}
	for ; k != nil && len(found) < s.Max() && bytes.Compare(k, low) >= 0; k, v = c.Prev() {
		found = append(found, decode(string(k), v))
	}
	return found
}

// readChanges lists whole commits after a revision, until limit keys are listed.
func readChanges(sp *space, after uint64, limit int) kv.Changes {
	ch := kv.Changes{Revision: sp.revision, Safe: sp.revision, Epoch: sp.epoch}
	if after >= sp.revision {
		return ch
	}
	c := sp.changes.Cursor()
	if first, _ := c.First(); first == nil || binary.BigEndian.Uint64(first) > after+1 {
		ch.Gone = true
		return ch
	}
	var keys []string
	for k, v := c.Seek(number(after + 1)); k != nil; k, v = c.Next() {
		if len(keys) >= limit {
			ch.More = true
			break
		}
		ch.Revision = binary.BigEndian.Uint64(k)
		keys = append(keys, unpackKeys(v)...)
	}
	for _, k := range newest(keys) {
		ch.Values = append(ch.Values, sp.value(k))
	}
	return ch
}

// newest keeps the last place of each key.
func newest(keys []string) []string {
	last := make(map[string]int, len(keys))
	for i, k := range keys {
		last[k] = i
	}
	kept := keys[:0]
	for i, k := range keys {
		if last[k] == i {
			kept = append(kept, k)
		}
	}
	return kept
}

func packKeys(keys []string) []byte {
	var b []byte
	for _, k := range keys {
		b = binary.AppendUvarint(b, uint64(len(k)))
		b = append(b, k...)
	}
	return b
}

func unpackKeys(b []byte) []string {
	var keys []string
	for len(b) > 0 {
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return keys
		}
		keys = append(keys, string(b[w:w+int(n)]))
		b = b[w+int(n):]
	}
	return keys
}
