package authz

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
)

// TestAFeedThatForgotIsReadAnew: a node that was away longer than the feed
// reaches decides everything again before it confirms.
func TestAFeedThatForgotIsReadAnew(t *testing.T) {
	store, err := boltkv.Open(context.Background(), t.TempDir(), boltkv.Config{ChangesKept: 10, Timeout: patient})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	w := &wire{Store: store}
	far := newStand(t, w, func(c *Config) { c.Lease = time.Hour }).run() // a busy disk takes its time for what follows
	near := newStand(t, store).run()
	ann := near.person("Ann")
	cam := near.camera(ann.Subject, "Yard")
	cut, stay := near.shareLink(ann.Subject, "Cut", cam.ID), near.shareLink(ann.Subject, "Stay", cam.ID)
	g1, _, _ := near.guest(cut)
	g2, _, _ := near.guest(stay)
	e := newEnded()
	l1, l2 := far.subscribe(g1, cam.ID, e.tell), far.subscribe(g2, cam.ID, nil)
	w.down.Store(true)
	if _, err := near.RemoveLink(near.ctx(), ann.Subject, cut.Link.ID); err != nil {
		t.Fatal(err)
	}
	for i := range 50 { // the removal falls out of the feed
		if _, err := store.Commit(near.ctx(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control, Writes: []kv.Write{{Key: fmt.Sprint("x/", i)}}}); err != nil {
			t.Fatal(err)
		}
	}
	if dead(l1) {
		t.Fatal("cut without having heard of it")
	}
	w.down.Store(false)
	far.wantEndSoon(l1, e, ReasonLinkRemoved)
	if dead(l2) {
		t.Fatal("the other one ended too")
	}
	l2.Release()
}

func (s *stand) wantEndSoon(l *Lease, e ended, want Reason) {
	s.t.Helper()
	s.until("cut", func() bool { return dead(l) })
	s.wantEnd(l, e, want)
}
