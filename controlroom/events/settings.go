package events

import (
	"context"
	"strings"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Records in the control space: who may report, and what is watched, is
// authority's business.
const (
	pHook   = "hook/"   // + camera: hook
	pMotion = "motion/" // + camera: watching
)

// stored are the records of settings.
type stored interface{ hook | watching }

// setting reads a camera's record; ok is false when it has none.
func setting[T stored](ctx context.Context, e *Events, key string) (out T, v kv.Value, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
	defer cancel()
	snap, err := e.cfg.Store.Read(ctx, kv.Control, []string{key}, nil)
	if err != nil {
		return out, v, false, away(err)
	}
	out, ok = decode[T](snap.Values[0])
	return out, snap.Values[0], ok, nil
}

// manage decides that the subject may set up a camera; everybody else gets the
// decision's error.
func (e *Events) manage(ctx context.Context, sub authz.Subject, camera string) error {
	if e.cfg.Authority == nil {
		return fault.New(fault.NotFound, fault.CodeNotFound, "There is no such thing here.")
	}
	d, err := e.cfg.Authority.Check(ctx, sub, authz.ActManage, authz.Object{Camera: camera})
	if err != nil {
		return err
	}
	return d.Fault()
}

// set writes a camera's record in place of what fn is given. A record of
// another version is overwritten.
func set[T stored](ctx context.Context, e *Events, sub authz.Subject, camera, key, what string, more []string, fn func(owner string, was *T) (*T, error)) error {
	if err := e.manage(ctx, sub, camera); err != nil {
		return err
	}
	return e.cfg.Authority.WriteForCameraAs(ctx, sub, camera, what, more, func(ctx context.Context, owner string) ([]kv.Condition, []kv.Write, error) {
		was, v, ok, err := setting[T](ctx, e, key)
		if err != nil {
			return nil, nil, err
		}
		old := &was
		if !ok {
			old = nil
		}
		next, err := fn(owner, old)
		if err != nil {
			return nil, nil, err
		}
		w := kv.Write{Key: key, Delete: true}
		if next != nil {
			w = kv.Write{Key: key, Data: encode(next)}
		}
		return []kv.Condition{{Key: key, Version: v.Version}}, []kv.Write{w}, nil
	})
}

// forgetSettings removes the records of a camera that is gone.
func (e *Events) forgetSettings(ctx context.Context, camera string) error {
	if !authz.ValidID(camera) {
		return nil
	}
	_, err := e.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(e.now()), Space: kv.Control,
		Writes: []kv.Write{{Key: pHook + camera, Delete: true}, {Key: pMotion + camera, Delete: true}}})
	return err
}

// sweepSettings removes the records of all cameras that are gone.
func (e *Events) sweepSettings(ctx context.Context) error {
	for _, prefix := range []string{pHook, pMotion} {
		from := ""
		for {
			snap, err := e.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: prefix, From: from, Limit: page}})
			if err != nil {
				return err
			}
			for _, v := range snap.Scans[0] {
				camera := strings.TrimPrefix(v.Key, prefix)
				there, err := e.exists(ctx, camera)
				if err == nil && !there {
					err = e.forgetSettings(ctx, camera)
				}
				if err != nil {
					return err
				}
			}
			if len(snap.Scans[0]) < page {
				break
			}
			from = snap.Scans[0][page-1].Key + "\x00"
		}
	}
	return nil
}
