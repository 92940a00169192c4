package authz

import (
	"context"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
)

// linkMailLife is how long the mail of a link without an end is tried.
const linkMailLife = 24 * time.Hour

// MailLink asks for one mail with an own link, in the owner's language: a fixed
// letter with the owner's text (≤ 500 characters) in it, never with the link's
// password. base is the origin of the asking page. fault.Conflict mail_off where
// there is no mail, fault.Forbidden link_ended, email_unverified (the owner's).
// It is one of the mails the account may cause in a day: fault.RateLimited past them.
func (a *Authority) MailLink(ctx context.Context, s Subject, id, to, text, base string) error {
	if !a.cfg.Mail {
		return fault.New(fault.Conflict, fault.CodeMailOff, "This server sends no mail. Copy the link instead.")
	}
	to, err := NormalEmail(to)
	if err != nil {
		return fault.Field("to", fault.Code(err), "That is not an e-mail address.")
	}
	if text, err = cleanNote("text", text); err != nil {
		return err
	}
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		o := Object{Link: id}
		v, f, err := a.require(ctx, s, ActLinkManage, o)
		if err != nil {
			return err
		}
		l, owner := f.Link, f.Account
		switch {
		case !owner.EmailVerified:
			return deny(ReasonEmailUnverified).Fault()
		case over(l.Ends, v.now):
			return deny(ReasonLinkEnded).Fault()
		}
		sec, err := a.cfg.Seal.Unseal(l.Sealed, linkPlace(l.Owner, l.ID))
		if err != nil {
			return fault.Wrap(err, fault.Internal, fault.CodeInternal, "The link cannot be opened with this server's key.")
		}
		m := event.MailRequested{Kind: event.MailLink, Account: owner.ID, Email: to, From: owner.Name, Locale: owner.Language, Base: base,
			Link: l.Name, Text: text, Zone: owner.Zone, Password: l.PasswordHash != "", Expires: v.now.Add(linkMailLife).Unix()}
		if !l.Starts.IsZero() && l.Starts.After(v.now) {
			m.Starts = l.Starts.Unix()
		}
		if !l.Ends.IsZero() {
			m.Ends = l.Ends.Unix()
			m.Expires = m.Ends
		}
		if err := a.spendMails(ctx, d, owner.ID, 1); err != nil {
			return err
		}
		d.bind(v, s, o)
		d.event(a.mail(m, sec))
		d.audit(s, "link.mail", l.Owner, id, detail("to", MaskEmail(to)))
		return nil
	})
	return err
}
