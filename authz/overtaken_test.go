package authz

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"sightline/internal/kv"
)

// overtaken is a store that answers one read of the loop late: when a read of a
// change is on its way and the line is cut.
type overtaken struct {
	*wire
	key   string // in the loop's read
	armed atomic.Bool
	taken chan struct{} // the loop's answer is made
	given chan struct{} // the loop has it: closed by give
	give  func()
	asked chan struct{} // the loop has done with it and asks for changes again
}

func (o *overtaken) Read(ctx context.Context, sp kv.Space, keys []string, scans []kv.Scan) (kv.Snapshot, error) {
	if ctx.Value(ofTest{}) == nil && slices.Contains(keys, o.key) && o.armed.CompareAndSwap(true, false) {
		snap, err := o.wire.Read(ctx, sp, keys, scans)
		close(o.taken)
		<-o.given
		return snap, err
	}
	if ctx.Value(ofTest{}) != nil && o.down.Load() {
		o.give()
		<-o.asked
		return kv.Snapshot{}, kv.Unavailable(fmt.Errorf("the line is cut"))
	}
	return o.wire.Read(ctx, sp, keys, scans)
}

func (o *overtaken) Changes(ctx context.Context, after uint64, limit int) (kv.Changes, error) {
	if o.down.Load() {
		select {
		case o.asked <- struct{}{}:
		default:
		}
	}
	return o.wire.Changes(ctx, after, limit)
}

// TestF11_AnOldReadDoesNotSpareWhomAChangeCuts: the loop decides a subscription on
// what it read before a change of this node, while that change is being cut and the
// store falls silent. Who is cut by the change is, before it is acknowledged.
func TestF11_AnOldReadDoesNotSpareWhomAChangeCuts(t *testing.T) {
	base := openBolt(t, t.TempDir())
	store := &overtaken{wire: &wire{Store: base}, taken: make(chan struct{}), given: make(chan struct{}), asked: make(chan struct{}, 1)}
	store.give = sync.OnceFunc(func() { close(store.given) })
	other := newStand(t, base)
	ann := other.person("Ann")
	other.index()
	s := newStand(t, store).run()
	t.Cleanup(store.give) // before the loop is to end
	cam := other.camera(ann.Subject, "Yard")
	link := other.shareLink(ann.Subject, "Gate", cam.ID)
	guest, _, _ := other.guest(link)
	e := newEnded()
	l := s.subscribe(guest, cam.ID, e.tell)
	s.until("up to date", func() bool { _, revision, _ := s.node.expect(); return revision >= other.revision() })

	store.key = keyLink(link.Link.ID)
	store.armed.Store(true)
	if _, err := other.UpdateLink(other.ctx(), ann.Subject, link.Link.ID, LinkPatch{Note: new("Ring twice")}); err != nil {
		t.Fatal(err)
	}
	<-store.taken
	store.last.Store(true)
	if _, err := s.PauseLink(s.ctx(), ann.Subject, link.Link.ID); err != nil {
		t.Fatal(err)
	}
	s.wantEnd(l, e, ReasonLinkPaused)
}
