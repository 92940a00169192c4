package authz

import (
	"context"
	"slices"
	"strings"

	"sightline/internal/fault"
	"sightline/internal/kv"
)

// Offer is a grant as its recipient sees it.
type Offer struct {
	Grant  Grant
	Camera Camera
	Owner  Person
	State  string // offered accepted declined expired
}

// Offers lists the subject's grants in every state, newest first; the badge
// counts "offered". Grants of cameras or owners that are gone are not listed.
func (a *Authority) Offers(ctx context.Context, s Subject) ([]Offer, error) {
	if _, _, err := a.require(ctx, s, ActSelf, Object{}); err != nil {
		return nil, err
	}
	w, err := a.read(ctx, nil, kv.Scan{Prefix: pGrantOf + s.Account + "/"})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, val := range w.scans[0] {
		ids = append(ids, strings.TrimPrefix(val.Key, pGrantOf+s.Account+"/"))
	}
	v, err := a.loadAll(ctx, s, ids)
	if err != nil {
		return nil, err
	}
	var out []Offer
	for _, id := range ids {
		f := v.facts(s, Object{Camera: id})
		if f.Camera == nil || f.Owner == nil || f.Grant == nil || f.Broken {
			continue
		}
		out = append(out, Offer{Grant: *f.Grant, Camera: *f.Camera, Owner: personOf(f.Owner), State: f.Grant.Shown(v.now)})
	}
	slices.SortStableFunc(out, func(x, y Offer) int { return y.Grant.From.Compare(x.Grant.From) })
	return out, nil
}

// AcceptOffer is idempotent by grant id; a revoked one is NotFound, an expired
// one fault.Forbidden expired. A rejected one may be accepted later (R29).
func (a *Authority) AcceptOffer(ctx context.Context, s Subject, grant string) error {
	return a.answer(ctx, s, grant, GrantAccepted)
}

// AcceptAll accepts every offer that waits for an answer, each by itself, and
// returns their grants (R27). One withdrawn meanwhile is left out.
func (a *Authority) AcceptAll(ctx context.Context, s Subject) ([]string, error) {
	list, err := a.Offers(ctx, s)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, o := range list {
		if o.State != string(GrantOffered) {
			continue
		}
		switch err := a.AcceptOffer(ctx, s, o.Grant.ID); {
		case err == nil:
			out = append(out, o.Grant.ID)
		case !fault.Is(err, fault.NotFound) && fault.Code(err) != string(ReasonExpired):
			return out, err
		}
	}
	return out, nil
}

// RejectOffer rejects an offer or leaves an accepted camera (R30); idempotent
// by grant id, a revoked one is NotFound.
func (a *Authority) RejectOffer(ctx context.Context, s Subject, grant string) error {
	return a.answer(ctx, s, grant, GrantRejected)
}

func (a *Authority) answer(ctx context.Context, s Subject, grant string, st GrantState) error {
	_, err := a.change(ctx, func(ctx context.Context, d *draft) error {
		if _, _, err := a.require(ctx, s, ActSelf, Object{}); err != nil {
			return err
		}
		w, err := a.read(ctx, nil, kv.Scan{Prefix: pGrantOf + s.Account + "/"})
		if err != nil {
			return err
		}
		camera := ""
		for _, val := range w.scans[0] {
			if string(val.Data) == grant && grant != "" {
				camera = strings.TrimPrefix(val.Key, pGrantOf+s.Account+"/")
			}
		}
		if camera == "" {
			return errNotFound()
		}
		o := Object{Camera: camera}
		v, err := a.load(ctx, s, o)
		if err != nil {
			return err
		}
		f := v.facts(s, o)
		switch {
		case f.Broken:
			return unavailable(errRecord)
		case f.Grant == nil || f.Grant.ID != grant || f.Camera == nil || f.Owner == nil:
			return errNotFound()
		case f.Grant.State == st:
			return errNothing
		case st == GrantAccepted && f.Grant.Expired(v.now):
			return deny(ReasonExpired).Fault()
		}
		g := *f.Grant
		was := g.Shown(v.now)
		g.State, g.AnsweredAt = st, v.now
		d.bind(v, s, o)
		d.put(keyGrant(g.Camera, g.Account), g)
		d.event(offerChanged(&g, f.Owner.ID, g.Shown(v.now), was))
		d.audit(s, "grant."+string(st), f.Owner.ID, g.ID, onCamera(g.Camera))
		return nil
	})
	return err
}
