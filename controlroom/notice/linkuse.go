package notice

import (
	"context"
	"net/url"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/i18n"
	"sightline/internal/kv"
	"sightline/internal/mail"
)

// linkUse tells a link's owner that a budget of it is nearly or all used (R84),
// and by mail too where he asked for that.
func (b *Board) linkUse(ctx context.Context, e event.Entry, ev event.LinkUse) error {
	if !authz.ValidID(ev.Owner) || !authz.ValidID(ev.Link) {
		return nil
	}
	r, err := b.cfg.Authority.Recipient(ctx, ev.Owner, authz.ActSelf, "")
	if err != nil || !r.May() {
		return err
	}
	n := record{Kind: LinkNear, At: ev.At, Link: ev.Link, LinkName: ev.Name, Budget: ev.Budget}
	if ev.Percent >= 100 {
		n.Kind = LinkUsedUp
	}
	if err := b.add(ctx, e.ID, ev.Owner, n, nil); err != nil {
		return err
	}
	return b.mailLinkUse(ctx, e, ev, r)
}

// mailLinkUse queues the letter, once however often the event comes.
func (b *Board) mailLinkUse(ctx context.Context, e event.Entry, ev event.LinkUse, r authz.Recipient) error {
	if !b.cfg.Mail || !r.Account.EmailVerified || !r.Account.UsageMails {
		return nil
	}
	key := waitingKey(noticeID(time.UnixMilli(ev.At), e.ID, ev.Owner, "mail"))
	snap, err := b.cfg.Store.Read(ctx, kv.Bulk(ev.Owner), []string{kChoices}, nil)
	if err != nil {
		return err
	}
	q := waiting{Next: b.loud(parseChoices(snap.Values[0]), r).UnixMilli(), Request: event.MailRequested{
		Kind: event.MailUsage, Account: ev.Owner, Email: r.Account.Email, Name: r.Account.Name, Locale: r.Account.Language, Zone: r.Account.Zone,
		Link: ev.Name, Text: ev.Budget, Group: usageText(ev.Percent), Ends: ev.Until / 1000, Expires: e.At.Add(24 * time.Hour).Unix()}}
	return q.queue(ctx, b.cfg.Store, b.cfg.Clock.Now(), key)
}

func usageText(percent int) string {
	if percent >= 100 {
		return LinkUsedUp
	}
	return LinkNear
}

// usageLetter writes the letter of link_near and link_used_up.
func (n *Notices) usageLetter(id string, m event.MailRequested) mail.Letter {
	lang := m.Locale
	if !n.cfg.Texts.Has(lang) {
		lang = i18n.Fallback
	}
	text := func(key string, args i18n.Args) string { return n.cfg.Texts.Text(lang, key, args) }
	args := i18n.Args{"name": m.Name, "link": m.Link, "budget": text("notice.budget_"+m.Text, nil)}
	parts := []string{text("mail.hello", args), text("notice."+m.Group+"_link", args)}
	link := ""
	if u, err := url.Parse(n.cfg.PublicURL); err == nil && u.Host != "" {
		link = strings.TrimSuffix(n.cfg.PublicURL, "/") + "/settings/usage"
		parts = append(parts, link)
	}
	body := strings.Join(parts, "\n\n")
	return mail.Letter{ID: id, To: m.Email, Name: m.Name, Language: lang,
		Subject: oneLine(text("mail."+m.Group+".subject", args)), Text: body + "\n", HTML: asPage(lang, body, link)}
}
