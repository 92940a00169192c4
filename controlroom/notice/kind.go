package notice

import (
	"sightline/authz"
	"sightline/internal/event"
)

// Kinds of notices.
const (
	OfferReceived   = "offer_received"    // a camera is offered to me
	OfferAnswered   = "offer_answered"    // my offer was accepted, declined, or the person left; quiet
	AccessChanged   = "access_changed"    // what I may do with a camera of somebody changed
	AccessEnded     = "access_ended"      // my access to a camera of somebody ended
	AccessRequested = "access_requested"  // somebody asks for access to a camera or link of mine
	GroupRemoved    = "group_removed"     // I was removed from a group
	GroupDeleted    = "group_deleted"     // a group I was in is gone
	GroupInvitation = "group_invitation"  // I am invited to administer a group
	LinksPausedPlan = "links_paused_plan" // my links are paused by my plan
	LinkNear        = "link_near"         // a budget of my link is nearly used up
	LinkUsedUp      = "link_used_up"      // a budget of my link is used up
	GalleryFull     = "gallery_full"      // an image found no room in my gallery, the first since there was some

	// What a camera saw or what became of it, for who has the level Notices.
	Motion     = "motion"
	PersonSeen = "person"
	Vehicle    = "vehicle"
	Sound      = "sound"
	Tamper     = "tamper"
	Input      = "input"
	CameraLost = "camera_lost"
	CameraBack = "camera_back"
	Still      = "still" // an image arrived, on cameras whose owner wants that told

	Storage    = "storage"     // recordings are not kept, or are again: owners and administrators
	Throttle   = "throttle"    // my cameras are shown with less: the budget of bytes is used up
	WebhookOff = "webhook_off" // a webhook of mine was switched off
)

// Ways are the channels a person takes notices of a kind by.
type Ways struct {
	Feed    bool `json:"feed"`
	Mail    bool `json:"mail"`
	Push    bool `json:"push"`
	Webhook bool `json:"webhook"`
}

// By reports whether a channel of that name is on.
func (w Ways) By(channel string) bool {
	switch channel {
	case ByFeed:
		return w.Feed
	case ByMail:
		return w.Mail
	case ByPush:
		return w.Push
	case ByWebhook:
		return w.Webhook
	}
	return false
}

// kind says what holds for notices of one kind.
type kind struct {
	name string
	act  authz.Action // on the camera, for it to be named; ActNone: it names none
	saw  bool         // about what a camera saw: without the right nothing of it is told, not even that there is something
	own  bool         // its letter is written elsewhere (offermail, linkuse): none is queued here
	ways Ways         // unless the person chose otherwise
}

var (
	loud  = Ways{Feed: true, Push: true, Webhook: true}
	mild  = Ways{Feed: true, Webhook: true}
	grave = Ways{Feed: true, Mail: true, Push: true, Webhook: true}
)

// kinds in the order settings show them in.
var kinds = []kind{
	{name: Motion, act: authz.ActNotices, saw: true, ways: loud},
	{name: PersonSeen, act: authz.ActNotices, saw: true, ways: loud},
	{name: Vehicle, act: authz.ActNotices, saw: true, ways: loud},
	{name: Sound, act: authz.ActNotices, saw: true, ways: loud},
	{name: Tamper, act: authz.ActNotices, saw: true, ways: loud},
	{name: Input, act: authz.ActNotices, saw: true, ways: loud},
	{name: CameraLost, act: authz.ActNotices, saw: true, ways: loud},
	{name: CameraBack, act: authz.ActNotices, saw: true, ways: loud},
	{name: Still, act: authz.ActNotices, saw: true, ways: mild},
	{name: Storage, act: authz.ActManage, ways: grave},
	{name: Throttle, ways: loud},
	{name: OfferReceived, act: authz.ActSee, own: true, ways: grave},
	{name: OfferAnswered, act: authz.ActShare, ways: mild},
	{name: AccessRequested, act: authz.ActShare, ways: loud},
	{name: AccessChanged, act: authz.ActSee, ways: mild},
	{name: AccessEnded, act: authz.ActSee, ways: mild},
	{name: GroupInvitation, own: true, ways: Ways{Feed: true, Push: true, Webhook: true}},
	{name: GroupRemoved, ways: mild},
	{name: GroupDeleted, ways: mild},
	{name: LinkNear, own: true, ways: mild},
	{name: LinkUsedUp, own: true, ways: loud},
	{name: LinksPausedPlan, ways: loud},
	{name: GalleryFull, ways: loud},
	{name: WebhookOff, ways: grave},
}

// kindOf finds a kind by name; the zero kind, which names no camera and goes
// nowhere but to the feed, for one that this version does not know.
func kindOf(name string) (kind, bool) {
	for _, k := range kinds {
		if k.name == name {
			return k, true
		}
	}
	return kind{name: name, ways: Ways{Feed: true}}, false
}

// mails reports whether a person may choose a letter for the kind: those of links
// are chosen beside the links' budgets, and an invitation is a letter already.
func (k kind) mails() bool { return !k.own || k.name == OfferReceived }

// ofEvent is the notice that a camera's event makes; false: none.
func ofEvent(name string) (string, bool) {
	switch name {
	case Motion, PersonSeen, Vehicle, Sound, Tamper, Input, Still, Storage:
		return name, true
	case "lost":
		return CameraLost, true
	case "back":
		return CameraBack, true
	}
	return "", false
}

// replaces reports whether a notice stands for older ones of the same camera and
// kind on a screen: what is told by both is the same.
func tagOf(r record) string {
	what := r.Camera
	for _, id := range []string{r.Link, r.Group, r.Person, r.Webhook} {
		if what == "" {
			what = id
		}
	}
	return r.Kind + "/" + what
}

// reasons of storage notices, as event.StorageTrouble has them.
var storageReasons = map[string]bool{"disk_full": true, "disk_failed": true, "disk_well": true}

func storageReason(ev event.StorageTrouble) string {
	if storageReasons[ev.Reason] {
		return ev.Reason
	}
	return "disk_failed"
}
