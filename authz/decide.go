package authz

import "time"

// Decide is the one function that says who may do what (R100). It is pure and
// total: it reads nothing but its arguments, never fails, and answers a denial
// for everything it does not know. Facts that do not belong to the subject or
// the object count as missing.
func Decide(s Subject, act Action, o Object, f Facts, now time.Time) Decision {
	if act <= ActNone || act >= actEnd {
		return Decision{Reason: ReasonLevelMissing, Invisible: true}
	}
	if f.Broken {
		return deny(ReasonUnavailable)
	}
	switch s.Kind {
	case AccountSubject:
		session, ends := decideSession(s, f, now)
		if session != ReasonOK {
			return deny(session)
		}
		d := decideAccount(s, act, o, f, now)
		d.SessionEnds = ends
		return d
	case DeviceSubject:
		session, ends := decideSession(s, f, now)
		if session != ReasonOK {
			return deny(session)
		}
		d := decideDevice(s, act, o, f, now)
		d.SessionEnds = ends
		return d
	case GuestSubject:
		return decideGuest(s, act, o, f, now)
	case OperatorSubject:
		if act == ActInstance {
			return allow()
		}
		return invisible(ReasonNotOwner)
	}
	return deny(ReasonLoginEnded)
}

func allow() Decision             { return Decision{Allowed: true, Reason: ReasonOK} }
func deny(r Reason) Decision      { return Decision{Reason: r} }
func invisible(r Reason) Decision { return Decision{Reason: r, Invisible: true} }

// decideSession checks that the login or token behind an account subject still
// stands, and says when it runs out unused.
func decideSession(s Subject, f Facts, now time.Time) (Reason, time.Time) {
	a := f.Account
	if a == nil || s.Account == "" || a.ID != s.Account {
		return ReasonLoginEnded, time.Time{}
	}
	var ends time.Time
	suspended := a.State != AccountActive
	switch {
	case s.Login != "":
		l := f.Login
		if l == nil || l.ID != s.Login || l.Account != a.ID || (l.Kind == LoginKiosk) != (s.Kind == DeviceSubject) || l.Generation != a.LoginGeneration && !suspended {
			return ReasonLoginEnded, time.Time{} // a suspension ends all logins, and says that it was it
		}
		ends = earlier(l.IdleEnds, l.Ends)
	case s.Token != "":
		t := f.Token
		if t == nil || t.ID != s.Token || t.Account != a.ID {
			return ReasonLoginEnded, time.Time{}
		}
		ends = t.Ends
	default:
		return ReasonLoginEnded, time.Time{}
	}
	if over(ends, now) {
		return ReasonLoginEnded, time.Time{}
	}
	if suspended {
		return ReasonAccountSuspended, time.Time{}
	}
	return ReasonOK, ends
}

func decideAccount(s Subject, act Action, o Object, f Facts, now time.Time) Decision {
	switch act {
	case ActSelf:
		return allow()
	case ActInstance:
		if f.Account.InstanceAdmin {
			return allow()
		}
		return invisible(ReasonNotOwner)
	case ActSee, ActLive, ActSound, ActPTZ, ActArchive, ActDownload, ActNotices, ActImages, ActManage, ActShare, ActLink:
		return decideCamera(s, act, o, f, now)
	case ActGroupView, ActGroupLeave, ActGroupShareOwn, ActGroupRemoveOwn, ActGroupRemoveAny,
		ActGroupInvite, ActGroupRole, ActGroupRemovePerson, ActGroupDelete:
		return decideGroup(s, act, o, f)
	case ActLinkManage, ActLinkResume:
		l := f.Link
		if l == nil || l.ID != o.Link || l.Owner != s.Account {
			return invisible(ReasonLinkGone)
		}
		if act == ActLinkResume {
			return f.Plans.links(f.Account, now)
		}
		return allow()
	}
	return invisible(ReasonLinkGone) // ActVisit, ActDevice: an account is never a guest or a kiosk
}

// earlier returns the earlier of two ends, where zero means no end.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// over reports whether an end (exclusive; zero: none) has been reached.
func over(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }
