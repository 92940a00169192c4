package authz

import "context"

// NoteSteering writes into the log of a camera's owner that somebody else began
// to steer it. It fails for who may not.
func (a *Authority) NoteSteering(ctx context.Context, s Subject, camera string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Camera: camera}
		v, f, err := a.require(ctx, s, ActPTZ, o)
		if err != nil {
			return err
		}
		d.bind(v, s, o)
		d.audit(s, "camera.steer", f.Camera.Owner, camera)
		return nil
	})
	return err
}
