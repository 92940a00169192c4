package notice

import (
	"strings"
	"time"

	"sightline/internal/event"
	"sightline/internal/i18n"
)

// linkBody is the letter of a link: who shares what, the address, the window in
// words, and the owner's own text. What the owner wrote is put in as it is, after
// all placeholders are filled.
func linkBody(texts *i18n.Catalogues, lang string, m event.MailRequested, args i18n.Args) string {
	args["link"] = m.Link
	key := "mail.link.body"
	if m.Link == "" {
		key = "mail.link.body_unnamed"
	}
	parts := []string{texts.Text(lang, key, args)}
	zone, err := time.LoadLocation(m.Zone)
	if err != nil {
		zone = time.UTC
	}
	at := func(unix int64) string { return time.Unix(unix, 0).In(zone).Format("2006-01-02 15:04 MST") }
	window := ""
	switch {
	case m.Starts > 0 && m.Ends > 0:
		window = "mail.link.window"
	case m.Ends > 0:
		window = "mail.link.until"
	case m.Starts > 0:
		window = "mail.link.from"
	}
	if window != "" {
		parts = append(parts, texts.Text(lang, window, i18n.Args{"starts": at(m.Starts), "ends": at(m.Ends)}))
	}
	if m.Password {
		parts = append(parts, texts.Text(lang, "mail.link.password", args))
	}
	if m.Text != "" {
		parts = append(parts, texts.Text(lang, "mail.link.text", args)+"\n\n"+m.Text)
	}
	parts = append(parts, texts.Text(lang, "mail.link.foot", args))
	return strings.Join(parts, "\n\n")
}
