package ratelimit

import (
	"hash/maphash"
	"sync"
)

// table maps keys to values of fixed size, at most MaxKeys, and forgets the
// longest unused first. It keeps 64-bit keyed hashes instead of keys: a foreign
// key cannot be made to collide, and memory does not depend on key length.
type table[V any] struct {
	seed   maphash.Seed
	shards [shardCount]shard[V]
}

const (
	shardCount = 16
	shardKeys  = MaxKeys / shardCount
	none       = int32(-1)
)

type shard[V any] struct {
	mu          sync.Mutex
	index       map[uint64]int32
	entries     []entry[V]
	first, last int32 // most and least recently used
}

type entry[V any] struct {
	hash       uint64
	prev, next int32
	v          V
}

func newTable[V any]() *table[V] {
	t := &table[V]{seed: maphash.MakeSeed()}
	for i := range t.shards {
		t.shards[i] = shard[V]{index: map[uint64]int32{}, first: none, last: none}
	}
	return t
}

// with calls fn with the value of key under the shard's lock; a new one is zero.
func (t *table[V]) with(key string, fn func(*V)) {
	h := maphash.String(t.seed, key)
	s := &t.shards[h%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(s.use(h))
}

// peek is with for a key that is there; an absent one is not made.
func (t *table[V]) peek(key string, fn func(*V)) {
	h := maphash.String(t.seed, key)
	s := &t.shards[h%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.index[h]; ok {
		fn(&s.entries[i].v)
	}
}

func (s *shard[V]) use(h uint64) *V {
	i, ok := s.index[h]
	switch {
	case ok:
		s.unlink(i)
	case len(s.entries) < shardKeys:
		i = int32(len(s.entries))
		s.entries = append(s.entries, entry[V]{hash: h})
		s.index[h] = i
	default:
		i = s.last
		s.unlink(i)
		delete(s.index, s.entries[i].hash)
		s.entries[i] = entry[V]{hash: h}
		s.index[h] = i
	}
	e := &s.entries[i]
	e.prev, e.next = none, s.first
	if s.first != none {
		s.entries[s.first].prev = i
	}
	if s.first = i; s.last == none {
		s.last = i
	}
	return &e.v
}

func (s *shard[V]) unlink(i int32) {
	e := &s.entries[i]
	if e.prev != none {
		s.entries[e.prev].next = e.next
	} else {
		s.first = e.next
	}
	if e.next != none {
		s.entries[e.next].prev = e.prev
	} else {
		s.last = e.prev
	}
}

func (t *table[V]) len() int {
	n := 0
	for i := range t.shards {
		t.shards[i].mu.Lock()
		n += len(t.shards[i].index)
		t.shards[i].mu.Unlock()
	}
	return n
}
