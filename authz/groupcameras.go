package authz

import (
	"context"
	"slices"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// ShareInGroup shares an own camera in a group, or changes how: members and
// administrators (role_viewer), and only cameras they own (R50, not_owner).
func (a *Authority) ShareInGroup(ctx context.Context, s Subject, group, camera string, imagesOnly bool) (kv.Commit, error) {
	return a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Camera: camera, Group: group}
		v, f, err := a.require(ctx, s, ActGroupShareOwn, o)
		if err != nil {
			return err
		}
		if err := a.counted(Decide(s, ActShare, o, f, v.now)).Fault(); err != nil {
			return err
		}
		c := *f.Camera
		c.Groups = slices.Clone(c.Groups)
		d.bind(v, s, o)
		action := "group.camera_change"
		if share := c.InGroup(group); share != nil {
			if share.ImagesOnly == imagesOnly {
				return errNothing
			}
			share.ImagesOnly = imagesOnly
		} else {
			action = "group.camera_add"
			if err := a.roomFor(ctx, &c, group); err != nil {
				return err
			}
			c.Groups = append(c.Groups, CameraGroup{Group: group, ImagesOnly: imagesOnly, Since: v.now})
			d.mark(keyGroupCam(group, camera), s.Account)
			g, p := f.mine(group)
			p.Shares++
			d.put(keyPart(group, s.Account), p)
			d.event(groupChanged(&g, event.GroupCameras, s.Account))
		}
		d.put(keyCamera(camera), c)
		d.event(event.CameraChanged{Camera: camera, Owner: c.Owner})
		how := "live"
		if imagesOnly {
			how = "images_only"
		}
		d.audit(s, action, c.Owner, group, onCamera(camera), detail("as", how))
		return nil
	})
}

// roomFor holds a share to its limits.
func (a *Authority) roomFor(ctx context.Context, c *Camera, group string) error {
	if len(c.Groups) >= maxCameraGroups {
		return fault.Newf(fault.Conflict, fault.CodeConflict, "A camera is shared in at most %d groups.", maxCameraGroups)
	}
	v, err := a.read(ctx, nil, kv.Scan{Prefix: keyGroupCam(group, ""), Limit: maxGroupCameras})
	if err != nil {
		return err
	}
	if len(v.scans[0]) >= maxGroupCameras {
		return fault.Newf(fault.Conflict, fault.CodeConflict, "A group has at most %d cameras.", maxGroupCameras)
	}
	return nil
}

// UnshareFromGroup takes a camera out of a group: its owner, or an administrator
// (R43). What is watched through the group ends.
func (a *Authority) UnshareFromGroup(ctx context.Context, s Subject, group, camera string) (kv.Commit, error) {
	return a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Camera: camera, Group: group}
		v, f, err := a.require(ctx, s, ActGroupView, o)
		if err != nil {
			return err
		}
		act := ActGroupRemoveOwn
		if f.Camera == nil || f.Camera.Owner != s.Account {
			if act = ActGroupRemoveAny; f.Camera == nil || f.Camera.InGroup(group) == nil {
				return errNotFound()
			}
		}
		if err := a.counted(Decide(s, act, o, f, v.now)).Fault(); err != nil {
			return err
		}
		if f.Camera.InGroup(group) == nil {
			return errNotFound()
		}
		d.bind(v, s, o)
		d.put(keyCamera(camera), f.Camera.outOf(group))
		d.del(keyGroupCam(group, camera))
		d.event(event.CameraChanged{Camera: camera, Owner: f.Camera.Owner})
		g, _ := f.mine(group)
		d.event(groupChanged(&g, event.GroupCameras, s.Account))
		d.auditBoth(s, "group.camera_remove", f.Camera.Owner, group, onCamera(camera))
		return nil
	})
}
