package notice

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"sightline/authz"
	"sightline/internal/kv"
)

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
	Text      string `json:"text,omitempty"`   // what a hook said
	Reason    string `json:"reason,omitempty"` // of storage and throttle
	Disk      string `json:"disk,omitempty"`   // of storage, for administrators
	Until     int64  `json:"until,omitempty"`  // Unix ms, of throttle
	Webhook   string `json:"webhook,omitempty"`
	Name      string `json:"name,omitempty"`   // of the webhook
	Hidden    bool   `json:"hidden,omitempty"` // not for the feed: kept so that it is sent once
}

// The keys of an account's notices in its bulk space, and three in the control
// space: bell/<account> is written after every change, so that the account's
// open pages look again; noticedue/<account> says when its trial ends;
// noticeout/<due>/<account> that something of it is to be sent then. In the space
// of events: when a camera and kind was told last, and cameras that are lost.
const (
	recordVersion = 1
	pNotice       = "nt/"     // + notice id: record
	pUnread       = "ntu/"    // + notice id: not read yet; mark
	pMute         = "ntmute/" // + camera: the receiver wants no badge and no mail
	pTold         = "ntg/"    // + grant, at the owner: told
	pJob          = "ntj/"    // + channel/due/notice id: job
	kChoices      = "ntpref"  // Preferences
	kLetter       = "ntmail"  // when the last letter went
	kLease        = "ntlease" // which node sends for the account now
	kPlan         = "ntplan"  // at the owner of links: paused as last told
	pBell         = "bell/"
	pDue          = "noticedue/"
	pOut          = "noticeout/"
	pLast         = "ntlast/" // + camera/kind: last
	pLost         = "ntlost/" // + camera: lost
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

func sum(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}
