package authz

import (
	"net/netip"
	"time"
)

// decideGuest answers for a visit of a link: its limited mode (R68) is a short
// list of what is allowed, everything else is limited_mode.
func decideGuest(s Subject, act Action, o Object, f Facts, now time.Time) Decision {
	switch act {
	case ActVisit, ActSee, ActLive, ActSound, ActImages:
	default:
		return deny(ReasonLimitedMode)
	}
	l, v := f.Link, f.Visit
	if l == nil || s.Link == "" || l.ID != s.Link || f.LinkOwner == nil || f.LinkOwner.ID != l.Owner {
		return deny(ReasonLinkRemoved)
	}
	if v == nil || s.Visit == "" || v.ID != s.Visit || v.Link != l.ID || over(v.Ends, now) {
		return deny(ReasonLinkGone)
	}
	d := decideVisit(l, f.LinkOwner, v, f.Plans, now)
	d.via = viaLink
	if !d.Allowed {
		return d
	}
	d.SessionEnds = v.Ends
	if act == ActVisit {
		if o.Link != l.ID {
			return deny(ReasonLimitedMode)
		}
		return d
	}
	c := f.Camera
	if c == nil || c.ID != o.Camera || c.Owner != l.Owner || !l.Has(c.ID) {
		return invisible(ReasonCameraGone)
	}
	switch {
	case act == ActSee:
		return d
	case act == ActImages && l.Kind != LinkShare:
		return deny(ReasonLimitedMode)
	case !c.Enabled:
		return Decision{Reason: ReasonCameraOff, via: viaLink}
	case act == ActSound && (!l.Sound || !c.Sound):
		return Decision{Reason: ReasonLevelMissing, via: viaLink}
	}
	return d
}

// linkState is a link's state without regard to a visit, in the precedence of
// spec 6.2: paused > ended > not yet > live. An owner who is suspended, or whose
// plan has no links, pauses it.
func linkState(l *Link, owner *Account, plans PlanTable, now time.Time) Decision {
	plan := plans.links(owner, now)
	switch {
	case l.Paused:
		return Decision{Reason: ReasonLinkPaused, Since: l.PausedSince}
	case owner.State != AccountActive:
		return Decision{Reason: ReasonLinkPaused, Since: owner.StateSince}
	case !plan.Allowed:
		return Decision{Reason: ReasonLinkPausedPlan, Since: plan.Since}
	case over(l.Ends, now):
		return Decision{Reason: ReasonLinkEnded, Since: l.Ends}
	case now.Before(l.Starts):
		return Decision{Reason: ReasonLinkNotStarted, Next: l.Starts}
	}
	d := allow()
	d.Until = earlier(l.Ends, plan.Until)
	return d
}

// decideVisit adds what is about one guest: stopped or blocked by the owner,
// and the password.
func decideVisit(l *Link, owner *Account, v *Visit, plans PlanTable, now time.Time) Decision {
	d := linkState(l, owner, plans, now)
	switch {
	case !d.Allowed:
		return d
	case v.Stopped:
		return deny(ReasonStoppedByOwner)
	case blocked(l, v.IP, now):
		return deny(ReasonIPBlocked)
	case l.PasswordHash != "" && v.PasswordVersion != l.PasswordVersion:
		return deny(ReasonPasswordRequired)
	}
	return d
}

func blocked(l *Link, ip string, now time.Time) bool {
	if len(l.Blocks) == 0 {
		return false
	}
	addr, err := netip.ParseAddr(ip)
	for _, b := range l.Blocks {
		if over(b.Until, now) {
			continue
		}
		if p, perr := netip.ParsePrefix(b.Prefix); perr != nil || err != nil || p.Contains(addr.Unmap()) {
			return true // what cannot be read blocks
		}
	}
	return false
}
