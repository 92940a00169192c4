package notice

import (
	"context"
	"net/url"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/i18n"
)

// product stands where a notice has no camera to be named by.
const product = "Sightline"

// message writes one notice for an account from what it may be told now. False:
// nothing of it may be told any more.
func (b *Board) message(ctx context.Context, d round, j waitingJob) (Message, bool, error) {
	names := &namer{b: b, account: d.account}
	n, may, err := names.notice(ctx, j.id, j.Record)
	if err != nil || !may {
		return Message{}, false, err
	}
	if j.Record.Kind == OfferReceived { // withdrawn or answered
		to, err := b.cfg.Authority.Recipient(ctx, d.account, authz.ActSee, j.Record.Camera)
		if err != nil || !to.Offered() {
			return Message{}, false, err
		}
	}
	if err := names.people(ctx, []Notice{n}); err != nil {
		return Message{}, false, err
	}
	lang := b.language(d.to.Account)
	m := Message{ID: n.ID, Kind: n.Kind, At: n.At, Title: product, Body: oneLine(b.sentence(lang, n)), Text: n.Text, Camera: n.Camera,
		Page: "/notices", Tag: tagOf(j.Record), Language: lang}
	if n.Camera != nil && n.Camera.Name != "" {
		m.Title = oneLine(n.Camera.Name)
	}
	if n.Disk != "" {
		m.Text = oneLine(n.Disk)
	}
	if n.Archive != "" {
		m.Page = n.Archive
	}
	m.URL = b.address(m.Page)
	return m, true, nil
}

// address is where a page is, as far as the server knows.
func (b *Board) address(page string) string {
	u, err := url.Parse(b.cfg.PublicURL)
	if err != nil || u.Host == "" {
		return ""
	}
	return strings.TrimSuffix(b.cfg.PublicURL, "/") + page
}

func (b *Board) language(a authz.Account) string {
	if b.cfg.Texts.Has(a.Language) {
		return a.Language
	}
	return i18n.Fallback
}

// sentence is a notice in words, as the page has them (notice-text.ts).
func (b *Board) sentence(lang string, n Notice) string {
	text := func(key string, args i18n.Args) string { return b.cfg.Texts.Text(lang, key, args) }
	key := "notice." + n.Kind
	switch {
	case n.Answer != "":
		key += "_" + n.Answer
	case n.Link != nil:
		key += "_link"
	case n.Kind == Storage && n.Camera != nil:
		key = "notice.storage_camera"
	case n.Reason != "":
		key += "_" + n.Reason
	}
	args := i18n.Args{"person": text("notices.somebody", nil), "camera": text("notices.a_camera", nil), "group": text("notices.a_group", nil),
		"link": text("notices.a_link", nil), "n": n.Links, "name": n.Name}
	if n.Person != nil && n.Person.Name != "" {
		args["person"] = n.Person.Name
	}
	for key, what := range map[string]*Named{"camera": n.Camera, "group": n.Group, "link": n.Link} {
		if what != nil && what.Name != "" {
			args[key] = what.Name
		}
	}
	if n.Budget != "" {
		args["budget"] = text("notice.budget_"+n.Budget, nil)
	}
	return text(key, args)
}

// moment is a time as a letter says it.
func moment(t time.Time, zone *time.Location) string { return t.In(zone).Format("2006-01-02 15:04") }
