package events

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
)

const (
	keepEvery  = time.Hour
	countEvery = 6 // rounds of keepEvery between two counts of a quiet camera
	page       = 1000
)

// keep removes old events, those beyond the number a camera may have, and those
// of cameras that are gone.
func (e *Events) keep(ctx context.Context) {
	for round := 0; ; round++ {
		if err := e.tidy(ctx, round%countEvery == 0); err != nil && ctx.Err() == nil {
			e.cfg.Log.Warn("old events stay until the next time", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(keepEvery*3/4 + rand.N(keepEvery/2)):
		}
	}
}

// tidy goes over all cameras; count says to count everybody's events.
func (e *Events) tidy(ctx context.Context, count bool) error {
	from := ""
	for {
		snap, err := e.read(ctx, nil, kv.Scan{Prefix: pEvent, From: from, Limit: 1})
		if err != nil || len(snap.Scans[0]) == 0 {
			return err
		}
		camera, _ := cut(snap.Scans[0][0].Key, pEvent)
		from = pEvent + camera + "0" // behind everything of it: '0' follows '/'
		there, err := e.exists(ctx, camera)
		if err == nil && !there {
			err = e.Forget(ctx, camera)
		} else if err == nil {
			err = e.trim(ctx, camera, count)
		}
		if err != nil {
			return err
		}
	}
}

func (e *Events) exists(ctx context.Context, camera string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	snap, err := e.cfg.Store.Read(ctx, kv.Control, []string{authz.CameraPrefix + camera}, nil)
	if err != nil {
		return false, away(err)
	}
	if snap.Epoch == "" || e.cfg.Authority != nil && e.cfg.Authority.Ready() != nil {
		return false, errors.New("events: the store of cameras is not known to be whole")
	}
	return snap.Values[0].Exists(), nil
}

// trim removes a camera's events that are too old or too many.
func (e *Events) trim(ctx context.Context, camera string, count bool) error {
	if _, err := e.prune(ctx, camera, func(id string, _ int) bool { return id < firstID(e.now().Add(-e.cfg.Keep)) }); err != nil {
		return err
	}
	e.mu.Lock()
	grown := e.grown[camera]
	e.mu.Unlock()
	if !count && grown < e.cfg.Most/10 {
		return nil
	}
	n, from, prefix := 0, "", eventKey(camera, "")
	for {
		snap, err := e.read(ctx, nil, kv.Scan{Prefix: prefix, From: from, Limit: kv.MaxScan})
		if err != nil {
			return err
		}
		got := len(snap.Scans[0])
		n += got
		if got < kv.MaxScan {
			break
		}
		from = snap.Scans[0][got-1].Key + "\x00"
	}
	e.mu.Lock()
	delete(e.grown, camera)
	e.mu.Unlock()
	over := n - e.cfg.Most
	_, err := e.prune(ctx, camera, func(_ string, i int) bool { return i < over })
	return err
}

// prune removes a camera's events from the oldest on, as long as goes says so.
func (e *Events) prune(ctx context.Context, camera string, goes func(id string, i int) bool) (removed int, err error) {
	prefix := eventKey(camera, "")
	for size := 1; ; size = page { // mostly there is nothing to do
		snap, err := e.read(ctx, nil, kv.Scan{Prefix: prefix, Limit: size})
		if err != nil {
			return removed, err
		}
		var writes []kv.Write
		for _, v := range snap.Scans[0] {
			if !goes(v.Key[len(prefix):], removed+len(writes)) {
				break
			}
			writes = append(writes, kv.Write{Key: v.Key, Delete: true})
		}
		if len(writes) == 0 {
			return removed, nil
		}
		if err := e.commit(ctx, nil, writes); err != nil {
			return removed, err
		}
		removed += len(writes)
		e.metrics.removed.Add(float64(len(writes)))
	}
}

// Forget removes all events of a camera: it, or its owner, is gone.
func (e *Events) Forget(ctx context.Context, camera string) error {
	if !authz.ValidID(camera) {
		return nil
	}
	writes := []kv.Write{{Key: pState + camera, Delete: true}}
	for _, kind := range kinds {
		writes = append(writes, kv.Write{Key: place{camera, kind}.open(), Delete: true})
	}
	if err := e.commit(ctx, nil, writes); err != nil {
		return err
	}
	e.mu.Lock()
	for p := range e.running {
		if p.camera == camera {
			delete(e.running, p)
		}
	}
	delete(e.grown, camera)
	e.mu.Unlock()
	_, err := e.prune(ctx, camera, func(string, int) bool { return true })
	return err
}

// heard removes what is kept of a camera that was removed, and of those that
// went with their owner's account.
func (e *Events) heard(ctx context.Context, en event.Entry) error {
	switch ev := en.Event.(type) {
	case event.CameraChanged:
		if !ev.Removed {
			return nil
		}
		if err := e.Forget(ctx, ev.Camera); err != nil {
			return err
		}
		return e.forgetSettings(ctx, ev.Camera)
	case event.AccountChanged:
		if !authz.ValidID(ev.Account) {
			return nil
		}
		snap, err := e.cfg.Store.Read(ctx, kv.Control, []string{authz.AccountPrefix + ev.Account}, nil)
		if err != nil || snap.Values[0].Exists() {
			return err
		}
		if err := e.sweepSettings(ctx); err != nil {
			return err
		}
		return e.tidy(ctx, false)
	}
	return nil
}
