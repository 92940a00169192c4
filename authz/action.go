package authz

// Action is what a subject wants to do. The list is closed; Decide denies
// everything that is not on it.
type Action uint8

const (
	ActNone Action = iota

	// On a camera (Object.Camera; for guests the link comes from the subject).
	ActSee      // the camera stands in lists with its name and state
	ActLive     // live picture, every layer
	ActSound    // live sound
	ActPTZ      // steer it
	ActArchive  // recorded video
	ActDownload // take recorded video away
	ActNotices  // be told of what it saw
	ActImages   // its images in a gallery
	ActManage   // settings, sources, deletion
	ActShare    // grants and offers: the "Give access" tab
	ActLink     // put it behind a link; needs a plan that may

	// On a group (Object.Group): the nine of R43.
	ActGroupView
	ActGroupLeave
	ActGroupShareOwn
	ActGroupRemoveOwn
	ActGroupRemoveAny
	ActGroupInvite
	ActGroupRole
	ActGroupRemovePerson
	ActGroupDelete

	// On a link (Object.Link).
	ActLinkManage // pause, remove, cameras: its owner
	ActLinkResume // as ActLinkManage, and the plan must allow links
	ActVisit      // be a guest of it

	// On oneself and the instance.
	ActSelf     // one's own profile, logins, tokens, views
	ActInstance // accounts, plans, registration, camera networks
	ActDevice   // be a kiosk: read one's own view

	actEnd
)

var actionNames = [...]string{
	"none", "see", "live", "sound", "ptz", "archive", "download", "notices", "images", "manage", "share", "link",
	"group_view", "group_leave", "group_share_own", "group_remove_own", "group_remove_any",
	"group_invite", "group_role", "group_remove_person", "group_delete",
	"link_manage", "link_resume", "visit", "self", "instance", "device",
}

// String is the action's name in scripts, logs and metrics.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return "unknown"
}

// ParseAction is the inverse of String.
func ParseAction(s string) (Action, bool) {
	for i, n := range actionNames {
		if n == s && i != 0 {
			return Action(i), true
		}
	}
	return ActNone, false
}
