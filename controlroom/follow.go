package controlroom

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
	"sightline/internal/kv"
)

const (
	followPoll  = 500 * time.Millisecond
	followLimit = 1000
)

// follow reads what changed in the store, on hints and every 500 ms, and hands it
// to the cameras, the sockets and the viewing sessions. It ends with ctx.
func (r *Room) follow(ctx context.Context, after uint64, epoch string) {
	hints := r.cfg.Store.Watch(ctx, kv.Control)
	heard, failing := clock.Mono(), false
	for {
		wait := time.NewTimer(followPoll*3/4 + rand.N(followPoll/2))
		select {
		case _, open := <-hints:
			if !open {
				hints = nil
			}
		case <-wait.C:
		case <-r.nudge:
		case <-ctx.Done():
			wait.Stop()
			return
		}
		wait.Stop()
		for more := true; more && ctx.Err() == nil; {
			ch, err := r.cfg.Store.Changes(ctx, after, followLimit)
			if err == nil && (ch.Gone || ch.Epoch != epoch) {
				after, epoch, err = r.load(ctx)
				if err == nil {
					r.changedAll()
				}
				more = false
			} else if err == nil {
				after, more = ch.Revision, ch.More
				r.changed(ctx, ch.Values)
			}
			if err != nil {
				if !failing && ctx.Err() == nil {
					r.deps.log.Warn("the store does not answer; cameras are followed again when it does", "err", err)
				}
				failing = true
				break
			}
			if failing {
				failing = false
				r.deps.log.Info("the store answers again")
				r.changedAll() // tiles and sockets that could not be decided
			}
			heard = clock.Mono()
		}
		r.deps.metrics.follow.Set(time.Duration(clock.Mono() - heard).Seconds())
	}
}

// changed applies one batch of changed records.
func (r *Room) changed(ctx context.Context, values []kv.Value) {
	if len(values) == 0 {
		return
	}
	var touched []string
	for _, v := range values {
		switch {
		case strings.HasPrefix(v.Key, authz.CameraPrefix):
			id := strings.TrimPrefix(v.Key, authz.CameraPrefix)
			r.cameras.setCamera(id, v)
			touched = append(touched, id)
			if !v.Exists() {
				r.forgetIntake(ctx, id)
			}
		case strings.HasPrefix(v.Key, sourcePrefix):
			id := strings.TrimPrefix(v.Key, sourcePrefix)
			r.cameras.setSource(id, v)
			touched = append(touched, id)
		case strings.HasPrefix(v.Key, authz.LinkPrefix) && v.Exists():
			r.linkMoved(strings.TrimPrefix(v.Key, authz.LinkPrefix))
		case strings.HasPrefix(v.Key, authz.AccountPrefix) && !v.Exists():
			r.forgetAccount(ctx, strings.TrimPrefix(v.Key, authz.AccountPrefix))
		}
	}
	for _, id := range touched {
		if r.cameras.apply(id) {
			r.forgetSource(ctx, id)
		}
	}
	m := mentioned(slices.DeleteFunc(slices.Clone(values), aboutUse))
	use := mentioned(slices.DeleteFunc(slices.Clone(values), func(v kv.Value) bool { return !aboutUse(v) }))
	for _, s := range r.sockets.list() {
		s.note(m)
		if s.subject.Kind != authz.GuestSubject {
			s.note(use)
		}
	}
	for _, s := range r.sessions.all() {
		if s.concerns(m, r.cameras) {
			s.change(func() { s.recheck = true })
		}
	}
}

// aboutUse reports whether a record tells what guests have used: of interest to
// the link's owner only.
func aboutUse(v kv.Value) bool { return strings.HasPrefix(v.Key, authz.LinkUsePrefix) }

// linkUses are those records of an account's links.
func (r *Room) linkUses(ctx context.Context, links []authz.LinkView) ([]kv.Value, error) {
	var keys []string
	for _, l := range links {
		if l.Link.Kind == authz.LinkShare {
			keys = append(keys, authz.LinkUsePrefix+l.Link.ID)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	snap, err := r.cfg.Store.Read(ctx, kv.Control, keys, nil)
	if err != nil {
		return nil, err
	}
	return snap.Values, nil
}

// changedAll makes everybody look again, when it is not known what changed.
func (r *Room) changedAll() {
	for _, s := range r.sockets.list() {
		s.poke()
	}
	for _, s := range r.sessions.all() {
		s.change(func() { s.recheck = true })
	}
}

// concerns reports whether a change may move a decision of this session.
func (s *session) concerns(m interest, c *cameras) bool {
	for _, id := range []string{s.subject.Account, s.subject.Login, s.subject.Token, s.subject.Link, s.subject.Visit} {
		if id != "" && m[id] {
			return true
		}
	}
	for id := range *s.cameras.Load() {
		if m[id] || m[c.owner(id)] {
			return true
		}
	}
	s.mu.Lock()
	sock := s.socket
	s.mu.Unlock()
	return sock != nil && sock.minds(m)
}

// minds reports whether one of the ids is among those the socket tells of.
func (s *Socket) minds(m interest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.about.meets(m)
}

// load reads all cameras and their sources, in one read, and makes the fleet be them.
func (r *Room) load(ctx context.Context) (revision uint64, epoch string, err error) {
	next := map[string]*camera{}
	from := [2]string{}
	done := [2]bool{}
	for !done[0] || !done[1] {
		scans := []kv.Scan{{Prefix: authz.CameraPrefix, From: from[0]}, {Prefix: sourcePrefix, From: from[1]}}
		snap, err := r.cfg.Store.Read(ctx, kv.Control, nil, scans)
		if err != nil {
			return 0, "", err
		}
		if revision == 0 {
			// What changes while further pages are read is in Changes after the first.
			revision, epoch = snap.Revision, snap.Epoch
		}
		for i, values := range snap.Scans {
			for _, v := range values {
				id := strings.TrimPrefix(v.Key, scans[i].Prefix)
				c := next[id]
				if c == nil {
					c = &camera{}
					next[id] = c
				}
				if i == 0 {
					c.setRecord(v, r.deps.log)
				} else {
					c.setSource(v, r.deps.log)
				}
			}
			if done[i] = len(values) < kv.MaxScan; !done[i] {
				from[i] = values[len(values)-1].Key + "\x00"
			}
		}
	}
	for _, id := range r.cameras.replace(next) {
		r.sweepSource(ctx, id)
	}
	return revision, epoch, nil
}

// forgetSource removes the source of a camera that is gone: where the camera ended
// with its account nobody else knows of it. Any node may do it, and repeat it.
func (r *Room) forgetSource(ctx context.Context, id string) {
	r.forget(ctx, []kv.Write{{Key: sourceKey(id), Delete: true}})
}

// forgetAccount removes the views of a closed account.
func (r *Room) forgetAccount(ctx context.Context, id string) {
	if !authz.ValidID(id) {
		return
	}
	snap, err := r.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: viewPrefix(id), Limit: kv.MaxWrites}})
	if err != nil {
		r.deps.log.Warn("views of a closed account stay", "err", err)
		return
	}
	var writes []kv.Write
	for _, v := range snap.Scans[0] {
		writes = append(writes, kv.Write{Key: v.Key, Delete: true})
	}
	r.forget(ctx, writes)
}

func (r *Room) forget(ctx context.Context, writes []kv.Write) {
	if len(writes) == 0 {
		return
	}
	_, err := r.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(r.deps.clock.Now()), Space: kv.Control, Writes: writes})
	if err != nil && ctx.Err() == nil {
		r.deps.log.Warn("leftovers could not be removed", "err", err)
	}
}
