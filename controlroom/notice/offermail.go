package notice

import (
	"context"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/kv"
)

// mailOffer queues the mail of an offer, when there is a way for mail, the
// receiver's address is his, he wants such mails and has not muted the camera, and
// the owner has not caused too many today: this is no open relay. In the
// receiver's quiet hours it waits for their end.
func (b *Board) mailOffer(ctx context.Context, e event.Entry, ev event.OfferChanged, r authz.Recipient) error {
	if !b.cfg.Mail || !r.Account.EmailVerified {
		return nil
	}
	id := noticeID(e.At, e.ID, ev.Account, "mail")
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(ev.Account), []string{pMute + ev.Camera, kChoices}, nil)
	if err != nil {
		return err
	}
	queue, err := b.cfg.Store.Read(ctx, kv.Control, []string{waitingKey(id)}, nil)
	if err != nil || snap.Values[0].Exists() || queue.Values[0].Exists() {
		return err
	}
	c := parseChoices(snap.Values[1])
	if k, _ := kindOf(OfferReceived); !c.ways(k).Mail {
		return nil
	}
	switch ok, err := b.cfg.Authority.SpendMail(ctx, ev.Owner); {
	case err != nil:
		return err
	case !ok:
		b.cfg.Log.Info("an offer goes without mail: its owner has caused enough today", "account", ev.Owner)
		return nil
	}
	q := waiting{Next: b.loud(c, r).UnixMilli(), Request: event.MailRequested{
		Kind: event.MailOffer, Account: ev.Account, Email: r.Account.Email, Locale: r.Account.Language, Camera: ev.Camera,
		Expires: e.At.Add(event.Keep).Unix()}}
	return q.queue(ctx, b.cfg.Store, b.cfg.Clock.Now(), waitingKey(id))
}

// loud is when the person may be written to: now, or when his quiet hours end.
func (b *Board) loud(c choices, r authz.Recipient) time.Time {
	at, _ := c.quiet(b.cfg.Clock.Now(), c.zoneOf(r.Account.Zone))
	return at
}
