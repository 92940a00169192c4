package gallery

import (
	"context"
	"slices"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// GuestImage is all that a guest of a share link is told of an image (R69).
type GuestImage struct {
	ID     string
	Camera string
	Taken  time.Time // when it was taken, else received
	Width  int
	Height int
}

// cutoff remembers for a moment which images of a link a guest may see.
type cutoff struct {
	at      int64 // of the node's clock, Unix ns
	cameras string
	ids     map[string]bool
}

// cutoffLife is how long a list of a link is used for single images: so long an
// image may be seen after newer ones pushed it out.
const cutoffLife = time.Second

// Guest lists what a guest of a share link may see of its cameras' images now,
// newest first: at most Config.GuestMost, none older than Config.GuestAge (R66,
// R67). cameras are the link's, owner its owner; the caller has decided that the
// guest may be here.
func (g *Gallery) Guest(ctx context.Context, owner string, cameras []string) ([]GuestImage, error) {
	now := g.cfg.Clock.Now()
	oldest := firstID(now.Add(-g.cfg.GuestAge))
	scans := make([]kv.Scan, 0, len(cameras))
	for _, c := range cameras {
		if authz.ValidID(c) {
			scans = append(scans, kv.Scan{Prefix: pByCamera + c + "/", Reverse: true, Limit: min(g.cfg.GuestMost, kv.MaxScan)})
		}
	}
	if len(scans) == 0 {
		return []GuestImage{}, nil
	}
	snap, err := g.read(ctx, owner, nil, scans...)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i, found := range snap.Scans {
		for _, v := range found {
			id := strings.TrimPrefix(v.Key, scans[i].Prefix)
			if id < oldest {
				break
			}
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	ids = ids[:min(len(ids), g.cfg.GuestMost)]
	rows, err := g.rowsOf(ctx, owner, ids)
	if err != nil {
		return nil, err
	}
	out := make([]GuestImage, 0, len(ids))
	for i, r := range rows {
		if r != nil && g.shown(*r, now) {
			out = append(out, guestImage(ids[i], *r))
		}
	}
	return out, nil
}

// shown: an own image of the owner, and neither taken nor received too long ago.
// What the owner received from others is not his to pass on (Q30).
func (g *Gallery) shown(r row, now time.Time) bool {
	limit := now.Add(-g.cfg.GuestAge).UnixMilli()
	return r.Sender == "" && r.At >= limit && (r.Taken == 0 || r.Taken >= limit)
}

func guestImage(id string, r row) GuestImage {
	i := GuestImage{ID: id, Camera: r.Camera, Taken: time.UnixMilli(r.At).UTC(), Width: r.W, Height: r.H}
	if r.Taken != 0 {
		i.Taken = time.UnixMilli(r.Taken).UTC()
	}
	if r.Details.Orientation >= 5 {
		i.Width, i.Height = i.Height, i.Width
	}
	return i
}

// GuestBytes returns one image for a guest, with nothing but its picture, or its
// thumbnail. It is decided anew: the guest's visit, the link's cameras, the age
// and the number (R67). What he may not see is the same fault.NotFound as none.
func (g *Gallery) GuestBytes(ctx context.Context, s authz.Subject, owner string, cameras []string, id string, thumbnail bool) ([]byte, error) {
	if !authz.ValidID(id) {
		return nil, errNoImage()
	}
	r, err := g.row(ctx, owner, id)
	if err != nil {
		return nil, err
	}
	if r == nil || !slices.Contains(cameras, r.Camera) || !g.shown(*r, g.cfg.Clock.Now()) {
		return nil, errNoImage()
	}
	d, err := g.cfg.Authority.Check(ctx, s, authz.ActImages, authz.Object{Camera: r.Camera})
	if err != nil {
		return nil, err
	}
	if !d.Allowed && d.Invisible {
		return nil, errNoImage()
	}
	if err := d.Fault(); err != nil {
		return nil, err
	}
	within, err := g.within(ctx, s.Link, owner, cameras, id)
	if err != nil {
		return nil, err
	}
	if !within {
		return nil, errNoImage()
	}
	data, err := g.guestRendition(ctx, *r, thumbnail)
	if fault.Is(err, fault.NotFound) {
		return nil, errNoImage()
	}
	return data, err
}

func (g *Gallery) guestRendition(ctx context.Context, r row, thumbnail bool) ([]byte, error) {
	if thumbnail {
		return g.thumbnail(ctx, r.Hash)
	}
	return g.bare(ctx, r)
}

// within says whether an image is among the newest a guest may see. The list is
// made at most once in cutoffLife for a link.
func (g *Gallery) within(ctx context.Context, link, owner string, cameras []string, id string) (bool, error) {
	now, names := g.cfg.Clock.Now().UnixNano(), strings.Join(cameras, " ")
	g.mu.Lock()
	c, ok := g.cutoffs[link]
	g.mu.Unlock()
	if ok && c.cameras == names && now-c.at < int64(cutoffLife) && c.ids[id] {
		return true, nil
	}
	list, err := g.Guest(ctx, owner, cameras)
	if err != nil {
		return false, err
	}
	c = cutoff{at: now, cameras: names, ids: make(map[string]bool, len(list))}
	for _, i := range list {
		c.ids[i.ID] = true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.cutoffs) >= 1024 {
		clear(g.cutoffs)
	}
	g.cutoffs[link] = c
	return c.ids[id], nil
}
