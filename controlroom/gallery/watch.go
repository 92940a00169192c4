package gallery

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"sightline/authz"
	"sightline/internal/kv"
)

// Mark differs whenever images of an account came or went; for telling its open
// pages to look again.
func (g *Gallery) Mark(ctx context.Context, account string) (string, error) {
	snap, err := g.read(ctx, account, []string{kSums})
	if err != nil {
		return "", err
	}
	return strconv.FormatUint(snap.Values[0].Version, 16), nil
}

// Newest is the newest image of an own camera of owner; for guests, while it is
// not too old (R67). "" when there is none.
func (g *Gallery) Newest(ctx context.Context, owner, camera string, guest bool) (id string, at time.Time, err error) {
	id, r, err := g.newest(ctx, owner, camera)
	if err != nil || r == nil || guest && !g.shown(*r, g.cfg.Clock.Now()) {
		return "", time.Time{}, err
	}
	return id, guestImage(id, *r).Taken, nil
}

// Latest is that image for somebody who may watch the camera, with nothing but
// its picture; fault.NotFound when there is none. For a guest it has to be among
// the newest of all cameras of the link too (R66).
func (g *Gallery) Latest(ctx context.Context, s authz.Subject, owner, camera string, among []string) (jpeg []byte, at time.Time, err error) {
	id, r, err := g.newest(ctx, owner, camera)
	if err != nil {
		return nil, time.Time{}, err
	}
	if r == nil {
		return nil, time.Time{}, errNoImage()
	}
	if s.Kind == authz.GuestSubject {
		may := slices.Contains(among, camera) && g.shown(*r, g.cfg.Clock.Now())
		if may {
			may, err = g.within(ctx, s.Link, owner, among, id)
		}
		if err != nil || !may {
			return nil, time.Time{}, cmp.Or(err, errNoImage())
		}
	}
	jpeg, err = g.bare(ctx, *r)
	return jpeg, guestImage(id, *r).Taken, err
}

func (g *Gallery) newest(ctx context.Context, owner, camera string) (string, *row, error) {
	if !authz.ValidID(owner) || !authz.ValidID(camera) {
		return "", nil, nil
	}
	ids, err := g.ids(ctx, owner, kv.Scan{Prefix: pByCamera + camera + "/", Reverse: true, Limit: 1})
	if err != nil || len(ids) == 0 {
		return "", nil, err
	}
	r, err := g.row(ctx, owner, ids[0])
	return ids[0], r, err
}
