package controlroom

import (
	"context"

	"sightline/internal/event"
	"sightline/internal/kv"
)

// Arrived is told of a new image of a camera, and says so to those who may be told
// where the camera's owner wants that: the event leads to a notice.
func (r *Room) Arrived(ctx context.Context, camera, image string) error {
	rec, _, err := r.readIntake(ctx, camera)
	if err != nil || rec == nil || !rec.Tell {
		return err
	}
	now := r.deps.clock.Now()
	_, err = r.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(now), Space: event.CameraEvents, Writes: []kv.Write{
		event.WriteAs("still/"+image, event.CameraEvent{ID: image, Camera: camera, Kind: "still", Source: "server", At: now.UnixMilli()})}})
	return err
}
