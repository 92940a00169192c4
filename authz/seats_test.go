package authz

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

// late is a store that lets one commit wait until its time is over.
type late struct {
	kv.Store
	next atomic.Bool
}

func (l *late) Commit(ctx context.Context, txn kv.Txn) (kv.Commit, error) {
	if l.next.CompareAndSwap(true, false) {
		<-ctx.Done()
		return kv.Commit{}, kv.Unknown(ctx.Err())
	}
	return l.Store.Commit(ctx, txn)
}

// R41: a disk that is late once turns no viewer away.
func TestR41_ASeatWaitsForALateDisk(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		store := &late{Store: openBolt(t, dir)}
		s := newStand(t, store, func(c *Config) { c.Mono = func() int64 { return int64(time.Second) } })
		ann := s.person("Ann")
		link, err := s.CreateLink(s.ctx(), ann.Subject, NewLink{Kind: LinkShare, Name: "Gate", RiskAcknowledged: true, MaxViewers: 1,
			Cameras: []string{s.camera(ann.Subject, "Yard").ID}})
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := s.guest(link)
		second, _, _ := s.guest(link)
		store.next.Store(true)
		if err := s.TakeSeat(s.ctx(), first); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.TakeSeat(s.ctx(), second), fault.Conflict, string(ReasonTooManyViewers))
	})
}
