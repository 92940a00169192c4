package controlroom

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
)

// Poster is a still of a camera for somebody who may watch it live now, or the
// newest image of a still camera; among are the cameras of a guest's link. Who may
// not watch gets the decision's error, and what is hidden looks like what is not there.
func (r *Room) Poster(ctx context.Context, sub authz.Subject, c Client, camera string, among ...string) (Still, error) {
	if err := r.mayWatch(ctx, sub, camera); err != nil {
		return Still{}, err
	}
	began := clock.Mono()
	size := StillPoster
	if reason, _ := r.Throttle(ctx, sub, c); reason != "" {
		size = StillSlow
	}
	s, err := r.poster(ctx, sub, camera, among, size)
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

func (r *Room) poster(ctx context.Context, sub authz.Subject, camera string, among []string, size StillSize) (Still, error) {
	if r.cameras.isStill(camera) {
		return r.stillPoster(ctx, sub, camera, among)
	}
	return r.cutter.Cut(ctx, camera, size)
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
