package authz

import (
	"context"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// Lease keeps one subscription alive: forwarding compares ValidUntil with a
// monotonic clock per packet. Only the authority moves it; when its loop is
// dead, stuck or cut off, the lease runs out by itself (research 3.4).
type Lease struct {
	a       *Authority
	subject Subject
	object  Object
	action  Action
	onEnd   func(Decision)

	valid   atomic.Int64                 // mono ns at which the decision itself ends; 0 ended; MaxInt64 none
	confirm atomic.Pointer[atomic.Int64] // the node's confirmedUntil, or its owners' one

	// Guarded by node.mu.
	keys     []string // the facts' keys, under which the lease is indexed
	facts    Facts
	revision uint64 // of the facts
	decision Decision
	ends     time.Time // store time of the decision's end; zero none
	pending  bool      // Subscribe has not returned it yet
	done     bool
}

// ValidUntil is the instant on clock.Mono (ns) from which nothing may be
// forwarded, 0 once ended: the earlier of the decision's own end and of what
// the node has confirmed. Three atomic loads; called per packet.
func (l *Lease) ValidUntil() int64 {
	return min(l.valid.Load(), l.confirm.Load().Load())
}

// Release ends the lease without a call of onEnd. A call that has begun on
// another goroutine may still be running when Release returns. Idempotent.
func (l *Lease) Release() {
	n := &l.a.node
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drop(l)
}

// Subscribe decides and, if allowed, returns a lease. A denial has no lease and
// a nil error. onEnd is called once, outside locks, after ValidUntil became 0 or
// passed, with the decision that ended it (reason, next opening); never after
// Release, possibly before Subscribe has returned. It must not block.
//
// The order is: read and decide, register, check again. A revoke that is
// acknowledged while this runs therefore either finds the lease or is found.
func (a *Authority) Subscribe(ctx context.Context, s Subject, camera string, act Action, onEnd func(Decision)) (*Lease, Decision, error) {
	o := Object{Camera: camera}
	l := &Lease{a: a, subject: s, object: o, action: act, onEnd: onEnd, pending: true}
	l.confirm.Store(&a.node.confirmed)
	for range 16 {
		v, err := a.load(ctx, s, o)
		if err != nil {
			if d, ok := a.hold(l); ok {
				return l, a.counted(d), nil
			}
			l.Release()
			return nil, a.counted(deny(ReasonUnavailable)), err
		}
		f := v.facts(s, o)
		d := Decide(s, act, o, f, v.now)
		again, d, err := a.node.settle(l, v, f, d)
		if err != nil {
			return nil, a.counted(deny(ReasonUnavailable)), err
		}
		if again {
			continue // registered, but something moved since the read
		}
		a.counted(d)
		if !d.Allowed {
			return nil, d, nil
		}
		return l, d, nil
	}
	l.Release()
	return nil, a.counted(deny(ReasonUnavailable)), unavailable(errLost("it changes faster than it can be read"))
}

// settle registers a pending lease with its first facts, or finds that
// something moved since they were read: then the lease stays registered (cuts
// reach it) without being valid, and the caller reads again.
func (n *node) settle(l *Lease, v *view, f Facts, d Decision) (again bool, _ Decision, _ error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if l.done { // cut while it was registered and pending
		return false, l.decision, nil
	}
	if !d.Allowed {
		n.drop(l)
		return false, d, nil
	}
	if n.lost != "" || n.confirmed.Load() <= n.mono() {
		n.drop(l)
		return false, d, unavailable(errLost("nothing confirmed"))
	}
	if v.revision >= l.revision {
		n.register(l, wanted(l.subject, l.object, v.get), f, v.revision, d)
	}
	if newest := max(n.revision, n.floor); newest > v.revision {
		l.valid.Store(0)
		return true, d, nil
	}
	n.arm(l)
	l.pending = false
	return false, l.decision, nil
}

// register indexes the lease under its facts' keys.
func (n *node) register(l *Lease, keys []string, f Facts, revision uint64, d Decision) {
	n.unindex(l)
	l.keys, l.facts, l.revision, l.decision = keys, f, revision, d
	for _, k := range l.keys {
		set := n.byKey[k]
		if set == nil {
			set = make(map[*Lease]struct{})
			n.byKey[k] = set
		}
		set[l] = struct{}{}
	}
	if _, known := n.leases[l]; !known {
		n.leases[l] = struct{}{}
		n.metrics.leases.Inc()
	}
}

func (n *node) unindex(l *Lease) {
	for _, k := range l.keys {
		if set := n.byKey[k]; set != nil {
			if delete(set, l); len(set) == 0 {
				delete(n.byKey, k)
			}
		}
	}
	l.keys = nil
}

// drop takes the lease out; it is over without a word.
func (n *node) drop(l *Lease) {
	l.done = true
	l.valid.Store(0)
	n.unindex(l)
	delete(n.dirty, l)
	if _, known := n.leases[l]; known {
		delete(n.leases, l)
		n.metrics.leases.Dec()
	}
}

// arm sets the gate from the lease's decision: its end in store time, brought to
// the monotonic clock by the last confirming read.
func (n *node) arm(l *Lease) {
	d := l.decision
	l.ends = earlier(d.Until, d.SessionEnds)
	if d.Owner {
		l.confirm.Store(&n.ownerConfirmed)
	} else {
		l.confirm.Store(&n.confirmed)
	}
	if l.ends.IsZero() {
		l.valid.Store(math.MaxInt64)
		return
	}
	l.valid.Store(max(1, n.base.mono+int64(l.ends.Sub(n.base.wall))))
}

// ending is a lease that is over, with what to tell.
type ending struct {
	lease    *Lease
	decision Decision
}

// end cuts: the gate closes now, onEnd follows outside the lock (tell).
func (n *node) end(l *Lease, d Decision, out []ending) []ending {
	if l.done {
		return out
	}
	n.drop(l)
	l.decision = d
	n.metrics.end(d.Reason)
	if l.pending { // Subscribe returns the denial itself
		return out
	}
	return append(out, ending{l, d})
}

// tell calls onEnd of ended leases; call without locks.
func tell(out []ending) {
	for _, e := range out {
		if e.lease.onEnd != nil {
			e.lease.onEnd(e.decision)
		}
	}
}

// afterwards says why somebody who was watching no longer does: he knows the
// object, so what is invisible to strangers has a name for him (ruling 6).
func afterwards(was, is Decision, f Facts) Decision {
	if !is.Invisible || f.Camera == nil || f.Owner == nil {
		return is
	}
	switch was.via {
	case viaGrant:
		is.Reason = ReasonRevoked
	case viaGroup:
		is.Reason = groupClosed(was.group, f)
	}
	return is
}

// groupClosed says why a camera is not seen through a group any more.
func groupClosed(group string, f Facts) Reason {
	if f.Account == nil || !slices.Contains(f.Account.Groups, group) {
		return ReasonNotMember
	}
	for _, g := range f.Groups { // those that the camera is in
		if g.Group == nil && f.Camera.InGroup(group) != nil {
			return ReasonGroupGone
		}
	}
	return ReasonRevoked
}

// hold lets an owner go on while the store is silent (ruling 11): his running
// viewing session may add his own cameras, on the last copies known here.
func (a *Authority) hold(l *Lease) (Decision, bool) {
	s, o := l.subject, l.object
	if s.Kind != AccountSubject || !s.sound() || !o.sound() {
		return Decision{}, false
	}
	v, known := a.onCopies(s, o, a.cache.get)
	if !known {
		return Decision{}, false
	}
	n := &a.node
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.mono()
	if l.done || n.lost != "" || n.ownerConfirmed.Load() <= now || !n.running(s) {
		return Decision{}, false
	}
	v.now = n.storeNow(now)
	v.revision = n.revision
	f := v.facts(s, o)
	d := Decide(s, l.action, o, f, v.now)
	if !d.Allowed || !d.Owner {
		return Decision{}, false
	}
	n.register(l, v.keys, f, v.revision, d)
	n.arm(l)
	l.pending = false
	return d, true
}

// running reports whether a subject's session holds another lease by ownership.
func (n *node) running(s Subject) bool {
	for l := range n.leases {
		if !l.pending && l.decision.Owner && l.subject.Session() == s.Session() {
			return true
		}
	}
	return false
}
