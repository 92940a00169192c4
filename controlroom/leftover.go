package controlroom

import (
	"context"

	"sightline/authz"
	"sightline/internal/kv"
)

// sweepIntake removes how images of a camera come in when the camera went while
// nobody followed the store. The book of cameras may be behind: the store is asked.
func (r *Room) sweepIntake(ctx context.Context, v kv.Value, rec intakeRecord) {
	if r.cameras.owner(rec.Camera) != "" {
		return
	}
	r.sweepLeft(ctx, rec.Camera, v.Key, rec.remove())
}

// sweepSource removes the source of a camera that went while nobody followed the
// store: with its owner's account nobody else knows of it.
func (r *Room) sweepSource(ctx context.Context, camera string) {
	r.sweepLeft(ctx, camera, sourceKey(camera), []kv.Write{{Key: sourceKey(camera), Delete: true}})
}

// sweepLeft removes what is left of a camera, if it is gone and key is as it was
// when that was known.
func (r *Room) sweepLeft(ctx context.Context, camera, key string, writes []kv.Write) {
	snap, err := r.cfg.Store.Read(ctx, kv.Control, []string{authz.CameraPrefix + camera, key}, nil)
	if err != nil || snap.Values[0].Exists() || !snap.Values[1].Exists() {
		return // not gone, or the next time
	}
	_, err = r.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(r.cfg.Clock.Now()), Space: kv.Control,
		Conditions: []kv.Condition{{Key: key, Version: snap.Values[1].Version}}, Writes: writes})
	if err != nil && ctx.Err() == nil {
		r.deps.log.Warn("what is left of a camera stays until the next time", "camera", camera, "err", err)
	}
}
