package notice

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
)

// sentMails counts the offer mails an account has caused on one day (UTC).
type sentMails struct {
	V    int    `json:"v"`
	Day  string `json:"day"`
	Sent int    `json:"sent"`
}

// mailOffer queues the mail of an offer, when there is a way for mail, the
// receiver's address is his, he has not muted the camera, and the owner has not
// caused too many today: this is no open relay.
func (b *Board) mailOffer(ctx context.Context, e event.Entry, ev event.OfferChanged, r authz.Recipient) error {
	if !b.cfg.Mail || !r.Account.EmailVerified {
		return nil
	}
	id := noticeID(e.At, e.ID, ev.Account, "mail")
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(ev.Account), []string{pMute + ev.Camera}, nil)
	if err != nil {
		return err
	}
	queue, err := b.cfg.Store.Read(ctx, kv.Control, []string{waitingKey(id)}, nil)
	if err != nil || snap.Values[0].Exists() || queue.Values[0].Exists() {
		return err
	}
	ok, err := b.mayMail(ctx, ev.Owner)
	if err != nil || !ok {
		return err
	}
	q := waiting{V: waitingVersion, Next: b.cfg.Clock.Now().UnixMilli(), Request: event.MailRequested{
		Kind: event.MailOffer, Account: ev.Account, Email: r.Account.Email, Locale: r.Account.Language, Camera: ev.Camera,
		Expires: e.At.Add(event.Keep).Unix()}}
	_, err = b.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(b.cfg.Clock.Now()), Space: kv.Control,
		Conditions: []kv.Condition{{Key: waitingKey(id)}}, Writes: []kv.Write{{Key: waitingKey(id), Data: encode(q)}}})
	if errors.Is(err, kv.ErrConflict) {
		return nil
	}
	return err
}

// mayMail takes one of the owner's mails of today.
func (b *Board) mayMail(ctx context.Context, owner string) (bool, error) {
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(owner), []string{kMails}, nil)
	if err != nil {
		return false, err
	}
	var sent sentMails
	if snap.Values[0].Exists() {
		if err := json.Unmarshal(snap.Values[0].Data, &sent); err != nil {
			sent = sentMails{}
		}
	}
	if today := snap.Now.UTC().Format(time.DateOnly); sent.Day != today {
		sent = sentMails{V: recordVersion, Day: today}
	}
	if sent.Sent >= b.cfg.Mails {
		b.cfg.Log.Info("an offer goes without mail: its owner has caused enough today", "account", owner)
		return false, nil
	}
	sent.Sent++
	_, err = b.cfg.Store.Commit(ctx, kv.Txn{ID: kv.NewID(b.cfg.Clock.Now()), Space: kv.Bulk(owner),
		Writes: []kv.Write{{Key: kMails, Data: encode(sent)}}})
	return err == nil, err
}
