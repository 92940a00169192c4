package authz

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// CameraSpec is what an owner says of a camera.
type CameraSpec struct {
	ID    string // "" = a new one; controlroom may choose it with NewID, to seal credentials first
	Name  string
	Kind  CameraKind // "" = rtsp
	Zone  string     // "" = the account's
	Sound bool
	Off   bool
}

// CameraPatch changes a camera; nil leaves a field as it is.
type CameraPatch struct {
	Name    *string
	Zone    *string
	Order   *int
	Sound   *bool
	Enabled *bool
}

// CameraAccess is a camera as one subject may see it.
type CameraAccess struct {
	Camera Camera
	Owner  Person
	Mine   bool
	Shared bool     // mine only: a grant, a link or a group has it
	Live   Decision // on its live picture now
	Sound  bool     // the subject may hear it now
	Take   bool     // the subject may take its pictures away: the owner, or with Download
	Past   bool     // the subject may see its recordings now
	Steer  bool     // the subject may steer it now
}

// Person is what others may know of an account.
type Person struct {
	ID   string
	Name string
}

func personOf(a *Account) Person { return Person{ID: a.ID, Name: a.Name} }

// CreateCamera makes a camera of the subject's account; extra writes (its
// source) are in the same commit.
func (a *Authority) CreateCamera(ctx context.Context, s Subject, in CameraSpec, extra ...kv.Write) (Camera, error) {
	name, err := cleanName("name", in.Name)
	if err != nil {
		return Camera{}, err
	}
	or(&in.Kind, CameraRTSP)
	if in.Kind != CameraRTSP && in.Kind != CameraStill {
		return Camera{}, fault.Field("kind", fault.CodeBadValue, "A camera is rtsp or still.")
	}
	if in.ID == "" {
		in.ID = NewID()
	}
	if !ValidID(in.ID) {
		return Camera{}, fault.Field("id", fault.CodeBadValue, "That is not an id.")
	}
	var c Camera
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		v, f, err := a.require(ctx, s, ActSelf, Object{})
		if err != nil {
			return err
		}
		own, err := a.read(ctx, nil, kv.Scan{Prefix: pCamOwner + s.Account + "/"})
		if err != nil {
			return err
		}
		if len(own.scans[0]) >= a.cfg.Cameras {
			return fault.Newf(fault.Conflict, fault.CodeConflict, "An account has at most %d cameras.", a.cfg.Cameras)
		}
		zone := cmp.Or(in.Zone, f.Account.Zone)
		if err := checkZone(zone); err != nil {
			return err
		}
		c = Camera{head: v1, ID: in.ID, Owner: s.Account, Name: name, Kind: in.Kind, Zone: zone, Sound: in.Sound,
			Enabled: !in.Off, Order: nextOrder(own.scans[0]), CreatedAt: v.now}
		d.bind(v, s, Object{})
		d.absent(keyCamera(c.ID))
		d.put(keyCamera(c.ID), c)
		d.mark(keyCamOwner(s.Account, c.ID), orderText(c.Order))
		d.writes = append(d.writes, extra...)
		d.event(event.CameraChanged{Camera: c.ID, Owner: c.Owner})
		d.audit(s, "camera.create", c.Owner, c.ID, onCamera(c.ID))
		return nil
	})
	return c, err
}

// UpdateCamera changes an own camera, with extra writes in the same commit.
func (a *Authority) UpdateCamera(ctx context.Context, s Subject, id string, p CameraPatch, extra ...kv.Write) (Camera, error) {
	var out Camera
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Camera: id}
		v, f, err := a.require(ctx, s, ActManage, o)
		if err != nil {
			return err
		}
		out = *f.Camera
		if p.Name != nil {
			if out.Name, err = cleanName("name", *p.Name); err != nil {
				return err
			}
		}
		if p.Zone != nil {
			if err := checkZone(*p.Zone); err != nil {
				return err
			}
			out.Zone = *p.Zone
		}
		if p.Order != nil {
			out.Order = min(max(*p.Order, 0), maxOrder)
			d.mark(keyCamOwner(out.Owner, id), orderText(out.Order))
		}
		if p.Sound != nil {
			out.Sound = *p.Sound
		}
		if p.Enabled != nil {
			out.Enabled = *p.Enabled
		}
		d.bind(v, s, o)
		d.put(keyCamera(id), out)
		d.writes = append(d.writes, extra...)
		d.event(event.CameraChanged{Camera: id, Owner: out.Owner})
		d.audit(s, "camera.change", out.Owner, id, onCamera(id))
		return nil
	})
	return out, err
}

// What the log says of a change that WriteForCameraAs makes.
const (
	LogIntake    = "camera.intake"
	LogRecording = "camera.recording"
	LogHook      = "camera.hook"
	LogMotion    = "camera.motion"
)

// WriteForCamera commits what another package keeps about an own camera, bound
// to the right to manage it: fn says what must still hold and what to write, and
// is asked again when something came between.
func (a *Authority) WriteForCamera(ctx context.Context, s Subject, id string, fn func(ctx context.Context, owner string) ([]kv.Condition, []kv.Write, error)) error {
	return a.WriteForCameraAs(ctx, s, id, LogIntake, nil, fn)
}

// WriteForCameraAs is WriteForCamera that the log knows by another name, with
// more to be read there: pairs of a name and a value.
func (a *Authority) WriteForCameraAs(ctx context.Context, s Subject, id, what string, more []string, fn func(ctx context.Context, owner string) ([]kv.Condition, []kv.Write, error)) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Camera: id}
		v, f, err := a.require(ctx, s, ActManage, o)
		if err != nil {
			return err
		}
		conds, writes, err := fn(ctx, f.Camera.Owner)
		if err != nil {
			return err
		}
		d.bind(v, s, o)
		d.conds = append(d.conds, conds...)
		d.writes = append(d.writes, writes...)
		d.audit(s, what, f.Camera.Owner, id, onCamera(id), detail(more...))
		return nil
	})
	return err
}

// DeleteCamera removes an own camera: its streams, grants and shares end with
// its record, which every decision on them reads; the sweeper removes the rest.
func (a *Authority) DeleteCamera(ctx context.Context, s Subject, id string, extra ...kv.Write) (kv.Commit, error) {
	c, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Camera: id}
		v, f, err := a.require(ctx, s, ActManage, o)
		if err != nil {
			return err
		}
		d.bind(v, s, o)
		a.deleteCamera(d, f.Camera)
		d.writes = append(d.writes, extra...)
		d.audit(s, "camera.delete", f.Camera.Owner, id, onCamera(id), detail("name", f.Camera.Name))
		return nil
	})
	if err == nil {
		a.sweepSoon(ctx)
	}
	return c, err
}

func (a *Authority) deleteCamera(d *draft, c *Camera) {
	d.del(keyCamera(c.ID), keyCamOwner(c.Owner, c.ID), keyTable(c.ID))
	for _, g := range c.Groups {
		d.del(keyGroupCam(g.Group, c.ID))
	}
	d.mark(pSweep+"cam/"+c.ID, c.Owner)
	d.event(event.CameraChanged{Camera: c.ID, Owner: c.Owner, Removed: true})
}

// OrderCameras stores the owner's order; an id that is not his is NotFound.
// Cameras left out follow in their order.
func (a *Authority) OrderCameras(ctx context.Context, s Subject, ids []string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, _, err := a.require(ctx, s, ActSelf, Object{})
		if err != nil {
			return err
		}
		own, err := a.read(ctx, nil, kv.Scan{Prefix: pCamOwner + s.Account + "/"})
		if err != nil {
			return err
		}
		have := ownIDs(own.scans[0], s.Account)
		want := slices.Clone(ids)
		for _, id := range want {
			if !slices.Contains(have, id) {
				return errNotFound()
			}
		}
		for _, id := range have {
			if !slices.Contains(want, id) {
				want = append(want, id)
			}
		}
		if len(want) != len(have) {
			return fault.Field("ids", fault.CodeBadValue, "A camera stands twice in the order.")
		}
		keys := make([]string, len(want))
		for i, id := range want {
			keys[i] = keyCamera(id)
		}
		cams, err := a.read(ctx, keys)
		if err != nil {
			return err
		}
		d.bind(v, s, Object{})
		for i, k := range keys {
			c := get[Camera](cams.get, k)
			if c == nil || c.Owner != s.Account {
				return errNotFound()
			}
			if c.Order == i {
				continue
			}
			out := *c
			out.Order = i
			d.on(cams, k)
			d.put(k, out)
			d.mark(keyCamOwner(s.Account, c.ID), orderText(i))
			d.event(event.CameraChanged{Camera: c.ID, Owner: c.Owner})
		}
		return nil
	})
	return err
}

// CameraOf returns one camera as the subject may see it; invisible is NotFound.
func (a *Authority) CameraOf(ctx context.Context, s Subject, id string) (CameraAccess, error) {
	v, f, err := a.require(ctx, s, ActSee, Object{Camera: id}, keyTable(id))
	if err != nil {
		return CameraAccess{}, err
	}
	out := accessOf(s, f, v)
	if out.Mine {
		w, err := a.read(ctx, nil, sharedScans(id)...)
		if err != nil {
			return CameraAccess{}, err
		}
		out.Shared = len(w.scans[0])+len(w.scans[1])+len(f.Camera.Groups) > 0
	}
	return out, nil
}

// sharedScans find whether anything is given away on a camera.
func sharedScans(id string) []kv.Scan {
	return []kv.Scan{{Prefix: pGrant + id + "/", Limit: 1}, {Prefix: pLinkCamera + id + "/", Limit: 1}}
}

func accessOf(s Subject, f Facts, v *view) CameraAccess {
	o := Object{Camera: f.Camera.ID}
	return CameraAccess{
		Camera: *f.Camera, Owner: personOf(f.Owner), Mine: s.Kind.personal() && f.Camera.Owner == s.Account,
		Live: Decide(s, ActLive, o, f, v.now), Sound: Decide(s, ActSound, o, f, v.now).Allowed,
		Past: Decide(s, ActArchive, o, f, v.now).Allowed,
		Take: Decide(s, ActDownload, o, f, v.now).Allowed, Steer: Decide(s, ActPTZ, o, f, v.now).Allowed,
	}
}

// CamerasOf lists what the subject may see: own in order, then others' by owner
// and name. A guest's list is his link's cameras. Every row is decided by the
// same rule as the detail (threat T5), on one snapshot.
func (a *Authority) CamerasOf(ctx context.Context, s Subject) ([]CameraAccess, error) {
	v, ids, err := a.camerasSeen(ctx, s)
	if err != nil {
		return nil, err
	}
	var out []CameraAccess
	for _, id := range ids {
		o := Object{Camera: id}
		f := v.facts(s, o)
		if Decide(s, ActSee, o, f, v.now).Allowed {
			out = append(out, accessOf(s, f, v))
		}
	}
	if s.Kind == GuestSubject {
		return out, nil // in the order of the link
	}
	slices.SortStableFunc(out, func(x, y CameraAccess) int {
		switch {
		case x.Mine != y.Mine:
			if x.Mine {
				return -1
			}
			return 1
		case x.Mine:
			return cmp.Or(cmp.Compare(x.Camera.Order, y.Camera.Order), strings.Compare(x.Camera.ID, y.Camera.ID))
		}
		return cmp.Or(strings.Compare(x.Owner.Name, y.Owner.Name), strings.Compare(x.Camera.Name, y.Camera.Name), strings.Compare(x.Camera.ID, y.Camera.ID))
	})
	var scans []kv.Scan
	for _, c := range out {
		if c.Mine {
			scans = append(scans, sharedScans(c.Camera.ID)...)
		}
	}
	if len(scans) == 0 {
		return out, nil
	}
	w, err := a.read(ctx, nil, scans...)
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(out) && out[i].Mine; i++ {
		out[i].Shared = len(w.scans[2*i])+len(w.scans[2*i+1])+len(out[i].Camera.Groups) > 0
	}
	return out, nil
}

// camerasSeen reads the facts of all cameras that may be visible to a subject.
func (a *Authority) camerasSeen(ctx context.Context, s Subject) (*view, []string, error) {
	act, o := ActSelf, Object{}
	switch s.Kind {
	case GuestSubject:
		act, o = ActVisit, Object{Link: s.Link}
	case DeviceSubject:
		act = ActDevice
	}
	_, f, err := a.require(ctx, s, act, o)
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	if s.Kind == GuestSubject {
		ids = f.Link.Cameras
	} else {
		scans := []kv.Scan{{Prefix: pCamOwner + s.Account + "/"}, {Prefix: pGrantOf + s.Account + "/"}}
		for _, g := range f.Account.Groups {
			scans = append(scans, kv.Scan{Prefix: pGroupCam + g + "/"})
		}
		w, err := a.read(ctx, nil, scans...)
		if err != nil {
			return nil, nil, err
		}
		for _, found := range w.scans {
			for _, val := range found {
				if id := val.Key[strings.LastIndexByte(val.Key, '/')+1:]; !slices.Contains(ids, id) {
					ids = append(ids, id)
				}
			}
		}
	}
	v, err := a.loadAll(ctx, s, ids)
	return v, ids, err
}

// loadAll reads the facts of many cameras for one subject, at one revision.
func (a *Authority) loadAll(ctx context.Context, s Subject, cameras []string) (*view, error) {
	seen := make(map[string]bool)
	keys := merge(nil, seen, wanted(s, Object{}, a.cache.getter()))
	for _, id := range cameras {
		keys = merge(keys, seen, wanted(s, Object{Camera: id}, a.cache.getter()))
	}
	for range 4 {
		v, err := a.read(ctx, keys)
		if err != nil {
			return nil, err
		}
		a.cache.put(v)
		v.indexed()
		for _, id := range cameras {
			keys = merge(keys, seen, wanted(s, Object{Camera: id}, v.get))
		}
		if len(keys) == len(v.keys) {
			return v, nil
		}
	}
	return nil, unavailable(errRecord)
}

const maxOrder = 1_000_000

// orderText keeps a camera's order beside its index entry, so that it sorts.
func orderText(n int) string { return fmt.Sprintf("%07d", n) }

// nextOrder is the place after all own cameras.
func nextOrder(own []kv.Value) int {
	next := 0
	for _, val := range own {
		if n, err := strconv.Atoi(string(val.Data)); err == nil {
			next = max(next, n+1)
		}
	}
	return min(next, maxOrder)
}

// ownIDs lists an account's cameras of its index in order.
func ownIDs(own []kv.Value, account string) []string {
	own = slices.Clone(own)
	slices.SortStableFunc(own, func(x, y kv.Value) int { return strings.Compare(string(x.Data), string(y.Data)) })
	ids := make([]string, len(own))
	for i, val := range own {
		ids[i] = strings.TrimPrefix(val.Key, pCamOwner+account+"/")
	}
	return ids
}
