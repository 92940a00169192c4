package controlroom

import (
	"context"
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/sfu"
)

// shot is the newest image of a still camera.
type shot struct {
	id string // in its owner's gallery; "" = there is none
	at time.Time
}

const (
	shotLife = 2 * time.Second // one look at a camera's images serves everybody for so long
	shotLook = 3 * time.Second // how often a tile looks for a newer image
	shotMost = 4096            // cameras remembered
)

// shots remembers the newest image of still cameras for a moment, so that a wall
// that many watch costs one look.
type shots struct {
	images Images
	now    func() time.Time
	mu     sync.Mutex
	by     map[shotKey]seenShot
}

type shotKey struct {
	camera string
	guest  bool // what guests may see
}

type seenShot struct {
	shot shot
	at   time.Time
}

// newest is the newest image of a camera of owner.
func (b *shots) newest(ctx context.Context, owner string, key shotKey) (shot, error) {
	now := b.now()
	b.mu.Lock()
	seen, ok := b.by[key]
	b.mu.Unlock()
	if ok && now.Sub(seen.at).Abs() < shotLife {
		return seen.shot, nil
	}
	id, at, err := b.images.Newest(ctx, owner, key.camera, key.guest)
	if err != nil {
		return shot{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.by == nil || len(b.by) >= shotMost {
		b.by = map[shotKey]seenShot{}
	}
	b.by[key] = seenShot{shot: shot{id: id, at: at}, at: now}
	return shot{id: id, at: at}, nil
}

// isStill says whether a camera is known and sends images instead of live video.
func (c *cameras) isStill(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.byID[id]
	return x != nil && x.record != nil && x.record.Kind == authz.CameraStill
}

// newestShot is the newest image of a camera, for tiles.
func (r *Room) newestShot(ctx context.Context, camera string, guest bool) (shot, error) {
	owner := r.cameras.owner(camera)
	if r.shots.images == nil || owner == "" {
		return shot{}, nil
	}
	return r.shots.newest(ctx, owner, shotKey{camera: camera, guest: guest})
}

// stillTile is a tile's half for still cameras: whether its camera is one, and
// what it last sent. Loop only.
type stillTile struct {
	on   bool
	shot shot
	look time.Time // when to look for a newer image
}

// glance looks for newer images of the allowed tiles of still cameras.
func (s *session) glance(ctx context.Context, in input) {
	for _, t := range s.tiles {
		if t.still.on = t.sub != nil && s.stills != nil && s.stills.isStill(t.want.Camera); !t.still.on {
			t.still = stillTile{}
			continue
		}
		if in.now.Before(t.still.look) {
			continue
		}
		t.still.look = in.now.Add(shotLook)
		look, cancel := context.WithTimeout(ctx, askTimeout)
		if got, err := s.stills.newestShot(look, t.want.Camera, s.subject.Kind == authz.GuestSubject); err == nil {
			t.still.shot = got // else the last one stands
		}
		cancel()
	}
}

// glanceDue is how long no tile has to look for a newer image.
func (s *session) glanceDue(next time.Duration, now time.Time) time.Duration {
	for _, t := range s.tiles {
		if t.still.on {
			next = min(next, t.still.look.Sub(now))
		}
	}
	return next
}

// stillCameras says which cameras send images, and what they sent last.
type stillCameras interface {
	isStill(camera string) bool
	newestShot(ctx context.Context, camera string, guest bool) (shot, error)
}

func (r *Room) isStill(camera string) bool { return r.cameras.isStill(camera) }

// imaged words an allowed tile of a still camera: it shows the newest image
// (spec ruling 7), and is neither live nor away.
func imaged(t TileState, still stillTile) TileState {
	t.Mid, t.State = "", StateImage
	if t.Image, t.LastFrameAt = still.shot.id, instant(still.shot.at); t.Image == "" {
		t.Reason = string(sfu.ReasonNoStillSource)
	}
	return t
}

// noLive is the answer to players that want live video of a still camera.
func noLive() error {
	return fault.New(fault.Conflict, fault.CodeConflict, "This camera sends still images, no live video. Its newest image is its poster.")
}

// stillPoster is the newest image of a still camera, without metadata; for a
// guest, while it is among those of his link's cameras that he may see (R66, R67).
func (r *Room) stillPoster(ctx context.Context, sub authz.Subject, camera string, among []string) (Still, error) {
	if r.cfg.Images == nil {
		return Still{}, noStill("This server keeps no images.")
	}
	data, at, err := r.cfg.Images.Latest(ctx, sub, r.cameras.owner(camera), camera, among)
	if fault.Is(err, fault.NotFound) {
		return Still{}, noStill("There is no image of this camera yet.")
	}
	return Still{JPEG: data, At: at}, err
}
