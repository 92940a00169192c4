package authz

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

// A grant for an e-mail address that nobody has proved to be his waits under
// wait/ until somebody does (R6). No decision reads it there: it gives nothing.

// mailID is an e-mail address as a part of a key.
func mailID(email string) string {
	h := sha256.Sum256([]byte(email))
	return hex.EncodeToString(h[:])
}

// verified is part of every commit that makes an account's address a proved one:
// the grants that wait for it follow at once, by sweepSoon.
func (d *draft) verified(acc *Account) { d.mark(pSweep+"mail/"+acc.ID, "") }

// attachWaiting turns the grants that wait for an account's address into offers.
// The account was there, verified, when the mark was made: none can come to wait
// for it any more.
func (a *Authority) attachWaiting(ctx context.Context, account string) error {
	v, err := a.read(ctx, []string{keyAccount(account)})
	if err != nil {
		return err
	}
	acc := get[Account](v.get, keyAccount(account))
	if acc == nil || !acc.EmailVerified {
		return nil
	}
	mail := mailID(acc.Email)
	w, err := a.read(ctx, nil, kv.Scan{Prefix: pWaitOf + mail + "/"})
	if err != nil {
		return err
	}
	for _, val := range w.scans[0] {
		camera := strings.TrimPrefix(val.Key, pWaitOf+mail+"/")
		if _, err := a.change(ctx, func(ctx context.Context, d *draft) error { return a.attach(ctx, d, account, mail, camera) }); err != nil {
			return err
		}
	}
	return nil
}

func (a *Authority) attach(ctx context.Context, d *draft, account, mail, camera string) error {
	keys := []string{keyAccount(account), keyCamera(camera), keyWait(camera, mail), keyWaitOf(mail, camera), keyGrant(camera, account)}
	v, err := a.read(ctx, keys)
	if err != nil {
		return err
	}
	acc, c := get[Account](v.get, keys[0]), get[Camera](v.get, keys[1])
	d.on(v, keys...)
	d.del(keys[2], keys[3])
	if acc == nil || c == nil || c.Owner == account || !v.raw[2].Exists() || v.raw[4].Exists() {
		if v.broken[0] || v.broken[1] {
			return errNothing // of a newer version: it waits for a program that knows it
		}
		return nil // what it was for is gone, or given already
	}
	g, err := decode[Grant](v.raw[2].Data)
	if err != nil {
		return errNothing // likewise
	}
	g.Account, g.Email = account, ""
	d.put(keys[4], *g)
	d.mark(keyGrantOf(account, camera), g.ID)
	d.event(offerChanged(g, c.Owner, string(GrantOffered), ""))
	d.audit(Subject{}, "grant.attach", c.Owner, g.ID, onCamera(camera))
	return nil
}

// sweepWaiting removes what waits on a deleted camera.
func (a *Authority) sweepWaiting(ctx context.Context, camera string) error {
	return a.sweepEach(ctx, pWait+camera+"/", func(d *draft, email string, _ kv.Value, _ time.Time) {
		d.del(keyWaitOf(email, camera))
	})
}

// Invited is an invitation that went out with a Save, for a grant that waits.
type Invited struct {
	Email string
	Handed
}

// inviteFor makes an invitation in the name of an owner. His older one to the
// same address is withdrawn, nobody else's is.
func (a *Authority) inviteFor(ctx context.Context, d *draft, me *Account, s Subject, email, base string) (Invited, error) {
	v, err := a.read(ctx, []string{kInstance}, kv.Scan{Prefix: pInvite, Limit: 2 * maxInvitations})
	if err != nil {
		return Invited{}, err
	}
	in, err := instanceOf(v)
	if err != nil {
		return Invited{}, err
	}
	if in.Registration == RegistrationClosed {
		return Invited{}, fault.New(fault.Conflict, fault.CodeRegistrationShut, "Registration is closed here. Ask the person who runs this server to allow invitations.")
	}
	open := 0
	for _, val := range v.scans[0] {
		old, err := decode[Invitation](val.Data)
		if err == nil && (over(old.Ends, v.now) || old.Email == email && old.By == me.ID) {
			d.del(val.Key)
			continue
		}
		open++
	}
	if open >= maxInvitations {
		return Invited{}, fault.New(fault.Conflict, fault.CodeConflict, "There are too many open invitations on this server. Try again tomorrow.")
	}
	oneTime := secret.Random()
	hash := oneTime.Hash()
	inv := Invitation{head: v1, ID: secretID(hash), Email: email, Hash: hash[:], By: me.ID, CreatedAt: v.now, Ends: v.now.Add(invitationLife)}
	d.on(v, kInstance)
	d.put(keyInvite(inv.ID), inv)
	d.audit(s, "invitation.create", me.ID, inv.ID)
	m := event.MailRequested{Kind: event.MailInvitation, Email: email, Base: base, From: me.Name, Locale: me.Language}
	return Invited{email, a.hand(d, m, oneTime, inv.Ends)}, nil
}
