package controlroom

import "time"

// stillCache keeps finished stills, the most recently used ones first to stay,
// bounded in bytes. Guarded by the cutter's lock.
type stillCache struct {
	most  int
	bytes int
	tick  uint64
	byKey map[stillKey]*cachedStill
}

type cachedStill struct {
	still Still
	mono  int64  // arrival of the key frame
	used  uint64 // tick of the last use
}

// get returns the still of k if it was cut from the key frame that arrived at
// mono, from a newer one (who asks was held up), or from one at most fresh before it.
func (c *stillCache) get(k stillKey, mono int64, fresh time.Duration) (Still, bool) {
	e := c.byKey[k]
	if e == nil || mono-e.mono > int64(fresh) {
		return Still{}, false
	}
	c.tick++
	e.used = c.tick
	return e.still, true
}

// put keeps a still in the place of k's one before, and lets go of those that
// were not used for longest until all fit.
func (c *stillCache) put(k stillKey, s Still, mono int64) {
	c.drop(k)
	if len(s.JPEG) > c.most {
		return
	}
	c.tick++
	c.byKey[k] = &cachedStill{still: s, mono: mono, used: c.tick}
	c.bytes += len(s.JPEG)
	for c.bytes > c.most {
		var oldest stillKey
		at := c.tick + 1
		for k, e := range c.byKey {
			if e.used < at {
				oldest, at = k, e.used
			}
		}
		c.drop(oldest)
	}
}

func (c *stillCache) drop(k stillKey) {
	if e := c.byKey[k]; e != nil {
		c.bytes -= len(e.still.JPEG)
		delete(c.byKey, k)
	}
}
