package controlroom

import (
	"context"

	"sightline/ingest/intake"
)

// Noticed takes an image of a camera of which a notice is made now, where its
// owner asked for that (on_notice); a notice that is made again takes no second
// one. Whoever makes notices about what a camera saw calls it before the notice
// goes out. ok is false when nothing was asked for.
func (r *Room) Noticed(ctx context.Context, camera, cause string) (got intake.Receipt, ok bool, err error) {
	rec, _, err := r.readIntake(ctx, camera)
	if err != nil || rec == nil || !rec.OnNotice || !r.cameras.enabled(camera) || r.cameras.isStill(camera) {
		return intake.Receipt{}, false, err
	}
	got, err = r.takeStill(ctx, *rec, intake.ViaNotice, "notice/"+cause)
	return got, err == nil, err
}
