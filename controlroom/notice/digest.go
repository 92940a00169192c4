package notice

import (
	"context"
	"errors"
	"strings"
	"time"

	"sightline/authz"
	"sightline/internal/i18n"
	"sightline/internal/kv"
	"sightline/internal/mail"
)

const (
	letterLines = 100            // notices one letter names; of further ones it gives the number
	letterMost  = 24 * time.Hour // how long a letter that cannot be sent is tried
)

// sendLetter sends the letters of an account that are due as one.
func (b *Board) sendLetter(ctx context.Context, d round, jobs []waitingJob) error {
	if len(jobs) == 0 {
		return nil
	}
	now := b.cfg.Clock.Now()
	if b.cfg.Letters == nil || !d.to.Account.EmailVerified {
		d.jobs = map[string][]waitingJob{ByMail: jobs}
		return b.discard(ctx, d, unwanted)
	}
	if ends, quiet := d.choices.quiet(now, d.zone); quiet {
		return b.postpone(ctx, d, jobs, ends, true)
	}
	// Not against the clock that goes back.
	if gap := now.Sub(d.letter); gap >= 0 && gap < b.cfg.LetterGap {
		return b.postpone(ctx, d, jobs, d.letter.Add(b.cfg.LetterGap), false)
	}
	items, in, writes, err := b.letterItems(ctx, d, jobs)
	if err != nil {
		return err // in the next turn
	}
	if len(items) == 0 {
		return b.settle(ctx, d.account, writes)
	}
	err = b.cfg.Letters.Send(ctx, b.letter(d, items, in))
	var never *mail.PermanentError
	outcome := sent
	switch {
	case err == nil:
	case errors.As(err, &never):
		outcome = refused
		b.cfg.Log.Error("a letter of notices cannot be sent", "err", err)
	case now.Sub(time.UnixMilli(in[0].First)) >= letterMost && in[0].Tries > 0:
		outcome = outdated
		b.cfg.Log.Error("a letter of notices was not sent in a day", "err", err)
	default:
		outcome = retried
		b.cfg.Log.Warn("a letter of notices could not be sent yet", "err", err)
	}
	b.sends.WithLabelValues(ByMail, outcome).Add(float64(len(in)))
	for _, j := range in {
		w := kv.Write{Key: j.key, Delete: true}
		if outcome == retried {
			j.Tries++
			j.Due = now.Add(b.cfg.Retry[min(j.Tries, len(b.cfg.Retry))-1]).UnixMilli()
			w = kv.Write{Key: j.key, Data: kv.Encode(j.job)}
		}
		writes = append(writes, w)
	}
	if outcome == sent {
		writes = append(writes, kv.Write{Key: kLetter, Data: kv.Encode(last{V: recordVersion, At: now.UnixMilli()})})
	}
	return b.settle(ctx, d.account, writes)
}

// postpone lets letters wait on.
func (b *Board) postpone(ctx context.Context, d round, jobs []waitingJob, until time.Time, gathers bool) error {
	writes := make([]kv.Write, 0, len(jobs))
	for _, j := range jobs {
		j.Due, j.Gathers = until.UnixMilli(), j.Gathers || gathers
		writes = append(writes, kv.Write{Key: j.key, Data: kv.Encode(j.job)})
	}
	return b.settle(ctx, d.account, writes)
}

// letterItems writes what may be told now, oldest first, and says what becomes of
// the rest. Each notice is decided here, right before the letter goes.
func (b *Board) letterItems(ctx context.Context, d round, jobs []waitingJob) (items []Message, in []waitingJob, writes []kv.Write, err error) {
	for _, j := range jobs {
		k, _ := kindOf(j.Record.Kind)
		ways := d.choices.ways(k)
		outcome := ""
		switch {
		case j.Record.Camera != "" && d.muted[j.Record.Camera]:
			outcome = hushed
		case !ways.Mail && (!j.Instead || !ways.Push):
			outcome = unwanted
		default:
			m, may, err := b.message(ctx, d, j)
			if err != nil {
				return nil, nil, nil, err
			}
			if !may {
				outcome = withdrawn
				break
			}
			items, in = append(items, m), append(in, j)
		}
		if outcome != "" {
			b.sends.WithLabelValues(ByMail, outcome).Inc()
			writes = append(writes, kv.Write{Key: j.key, Delete: true})
		}
	}
	return items, in, writes, nil
}

// letter writes one letter: of a single notice its sentence, of more of them, or
// one that gathers, a list.
func (b *Board) letter(d round, items []Message, in []waitingJob) mail.Letter {
	lang, a := b.language(d.to.Account), d.to.Account
	text := func(key string, args i18n.Args) string { return b.cfg.Texts.Text(lang, key, args) }
	parts := []string{text("mail.hello", i18n.Args{"name": a.Name})}
	subject := items[0].Body
	if len(items) == 1 && !in[0].Gathers {
		parts = append(parts, line(items[0], d.zone))
		if items[0].URL != "" {
			parts = append(parts, items[0].URL)
		}
	} else {
		subject = text("mail.notices.subject", i18n.Args{"n": len(items)})
		parts = append(parts, text("mail.notices.body", i18n.Args{"n": len(items), "from": moment(items[0].At, d.zone), "to": moment(items[len(items)-1].At, d.zone)}))
		var list []string
		for _, m := range items[:min(len(items), letterLines)] {
			list = append(list, line(m, d.zone))
		}
		parts = append(parts, strings.Join(list, "\n"))
		if more := len(items) - letterLines; more > 0 {
			parts = append(parts, text("mail.notices.more", i18n.Args{"n": more}))
		}
		if page := b.address("/notices"); page != "" {
			parts = append(parts, page)
		}
	}
	foot := text("mail.notices.foot", nil)
	if page := b.address("/settings/notices"); page != "" {
		parts = append(parts, foot, page)
	} else {
		parts = append(parts, foot)
	}
	body := strings.Join(parts, "\n\n")
	// The first notice names the letter: what is tried again is the same one.
	return mail.Letter{ID: "notices-" + authz.TimedID(items[0].At, [10]byte(sum(d.account + items[0].ID)[:10])), To: a.Email, Name: a.Name, Language: lang,
		Subject: oneLine(subject), Text: body + "\n", HTML: asLetter(lang, parts)}
}

// line is one notice of a letter.
func line(m Message, zone *time.Location) string {
	s := moment(m.At, zone) + "  " + m.Body
	if m.Text != "" {
		s += " “" + m.Text + "”"
	}
	return s
}
