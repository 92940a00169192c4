package authz

import (
	"context"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

// A new password ends logins, and what runs on them is to end at once (spec
// ruling 5), while hashing it takes its time. So the logins end in a commit of
// their own, as soon as it is known that the change is to be; the password
// follows in a second, which ends them again: who signed in between did so with
// the old one. When the second fails, logins have ended and the password is as it
// was.

// ChangePassword needs the current one (wrong: fault.Invalid bad_login on field
// "current"); every other login ends and its streams are cut.
func (a *Authority) ChangePassword(ctx context.Context, s Subject, current, next secret.String) error {
	ctx = urgent(ctx)
	v, f, err := a.require(ctx, s, ActSelf, Object{}, keyCredential(s.Account))
	if err != nil {
		return err
	}
	cred, err := decode[Credential](v.raw[v.index(keyCredential(s.Account))].Data)
	if err != nil {
		return unavailable(err)
	}
	ok, _, err := a.hasher.check(ctx, current, cred.Hash)
	if err != nil {
		return err
	}
	if !ok {
		return errCurrent()
	}
	text, err := normalPassword("password", next, f.Account.Email, f.Account.Name)
	if err != nil {
		return err
	}
	was := v.condition(keyCredential(s.Account))
	if err := a.endOthers(ctx, s, was, ""); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // half of it has happened
	hash, err := a.hasher.hash(ctx, text)
	if err != nil {
		return err
	}
	return a.endOthers(ctx, s, was, hash)
}

func errCurrent() error {
	return fault.Field("current", fault.CodeBadLogin, "That is not your current password.")
}

// endOthers ends every login of the subject's account but its own; with a hash
// it is the new password too. was is the credential that was checked.
func (a *Authority) endOthers(ctx context.Context, s Subject, was kv.Condition, hash string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		v, f, err := a.require(ctx, s, ActSelf, Object{}, was.Key)
		if err != nil {
			return err
		}
		if v.condition(was.Key) != was { // changed meanwhile: what was checked is not it
			return errCurrent()
		}
		acc := *f.Account
		acc.LoginGeneration++
		if f.Login != nil { // the asking login lives on
			l := *f.Login
			l.Generation = acc.LoginGeneration
			d.put(keyLogin(l.Account, l.ID), l)
		}
		d.bind(v, s, Object{})
		d.on(v, was.Key)
		d.put(keyAccount(acc.ID), acc)
		if hash == "" {
			d.audit(s, "login.end", acc.ID, acc.ID)
		} else {
			d.put(was.Key, Credential{head: v1, Hash: hash, ChangedAt: v.now})
			d.audit(s, "account.password", acc.ID, acc.ID)
		}
		d.event(event.LoginEnded{Account: acc.ID, Reason: string(ReasonLoginEnded)})
		return nil
	})
	return err
}

// RedeemReset sets a new password; all logins end and their streams are cut.
// fault.Gone token_invalid.
func (a *Authority) RedeemReset(ctx context.Context, tok, next secret.String) error {
	ctx = urgent(ctx)
	r, _, err := oneTime(a, ctx, tok, keyReset, insideReset)
	if err != nil {
		return err
	}
	v, err := a.read(ctx, []string{keyAccount(r.Account)})
	if err != nil {
		return err
	}
	acc := get[Account](v.get, keyAccount(r.Account))
	if acc == nil {
		return errToken()
	}
	text, err := normalPassword("password", next, acc.Email, acc.Name)
	if err != nil {
		return err
	}
	if err := a.redeemReset(ctx, tok, acc.ID, ""); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	hash, err := a.hasher.hash(ctx, text)
	if err != nil {
		return err // the token still works
	}
	return a.redeemReset(ctx, tok, acc.ID, hash)
}

// redeemReset ends every login of a reset's account; with a hash it is the new
// password too, and the token is used up.
func (a *Authority) redeemReset(ctx context.Context, tok secret.String, account, hash string) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		k, kc := keyAccount(account), keyCredential(account)
		r, v, err := oneTime(a, ctx, tok, keyReset, insideReset, k, kc)
		if err != nil {
			return err
		}
		acc := get[Account](v.get, k)
		if acc == nil {
			return errToken()
		}
		out := *acc
		out.LoginGeneration++
		d.on(v, keyReset(r.ID), k, kc)
		d.put(k, out)
		if hash == "" {
			d.audit(Subject{}, "login.end", acc.ID, acc.ID)
		} else {
			d.del(keyReset(r.ID))
			d.put(kc, Credential{head: v1, Hash: hash, ChangedAt: v.now})
			d.audit(Subject{}, "account.reset_redeem", acc.ID, acc.ID)
		}
		d.event(event.LoginEnded{Account: acc.ID, Reason: string(ReasonLoginEnded)})
		return nil
	})
	return err
}
