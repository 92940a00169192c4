package authz

import (
	"context"
	"sync/atomic"
	"testing"

	"sightline/internal/kv"
)

// failing is a store whose feed once answers as after a failover.
type failing struct {
	kv.Store
	undo atomic.Bool // the newest commit is undone
	lose atomic.Bool // the same, though it was acknowledged
	told atomic.Bool // and the answer has been worked through: the feed is asked again
	gave atomic.Bool
}

func (f *failing) Changes(ctx context.Context, after uint64, limit int) (kv.Changes, error) {
	if f.gave.CompareAndSwap(true, false) {
		f.told.Store(true)
	}
	ch, err := f.Store.Changes(ctx, after, limit)
	if err == nil && len(ch.Values) == 0 {
		switch {
		case f.undo.CompareAndSwap(true, false):
			ch.Gone, ch.Revision, ch.Safe = true, after-1, after-1
			f.gave.Store(true)
		case f.lose.CompareAndSwap(true, false):
			ch.Revision, ch.Safe = after-1, after
		}
	}
	return ch, err
}

// F11: what a failover takes back that nobody acknowledged is read anew, and
// what runs goes on; what was acknowledged and is missing is an outage.
func TestF11_UndoneIsNotLost(t *testing.T) {
	base := openBolt(t, t.TempDir())
	store := &failing{Store: base}
	other := newStand(t, base) // commits are made elsewhere: this node only saw them
	ann := other.person("Ann")
	cam := other.camera(ann.Subject, "Yard")
	other.index()
	s := newStand(t, store).run()
	lease, d, err := s.Subscribe(s.ctx(), ann.Subject, cam.ID, ActLive, nil)
	if err != nil || !d.Allowed {
		t.Fatalf("%+v %v", d, err)
	}
	defer lease.Release()
	for i := range 3 {
		other.camera(ann.Subject, "More")
		snap, err := base.Read(s.ctx(), kv.Control, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		current := func() bool { _, now, lost := s.node.expect(); return now == snap.Revision || lost != "" }
		s.until("told", current)
		store.told.Store(false)
		store.undo.Store(true)
		s.until("undone", store.told.Load)
		s.until("read anew", current)
		if _, _, lost := s.node.expect(); lost != "" {
			t.Fatalf("round %d: %s", i, lost)
		}
		s.until("ready", func() bool { return s.Ready() == nil }) // on a busy machine it may not have been heard of for 2 s
		if got := lease.Decision(); !got.Allowed || lease.ValidUntil() == 0 {
			t.Fatalf("round %d: the stream ended: %+v", i, got)
		}
	}
	store.lose.Store(true)
	s.until("an outage", func() bool { _, _, lost := s.node.expect(); return lost != "" })
	if s.Ready() == nil {
		t.Error("ready though something acknowledged is missing")
	}
}
