package authz

import (
	"context"
	"errors"
	"time"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

// What an account has used of its daily limits is kept in the store, in the
// commit it was used for: it is counted once on all nodes and outlives a restart.
const (
	pSpent    = "spent/"
	spentFor  = 24 * time.Hour
	askAgain  = 7 * 24 * time.Hour // how long the same request makes no second notice
	asksADay  = 10
	mailsADay = 20
)

// spent is what one account used: mails it caused and requests for access.
type spent struct {
	head
	Mails []time.Time `json:"mails,omitempty"` // of the last 24 hours
	Asks  []asked     `json:"asks,omitempty"`  // of the last 7 days
}

// asked is one request for access; Object is the id of a camera or link, of
// which nobody says that it exists.
type asked struct {
	Object string    `json:"object"`
	At     time.Time `json:"at"`
}

func keySpent(account string) string { return pSpent + account }

// spentBy reads an account's use, without what is over, and binds the draft to it.
func (a *Authority) spentBy(ctx context.Context, d *draft, account string) (spent, time.Time, error) {
	v, err := a.read(ctx, []string{keySpent(account)})
	if err != nil {
		return spent{}, time.Time{}, err
	}
	out := spent{head: v1}
	if v.raw[0].Exists() {
		s, err := decode[spent](v.raw[0].Data)
		if err != nil {
			return spent{}, time.Time{}, unavailable(err) // of a newer version: not guessed at
		}
		for _, at := range s.Mails {
			if v.now.Sub(at) < spentFor {
				out.Mails = append(out.Mails, at)
			}
		}
		for _, r := range s.Asks {
			if v.now.Sub(r.At) < askAgain {
				out.Asks = append(out.Asks, r)
			}
		}
	}
	d.on(v, keySpent(account))
	return out, v.now, nil
}

// spendMails takes n of the mails an account may cause in 24 hours into the
// draft: links and invitations it sends and offers it makes, counted together.
// fault.RateLimited when there are not so many left. At most once a draft.
func (a *Authority) spendMails(ctx context.Context, d *draft, account string, n int) error {
	if n == 0 {
		return nil
	}
	s, now, err := a.spentBy(ctx, d, account)
	if err != nil {
		return err
	}
	if over := len(s.Mails) + n - a.cfg.MailsADay; over > 0 {
		return errSpent("You have sent as many mails as one may in a day. Try again later, or copy the link.", s.Mails, over, now)
	}
	for range n {
		s.Mails = append(s.Mails, now)
	}
	d.put(keySpent(account), s)
	return nil
}

// errSpent says when enough of what was used is a day old.
func errSpent(msg string, used []time.Time, over int, now time.Time) error {
	wait := spentFor
	if over <= len(used) {
		wait = max(time.Second, used[over-1].Add(spentFor).Sub(now))
	}
	return fault.New(fault.RateLimited, string(ReasonRateLimited), msg).After(wait)
}

// SpendMail takes one of the mails an account may cause in 24 hours, for who
// sends them (notice). ok is false when there is none left.
func (a *Authority) SpendMail(ctx context.Context, account string) (ok bool, err error) {
	if !ValidID(account) {
		return false, nil
	}
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		return a.spendMails(ctx, d, account, 1)
	})
	switch {
	case fault.Is(err, fault.RateLimited):
		return false, nil
	case errors.Is(err, kv.ErrConflict):
		return false, unavailable(err)
	}
	return err == nil, err
}
