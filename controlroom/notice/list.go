package notice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	Read   bool      `json:"read"`
}

// List is a page of notices, newest first.
type List struct {
	Notices []Notice
	Next    string   // before of the next page; "" at the end
	Muted   []string // ids of cameras the account wants no badge and no mail of
}

// List returns the subject's notices older than before ("": the newest). Each
// camera is decided now: without the right it has no name here (R14).
func (b *Board) List(ctx context.Context, s authz.Subject, before string, unread bool) (List, error) {
	out := List{Notices: []Notice{}, Muted: []string{}}
	if err := b.self(ctx, s); err != nil {
		return out, err
	}
	if before != "" && !authz.ValidID(before) {
		return out, fault.Field("before", fault.CodeBadValue, "This is no place in the list.")
	}
	all := kv.Scan{Prefix: pNotice, Reverse: true}
	if before != "" {
		all.From = pNotice + before
	}
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(s.Account), nil, []kv.Scan{all, {Prefix: pUnread}, {Prefix: pMute}})
	if err != nil {
		return out, unavailable(err)
	}
	marks := map[string]bool{}
	for _, v := range snap.Scans[1] {
		marks[strings.TrimPrefix(v.Key, pUnread)] = true
	}
	for _, v := range snap.Scans[2] {
		out.Muted = append(out.Muted, strings.TrimPrefix(v.Key, pMute))
	}
	names := namer{b: b, account: s.Account, cameras: map[string]*Named{}}
	oldest := firstID(snap.Now.Add(-b.cfg.Keep))
	for _, v := range snap.Scans[0] {
		id := strings.TrimPrefix(v.Key, pNotice)
		if id == before || unread && !marks[id] {
			continue
		}
		if id < oldest {
			break
		}
		if len(out.Notices) == Page {
			out.Next = out.Notices[Page-1].ID
			break
		}
		r, err := parse(v)
		if err != nil {
			continue // of a newer version
		}
		n := Notice{ID: id, Kind: r.Kind, At: time.UnixMilli(r.At).UTC(), Answer: r.Answer, Links: r.Links, Budget: r.Budget, Read: !marks[id]}
		if n.Camera, err = names.camera(ctx, r); err != nil {
			return out, err
		}
		if r.Person != "" {
			n.Person = &Person{Named{ID: r.Person}, r.Email}
		}
		if r.Group != "" {
			n.Group = &Named{r.Group, r.GroupName}
		}
		if r.Link != "" {
			n.Link = &Named{r.Link, r.LinkName}
		}
		out.Notices = append(out.Notices, n)
	}
	return out, names.people(ctx, out.Notices)
}

// namer names what notices are about, each thing once.
type namer struct {
	b       *Board
	account string
	cameras map[string]*Named
}

func (n *namer) camera(ctx context.Context, r record) (*Named, error) {
	act, ok := rights[r.Kind]
	if !ok || r.Camera == "" {
		return nil, nil
	}
	key := act.String() + "/" + r.Camera
	if c, known := n.cameras[key]; known {
		return c, nil
	}
	to, err := n.b.cfg.Authority.Recipient(ctx, n.account, act, r.Camera)
	if err != nil {
		return nil, err
	}
	var c *Named
	if to.Camera != nil {
		c = &Named{to.Camera.ID, to.Camera.Name}
	}
	n.cameras[key] = c
	return c, nil
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
		return unavailable(err)
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

// Unread counts an account's unread notices; mark differs whenever its list does.
func (b *Board) Unread(ctx context.Context, account string) (n int, mark string, err error) {
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(account), nil,
		[]kv.Scan{{Prefix: pNotice, Reverse: true, Limit: 1}, {Prefix: pUnread}, {Prefix: pMute}})
	if err != nil {
		return 0, "", unavailable(err)
	}
	oldest := firstID(snap.Now.Add(-b.cfg.Keep))
	h := sha256.New()
	for i, s := range snap.Scans {
		for _, v := range s {
			h.Write([]byte(v.Key + "\n"))
			if i == 1 && strings.TrimPrefix(v.Key, pUnread) >= oldest {
				n++
			}
		}
	}
	return n, hex.EncodeToString(h.Sum(nil)[:8]), nil
}

func (b *Board) self(ctx context.Context, s authz.Subject) error {
	d, err := b.cfg.Authority.Check(ctx, s, authz.ActSelf, authz.Object{})
	if err != nil {
		return err
	}
	return d.Fault()
}

func unavailable(err error) error {
	if fault.Is(err, fault.Unavailable) {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, string(authz.ReasonUnavailable), "The store does not answer. Try again in a moment.").After(2 * time.Second)
}
