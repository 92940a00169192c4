package authz

import (
	"context"
	"time"

	"sightline/internal/kv"
)

// redecide decides dirty leases again on facts read now, each on one snapshot.
// With only, those of it that live; else all dirty ones. A lease whose facts
// could not be read stays dirty, and while one is, nothing is confirmed.
func (a *Authority) redecide(ctx context.Context, only []*Lease) error {
	n := &a.node
	n.mu.Lock()
	todo := only
	if only == nil {
		for l := range n.dirty {
			todo = append(todo, l)
		}
	}
	n.mu.Unlock()
	for len(todo) > 0 {
		rest, err := a.redecideSome(ctx, todo)
		if err != nil {
			return err
		}
		todo = rest
	}
	return nil
}

// redecideSome decides as many of the leases as fit one read and returns the rest.
func (a *Authority) redecideSome(ctx context.Context, todo []*Lease) (rest []*Lease, _ error) {
	known := a.cache.getter()
	var keys []string
	seen := make(map[string]bool)
	take := 0
	for _, l := range todo {
		if take > 0 && len(keys) >= chunkKeys {
			break
		}
		keys = merge(keys, seen, wanted(l.subject, l.object, known))
		take++
	}
	batch := todo[:take]
	for range 4 {
		v, err := a.read(ctx, keys)
		if err != nil {
			return nil, err
		}
		a.cache.put(v)
		recs := make(map[string]any, len(v.keys))
		for i, k := range v.keys {
			recs[k] = v.recs[i]
		}
		get := func(k string) any { return recs[k] }
		before := len(keys)
		for _, l := range batch {
			keys = merge(keys, seen, wanted(l.subject, l.object, get))
		}
		if len(keys) == before {
			a.resettle(v, get, batch)
			return todo[take:], nil
		}
	}
	return nil, unavailable(errRecord)
}

func merge(keys []string, seen map[string]bool, more []string) []string {
	for _, k := range more {
		if !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	return keys
}

// resettle gives leases their new decision.
func (a *Authority) resettle(v *view, get getter, batch []*Lease) {
	n := &a.node
	bad := make(map[string]bool)
	for i, b := range v.broken {
		if b {
			bad[v.keys[i]] = true
		}
	}
	n.mu.Lock()
	var out []ending
	for _, l := range batch {
		if v.revision >= n.dirty[l] { // else a change of this node overtook the read: it is still to be decided on that
			delete(n.dirty, l)
		}
		if l.done || l.revision > v.revision {
			continue
		}
		f := assemble(l.subject, l.object, get)
		f.Plans, f.Guard = a.cfg.Plans, a.cfg.ArchiveGuard
		keys := wanted(l.subject, l.object, get)
		for _, k := range keys {
			f.Broken = f.Broken || bad[k]
		}
		d := Decide(l.subject, l.action, l.object, f, v.now)
		if !d.Allowed {
			out = n.end(l, afterwards(l.decision, d, f), out)
			continue
		}
		n.register(l, keys, f, v.revision, d)
		if !l.pending {
			n.arm(l)
		}
	}
	n.mu.Unlock()
	tell(out)
}

// cut applies a commit of this node at once: leases that rest on its keys are
// decided again before the change is acknowledged. When the store does not
// answer that read they are decided on this node's copies and what was written:
// the change was acknowledged, the cut must be, and nobody else is cut with it.
func (a *Authority) cut(ctx context.Context, writes []kv.Write, revision uint64, began int64) {
	n := &a.node
	n.mu.Lock()
	n.floor = max(n.floor, revision)
	var touched []*Lease
	seen := make(map[*Lease]bool)
	for _, w := range writes {
		if w.Stamp {
			continue
		}
		for l := range n.byKey[w.Key] {
			if !seen[l] {
				seen[l] = true
				touched = append(touched, l)
				n.dirty[l] = max(n.dirty[l], revision)
			}
		}
	}
	n.mu.Unlock()
	if len(touched) == 0 {
		return
	}
	if err := a.redecide(ctx, touched); err != nil {
		a.settleOnCopies(touched, a.cache.after(revision, writes))
	}
	n.mu.Lock()
	ended := false
	for _, l := range touched {
		ended = ended || l.done
	}
	n.mu.Unlock()
	if ended {
		a.metrics.cutAfter(time.Duration(n.mono() - began))
	}
}

// settleOnCopies decides those of the leases that are still dirty on copies of
// records. They stay dirty: nothing is confirmed before they were decided on
// facts read from the store. One whose facts are not all here ends.
func (a *Authority) settleOnCopies(touched []*Lease, copies func(key string) (cached, bool)) {
	n := &a.node
	n.mu.Lock()
	now := n.storeNow(n.mono())
	var out []ending
	for _, l := range touched {
		if _, still := n.dirty[l]; !still {
			continue
		}
		v, known := a.onCopies(l.subject, l.object, copies)
		if !known {
			out = n.end(l, deny(ReasonUnavailable), out)
			continue
		}
		f := v.facts(l.subject, l.object)
		d := Decide(l.subject, l.action, l.object, f, now)
		switch {
		case !d.Allowed:
			out = n.end(l, afterwards(l.decision, d, f), out)
		case !l.pending: // a pending one is read again by its Subscribe
			n.register(l, v.keys, f, l.revision, d)
			n.arm(l)
		}
	}
	n.mu.Unlock()
	tell(out)
}
