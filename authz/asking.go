package authz

import (
	"context"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
)

// RequestAccess asks the owner of a camera or a link (one of them) for access,
// in the subject's name. It tells nothing of what it is about: it succeeds
// whether the object exists or not, is the subject's own, or was asked for
// before, with the same reads and one commit. The owner is told at most once in
// 7 days. fault.Forbidden email_unverified (the subject's), fault.RateLimited
// after 10 in 24 hours.
func (a *Authority) RequestAccess(ctx context.Context, s Subject, o Object) error {
	id, action := o.Camera, "camera.request"
	if o.Camera == "" {
		id, action = o.Link, "link.request"
	}
	if o.Camera != "" && o.Link != "" || o.Group != "" || id == "" {
		return fault.Field("camera", fault.CodeBadValue, "Name one camera or one link.")
	}
	if s.Kind != AccountSubject {
		return errNotSignedIn()
	}
	if !ValidID(id) { // counted as what does not exist; no text of a client is kept
		id, o = "", Object{}
	}
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.load(ctx, s, o)
		if err != nil {
			return err
		}
		f := v.facts(s, o)
		if self := a.counted(Decide(s, ActSelf, Object{}, f, v.now)); !self.Allowed {
			return self.Fault()
		}
		if !f.Account.EmailVerified {
			return deny(ReasonEmailUnverified).Fault()
		}
		used, now, err := a.spentBy(ctx, d, s.Account)
		if err != nil {
			return err
		}
		again, today := false, []time.Time{}
		for _, r := range used.Asks {
			again = again || r.Object == id
			if now.Sub(r.At) < spentFor {
				today = append(today, r.At)
			}
		}
		if over := len(today) + 1 - asksADay; over > 0 {
			return errSpent("You have asked often enough for one day. Try again tomorrow.", today, over, now)
		}
		owner, err := a.askedOwner(ctx, s, o, f, v.now)
		if err != nil {
			return err
		}
		used.Asks = append(used.Asks, asked{Object: id, At: now})
		d.put(keySpent(s.Account), used)
		if owner == "" || again {
			return nil
		}
		ev := event.AccessRequested{Account: s.Account, Owner: owner, Camera: o.Camera, Link: o.Link}
		if f.Link != nil {
			ev.Name = f.Link.Name
		}
		d.event(ev)
		d.audit(s, action, owner, id)
		return nil
	})
	return err
}

// askedOwner is who is to be told of a request, "" when nobody is: there is no
// such object, it is the subject's own, he may watch it or has an offer that
// only waits for him, or its owner is suspended. Both ways read once.
func (a *Authority) askedOwner(ctx context.Context, s Subject, o Object, f Facts, now time.Time) (string, error) {
	owner := NewID() // of nobody
	switch {
	case o.Camera != "" && f.Camera != nil:
		owner = f.Camera.Owner
		if Decide(s, ActLive, o, f, now).Allowed || f.Grant != nil && !f.Grant.Expired(now) {
			owner = NewID()
		}
	case o.Link != "" && f.Link != nil:
		owner = f.Link.Owner
	}
	v, err := a.read(ctx, []string{keyAccount(owner)})
	if err != nil {
		return "", err
	}
	acc := get[Account](v.get, keyAccount(owner))
	if acc == nil || acc.ID == s.Account || acc.State != AccountActive {
		return "", nil
	}
	return acc.ID, nil
}
