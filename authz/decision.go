package authz

import (
	"time"

	"sightline/internal/fault"
)

// Decision is the answer of Decide. It is never kept: who needs it later asks
// again, and what runs on it holds a Lease.
type Decision struct {
	Allowed bool
	Reason  Reason
	// Until is when the access itself ends (schedule, active-until, a link's
	// off): exclusive, zero when nothing ends it. Shown to people.
	Until time.Time
	// Next is when access opens again, for outside_schedule and
	// link_not_started; zero when that is not known.
	Next time.Time
	// SessionEnds is when the login, token or visit behind the subject runs out
	// unless it is used; leases honour it, nobody is shown it.
	SessionEnds time.Time
	// Footage bounds recorded video and images of it, for the actions that are
	// about them.
	Footage Footage
	// Owner says that ownership alone decides: owner_hold applies (ruling 11).
	Owner bool
	// Invisible says that the answer must be byte-equal to that for an object
	// that does not exist (ruling 6): 404.
	Invisible bool
	// Since is when the state behind the reason began, where a record knows it
	// (paused, ended); zero else.
	Since time.Time

	via   path   // which way allowed it; tells what to say when that way closes
	group string // viaGroup: which group
}

// path is the way a subject reaches a camera.
type path uint8

const (
	viaNothing path = iota
	viaOwner
	viaGrant
	viaGroup
	viaLink
)

// Fault turns a denial into the error web answers with, nil when allowed:
// Invisible → NotFound no_such_thing; login_ended → Unauthenticated;
// authz_unavailable → Unavailable; removed links → Gone link_gone (byte-equal
// with unknown ones); everything else Forbidden with the reason as its code.
func (d Decision) Fault() error {
	switch {
	case d.Allowed:
		return nil
	case d.Reason == ReasonUnavailable:
		return unavailable(nil)
	case d.Reason == ReasonLoginEnded:
		return fault.New(fault.Unauthenticated, string(ReasonLoginEnded), "Your sign-in has ended. Sign in again.")
	case d.Invisible:
		return errNotFound()
	case d.Reason == ReasonLinkRemoved, d.Reason == ReasonLinkGone:
		return errLinkGone()
	}
	return fault.New(fault.Forbidden, string(d.Reason), sentence(d.Reason))
}

func errNotFound() error {
	return fault.New(fault.NotFound, fault.CodeNotFound, "There is no such thing here.")
}

func errLinkGone() error {
	return fault.New(fault.Gone, string(ReasonLinkGone), "This link does not work. Ask for a new one.")
}

func errLinkRemoved() error {
	return fault.New(fault.Gone, string(ReasonLinkRemoved), "This link was removed. Ask for a new one.")
}

func unavailable(err error) error {
	return fault.Wrap(err, fault.Unavailable, string(ReasonUnavailable),
		"Your access cannot be checked right now. Try again in a moment.").After(2 * time.Second)
}

// sentence is the English text of a denial; the catalogues translate by code.
func sentence(r Reason) string {
	switch r {
	case ReasonNotOwner:
		return "Only the camera's owner can do this."
	case ReasonOfferPending:
		return "This camera was offered to you. Accept it first."
	case ReasonOfferRejected:
		return "You rejected this camera. Accept it to watch."
	case ReasonRevoked:
		return "The owner ended your access."
	case ReasonExpired:
		return "Your access has expired."
	case ReasonOutsideSchedule:
		return "This camera is closed to you at this hour."
	case ReasonLevelMissing:
		return "Your access does not include this."
	case ReasonCameraOff:
		return "The owner has switched this camera off."
	case ReasonCameraGone:
		return "This camera no longer exists."
	case ReasonNotMember:
		return "You are not in this group."
	case ReasonRoleViewer:
		return "Your role in the group does not allow this."
	case ReasonLinkNotStarted:
		return "This link has not started yet."
	case ReasonLinkEnded:
		return "This link has ended."
	case ReasonLinkPaused:
		return "The owner has paused this link."
	case ReasonLinkPausedPlan:
		return "This link is paused because of the owner's plan."
	case ReasonPasswordRequired:
		return "This link asks for a password."
	case ReasonPasswordWrong:
		return "That password is wrong."
	case ReasonLimitedMode:
		return "Guests of a link cannot do this."
	case ReasonPlanMini:
		return "Your plan does not include links."
	case ReasonAccountSuspended:
		return "This account is suspended."
	case ReasonEmailUnverified:
		return "Confirm your e-mail address first."
	case ReasonStoppedByOwner:
		return "The owner has stopped this visit."
	case ReasonIPBlocked:
		return "The owner has blocked this address."
	case ReasonGroupGone:
		return "This group no longer exists."
	}
	return "This is not allowed."
}
