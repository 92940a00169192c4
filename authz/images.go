package authz

import (
	"context"
	"strings"

	"sightline/internal/kv"
)

// ImageSource is a camera as the gallery needs it when an image of it arrives.
type ImageSource struct {
	Camera    Camera
	Owner     Account
	Receivers []string // accounts that take part in a group the camera is shared in now, each once, without the owner (R51)
}

// ImageSource reads a camera with everybody who receives its images, for the
// system: no subject is behind an arrival. The error is camera_gone, camera_off
// or account_suspended where the camera takes none.
func (a *Authority) ImageSource(ctx context.Context, camera string) (ImageSource, error) {
	if !ValidID(camera) {
		return ImageSource{}, invisible(ReasonCameraGone).Fault()
	}
	keys := []string{keyCamera(camera)}
	for range 4 {
		v, err := a.read(ctx, keys)
		if err != nil {
			return ImageSource{}, err
		}
		c, _ := v.recs[0].(*Camera)
		if c == nil {
			return ImageSource{}, invisible(ReasonCameraGone).Fault()
		}
		if len(keys) == 1 || keys[1] != keyAccount(c.Owner) {
			keys = []string{keyCamera(camera), keyAccount(c.Owner)}
			continue
		}
		owner, _ := v.recs[1].(*Account)
		switch {
		case owner == nil:
			return ImageSource{}, invisible(ReasonCameraGone).Fault()
		case owner.State != AccountActive:
			return ImageSource{}, Decision{Reason: ReasonAccountSuspended}.Fault()
		case !c.Enabled:
			return ImageSource{}, Decision{Reason: ReasonCameraOff}.Fault()
		}
		src := ImageSource{Camera: *c, Owner: *owner}
		src.Receivers, err = a.participantsOf(ctx, c)
		return src, err
	}
	return ImageSource{}, unavailable(errRecord)
}

// participantsOf lists who takes part in the camera's groups, without its owner.
// A group that is gone, or that the owner left, shares nothing (R56, R58).
func (a *Authority) participantsOf(ctx context.Context, c *Camera) ([]string, error) {
	if len(c.Groups) == 0 {
		return nil, nil
	}
	var keys []string
	var scans []kv.Scan
	for _, g := range c.Groups {
		keys = append(keys, keyGroup(g.Group), keyPart(g.Group, c.Owner))
		scans = append(scans, kv.Scan{Prefix: keyPart(g.Group, "")})
	}
	v, err := a.read(ctx, keys, scans...)
	if err != nil {
		return nil, err
	}
	var out []string
	seen := map[string]bool{c.Owner: true}
	for i := range c.Groups {
		mine, _ := v.recs[2*i+1].(*Participant)
		if v.recs[2*i] == nil || mine == nil || mine.Role == RoleViewer {
			continue
		}
		for _, p := range v.scans[i] {
			account := strings.TrimPrefix(p.Key, scans[i].Prefix)
			if !seen[account] {
				seen[account] = true
				out = append(out, account)
			}
		}
	}
	return out, nil
}

// AccountsByID reads accounts by id, for the system; those that are closed are
// missing.
func (a *Authority) AccountsByID(ctx context.Context, ids []string) (map[string]Account, error) {
	keys := make([]string, 0, len(ids))
	for _, id := range ids {
		if ValidID(id) {
			keys = append(keys, keyAccount(id))
		}
	}
	v, err := a.read(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Account, len(keys))
	for _, r := range v.recs {
		if acc, _ := r.(*Account); acc != nil {
			out[acc.ID] = *acc
		}
	}
	return out, nil
}

// AccountIDs lists ids of accounts in their order, those behind after, at most
// 1,000; for walks of the system over everybody's space.
func (a *Authority) AccountIDs(ctx context.Context, after string) ([]string, error) {
	scan := kv.Scan{Prefix: pAccount, Limit: 1000}
	if after != "" {
		scan.From = keyAccount(after) + "\x00"
	}
	v, err := a.read(ctx, nil, scan)
	if err != nil {
		return nil, err
	}
	out := make([]string, 0, len(v.scans[0]))
	for _, r := range v.scans[0] {
		out = append(out, strings.TrimPrefix(r.Key, pAccount))
	}
	return out, nil
}
