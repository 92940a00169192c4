package authz

import (
	"context"
	"time"

	"sightline/internal/event"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

const (
	verificationLife = 3 * 24 * time.Hour
	resetLife        = time.Hour
	handedResetLife  = 24 * time.Hour // handed over by a person
)

// Register makes an unverified account where registration is open and mails the
// verification. An address that has an account gets the same answer and a mail
// of its own: a reset, since that is what its owner needs.
func (a *Authority) Register(ctx context.Context, email string, p Profile, base string) error {
	in, err := a.Instance(ctx)
	if err != nil {
		return err
	}
	if in.Registration != RegistrationOpen || !a.cfg.Mail {
		return fault.New(fault.Forbidden, fault.CodeRegistrationShut, "Registration is not open here.")
	}
	maker, err := a.prepare(ctx, email, p)
	if err != nil {
		return err
	}
	acc := &maker.account
	oneTime := secret.Random()
	hash := oneTime.Hash()
	taken := false
	_, err = a.change(ctx, func(ctx context.Context, d *draft) error {
		v, err := a.read(ctx, []string{keyMail(acc.Email), kInstance})
		if err != nil {
			return err
		}
		if taken = v.versions[0] != 0; taken {
			return errNothing
		}
		if err := maker.write(d, v); err != nil {
			return err
		}
		ver := Verification{head: v1, ID: secretID(hash), Account: acc.ID, Email: acc.Email, Hash: hash[:], Ends: v.now.Add(verificationLife)}
		d.on(v, kInstance)
		d.put(keyVerify(ver.ID), ver)
		d.event(a.mail(event.MailRequested{Kind: event.MailVerification, Account: acc.ID, Email: acc.Email, Name: acc.Name,
			Locale: acc.Language, Base: base, Expires: ver.Ends.Unix()}, oneTime))
		d.audit(Subject{}, "account.register", acc.ID, acc.ID)
		return nil
	})
	if err == nil && taken {
		return a.RequestReset(ctx, acc.Email, base)
	}
	return err
}

// Verify marks the e-mail behind a one-time link as verified.
func (a *Authority) Verify(ctx context.Context, tok secret.String) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		ver, v, err := oneTime(a, ctx, tok, keyVerify, insideVerification)
		if err != nil {
			return err
		}
		w, err := a.read(ctx, []string{keyAccount(ver.Account)})
		if err != nil {
			return err
		}
		acc := get[Account](w.get, keyAccount(ver.Account))
		if acc == nil || acc.Email != ver.Email {
			return errToken()
		}
		out := *acc
		out.EmailVerified = true
		d.on(v, keyVerify(ver.ID))
		d.on(w, keyAccount(acc.ID))
		d.del(keyVerify(ver.ID))
		d.put(keyAccount(acc.ID), out)
		d.index(acc, &out)
		d.verified(&out)
		d.event(accountChanged(acc.ID))
		d.audit(Subject{}, "account.verify", acc.ID, acc.ID)
		return nil
	})
	if err == nil {
		a.sweepSoon(ctx)
	}
	return err
}

// RequestReset mails a reset link; unknown addresses get the same nil.
// fault.Conflict mail_off without mail.
func (a *Authority) RequestReset(ctx context.Context, email, base string) error {
	if !a.cfg.Mail {
		return fault.New(fault.Conflict, fault.CodeMailOff, "This server sends no mail. Ask its administrator for a reset link.")
	}
	email, err := NormalEmail(email)
	if err != nil {
		return err
	}
	v, err := a.read(ctx, []string{keyMail(email)})
	if err != nil {
		return err
	}
	id := string(v.raw[0].Data)
	if !ValidID(id) {
		return nil
	}
	_, err = a.reset(ctx, Subject{}, id, base)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// ResetAccount makes a reset for somebody: instance administrator or operator.
// Without mail, and for the operator always, the link is handed over.
func (a *Authority) ResetAccount(ctx context.Context, s Subject, account, base string) (Handed, error) {
	if !ValidID(account) {
		return Handed{}, errNotFound()
	}
	if _, _, err := a.require(ctx, s, ActInstance, Object{}); err != nil {
		return Handed{}, err
	}
	return a.reset(ctx, s, account, base)
}

func (a *Authority) reset(ctx context.Context, s Subject, account, base string) (Handed, error) {
	oneTime := secret.Random()
	hash := oneTime.Hash()
	var handed Handed
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		k := keyAccount(account)
		var v *view
		var err error
		if s.Kind == Nobody {
			v, err = a.read(ctx, []string{k})
		} else {
			v, _, err = a.require(ctx, s, ActInstance, Object{}, k)
		}
		if err != nil {
			return err
		}
		acc := get[Account](v.get, k)
		if acc == nil {
			return errNotFound()
		}
		r := Reset{head: v1, ID: secretID(hash), Account: acc.ID, Hash: hash[:], Ends: v.now.Add(resetLife)}
		if s.Kind == OperatorSubject || !a.cfg.Mail {
			r.Ends = v.now.Add(handedResetLife)
			handed = Handed{Secret: oneTime, Ends: r.Ends}
		} else {
			handed = a.hand(d, event.MailRequested{Kind: event.MailReset, Account: acc.ID, Email: acc.Email, Name: acc.Name,
				Locale: acc.Language, Base: base}, oneTime, r.Ends)
		}
		d.bind(v, s, Object{})
		d.on(v, k)
		d.put(keyReset(r.ID), r)
		d.audit(s, "account.reset", acc.ID, acc.ID)
		return nil
	})
	return handed, err
}
