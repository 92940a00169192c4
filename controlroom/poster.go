package controlroom

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
)

// Poster is a still of a camera for somebody who may watch it live now; who may
// not gets the decision's error, and what is hidden looks like what is not there.
func (r *Room) Poster(ctx context.Context, sub authz.Subject, camera string) (Still, error) {
	if err := r.mayWatch(ctx, sub, camera); err != nil {
		return Still{}, err
	}
	began := clock.Mono()
	s, err := r.cutter.Cut(ctx, camera, StillPoster)
	if err != nil {
		return Still{}, err
	}
	if clock.Mono()-began > int64(decidedFor) { // the right may have ended meanwhile
		if err := r.mayWatch(ctx, sub, camera); err != nil {
			return Still{}, err
		}
	}
	return s, nil
}

// decidedFor is how long a decision holds for one answer without being asked again.
const decidedFor = 250 * time.Millisecond

func (r *Room) mayWatch(ctx context.Context, sub authz.Subject, camera string) error {
	d, err := r.cfg.Authority.Check(ctx, sub, authz.ActLive, authz.Object{Camera: camera})
	if err != nil {
		return err
	}
	return d.Fault()
}

// Stills is the cutter of this node.
func (r *Room) Stills() *Cutter { return r.cutter }
