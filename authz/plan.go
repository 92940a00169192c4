package authz

import (
	"maps"
	"slices"
	"time"
)

// PlanRules is what a plan includes.
type PlanRules struct {
	Links      bool  // links may be made and work (R2)
	ShareLinks int   // share links an account; 0: Config.ShareLinks (R4)
	Originals  int64 // bytes of originals kept (ruling 13)
}

// PlanTable is what each plan includes. A plan that is not in it includes nothing.
type PlanTable map[Plan]PlanRules

const gigabyte = 1e9

// DefaultPlans is the table where nothing is configured (ruling 13).
func DefaultPlans() PlanTable {
	return PlanTable{
		PlanTrial:    {Links: true, Originals: 5 * gigabyte},
		PlanMini:     {Links: false, Originals: 2 * gigabyte},
		PlanStandard: {Links: true, Originals: 50 * gigabyte},
		PlanPro:      {Links: true, Originals: 500 * gigabyte},
	}
}

var defaultPlans = DefaultPlans()

// of is a plan's rules; a nil table is the default one.
func (t PlanTable) of(p Plan) PlanRules {
	if t == nil {
		t = defaultPlans
	}
	return t[p]
}

// links is the plan gate of R2, with the end of a trial: Since and Until are when
// the gate closed or will.
func (t PlanTable) links(a *Account, now time.Time) Decision {
	if !t.of(a.EffectivePlan(now)).Links {
		d := deny(ReasonPlanMini)
		if d.Since = a.PlanSince; a.Plan == PlanTrial {
			d.Since = a.TrialEnds
		}
		return d
	}
	d := allow()
	if a.Plan == PlanTrial && !t.of(PlanMini).Links {
		d.Until = a.TrialEnds
	}
	return d
}

// Plan is what an account's plan includes at t.
func (a *Authority) Plan(acc *Account, t time.Time) PlanRules {
	return a.cfg.Plans.of(acc.EffectivePlan(t))
}

// shareLinks is how many share links an account may have.
func (a *Authority) shareLinks(acc *Account, now time.Time) int {
	if n := a.Plan(acc, now).ShareLinks; n > 0 {
		return n
	}
	return a.cfg.ShareLinks
}

// clonePlans keeps the caller's table from changing under decisions.
func clonePlans(t PlanTable) PlanTable {
	if len(t) == 0 {
		return DefaultPlans()
	}
	return maps.Clone(t)
}

// Plans lists the legal plans.
func Plans() []Plan { return slices.Clone([]Plan{PlanTrial, PlanMini, PlanStandard, PlanPro}) }
