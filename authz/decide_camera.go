package authz

import "time"

// decideCamera answers for an account on a camera: by ownership, else by the
// best of its grant and its groups (T39: a way that closes leaves the others).
func decideCamera(s Subject, act Action, o Object, f Facts, now time.Time) Decision {
	c := f.Camera
	if c == nil || c.ID != o.Camera || f.Owner == nil || f.Owner.ID != c.Owner {
		return invisible(ReasonCameraGone)
	}
	if c.Owner == s.Account {
		return decideOwner(act, c, f.Account, f.Plans, now)
	}
	best := invisible(ReasonCameraGone)
	if g := f.Grant; g != nil && g.Camera == c.ID && g.Account == s.Account {
		best = better(best, decideGrant(act, g, c, f.Owner, f.Guard, now))
	}
	for _, g := range f.Groups {
		if share := groupShare(s, c, g); share != nil {
			best = better(best, decideGroupCamera(act, share, c, f.Owner))
		}
	}
	return best
}

func decideOwner(act Action, c *Camera, a *Account, plans PlanTable, now time.Time) Decision {
	d := allow()
	switch act {
	case ActLive, ActPTZ:
		if !c.Enabled {
			d = deny(ReasonCameraOff)
		}
	case ActSound:
		switch {
		case !c.Enabled:
			d = deny(ReasonCameraOff)
		case !c.Sound:
			d = deny(ReasonLevelMissing)
		}
	case ActShare:
		if !a.EmailVerified {
			d = deny(ReasonEmailUnverified)
		}
	case ActLink:
		if d = plans.links(a, now); d.Allowed && !a.EmailVerified {
			d = deny(ReasonEmailUnverified)
		}
	}
	d.Owner, d.via = true, viaOwner
	return d
}

// needs is what a camera action asks of a grant's levels.
func needs(act Action) (Levels, bool) {
	switch act {
	case ActLive:
		return LevelOnline, true
	case ActSound:
		return LevelOnline | RightSound, true
	case ActPTZ:
		return LevelOnline | RightPTZ, true
	case ActArchive, ActImages:
		return LevelArchive, true
	case ActDownload:
		return LevelArchive | LevelDownload, true
	case ActNotices:
		return LevelNotices, true
	case ActSee:
		return 0, true
	}
	return 0, false
}

// decideGrant: accepted, not expired, level, owner in good standing, camera on,
// in schedule (spec 6.1), in this order, so that the reason given is the one
// that time alone does not cure.
func decideGrant(act Action, g *Grant, c *Camera, owner *Account, guard time.Duration, now time.Time) Decision {
	levels, ok := needs(act)
	switch {
	case !ok:
		return deny(ReasonNotOwner)
	case g.Expired(now):
		return Decision{Reason: ReasonExpired, Since: g.Until, via: viaGrant}
	case g.State == GrantOffered:
		return deny(ReasonOfferPending)
	case g.State != GrantAccepted:
		return deny(ReasonOfferRejected)
	case !g.Levels.Has(levels), !g.Levels.Legal(), act == ActSound && !c.Sound:
		return Decision{Reason: ReasonLevelMissing, via: viaGrant}
	case owner.State != AccountActive:
		return Decision{Reason: ReasonAccountSuspended, via: viaGrant}
	}
	d := Decision{Allowed: true, Reason: ReasonOK, Until: g.Until, via: viaGrant}
	if act == ActSee {
		return d
	}
	if !c.Enabled {
		return Decision{Reason: ReasonCameraOff, via: viaGrant}
	}
	if g.Schedule == nil {
		d.Footage = bounds(act, g, nil, guard, now)
		return d
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil || c.Zone == "" {
		return Decision{Reason: ReasonOutsideSchedule, via: viaGrant} // an unknown zone opens never
	}
	d.Footage = bounds(act, g, zone, guard, now)
	change := g.Schedule.Change(now, zone)
	if g.Schedule.Allows(now, zone) {
		d.Until = earlier(d.Until, change)
		return d
	}
	if over(g.Until, change) { // it expires before it opens again
		change = time.Time{}
	}
	return Decision{Reason: ReasonOutsideSchedule, Next: change, via: viaGrant}
}

// groupShare returns the camera's share in a group when subject and sharer are
// both in it and the sharer's role may share.
func groupShare(s Subject, c *Camera, g GroupFacts) *CameraGroup {
	if g.Group == nil || g.Mine == nil || g.Sharer == nil ||
		g.Mine.Group != g.Group.ID || g.Mine.Account != s.Account ||
		g.Sharer.Group != g.Group.ID || g.Sharer.Account != c.Owner {
		return nil
	}
	if g.Sharer.Role != RoleMember && g.Sharer.Role != RoleAdministrator {
		return nil
	}
	return c.InGroup(g.Group.ID)
}

// decideGroupCamera: live picture and images for every role, nothing else (R59).
func decideGroupCamera(act Action, share *CameraGroup, c *Camera, owner *Account) Decision {
	d := Decision{Reason: ReasonOK, via: viaGroup, group: share.Group}
	switch {
	case act == ActManage || act == ActShare || act == ActLink:
		return deny(ReasonNotOwner)
	case owner.State != AccountActive:
		d.Reason = ReasonAccountSuspended
	case act == ActSee || act == ActImages:
	case act != ActLive || share.ImagesOnly:
		d.Reason = ReasonLevelMissing
	case !c.Enabled:
		d.Reason = ReasonCameraOff
	}
	d.Allowed = d.Reason == ReasonOK
	return d
}

// better picks between two ways to one camera: what is allowed before what is
// not, the later end, what leaves nothing out, and among denials the one that says most.
func better(a, b Decision) Decision {
	if a.Allowed != b.Allowed {
		if b.Allowed {
			return b
		}
		return a
	}
	if a.Allowed {
		switch {
		case !a.Until.IsZero() && (b.Until.IsZero() || b.Until.After(a.Until)),
			a.Until.Equal(b.Until) && a.Footage.Bounded() && !b.Footage.Bounded():
			return b
		}
		return a
	}
	if weight(b) > weight(a) {
		return b
	}
	return a
}

func weight(d Decision) int {
	if d.Invisible {
		return 0
	}
	for i, r := range [...]Reason{ReasonOfferRejected, ReasonOfferPending, ReasonExpired, ReasonNotOwner,
		ReasonLevelMissing, ReasonAccountSuspended, ReasonOutsideSchedule, ReasonCameraOff} {
		if r == d.Reason {
			return i + 2
		}
	}
	return 1
}
