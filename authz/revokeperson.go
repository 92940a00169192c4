package authz

import (
	"context"

	"sightline/internal/kv"
)

// revokeBatch is how many grants one commit revokes.
const revokeBatch = 300

// RevokePerson revokes every grant of the subject's cameras to one account, and
// those that wait for its e-mail, up to 300 in one commit; its tables are newer
// then, as after a Save. Groups are left as they are. An account without any
// grant and one nobody knows are the same: nothing is done.
func (a *Authority) RevokePerson(ctx context.Context, s Subject, account string) (kv.Commit, error) {
	if !ValidID(account) {
		return kv.Commit{}, errNotFound()
	}
	return a.revokeAll(ctx, s, account, "")
}

// RevokeWaiting revokes every grant of the subject's cameras that waits for an
// e-mail to be registered; of who is registered with it meanwhile too.
func (a *Authority) RevokeWaiting(ctx context.Context, s Subject, email string) (kv.Commit, error) {
	email, err := NormalEmail(email)
	if err != nil {
		return kv.Commit{}, err
	}
	return a.revokeAll(ctx, s, "", email)
}

func (a *Authority) revokeAll(ctx context.Context, s Subject, account, email string) (kv.Commit, error) {
	var last kv.Commit
	for {
		n := 0
		c, err := a.change(ctx, func(ctx context.Context, d *draft) (err error) {
			n, err = a.revokeSome(ctx, d, s, account, email)
			return err
		})
		if err != nil {
			return last, err
		}
		if n > 0 {
			last = c
		}
		if n < revokeBatch {
			return last, nil
		}
	}
}

// person completes who is meant: the account that has proved an e-mail, or the
// e-mail of an account. What is not known is "".
func (a *Authority) person(ctx context.Context, account, email string) (string, string, error) {
	if account == "" {
		v, err := a.read(ctx, []string{keyMail(email)})
		if err != nil {
			return "", "", err
		}
		if id := string(v.raw[0].Data); ValidID(id) {
			account = id
		}
		return account, email, nil
	}
	v, err := a.read(ctx, []string{keyAccount(account)})
	if err != nil {
		return "", "", err
	}
	if acc := get[Account](v.get, keyAccount(account)); acc != nil {
		email = acc.Email
	}
	return account, email, nil
}

func (a *Authority) revokeSome(ctx context.Context, d *draft, s Subject, account, email string) (n int, err error) {
	v, _, err := a.require(ctx, s, ActSelf, Object{})
	if err != nil {
		return 0, err
	}
	d.bind(v, s, Object{})
	if account, email, err = a.person(ctx, account, email); err != nil {
		return 0, err
	}
	cameras, err := a.camerasOwnedBy(ctx, s.Account)
	if err != nil {
		return 0, err
	}
	at := func(camera string) []string {
		var keys []string
		if account != "" {
			keys = append(keys, keyGrant(camera, account))
		}
		if email != "" {
			keys = append(keys, keyWait(camera, mailID(email)))
		}
		return keys
	}
	var keys []string
	for _, c := range cameras {
		keys = append(append(keys, keyTable(c.ID)), at(c.ID)...)
	}
	w, err := a.read(ctx, keys)
	if err != nil {
		return 0, err
	}
	w.indexed()
	for _, c := range cameras {
		moved := false
		for _, k := range at(c.ID) {
			g, err := decode[Grant](w.raw[w.index(k)].Data)
			if err != nil || n == revokeBatch {
				continue
			}
			n++
			moved = true
			d.on(w, k)
			revoke(d, s, g, s.Account, w.now)
		}
		if moved {
			d.on(w, keyTable(c.ID))
			d.put(keyTable(c.ID), accessRecord{head: v1, SavedAt: w.now, By: s.Account})
		}
	}
	if n == 0 {
		return 0, errNothing
	}
	return n, nil
}
