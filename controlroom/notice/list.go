package notice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Page is how many notices one List returns at most.
const Page = 50

// Named is an id with the name to show; Name is empty when there is none any more.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Person is somebody a notice is about; his masked e-mail is there when he gave
// it by asking.
type Person struct {
	Named
	EmailMasked string `json:"email_masked,omitempty"`
}

// Notice is one notice as its receiver may see it now.
type Notice struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind"`
	At     time.Time `json:"at"`
	Camera *Named    `json:"camera,omitempty"` // only while the receiver may know of it
	Person *Person   `json:"person,omitempty"` // who caused it
	Group  *Named    `json:"group,omitempty"`
	Link   *Named    `json:"link,omitempty"`   // of access_requested, link_near, link_used_up
	Answer string    `json:"answer,omitempty"` // of offer_answered: accepted, declined, left
	Links  int       `json:"links,omitempty"`  // of links_paused_plan: how many
	Budget string    `json:"budget,omitempty"` // of link_near and link_used_up: users, gallery_updates, viewer_seconds
	Text   string    `json:"text,omitempty"`   // what a hook said
	Reason string    `json:"reason,omitempty"` // of storage: disk_full, disk_failed, disk_well; of throttle: sub, stills
	Disk   string    `json:"disk,omitempty"`   // of storage, for administrators
	Until  time.Time `json:"until,omitzero"`   // of throttle
	Name   string    `json:"name,omitempty"`   // of webhook_off: the webhook's
	// Archive is the page of the recording at that moment, "/archive/<camera>?at=…",
	// where the receiver may see it now.
	Archive string `json:"archive,omitempty"`
	Read    bool   `json:"read"`
}

// Query says which notices a List is about. Zero values leave nothing out.
type Query struct {
	Before   string    // only those older than the one with this id
	Unread   bool      // only those that were not read
	Kinds    []string  // only of these kinds
	Camera   string    // only those that name this camera
	From, To time.Time // only those of [From, To)
}

func (q Query) check() error {
	if q.Before != "" && !authz.ValidID(q.Before) {
		return fault.Field("before", fault.CodeBadValue, "This is no place in the list.")
	}
	if q.Camera != "" && !authz.ValidID(q.Camera) {
		return fault.Field("camera", fault.CodeBadValue, "This is no camera.")
	}
	for _, name := range q.Kinds {
		if _, ok := kindOf(name); !ok {
			return fault.Field("kind", fault.CodeBadValue, "There are no notices of this kind.")
		}
	}
	if !q.To.IsZero() && !q.From.Before(q.To) {
		return fault.Field("to", fault.CodeBadValue, "The end comes after the beginning.")
	}
	return nil
}

// wants reports whether a record is asked for, before anything is decided.
func (q Query) wants(r record, unread bool) bool {
	at := time.UnixMilli(r.At)
	return !r.Hidden && (!q.Unread || unread) && (len(q.Kinds) == 0 || slices.Contains(q.Kinds, r.Kind)) &&
		(q.Camera == "" || r.Camera == q.Camera) && (q.From.IsZero() || !at.Before(q.From)) && (q.To.IsZero() || at.Before(q.To))
}

// List is a page of notices, newest first.
type List struct {
	Notices []Notice
	Next    string   // before of the next page; "" at the end
	Muted   []string // ids of cameras the account wants no badge and no mail of
}

// List returns a page of the subject's notices, newest first. Each camera is
// decided now: without the right it has no name here, and what it saw is not
// listed at all (R14).
func (b *Board) List(ctx context.Context, s authz.Subject, q Query) (List, error) {
	out := List{Notices: []Notice{}, Muted: []string{}}
	if err := b.self(ctx, s); err != nil {
		return out, err
	}
	if err := q.check(); err != nil {
		return out, err
	}
	all := kv.Scan{Prefix: pNotice, Reverse: true}
	if q.Before != "" {
		all.From = pNotice + q.Before
	}
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(s.Account), nil, []kv.Scan{all, {Prefix: pUnread}, {Prefix: pMute}})
	if err != nil {
		return out, kv.Away(err)
	}
	marks := map[string]bool{}
	for _, v := range snap.Scans[1] {
		marks[strings.TrimPrefix(v.Key, pUnread)] = true
	}
	for _, v := range snap.Scans[2] {
		out.Muted = append(out.Muted, strings.TrimPrefix(v.Key, pMute))
	}
	names := &namer{b: b, account: s.Account}
	oldest := firstID(snap.Now.Add(-b.cfg.Keep))
	for _, v := range snap.Scans[0] {
		id := strings.TrimPrefix(v.Key, pNotice)
		if id < oldest {
			break
		}
		r, err := parse(v)
		if id == q.Before || err != nil || !q.wants(r, marks[id]) { // err: of a newer version
			continue
		}
		n, may, err := names.notice(ctx, id, r)
		if err != nil {
			return out, err
		}
		if !may || q.Camera != "" && n.Camera == nil {
			continue
		}
		if len(out.Notices) == Page {
			out.Next = out.Notices[Page-1].ID
			break
		}
		n.Read = !marks[id]
		out.Notices = append(out.Notices, n)
	}
	return out, names.people(ctx, out.Notices)
}

// namer names what notices are about, each thing once.
type namer struct {
	b       *Board
	account string
	cameras map[string]authz.Recipient
}

// notice makes a record into what its receiver may be told now; false: nothing.
func (n *namer) notice(ctx context.Context, id string, r record) (Notice, bool, error) {
	k, _ := kindOf(r.Kind)
	out := Notice{ID: id, Kind: r.Kind, At: time.UnixMilli(r.At).UTC(), Answer: r.Answer, Links: r.Links, Budget: r.Budget,
		Text: r.Text, Reason: r.Reason, Disk: r.Disk, Name: r.Name}
	if r.Until > 0 {
		out.Until = time.UnixMilli(r.Until).UTC()
	}
	if r.Camera != "" && k.act != authz.ActNone {
		to, err := n.recipient(ctx, k.act, r.Camera)
		switch {
		case err != nil:
			return out, false, err
		case k.saw && !to.May():
			return out, false, nil
		case to.Camera != nil:
			out.Camera = &Named{to.Camera.ID, to.Camera.Name}
		}
	}
	if k.saw && out.Camera != nil {
		to, err := n.recipient(ctx, authz.ActArchive, r.Camera)
		if err != nil {
			return out, false, err
		}
		if to.May() && to.Decision.Footage.Covers(out.At) {
			out.Archive = "/archive/" + r.Camera + "?at=" + out.At.Format("2006-01-02T15:04:05.000Z")
		}
	}
	if r.Person != "" {
		out.Person = &Person{Named{ID: r.Person}, r.Email}
	}
	if r.Group != "" {
		out.Group = &Named{r.Group, r.GroupName}
	}
	if r.Link != "" {
		out.Link = &Named{r.Link, r.LinkName}
	}
	return out, true, nil
}

func (n *namer) recipient(ctx context.Context, act authz.Action, camera string) (authz.Recipient, error) {
	key := act.String() + "/" + camera
	if to, known := n.cameras[key]; known {
		return to, nil
	}
	to, err := n.b.cfg.Authority.Recipient(ctx, n.account, act, camera)
	if err != nil {
		return to, err
	}
	if n.cameras == nil {
		n.cameras = map[string]authz.Recipient{}
	}
	n.cameras[key] = to
	return to, nil
}

func (n *namer) people(ctx context.Context, list []Notice) error {
	var ids []string
	for _, x := range list {
		if x.Person != nil && !slices.Contains(ids, x.Person.ID) {
			ids = append(ids, x.Person.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	names, err := n.b.cfg.Authority.AccountNames(ctx, ids)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.Person != nil {
			x.Person.Name = names[x.Person.ID]
		}
	}
	return nil
}

// MarkRead marks notices of the subject as read; nil means all of them. An offer
// stays until it is answered all the same (R32). Idempotent.
func (b *Board) MarkRead(ctx context.Context, s authz.Subject, ids []string) error {
	if err := b.self(ctx, s); err != nil {
		return err
	}
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(s.Account), nil, []kv.Scan{{Prefix: pUnread}})
	if err != nil {
		return kv.Away(err)
	}
	var writes []kv.Write
	for _, v := range snap.Scans[0] {
		if ids == nil || slices.Contains(ids, strings.TrimPrefix(v.Key, pUnread)) {
			writes = append(writes, kv.Write{Key: v.Key, Delete: true})
		}
	}
	return b.write(ctx, s.Account, writes)
}

// read marks what fits as read, for an account that has shown it knows.
func (b *Board) read(ctx context.Context, account string, which func(record) bool) error {
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(account), nil, []kv.Scan{{Prefix: pNotice}, {Prefix: pUnread}})
	if err != nil {
		return err
	}
	unread := map[string]bool{}
	for _, v := range snap.Scans[1] {
		unread[strings.TrimPrefix(v.Key, pUnread)] = true
	}
	var writes []kv.Write
	for _, v := range snap.Scans[0] {
		id := strings.TrimPrefix(v.Key, pNotice)
		if r, err := parse(v); err == nil && unread[id] && which(r) {
			writes = append(writes, kv.Write{Key: pUnread + id, Delete: true})
		}
	}
	return b.write(ctx, account, writes)
}

// Mute stops, or lets through again, the badge and the mail of a camera's
// notices for the subject; they stay in the list. A camera he may not see is
// fault.NotFound.
func (b *Board) Mute(ctx context.Context, s authz.Subject, camera string, muted bool) error {
	d, err := b.cfg.Authority.Check(ctx, s, authz.ActSee, authz.Object{Camera: camera})
	if err != nil {
		return err
	}
	if err := d.Fault(); err != nil {
		return err
	}
	return b.write(ctx, s.Account, []kv.Write{{Key: pMute + camera, Delete: !muted}})
}

// Unread counts an account's unread notices, without those of cameras of which it
// may not be told now; mark differs whenever its list does.
func (b *Board) Unread(ctx context.Context, account string) (n int, mark string, err error) {
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(account), nil,
		[]kv.Scan{{Prefix: pNotice, Reverse: true, Limit: 1}, {Prefix: pUnread}, {Prefix: pMute}})
	if err != nil {
		return 0, "", kv.Away(err)
	}
	oldest := firstID(snap.Now.Add(-b.cfg.Keep))
	names := &namer{b: b, account: account}
	h := sha256.New()
	for i, s := range snap.Scans {
		for _, v := range s {
			counts := i == 1 && strings.TrimPrefix(v.Key, pUnread) >= oldest
			if camera := cameraOf(v); counts && camera != "" {
				to, err := names.recipient(ctx, authz.ActNotices, camera)
				if err != nil {
					return 0, "", err
				}
				if counts = to.May(); !counts {
					continue
				}
			}
			h.Write([]byte(v.Key + "\n"))
			if counts {
				n++
			}
		}
	}
	return n, hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// cameraOf is the camera an unread mark is about, where it says one.
func cameraOf(v kv.Value) string {
	var m mark
	if len(v.Data) == 0 || json.Unmarshal(v.Data, &m) != nil {
		return ""
	}
	return m.Camera
}

func (b *Board) self(ctx context.Context, s authz.Subject) error {
	d, err := b.cfg.Authority.Check(ctx, s, authz.ActSelf, authz.Object{})
	if err != nil {
		return err
	}
	return d.Fault()
}
