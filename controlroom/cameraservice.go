package controlroom

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/ingest"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Cameras lists what the account owns, was granted or sees through a group, own
// ones in the owner's order first.
func (r *Room) Cameras(ctx context.Context, sub authz.Subject) ([]Camera, error) {
	list, err := r.cfg.Authority.CamerasOf(ctx, sub)
	if err != nil {
		return nil, err
	}
	var mine []string
	for _, a := range list {
		if a.Mine {
			mine = append(mine, a.Camera.ID)
		}
	}
	stored, err := r.readSources(ctx, mine)
	if err != nil {
		return nil, err
	}
	out := make([]Camera, 0, len(list))
	for _, a := range list {
		out = append(out, r.face(a, stored[a.Camera.ID]))
	}
	return out, nil
}

// Camera returns one. One the subject cannot see is the same fault.NotFound as none.
func (r *Room) Camera(ctx context.Context, sub authz.Subject, id string) (Camera, error) {
	a, err := r.cfg.Authority.CameraOf(ctx, sub, id)
	if err != nil {
		return Camera{}, err
	}
	var src *source
	if a.Mine {
		stored, err := r.readSources(ctx, []string{id})
		if err != nil {
			return Camera{}, err
		}
		src = stored[id]
	}
	return r.face(a, src), nil
}

// mine is the access of the camera's owner; everybody else gets the decision's error.
func (r *Room) mine(ctx context.Context, sub authz.Subject, id string) (authz.CameraAccess, error) {
	d, err := r.cfg.Authority.Check(ctx, sub, authz.ActManage, authz.Object{Camera: id})
	if err != nil {
		return authz.CameraAccess{}, err
	}
	if err := d.Fault(); err != nil {
		return authz.CameraAccess{}, err
	}
	return r.cfg.Authority.CameraOf(ctx, sub, id)
}

// CreateCamera stores a camera of the subject's account and starts pulling it.
func (r *Room) CreateCamera(ctx context.Context, sub authz.Subject, in CameraInput) (Camera, error) {
	if in.Kind != nil && *in.Kind == string(authz.CameraStill) {
		return r.createStill(ctx, sub, in)
	}
	if in.Kind != nil && *in.Kind != "" && *in.Kind != string(authz.CameraRTSP) {
		return Camera{}, fault.Field("kind", fault.CodeBadValue, "A camera is rtsp or still.")
	}
	if in.Main == nil {
		return Camera{}, fault.Field("main", fault.CodeRequired, "A camera needs the address of its main stream.")
	}
	src := source{Camera: authz.NewID(), Owner: sub.Account}
	if err := src.apply(r.cfg.Seal, in); err != nil {
		return Camera{}, err
	}
	spec := authz.CameraSpec{ID: src.Camera, Kind: authz.CameraRTSP}
	if in.Name != nil {
		spec.Name = *in.Name
	}
	if in.Zone != nil {
		spec.Zone = *in.Zone
	}
	spec.Sound = in.Sound != nil && *in.Sound
	spec.Off = in.Enabled != nil && !*in.Enabled
	if _, err := r.cfg.Authority.CreateCamera(ctx, sub, spec, src.write()); err != nil {
		return Camera{}, err
	}
	r.look()
	return r.Camera(ctx, sub, src.Camera)
}

// createStill stores a camera that brings its images in by itself: with a key
// and a mail address of its own, and nothing to pull.
func (r *Room) createStill(ctx context.Context, sub authz.Subject, in CameraInput) (Camera, error) {
	if in.Main != nil && *in.Main != "" {
		return Camera{}, fault.Field("main", fault.CodeBadValue, "A still camera sends its images by itself; it has no stream.")
	}
	rec := intakeRecord{Camera: authz.NewID(), Owner: sub.Account}
	rec.renew(r.cfg.Seal)
	spec := authz.CameraSpec{ID: rec.Camera, Kind: authz.CameraStill, Off: in.Enabled != nil && !*in.Enabled}
	if in.Name != nil {
		spec.Name = *in.Name
	}
	if in.Zone != nil {
		spec.Zone = *in.Zone
	}
	if _, err := r.cfg.Authority.CreateCamera(ctx, sub, spec, rec.writes(nil)...); err != nil {
		return Camera{}, err
	}
	r.look()
	return r.Camera(ctx, sub, rec.Camera)
}

// UpdateCamera changes an own camera; running tiles follow without reconnecting.
func (r *Room) UpdateCamera(ctx context.Context, sub authz.Subject, id string, in CameraInput) (Camera, error) {
	if _, err := r.mine(ctx, sub, id); err != nil {
		return Camera{}, err
	}
	patch := authz.CameraPatch{Name: in.Name, Zone: in.Zone, Order: in.Order, Sound: in.Sound, Enabled: in.Enabled}
	var extra []kv.Write
	if in.Main != nil || in.Sub != nil || in.User != nil || in.Password != nil || in.Transport != nil || in.Fingerprint != nil || in.ONVIF != nil {
		stored, err := r.readSources(ctx, []string{id})
		if err != nil {
			return Camera{}, err
		}
		src := source{Camera: id, Owner: sub.Account}
		if s := stored[id]; s != nil {
			src = *s
		}
		if err := src.apply(r.cfg.Seal, in); err != nil {
			return Camera{}, err
		}
		extra = append(extra, src.write())
	}
	if _, err := r.cfg.Authority.UpdateCamera(ctx, sub, id, patch, extra...); err != nil {
		return Camera{}, err
	}
	r.look()
	return r.Camera(ctx, sub, id)
}

// DeleteCamera removes an own camera; its running tiles end with camera_gone.
func (r *Room) DeleteCamera(ctx context.Context, sub authz.Subject, id string) error {
	if _, err := r.mine(ctx, sub, id); err != nil {
		return err
	}
	writes := []kv.Write{{Key: sourceKey(id), Delete: true}}
	rec, _, err := r.readIntake(ctx, id)
	if err != nil {
		return err
	}
	if rec != nil {
		writes = append(writes, rec.remove()...)
	}
	_, err = r.cfg.Authority.DeleteCamera(ctx, sub, id, writes...)
	r.look()
	return err
}

// OrderCameras stores the owner's order. Ids that are not the subject's are NotFound.
func (r *Room) OrderCameras(ctx context.Context, sub authz.Subject, ids []string) error {
	return r.cfg.Authority.OrderCameras(ctx, sub, ids)
}

// TestCamera tries a source without storing anything. Failures of the camera are
// in the result; the error is for bad input. Takes up to 15 s.
func (r *Room) TestCamera(ctx context.Context, sub authz.Subject, in TestInput) (TestResult, error) {
	if sub.Kind != authz.AccountSubject {
		return TestResult{}, errNoSession()
	}
	src := source{Owner: sub.Account}
	if in.Camera != "" {
		if _, err := r.mine(ctx, sub, in.Camera); err != nil {
			return TestResult{}, err
		}
		stored, err := r.readSources(ctx, []string{in.Camera})
		if err != nil {
			return TestResult{}, err
		}
		if s := stored[in.Camera]; s != nil {
			src = *s
		}
	}
	err := src.apply(r.cfg.Seal, CameraInput{
		Main: &in.Main, Sub: &in.Sub, User: &in.User, Password: in.Password,
		Transport: &in.Transport, Fingerprint: &in.Fingerprint,
	})
	if err != nil {
		return TestResult{}, err
	}
	want, err := src.ingest(r.cfg.Seal, true)
	if err != nil {
		return TestResult{}, fault.Wrap(err, fault.Invalid, fault.CodeRequired, "The stored password cannot be opened. Type it again.")
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	res := r.cfg.Fleet.Probe(ctx, want)
	out := TestResult{Main: probeFace(res.Main)}
	if res.Sub != nil {
		p := probeFace(*res.Sub)
		out.Sub = &p
	}
	return out, nil
}

func probeFace(p ingest.LayerProbe) ProbeView {
	v := ProbeView{OK: p.OK, Codec: p.Codec, Convert: p.Convert, Profile: p.Profile, Width: p.Width, Height: p.Height,
		FPS: round(p.FPS), KeyIntervalS: round(p.KeyInterval.Seconds()), Audio: p.Audio}
	if p.Err != nil {
		v.Error = &ProbeFail{Code: p.Err.Code, Detail: p.Err.Msg}
	}
	return v
}

// readSources reads the sources of cameras, in one round trip.
func (r *Room) readSources(ctx context.Context, ids []string) (map[string]*source, error) {
	out := map[string]*source{}
	if len(ids) == 0 {
		return out, nil
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = sourceKey(id)
	}
	snap, err := r.cfg.Store.Read(ctx, kv.Control, keys, nil)
	if err != nil {
		return nil, err
	}
	for i, v := range snap.Values {
		if !v.Exists() {
			continue
		}
		s, err := decodeSource(v.Data)
		if err != nil {
			r.deps.log.Error("a camera's source cannot be read", "camera", ids[i], "err", err)
			continue
		}
		out[ids[i]] = &s
	}
	return out, nil
}
