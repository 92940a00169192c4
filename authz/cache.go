package authz

import (
	"sync"

	"sightline/internal/kv"
)

// cacheSize is how many records a node remembers; past it everything is
// forgotten, which costs one more read each.
const cacheSize = 20_000

// cache keeps the last decoded copies of records. It decides nothing: copies
// only say which keys to ask for, save decoding a version twice, and stand in
// for an owner while the store is silent (ruling 11). Every copy is current as
// of the node's revision: the loop applies changes, and nothing older is put.
type cache struct {
	mu       sync.RWMutex
	revision uint64 // of the loop
	recs     map[string]cached
}

type cached struct {
	rec     any // nil: the key does not exist
	version uint64
}

func (c *cache) get(key string) (cached, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	r, ok := c.recs[key]
	return r, ok
}

// getter sees the copies; unknown keys look like missing ones.
func (c *cache) getter() getter {
	return func(key string) any { r, _ := c.get(key); return r.rec }
}

// after is the copies once the writes of a commit at revision are in them; false
// for a key that nothing is known of.
func (c *cache) after(revision uint64, writes []kv.Write) func(key string) (cached, bool) {
	written := make(map[string]cached, len(writes))
	for _, w := range writes {
		if w.Stamp {
			continue
		}
		var r cached
		if !w.Delete {
			r.version = revision // damaged: nil with a version, as in hold
			r.rec, _ = decodeKey(w.Key, w.Data)
		}
		written[w.Key] = r
	}
	return func(key string) (cached, bool) {
		c.mu.RLock()
		defer c.mu.RUnlock()
		r, known := c.recs[key]
		if w, ok := written[key]; ok && c.revision < revision && r.version <= revision {
			return w, true // the loop has not brought it, nor has a read seen anything after it
		}
		return r, known
	}
}

// put remembers what a read at revision saw, unless the loop is past it.
func (c *cache) put(v *view) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v.revision < c.revision {
		return
	}
	if len(c.recs)+len(v.keys) > cacheSize || c.recs == nil {
		c.recs = make(map[string]cached)
	}
	for i, k := range v.keys {
		if old, ok := c.recs[k]; !ok || old.version != v.versions[i] {
			c.recs[k] = cached{v.recs[i], v.versions[i]}
		}
	}
}

// apply brings the loop's news: known keys are renewed, others stay unknown.
func (c *cache) apply(revision uint64, changed func(known func(key string) bool, set func(key string, r cached))) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revision = revision
	changed(
		func(k string) bool { _, ok := c.recs[k]; return ok },
		func(k string, r cached) { c.recs[k] = r },
	)
}

// reset forgets everything and goes on from revision.
func (c *cache) reset(revision uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revision, c.recs = revision, nil
}
