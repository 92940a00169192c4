package authz

import (
	"context"

	"sightline/internal/kv"
)

// Told lists whom notices of what a camera saw are for: its owner first, then
// everybody whose accepted grant has the level Notices now. It is for the system,
// and no decision: each of them is decided by Recipient when something is told.
// A camera that is gone has nobody.
func (a *Authority) Told(ctx context.Context, camera string) ([]string, error) {
	if !ValidID(camera) {
		return nil, nil
	}
	v, err := a.read(ctx, []string{keyCamera(camera)}, kv.Scan{Prefix: pGrant + camera + "/"})
	if err != nil {
		return nil, err
	}
	c := get[Camera](v.get, keyCamera(camera))
	if c == nil {
		return nil, nil
	}
	out := []string{c.Owner}
	for _, val := range v.scans[0] {
		g, err := decode[Grant](val.Data)
		if err == nil && g.State == GrantAccepted && !g.Expired(v.now) && g.Levels.Has(LevelNotices) && g.Account != c.Owner {
			out = append(out, g.Account)
		}
	}
	return out, nil
}
