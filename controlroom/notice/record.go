package notice

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"sightline/authz"
	"sightline/internal/kv"
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
)

// kinds are all of them, for counting.
var kinds = [...]string{
	OfferReceived, OfferAnswered, AccessChanged, AccessEnded, AccessRequested,
	GroupRemoved, GroupDeleted, GroupInvitation, LinksPausedPlan, GalleryFull,
}

// rights says what the receiver must be allowed on the camera for it to be
// named in a notice of a kind. A kind that stands not here names no camera.
var rights = map[string]authz.Action{
	OfferReceived: authz.ActSee,
	OfferAnswered: authz.ActShare,
	AccessChanged: authz.ActSee,
	AccessEnded:   authz.ActSee,

	AccessRequested: authz.ActShare,
}

// record is the stored form of a notice: ids only where names may change or may
// no longer be told when it is read.
type record struct {
	V         int    `json:"v"`
	Kind      string `json:"kind"`
	At        int64  `json:"at"` // Unix ms
	Camera    string `json:"camera,omitempty"`
	Person    string `json:"person,omitempty"` // account who caused it
	Grant     string `json:"grant,omitempty"`
	Answer    string `json:"answer,omitempty"` // accepted declined left
	Group     string `json:"group,omitempty"`
	GroupName string `json:"group_name,omitempty"` // as the receiver knew it
	Links     int    `json:"links,omitempty"`
	Email     string `json:"email,omitempty"` // masked, of who asks for access
	Link      string `json:"link,omitempty"`
	LinkName  string `json:"link_name,omitempty"`
	Budget    string `json:"budget,omitempty"` // of link_near and link_used_up
}

// The keys of an account's notices in its bulk space, and two in the control
// space: bell/<account> is written after every change, so that the account's
// open pages look again; noticedue/<account> says when its trial ends.
const (
	recordVersion = 1
	pNotice       = "nt/"     // + notice id: record
	pUnread       = "ntu/"    // + notice id: not read yet
	pMute         = "ntmute/" // + camera: the receiver wants no badge and no mail
	pTold         = "ntg/"    // + grant, at the owner: told
	kPlan         = "ntplan"  // at the owner of links: paused as last told
	pBell         = "bell/"
	pDue          = "noticedue/"
)

// A repeated event makes the same notice.
func noticeID(at time.Time, cause, account, kind string) string {
	sum := sha256.Sum256([]byte(cause + "\x00" + account + "\x00" + kind))
	return authz.TimedID(at, [10]byte(sum[:10]))
}

// firstID sorts before every notice made at or after t.
func firstID(t time.Time) string { return authz.TimedID(t, [10]byte{}) }

func parse(v kv.Value) (record, error) {
	var r record
	if err := json.Unmarshal(v.Data, &r); err != nil {
		return r, fmt.Errorf("notice %s: %w", v.Key, err)
	}
	if r.V != recordVersion {
		return r, fmt.Errorf("notice %s has form %d", v.Key, r.V)
	}
	return r, nil
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own types: cannot fail
	}
	return b
}
