package archive

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/kv"
)

// followed is what the store says of a camera.
type followed struct {
	camera *authz.Camera // nil: there is none
	policy *Policy       // nil: nobody chose one
	set    bool          // the archive was told
	broken bool          // a record cannot be read: all stays as it is
}

const (
	followEvery = 500 * time.Millisecond
	followLimit = 1000
)

// Run follows the store until ctx ends: it tells the archive how cameras are
// recorded, takes turns with other nodes, and removes what belongs to nobody.
// Until the store answered for the first time nothing is recorded.
func (r *Recordings) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	if r.cfg.Archive != nil {
		wg.Go(func() { r.remove(ctx) })
		wg.Go(func() { r.tell(ctx) })
	}
	wg.Go(func() { r.turn.keep(ctx) })
	r.follow(ctx)
	return ctx.Err()
}

func (r *Recordings) follow(ctx context.Context) {
	hints := r.cfg.Store.Watch(ctx, kv.Control)
	after, epoch, loaded, failing := uint64(0), "", false, false
	for ctx.Err() == nil {
		for more := true; more && ctx.Err() == nil; {
			var err error
			if !loaded {
				after, epoch, err = r.load(ctx)
				loaded, more = err == nil, false
			} else {
				var ch kv.Changes
				ch, err = r.cfg.Store.Changes(ctx, after, followLimit)
				switch {
				case err != nil:
				case ch.Gone || ch.Epoch != epoch:
					loaded = false
				default:
					after, more = ch.Revision, ch.More
					r.changed(ctx, ch.Values)
					r.mu.Lock()
					r.revision = ch.Revision
					r.mu.Unlock()
				}
			}
			if failing = r.said(ctx, err, failing); err != nil {
				break
			}
		}
		wait := time.NewTimer(followEvery*3/4 + rand.N(followEvery/2))
		select {
		case _, open := <-hints:
			if !open {
				hints = nil
			}
		case <-wait.C:
		case <-r.look:
		case <-ctx.Done():
		}
		wait.Stop()
	}
}

func (r *Recordings) said(ctx context.Context, err error, failing bool) bool {
	switch {
	case err != nil && !failing && ctx.Err() == nil:
		r.log.Warn("the store does not answer; recording goes on as it is", "err", err)
	case err == nil && failing:
		r.log.Info("the store answers again; recording follows it")
	}
	return err != nil
}

// load reads all cameras and policies, and applies them.
func (r *Recordings) load(ctx context.Context) (revision uint64, epoch string, err error) {
	next := map[string]*followed{}
	prefixes := [2]string{authz.CameraPrefix, pRecording}
	var from [2]string
	var done [2]bool
	for !done[0] || !done[1] {
		scans := []kv.Scan{{Prefix: prefixes[0], From: from[0]}, {Prefix: prefixes[1], From: from[1]}}
		snap, err := r.cfg.Store.Read(ctx, kv.Control, nil, scans)
		if err != nil {
			return 0, "", err
		}
		if epoch == "" { // what changes while further pages are read is in Changes after the first
			revision, epoch = snap.Revision, snap.Epoch
		}
		for i, values := range snap.Scans {
			for _, v := range values {
				r.take(next, v)
			}
			if done[i] = len(values) < kv.MaxScan; !done[i] {
				from[i] = values[len(values)-1].Key + "\x00"
			}
		}
	}
	r.mu.Lock()
	was := r.byID
	r.byID = next
	for id, f := range was {
		if n := next[id]; n != nil {
			n.set = f.set
		} else if f.set {
			next[id] = &followed{set: true}
		}
	}
	r.mu.Unlock()
	for id := range next {
		r.apply(ctx, id)
	}
	r.sweep(ctx, epoch, revision)
	r.mu.Lock()
	r.loaded, r.epoch, r.revision = true, epoch, revision
	r.mu.Unlock()
	return revision, epoch, nil
}

// take notes what a record says.
func (r *Recordings) take(in map[string]*followed, v kv.Value) (id string, ok bool) {
	id, isCamera := strings.CutPrefix(v.Key, authz.CameraPrefix)
	isPolicy := false
	if !isCamera {
		id, isPolicy = strings.CutPrefix(v.Key, pRecording)
	}
	if !isCamera && !isPolicy || checkCamera(id) != nil {
		return "", false
	}
	f := in[id]
	if f == nil {
		f = &followed{}
		in[id] = f
	}
	f.broken = false
	switch {
	case isCamera && !v.Exists():
		f.camera = nil
	case isCamera:
		c, err := authz.DecodeCamera(v.Data)
		if err != nil {
			r.log.Error("a camera's record cannot be read; how it is recorded stays as it is", "camera", id, "err", err)
			f.broken = true
			break
		}
		f.camera = c
	case !v.Exists():
		f.policy = nil
	default:
		rec, err := decodePolicy(v.Data)
		if err != nil {
			r.log.Error("how a camera is recorded cannot be read and stays as it is", "camera", id, "err", err)
			f.broken = true
			break
		}
		f.policy = &rec.Policy
	}
	return id, true
}

// changed applies one batch of changed records.
func (r *Recordings) changed(ctx context.Context, values []kv.Value) {
	touched := map[string]bool{}
	for _, v := range values {
		r.mu.Lock()
		id, ok := r.take(r.byID, v)
		gone := ok && !v.Exists() && strings.HasPrefix(v.Key, authz.CameraPrefix)
		if gone && r.cfg.Archive != nil {
			r.gone[id] = true
		}
		r.mu.Unlock()
		if account, is := strings.CutPrefix(v.Key, authz.AccountPrefix); is && !v.Exists() {
			r.dropExports(account)
		}
		if ok {
			touched[id] = true
		}
		if gone {
			poke(r.wake)
		}
	}
	for id := range touched {
		r.apply(ctx, id)
	}
}

// applyAll applies everything again: the turn has changed.
func (r *Recordings) applyAll(ctx context.Context) {
	r.mu.Lock()
	var ids []string
	for id := range r.byID {
		ids = append(ids, id)
	}
	r.mu.Unlock()
	for _, id := range ids {
		r.apply(ctx, id)
	}
}

// apply tells the archive how a camera is recorded now. Of a camera that is gone
// the policy goes too: where it ended with its account nobody else knows of it.
func (r *Recordings) apply(ctx context.Context, id string) {
	r.mu.Lock()
	f := r.byID[id]
	if f == nil || f.broken {
		r.mu.Unlock()
		return
	}
	var p Policy
	leftover, drop := f.camera == nil && f.policy != nil, f.camera == nil && f.policy == nil
	if f.policy != nil && f.camera != nil {
		p = *f.policy
		if !f.camera.Enabled || f.camera.Kind != authz.CameraRTSP || !r.turn.mine.Load() {
			p.Mode = ModeOff // its limits still hold
		}
	}
	zone := time.UTC
	if f.camera != nil {
		if z, err := time.LoadLocation(f.camera.Zone); err == nil {
			zone = z
		}
	}
	tell := r.cfg.Archive != nil && (f.set || f.policy != nil && f.camera != nil)
	f.set = tell && f.camera != nil
	if drop {
		delete(r.byID, id)
	}
	r.mu.Unlock()
	if tell {
		if err := r.cfg.Archive.SetPolicy(id, p, zone); err != nil {
			r.log.Error("how a camera is recorded cannot be used", "camera", id, "err", err)
		}
	}
	if leftover {
		r.forget(ctx, id)
	}
}

// forget removes the policy of a camera that is gone, if it still is. Any node
// may do it, and repeat it.
func (r *Recordings) forget(ctx context.Context, id string) {
	snap, err := r.cfg.Store.Read(ctx, kv.Control, []string{authz.CameraPrefix + id, pRecording + id}, nil)
	if err != nil || snap.Values[0].Exists() || !snap.Values[1].Exists() {
		return // not gone, or the next time
	}
	_, err = r.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(r.cfg.Clock.Now()), Space: kv.Control,
		Conditions: []kv.Condition{{Key: pRecording + id, Version: snap.Values[1].Version}},
		Writes:     []kv.Write{{Key: pRecording + id, Delete: true}}})
	if err != nil && ctx.Err() == nil {
		r.log.Warn("the recording settings of a camera that is gone stay until the next start", "camera", id, "err", err)
	}
}

// sweep removes the footage of cameras that went while this server was down. On
// a disk that was written for another store it removes nothing: there, every
// camera would seem gone.
func (r *Recordings) sweep(ctx context.Context, epoch string, revision uint64) {
	a := r.cfg.Archive
	if a == nil || epoch == "" {
		return
	}
	ours := true // every disk is of this store
	defer func() { r.sweepExports(ctx, ours) }()
	for _, d := range a.disks {
		own, err := d.belongs(epoch, revision)
		ours = ours && own && err == nil
		if err != nil {
			r.log.Warn("a disk does not say which store its footage is of; nothing is removed from it", "disk", d.cfg.Path, "err", err)
			continue
		}
		if !own {
			r.log.Warn("footage of another store, or of a newer state of it, lies on a disk; what is of no camera here stays until its disk is full", "disk", d.cfg.Path)
			continue
		}
		cams, err := readDir(d.root, dirCams)
		if err != nil {
			continue // the disk's own alarm says so
		}
		r.mu.Lock()
		for _, c := range cams {
			id := c.Name()
			if f := r.byID[id]; checkCamera(id) == nil && (f == nil || f.camera == nil && !f.broken) && ctx.Err() == nil {
				r.gone[id] = true
			}
		}
		n := len(r.gone)
		r.mu.Unlock()
		if n > 0 {
			poke(r.wake)
		}
	}
}

// sweepExports removes exports of cameras and accounts that went while this server
// was down, where the disks say that this is their store.
func (r *Recordings) sweepExports(ctx context.Context, ours bool) {
	e := r.cfg.Archive.exports.Load()
	if e == nil || !ours {
		return
	}
	cameras, accounts := e.owners()
	for id := range cameras {
		r.mu.Lock()
		f := r.byID[id]
		r.mu.Unlock()
		if f == nil || f.camera == nil && !f.broken {
			e.DropCamera(id)
		}
	}
	for id := range accounts {
		snap, err := r.cfg.Store.Read(ctx, kv.Control, []string{authz.AccountPrefix + id}, nil)
		if err == nil && !snap.Values[0].Exists() {
			e.DropAccount(id)
		}
	}
}

// dropExports removes those of an account that is gone.
func (r *Recordings) dropExports(account string) {
	if r.cfg.Archive == nil {
		return
	}
	if e := r.cfg.Archive.exports.Load(); e != nil {
		e.DropAccount(account)
	}
}
