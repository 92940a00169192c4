package authz

import (
	"context"
	"slices"
	"strings"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

const (
	invitationLife = 7 * 24 * time.Hour
	maxInvitations = 1000 // not yet redeemed, of the instance
)

// Handed is a one-time secret: mailed by us, or to be handed over by a person.
type Handed struct {
	Secret secret.String // empty when Mailed
	Mailed bool
	Ends   time.Time
}

// errToken is the one answer for one-time secrets that do not work: never made,
// used, over, withdrawn.
func errToken() error {
	return fault.New(fault.Gone, fault.CodeTokenInvalid, "This link has been used already or has run out. Ask for a new one.")
}

// hand returns the secret to the caller, or puts the mail into the draft.
func (a *Authority) hand(d *draft, m event.MailRequested, oneTime secret.String, ends time.Time) Handed {
	if !a.cfg.Mail {
		return Handed{Secret: oneTime, Ends: ends}
	}
	m.Expires = ends.Unix()
	d.event(a.mail(m, oneTime))
	return Handed{Mailed: true, Ends: ends}
}

// Invite makes an invitation for an e-mail address. base is the origin of the
// page, for the link in the mail when there is no public URL (so elsewhere
// here). An older invitation to the same address is withdrawn.
func (a *Authority) Invite(ctx context.Context, s Subject, email, base string) (Invitation, Handed, error) {
	email, err := NormalEmail(email)
	if err != nil {
		return Invitation{}, Handed{}, err
	}
	oneTime := secret.Random()
	hash := oneTime.Hash()
	var inv Invitation
	var handed Handed
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		v, f, err := a.require(ctx, s, ActInstance, Object{}, kInstance, keyMail(email))
		if err != nil {
			return err
		}
		in, err := instanceOf(v)
		if err != nil {
			return err
		}
		if in.Registration == RegistrationClosed && s.Kind != OperatorSubject {
			return fault.New(fault.Conflict, fault.CodeRegistrationShut, "Registration is closed. Allow invitations first.")
		}
		if v.condition(keyMail(email)).Version != 0 {
			return fault.Field("email", fault.CodeEmailTaken, "There is an account with this e-mail address.")
		}
		list, err := a.read(ctx, nil, kv.Scan{Prefix: pInvite, Limit: 2 * maxInvitations})
		if err != nil {
			return err
		}
		open := 0
		for _, val := range list.scans[0] {
			old, err := decode[Invitation](val.Data)
			switch {
			case err == nil && (old.Email == email || over(old.Ends, v.now)):
				d.del(val.Key)
			default:
				open++
			}
		}
		if open >= maxInvitations {
			return fault.New(fault.Conflict, fault.CodeConflict, "There are too many open invitations. Withdraw some first.")
		}
		inv = Invitation{head: v1, ID: secretID(hash), Email: email, Hash: hash[:], By: s.Account, CreatedAt: v.now, Ends: v.now.Add(invitationLife)}
		m := event.MailRequested{Kind: event.MailInvitation, Email: email, Base: base, Locale: "en"}
		if f.Account != nil {
			m.From, m.Locale = f.Account.Name, f.Account.Language
		}
		handed = a.hand(d, m, oneTime, inv.Ends)
		d.bind(v, s, Object{})
		d.on(v, keyMail(email))
		d.put(keyInvite(inv.ID), inv)
		d.audit(s, "invitation.create", s.Account, inv.ID)
		return nil
	})
	inv.Hash = nil
	return inv, handed, err
}

// Invitations lists those not redeemed and not over, by e-mail.
func (a *Authority) Invitations(ctx context.Context, s Subject) ([]Invitation, error) {
	if _, _, err := a.require(ctx, s, ActInstance, Object{}); err != nil {
		return nil, err
	}
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pInvite})
	if err != nil {
		return nil, err
	}
	var out []Invitation
	for _, val := range v.scans[0] {
		if inv, err := decode[Invitation](val.Data); err == nil && !over(inv.Ends, v.now) {
			inv.Hash = nil
			out = append(out, *inv)
		}
	}
	slices.SortFunc(out, func(x, y Invitation) int { return strings.Compare(x.Email, y.Email) })
	return out, nil
}

// RevokeInvitation withdraws one; unknown is NotFound.
func (a *Authority) RevokeInvitation(ctx context.Context, s Subject, id string) error {
	if !ValidID(id) {
		return errNotFound()
	}
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, _, err := a.require(ctx, s, ActInstance, Object{}, keyInvite(id))
		if err != nil {
			return err
		}
		if v.condition(keyInvite(id)).Version == 0 {
			return errNotFound()
		}
		d.on(v, keyInvite(id))
		d.del(keyInvite(id))
		d.audit(s, "invitation.revoke", s.Account, id)
		return nil
	})
	return err
}

// oneTime reads the record behind a one-time secret; more are read with it.
// The record is checked against the whole hash and its end.
func oneTime[T record](a *Authority, ctx context.Context, tok secret.String, key func(string) string, inside func(*T) ([]byte, time.Time), more ...string) (*T, *view, error) {
	if !wellFormed(tok.Reveal()) {
		return nil, nil, errToken()
	}
	hash := tok.Hash()
	v, err := a.read(ctx, append([]string{key(secretID(hash))}, more...))
	if err != nil {
		return nil, nil, err
	}
	if !v.raw[0].Exists() {
		return nil, nil, errToken()
	}
	r, err := decode[T](v.raw[0].Data)
	if err != nil {
		return nil, nil, unavailable(err)
	}
	if stored, ends := inside(r); !sameHash(stored, hash) || over(ends, v.now) {
		return nil, nil, errToken()
	}
	return r, v, nil
}

func insideInvitation(i *Invitation) ([]byte, time.Time)     { return i.Hash, i.Ends }
func insideVerification(i *Verification) ([]byte, time.Time) { return i.Hash, i.Ends }
func insideReset(i *Reset) ([]byte, time.Time)               { return i.Hash, i.Ends }

// CheckInvitation returns what a secret invites to; fault.Gone token_invalid.
func (a *Authority) CheckInvitation(ctx context.Context, tok secret.String) (Invitation, error) {
	inv, _, err := oneTime(a, ctx, tok, keyInvite, insideInvitation)
	if err != nil {
		return Invitation{}, err
	}
	inv.Hash = nil
	return *inv, nil
}

// RedeemInvitation makes the account and signs it in. The invitation proves the
// e-mail address; it works once.
func (a *Authority) RedeemInvitation(ctx context.Context, tok secret.String, p Profile, c Client) (NewLogin, error) {
	inv, err := a.CheckInvitation(ctx, tok)
	if err != nil {
		return NewLogin{}, err
	}
	maker, err := a.prepare(ctx, inv.Email, p)
	if err != nil {
		return NewLogin{}, err
	}
	maker.account.EmailVerified = true
	var out NewLogin
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		inv, v, err := oneTime(a, ctx, tok, keyInvite, insideInvitation, keyMail(maker.account.Email))
		if err != nil {
			return err
		}
		if err := maker.write(d, v); err != nil {
			return err
		}
		d.on(v, keyInvite(inv.ID))
		d.del(keyInvite(inv.ID))
		out = a.startLogin(d, &maker.account, c, v.now)
		d.audit(out.Subject, "invitation.redeem", maker.account.ID, inv.ID)
		return nil
	})
	if err == nil {
		a.sweepSoon(ctx)
	}
	return out, err
}
