package authz

import (
	"context"

	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/secret"
)

// Closing is what ends with an account.
type Closing struct {
	Groups  []Group // whose sole administrator it is
	Cameras int
	Links   int
}

// Closing says what would end with the subject's account.
func (a *Authority) Closing(ctx context.Context, s Subject) (Closing, error) {
	if _, _, err := a.require(ctx, s, ActSelf, Object{}); err != nil {
		return Closing{}, err
	}
	groups, err := a.GroupsEndingWith(ctx, s)
	if err != nil {
		return Closing{}, err
	}
	v, err := a.read(ctx, nil, kv.Scan{Prefix: pCamOwner + s.Account + "/"}, kv.Scan{Prefix: pLinkOwner + s.Account + "/"})
	if err != nil {
		return Closing{}, err
	}
	return Closing{Groups: groups, Cameras: len(v.scans[0]), Links: len(v.scans[1])}, nil
}

// CloseOwn closes the subject's own account for ever; it needs his password
// (wrong: fault.Invalid bad_login on field "password"). All that rests on the
// account has ended on this node when it returns; see CloseAccount.
func (a *Authority) CloseOwn(ctx context.Context, s Subject, password secret.String) (kv.Commit, error) {
	ctx = urgent(ctx)
	v, _, err := a.require(ctx, s, ActSelf, Object{}, keyCredential(s.Account))
	if err != nil {
		return kv.Commit{}, err
	}
	cred, err := decode[Credential](v.raw[v.index(keyCredential(s.Account))].Data)
	if err != nil {
		return kv.Commit{}, unavailable(err)
	}
	ok, _, err := a.hasher.check(ctx, password, cred.Hash)
	if err != nil {
		return kv.Commit{}, err
	}
	if !ok {
		return kv.Commit{}, fault.Field("password", fault.CodeBadLogin, "That is not your password.")
	}
	return a.CloseAccount(ctx, s, s.Account)
}
