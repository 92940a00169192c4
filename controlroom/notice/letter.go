package notice

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/event"
	"sightline/internal/i18n"
	"sightline/internal/mail"
	"sightline/internal/secret"
)

// pages are where the one-time links of each kind lead.
var pages = map[string]string{
	event.MailInvitation:   "/invite",
	event.MailVerification: "/verify",
	event.MailReset:        "/reset",
	event.MailLink:         "/s",
	event.MailGroup:        "/settings/groups", // where the code of the letter is typed
}

var errNoBase = errors.New("no address of this server to put into a link; set the public URL")

// compose writes the letter of a request. The one-time secret stands behind the
// fragment sign, where neither servers nor previews see it.
func compose(texts *i18n.Catalogues, id, base string, m event.MailRequested, oneTime secret.String) (mail.Letter, error) {
	page, ok := pages[m.Kind]
	if !ok {
		return mail.Letter{}, fmt.Errorf("no letter of kind %q", m.Kind)
	}
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return mail.Letter{}, errNoBase
	}
	link := strings.TrimSuffix(u.Scheme+"://"+u.Host+u.Path, "/") + page
	if m.Kind != event.MailGroup {
		link += "#" + oneTime.Reveal()
	}
	lang := m.Locale
	if !texts.Has(lang) {
		lang = i18n.Fallback
	}
	args := i18n.Args{"url": link, "from": m.From, "name": m.Name,
		"until": time.Unix(m.Expires, 0).UTC().Format("2006-01-02 15:04") + " UTC"}
	if m.From == "" {
		args["from"] = u.Host
	}
	if m.Name == "" {
		args["name"] = m.Email
	}
	if m.Kind == event.MailGroup {
		args["group"], args["code"] = m.Group, oneTime.Reveal()
	}
	body := ""
	if m.Kind == event.MailLink {
		body = linkBody(texts, lang, m, args)
	} else {
		body = texts.Text(lang, "mail."+m.Kind+".body", args)
	}
	return mail.Letter{
		ID: id, To: m.Email, Name: m.Name, Language: lang,
		Subject: oneLine(texts.Text(lang, "mail."+m.Kind+".subject", args)),
		Text:    body + "\n", HTML: asPage(lang, body, link),
	}, nil
}

// oneLine keeps names of people from breaking a header.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// asPage is the letter as a page: no pictures, no style sheet, nothing to load.
func asPage(lang, body, link string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"%s\" dir=\"%s\"><head><meta charset=\"utf-8\"></head><body>\n", html.EscapeString(lang), i18n.Direction(lang))
	for _, p := range strings.Split(body, "\n\n") {
		if p == link {
			fmt.Fprintf(&b, "<p dir=\"ltr\"><a href=\"%[1]s\">%[1]s</a></p>\n", html.EscapeString(link))
			continue
		}
		fmt.Fprintf(&b, "<p>%s</p>\n", html.EscapeString(p))
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

// asLetter is a letter's parts as a page: a part that is an address becomes a
// link, lines within one stay lines.
func asLetter(lang string, parts []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<!doctype html>\n<html lang=\"%s\" dir=\"%s\"><head><meta charset=\"utf-8\"></head><body>\n", html.EscapeString(lang), i18n.Direction(lang))
	for _, p := range parts {
		if u, err := url.Parse(p); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
			fmt.Fprintf(&b, "<p dir=\"ltr\"><a href=\"%[1]s\">%[1]s</a></p>\n", html.EscapeString(p))
			continue
		}
		fmt.Fprintf(&b, "<p>%s</p>\n", strings.ReplaceAll(html.EscapeString(p), "\n", "<br>\n"))
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

// offerLetter writes the letter of an offer, from what may be told now: false
// when the offer was withdrawn or answered meanwhile.
func (n *Notices) offerLetter(ctx context.Context, id string, m event.MailRequested) (l mail.Letter, may bool, err error) {
	if n.cfg.Recipients == nil {
		return l, false, nil
	}
	r, err := n.cfg.Recipients.Recipient(ctx, m.Account, authz.ActSee, m.Camera)
	if err != nil || !r.Offered() || !r.Account.EmailVerified {
		return l, false, err
	}
	lang := r.Account.Language
	if !n.cfg.Texts.Has(lang) {
		lang = i18n.Fallback
	}
	args := i18n.Args{"name": r.Account.Name, "from": r.Owner.Name, "camera": r.Camera.Name}
	parts := []string{n.cfg.Texts.Text(lang, "mail.offer.body", args)}
	if r.Grant.Message != "" {
		parts = append(parts, n.cfg.Texts.Text(lang, "mail.offer.message", i18n.Args{"from": r.Owner.Name, "message": oneLine(r.Grant.Message)}))
	}
	link := ""
	if u, err := url.Parse(n.cfg.PublicURL); err == nil && u.Host != "" {
		link = strings.TrimSuffix(n.cfg.PublicURL, "/") + "/cameras"
		parts = append(parts, n.cfg.Texts.Text(lang, "mail.offer.open", nil), link)
	} else {
		parts = append(parts, n.cfg.Texts.Text(lang, "mail.offer.sign_in", nil))
	}
	body := strings.Join(parts, "\n\n")
	return mail.Letter{ID: id, To: r.Account.Email, Name: r.Account.Name, Language: lang,
		Subject: oneLine(n.cfg.Texts.Text(lang, "mail.offer.subject", args)), Text: body + "\n", HTML: asPage(lang, body, link)}, true, nil
}
