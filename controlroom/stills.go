package controlroom

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"sightline/authz"
	"sightline/ingest"
	"sightline/ingest/intake"
	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

const (
	stillsEvery = 15 * time.Second // how often the schedule is looked at
	stillsAhead = 15 * time.Second // how long a layer that nobody watches is pulled for a still
	stillsMost  = 4                // cut or fetched at once on this node
)

// TakeStill takes an image of an own camera now: from its snapshot address, else
// cut from its newest key frame. Errors: no_still_source, camera_unreachable, and
// what the gallery refuses.
func (r *Room) TakeStill(ctx context.Context, sub authz.Subject, camera string) (intake.Receipt, error) {
	mine, err := r.mine(ctx, sub, camera)
	if err != nil {
		return intake.Receipt{}, err
	}
	if mine.Camera.Kind == authz.CameraStill {
		return intake.Receipt{}, fault.New(fault.Conflict, fault.CodeConflict, "A still camera sends its images by itself.")
	}
	rec, _, err := r.readIntake(ctx, camera)
	if err != nil {
		return intake.Receipt{}, err
	}
	if rec == nil {
		rec = &intakeRecord{Camera: camera, Owner: mine.Camera.Owner}
	}
	return r.takeStill(ctx, *rec, intake.ViaDemand, "demand/"+authz.NewID())
}

// takeStill stores one image of a camera.
func (r *Room) takeStill(ctx context.Context, rec intakeRecord, via intake.Via, once string) (intake.Receipt, error) {
	if r.cfg.Images == nil {
		return intake.Receipt{}, noStill("This server keeps no images.")
	}
	if rec.SnapshotURL != "" {
		data, err := r.snapshot(ctx, rec)
		if err != nil {
			return intake.Receipt{}, err
		}
		if via == intake.ViaLive {
			via = intake.ViaSnapshot
		}
		return r.cfg.Images.Accept(ctx, intake.Arrival{Camera: rec.Camera, Data: data, Taken: r.cfg.Clock.Now(), Via: via, Once: once})
	}
	s, err := r.wholeStill(ctx, rec.Camera)
	if err != nil {
		return intake.Receipt{}, err
	}
	return r.cfg.Images.Accept(ctx, intake.Arrival{Camera: rec.Camera, Data: s.JPEG, Taken: s.At, Via: via, Once: once})
}

// snapshot fetches the camera's own still. Its login is sent only to the host
// its streams come from (threat T13).
func (r *Room) snapshot(ctx context.Context, rec intakeRecord) ([]byte, error) {
	stored, err := r.readSources(ctx, []string{rec.Camera})
	if err != nil {
		return nil, err
	}
	src := stored[rec.Camera]
	at, err := url.Parse(rec.SnapshotURL)
	if err != nil {
		return nil, fault.Field("snapshot_url", fault.CodeBadURL, "That is not an http address.")
	}
	if src == nil || !sameHost(src.Main, at.Hostname()) {
		return r.cfg.Guard.Snapshot(ctx, rec.SnapshotURL, "", secret.String{})
	}
	password, err := src.password(r.cfg.Seal)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, fault.CodeRequired, "The stored password cannot be opened. Type it again.")
	}
	return r.cfg.Guard.Snapshot(ctx, rec.SnapshotURL, src.User, password)
}

func sameHost(raw, host string) bool {
	u, err := url.Parse(raw)
	return err == nil && host != "" && strings.EqualFold(u.Hostname(), host)
}

// wholeStill cuts the newest key frame; a layer that is idle is pulled until it
// has one.
func (r *Room) wholeStill(ctx context.Context, camera string) (Still, error) {
	wanted := r.cfg.Clock.Now().Add(-stillsAhead)
	if s, err := r.cutter.Cut(ctx, camera, StillWhole); err == nil && s.At.After(wanted) {
		return s, nil
	}
	release := r.cfg.Fleet.Hold(camera, ingest.Main)
	defer release()
	ctx, cancel := context.WithTimeout(ctx, stillsAhead)
	defer cancel()
	look := time.NewTicker(250 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			if !r.newKey(camera, wanted) {
				continue
			}
			return r.cutter.Cut(ctx, camera, StillWhole)
		case <-ctx.Done():
			return Still{}, noStill("There is no picture of this camera now.")
		}
	}
}

// newKey says whether any layer has a key frame that came after t.
func (r *Room) newKey(camera string, t time.Time) bool {
	st, ok := r.cfg.Fleet.Streams(camera)
	if !ok {
		return false
	}
	for _, stream := range st.Video {
		if stream == nil {
			continue
		}
		if _, key := stream.NewestKey(); key != nil && clock.At(r.cfg.Clock, key.Mono).After(t) {
			return true
		}
	}
	return false
}

// stills takes scheduled stills until ctx ends. Several nodes may do so: the
// slot is in the image's Once, so that each makes one image.
func (r *Room) stills(ctx context.Context) {
	if r.cfg.Images == nil {
		return
	}
	tick := time.NewTicker(stillsEvery)
	defer tick.Stop()
	last := map[string]int64{} // slot of each camera that was tried
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.stillRound(ctx, last)
		}
	}
}

// stillRound takes the stills whose slot has begun since the last round.
func (r *Room) stillRound(ctx context.Context, last map[string]int64) {
	now := r.cfg.Clock.Now()
	var wg sync.WaitGroup
	defer wg.Wait()
	free := make(chan struct{}, stillsMost)
	from := ""
	for {
		snap, err := r.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: pIntake, From: from, Limit: 1000}})
		if err != nil {
			return // the next round
		}
		for _, v := range snap.Scans[0] {
			rec, err := decodeIntake(v.Data)
			if err == nil {
				r.sweepIntake(ctx, v, rec)
			}
			if err != nil || rec.Every == 0 || !r.cameras.enabled(rec.Camera) {
				continue
			}
			slot := now.Unix() / int64(rec.Every*60)
			if was, known := last[rec.Camera]; !known || was == slot {
				last[rec.Camera] = slot // a slot that had begun before this server did is another node's, or missed
				continue
			}
			last[rec.Camera] = slot
			select {
			case free <- struct{}{}:
			case <-ctx.Done():
				return
			}
			wg.Go(func() {
				defer func() { <-free }()
				if _, err := r.takeStill(ctx, rec, intake.ViaLive, fmt.Sprintf("every/%d/%d", rec.Every, slot)); err != nil && ctx.Err() == nil {
					r.deps.log.Warn("a scheduled still was not taken", "camera", rec.Camera, "code", fault.Code(err))
				}
			})
		}
		if len(snap.Scans[0]) < 1000 {
			return
		}
		from = snap.Scans[0][999].Key + "\x00"
	}
}
