package authz

import (
	"context"

	"sightline/internal/event"
)

// NoteExport writes into the owner's log that the subject takes footage of a
// camera away, and lets only somebody do so who may now. what is pairs of names
// and values: from, to, how.
func (a *Authority) NoteExport(ctx context.Context, s Subject, camera, address string, what ...string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Camera: camera}
		v, f, err := a.require(ctx, s, ActDownload, o)
		if err != nil {
			return err
		}
		d.bind(v, s, o)
		d.audit(s, "camera.download", f.Camera.Owner, camera, onCamera(camera), detail(what...), func(row *event.Audit) { row.Address = address })
		return nil
	})
	return err
}
