// Package kv is the contract of the store: an ordered key space cut into
// spaces, with versions, all-or-nothing commits and a change feed. Two backends
// implement it (boltkv, rediskv) and one suite (kvtest) holds both to it. What
// the records mean is decided above, in authz and controlroom.
package kv

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"strings"
	"time"
)

// Space names one key space. A commit touches exactly one.
type Space string

// Control is the space of everything a decision reads.
const Control Space = "control"

// Bulk is the space of one account's own things: images, notices, audit bodies.
func Bulk(account string) Space { return Space("bulk:" + account) }

// Value is one record. Version 0 means that the key does not exist; a key that
// was removed and made again never repeats a version.
type Value struct {
	Key     string
	Data    []byte // owned by the caller after a read
	Version uint64
}

// Exists reports whether the key was there.
func (v Value) Exists() bool { return v.Version != 0 }

// Same is the condition that it is still as it was read.
func (v Value) Same() Condition { return Condition{Key: v.Key, Version: v.Version} }

// Scan asks for the keys that begin with Prefix, in byte order.
type Scan struct {
	Prefix  string
	From    string // first key wanted, inclusive (Reverse: last); "" = from the end of the range
	Reverse bool
	Limit   int // 1 to MaxScan; 0 means MaxScan
}

// Limits of one call, the same for every backend.
const (
	MaxScan   = 10_000
	MaxKey    = 512              // bytes
	MaxData   = 1 << 20          // bytes of one value
	MaxWrites = 2_000            // writes of one commit
	TxnLife   = 5 * time.Minute  // an older transaction ID is refused
	TxnKept   = 10 * time.Minute // how long results are kept by ID
)

// Snapshot is what one Read saw, all at one revision.
type Snapshot struct {
	Values   []Value   // one per requested key, in request order
	Scans    [][]Value // one per requested scan, in request order
	Revision uint64    // of the space, at the moment of the read
	Epoch    string    // random id, written when the space was created; "" = it has had no commit yet
	Now      time.Time // store time: Redis TIME, or the node's clock for bolt
}

// Write puts Data at Key, or deletes Key. The writes of a commit apply in their
// order, all at one revision, which becomes the version of each value put.
type Write struct {
	Key    string
	Data   []byte
	Delete bool
	// Stamp appends the commit's revision (16 hex digits) and the write's place
	// in the commit (4 hex digits) to Key, so that the keys under a prefix sort
	// in commit order. Feeds use it; it excludes Delete.
	Stamp bool
}

// Condition holds when Key has exactly Version; 0 demands that it is absent.
type Condition struct {
	Key     string
	Version uint64
}

// Txn is one commit. ID comes from NewID; repeating the ID of a commit that was
// applied returns its first result, whatever the rest says. A refusal changes
// nothing and is not remembered: repeating it judges the conditions anew. The ID
// must be within TxnLife of store time, in the past or the future (ErrStale).
type Txn struct {
	ID         string
	Space      Space
	Conditions []Condition
	Writes     []Write
}

// Commit is the result of a Txn.
type Commit struct {
	Revision uint64
	Epoch    string
	Now      time.Time
}

// Changes is what happened in the control space after a revision.
type Changes struct {
	Values   []Value // newest value of each changed key, once, in the order of the last change listed; Version 0 = deleted
	Gone     bool    // the feed no longer reaches back that far, or a failover undid what nobody acknowledged: read everything again
	More     bool    // limit cut the list; Revision is that of the last one listed
	Revision uint64  // up to which the list is complete; below after when the store went back (a loss, unless Gone)
	Safe     uint64  // no failover takes anything away up to here; never lower than what was acknowledged before the call
	Epoch    string
	Now      time.Time
}

// Store is an ordered, versioned key space. Every method is one round trip,
// safe for concurrent use, and honours ctx. A store that does not answer in
// time yields fault.Unavailable from reads and fault.Unknown from Commit.
type Store interface {
	// Read returns keys and scans of one space at one revision.
	Read(ctx context.Context, space Space, keys []string, scans []Scan) (Snapshot, error)
	// Commit applies all writes if all conditions hold, else returns a
	// *ConflictError (fault.Conflict) and changes nothing. A commit raises the
	// revision, by one but for the first after a failover (a revision is never
	// used again for something else); one without writes only checks. After fault.Unknown the
	// caller repeats the same Txn. The control space is made when the store is
	// opened and never by a commit: after its loss commits are refused.
	Commit(ctx context.Context, txn Txn) (Commit, error)
	// Changes lists keys of the control space changed after a revision, in order.
	// It lists whole commits only, so the last one may carry it past limit
	// (1 to MaxScan; 0 means MaxScan). Only the control space has this feed.
	Changes(ctx context.Context, after uint64, limit int) (Changes, error)
	// Watch returns a channel that receives (coalesced) whenever the space may
	// have changed, and once at the start. Hints may be lost or superfluous. The
	// channel is closed when ctx ends or the store closes.
	Watch(ctx context.Context, space Space) <-chan struct{}
	// Kind is "bolt" or "redis", for status pages.
	Kind() string
	Close() error
}

// ErrConflict is what errors.Is finds in a failed condition.
var ErrConflict = errors.New("kv: condition failed")

// ConflictError names the keys whose conditions failed.
type ConflictError struct{ Keys []string }

func (e *ConflictError) Error() string {
	return "kv: condition failed on " + strings.Join(e.Keys, ", ")
}
func (e *ConflictError) Unwrap() error { return ErrConflict }

var b32 = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns a transaction ID: time (ms) and 80 random bits, 26 characters.
func NewID(now time.Time) string {
	var b [16]byte
	rand.Read(b[:])
	binary.BigEndian.PutUint16(b[0:], uint16(now.UnixMilli()>>32))
	binary.BigEndian.PutUint32(b[2:], uint32(now.UnixMilli()))
	return b32.EncodeToString(b[:])
}

// IDTime returns the time in a transaction ID.
func IDTime(id string) (time.Time, error) {
	b, err := b32.DecodeString(id)
	if err != nil || len(b) != 16 {
		return time.Time{}, errors.New("kv: not a transaction ID")
	}
	ms := int64(binary.BigEndian.Uint16(b[0:]))<<32 | int64(binary.BigEndian.Uint32(b[2:]))
	return time.UnixMilli(ms), nil
}
