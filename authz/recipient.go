package authz

import (
	"context"
	"time"

	"sightline/internal/kv"
)

// Recipient is an account as those see it who tell it something while it is not
// here. Camera, Owner and Grant are set only where it may be told of the camera
// at all: by the decision, or by an offer that waits for its answer.
type Recipient struct {
	Account  Account // zero when closed
	Decision Decision
	Camera   *Camera
	Owner    Person
	Grant    *Grant
	Now      time.Time // store time
}

// May reports whether the account is in use and the decision allows.
func (r Recipient) May() bool { return r.Account.State == AccountActive && r.Decision.Allowed }

// Offered reports whether the camera is offered to the account and not answered.
func (r Recipient) Offered() bool {
	return r.Account.State == AccountActive && r.Grant != nil && r.Grant.Shown(r.Now) == string(GrantOffered)
}

// Recipient decides an action on a camera for an account without a login: what
// its own login would be answered now. It is for telling people things, and
// makes no Subject that anything could be done with. camera may be "".
func (a *Authority) Recipient(ctx context.Context, account string, act Action, camera string) (Recipient, error) {
	if !ValidID(account) || camera != "" && !ValidID(camera) {
		return Recipient{Decision: invisible(ReasonCameraGone)}, nil
	}
	s, o := Subject{Kind: AccountSubject, Account: account}, Object{Camera: camera}
	keys := wanted(s, o, a.cache.getter())
	for range 4 {
		v, err := a.read(ctx, keys)
		if err != nil {
			return Recipient{Decision: deny(ReasonUnavailable)}, err
		}
		if again := wanted(s, o, v.get); !v.has(again) {
			keys = again
			continue
		}
		return recipientOf(s, act, o, v.facts(s, o), v.now), nil
	}
	return Recipient{Decision: deny(ReasonUnavailable)}, unavailable(errRecord)
}

func recipientOf(s Subject, act Action, o Object, f Facts, now time.Time) Recipient {
	r := Recipient{Decision: deny(ReasonLoginEnded), Now: now}
	switch {
	case f.Broken:
		r.Decision = deny(ReasonUnavailable)
		return r
	case f.Account == nil || f.Account.ID != s.Account:
		return r
	}
	r.Account = *f.Account
	if f.Account.State != AccountActive {
		r.Decision = deny(ReasonAccountSuspended)
		return r
	}
	r.Decision = decideAccount(s, act, o, f, now)
	if f.Camera == nil || f.Owner == nil || f.Owner.ID != f.Camera.Owner {
		return r
	}
	if pending := f.Grant != nil && f.Grant.Shown(now) == string(GrantOffered); r.Decision.Allowed || pending {
		cam := *f.Camera
		r.Camera, r.Owner = &cam, personOf(f.Owner)
		if f.Grant != nil {
			g := *f.Grant
			r.Grant = &g
		}
	}
	return r
}

// PlanPause says whether an account's plan keeps its links paused now, and how
// many it has. When a trial decides, ends is when that will change.
func (a *Authority) PlanPause(ctx context.Context, account string) (paused bool, links int, ends time.Time, err error) {
	if !ValidID(account) {
		return false, 0, time.Time{}, nil
	}
	v, err := a.read(ctx, []string{keyAccount(account)}, kv.Scan{Prefix: pLinkOwner + account + "/"})
	if err != nil {
		return false, 0, time.Time{}, err
	}
	acc := get[Account](v.get, keyAccount(account))
	if acc == nil {
		return false, 0, time.Time{}, nil
	}
	d := a.cfg.Plans.links(acc, v.now)
	return d.Reason == ReasonPlanMini, len(v.scans[0]), d.Until, nil
}
