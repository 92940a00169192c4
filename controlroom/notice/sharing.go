package notice

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
)

// told is up to where people were told of a grant: its events come again after a
// crash, and would undo what was read meanwhile.
type told struct {
	V  int    `json:"v"`
	At string `json:"at"` // place of the last event in the feed
}

// offer tells what became of a grant: to the receiver what the owner did, to the
// owner what the receiver answered.
func (b *Board) offer(ctx context.Context, e event.Entry, ev event.OfferChanged) error {
	if !authz.ValidID(ev.Account) || !authz.ValidID(ev.Owner) || !authz.ValidID(ev.Grant) {
		return nil // waits for somebody who has no account yet
	}
	key := pTold + ev.Grant
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(ev.Owner), []string{key}, nil)
	if err != nil {
		return err
	}
	was, _ := kv.Decode[told](snap.Values[0], recordVersion)
	if was.At >= e.Key {
		return nil // comes again
	}
	if err := b.offerMoved(ctx, e, ev); err != nil {
		return err
	}
	if err := b.seenNoMore(ctx, ev); err != nil {
		return err
	}
	w := kv.Write{Key: key, Data: kv.Encode(told{V: recordVersion, At: e.Key})}
	if ev.State == revoked {
		w = kv.Write{Key: key, Delete: true}
	}
	_, err = b.commit(ctx, kv.Bulk(ev.Owner), nil, w)
	return err
}

// States of event.OfferChanged, before and now.
const (
	offered  = "offered"
	accepted = "accepted"
	declined = "declined"
	expired  = "expired"
	revoked  = string(authz.ReasonRevoked)
)

func (b *Board) offerMoved(ctx context.Context, e event.Entry, ev event.OfferChanged) error {
	was := ev.Was
	n := record{At: e.At.UnixMilli(), Camera: ev.Camera, Grant: ev.Grant, Person: ev.Owner}
	of := func(kinds ...string) func(record) bool {
		return func(r record) bool {
			for _, k := range kinds {
				if r.Kind == k && r.Grant == ev.Grant {
					return true
				}
			}
			return false
		}
	}
	switch {
	case ev.State == offered && was == "":
		r, err := b.cfg.Authority.Recipient(ctx, ev.Account, authz.ActSee, ev.Camera)
		if err != nil {
			return err
		}
		if !r.Offered() || r.Grant.ID != ev.Grant {
			return nil // withdrawn or answered meanwhile
		}
		n.Kind = OfferReceived
		if err := b.add(ctx, e.ID, ev.Account, n, of(OfferReceived)); err != nil {
			return err
		}
		return b.mailOffer(ctx, e, ev, r)
	case ev.State == accepted && (was == accepted || was == expired):
		r, err := b.cfg.Authority.Recipient(ctx, ev.Account, authz.ActSee, ev.Camera)
		if err != nil || !r.May() {
			return err
		}
		n.Kind = AccessChanged
		return b.add(ctx, e.ID, ev.Account, n, of(AccessChanged))
	case ev.State == accepted, ev.State == declined && was != declined && was != expired:
		if err := b.read(ctx, ev.Account, of(OfferReceived)); err != nil { // answered is read
			return err
		}
		r, err := b.cfg.Authority.Recipient(ctx, ev.Owner, authz.ActManage, ev.Camera)
		if err != nil || !r.May() {
			return err
		}
		n.Kind, n.Person, n.Answer = OfferAnswered, ev.Account, ev.State
		if was == accepted {
			n.Answer = "left"
		}
		return b.add(ctx, e.ID, ev.Owner, n, of(OfferAnswered)) // one, however often he changes his mind (R31)
	case ev.State == revoked:
		if err := b.drop(ctx, ev.Account, of(OfferReceived, AccessChanged)); err != nil { // R23: entries vanish
			return err
		}
		if was == offered || was == declined || was == expired {
			return nil // nothing was there to end
		}
		r, err := b.cfg.Authority.Recipient(ctx, ev.Account, authz.ActSelf, "")
		if err != nil || !r.May() {
			return err
		}
		n.Kind = AccessEnded
		return b.add(ctx, e.ID, ev.Account, n, nil)
	}
	return nil
}

// seenNoMore takes what a camera saw off the board of who lost the level for it. A
// schedule, a camera that is off or an account that is suspended only hide it:
// time brings it back.
func (b *Board) seenNoMore(ctx context.Context, ev event.OfferChanged) error {
	if ev.Was == "" || !authz.ValidID(ev.Camera) {
		return nil // nothing was told
	}
	r, err := b.cfg.Authority.Recipient(ctx, ev.Account, authz.ActNotices, ev.Camera)
	if err != nil || r.May() {
		return err
	}
	switch r.Decision.Reason {
	case authz.ReasonOutsideSchedule, authz.ReasonCameraOff, authz.ReasonAccountSuspended:
		return nil
	}
	return b.dropSeen(ctx, ev.Account, ev.Camera)
}

// asked tells an owner who asks for access. What is said of the asker is his
// name and masked e-mail: he gave them by asking. A second request for the same
// thing stands for the first.
func (b *Board) asked(ctx context.Context, e event.Entry, ev event.AccessRequested) error {
	if !authz.ValidID(ev.Owner) || !authz.ValidID(ev.Account) {
		return nil
	}
	from, err := b.cfg.Authority.Recipient(ctx, ev.Account, authz.ActSelf, "")
	if err != nil || !from.May() {
		return err
	}
	act := authz.ActSelf
	if ev.Camera != "" {
		act = authz.ActShare
	}
	to, err := b.cfg.Authority.Recipient(ctx, ev.Owner, act, ev.Camera)
	if err != nil || !to.May() {
		return err
	}
	n := record{Kind: AccessRequested, At: e.At.UnixMilli(), Camera: ev.Camera, Person: ev.Account, Email: authz.MaskEmail(from.Account.Email),
		Link: ev.Link, LinkName: ev.Name}
	return b.add(ctx, e.ID, ev.Owner, n, func(r record) bool {
		return r.Kind == AccessRequested && r.Person == ev.Account && r.Camera == ev.Camera && r.Link == ev.Link
	})
}

// group tells those whom the fate of a group concerns, but not who caused it.
func (b *Board) group(ctx context.Context, e event.Entry, ev event.GroupChanged) error {
	kinds := map[string]string{event.GroupDeleted: GroupDeleted, event.GroupRemoved: GroupRemoved, event.GroupInvited: GroupInvitation}
	kind, ok := kinds[ev.What]
	if !ok {
		return nil
	}
	for _, a := range ev.Accounts {
		if a == ev.By || !authz.ValidID(a) {
			continue
		}
		r, err := b.cfg.Authority.Recipient(ctx, a, authz.ActSelf, "")
		if err != nil {
			return err
		}
		if !r.May() {
			continue
		}
		n := record{Kind: kind, At: e.At.UnixMilli(), Person: ev.By, Group: ev.Group, GroupName: ev.Name}
		if err := b.add(ctx, e.ID, a, n, func(r record) bool {
			return r.Group == ev.Group && (r.Kind == kind || kind == GroupDeleted && r.Kind == GroupInvitation)
		}); err != nil {
			return err
		}
	}
	return nil
}

// paused is what an owner of links was told last of his plan.
type paused struct {
	V      int  `json:"v"`
	Paused bool `json:"paused"`
}

// plan tells an owner once when his plan begins to pause his links, and notes
// when a trial will do so.
func (b *Board) plan(ctx context.Context, cause string, at time.Time, account string) error {
	if !authz.ValidID(account) {
		return nil
	}
	now, links, ends, err := b.cfg.Authority.PlanPause(ctx, account)
	if err != nil {
		return err
	}
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(account), []string{kPlan}, nil)
	if err != nil {
		return err
	}
	was, _ := kv.Decode[paused](snap.Values[0], recordVersion)
	now = now && links > 0
	if now && !was.Paused {
		if err := b.add(ctx, cause, account, record{Kind: LinksPausedPlan, At: at.UnixMilli(), Links: links},
			func(r record) bool { return r.Kind == LinksPausedPlan }); err != nil {
			return err
		}
	}
	if now != was.Paused {
		if _, err := b.commit(ctx, kv.Bulk(account), nil, kv.Write{Key: kPlan, Data: kv.Encode(paused{V: recordVersion, Paused: now})}); err != nil {
			return err
		}
	}
	return b.due(ctx, account, ends)
}
