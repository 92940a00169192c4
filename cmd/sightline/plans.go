package main

import (
	"slices"

	"sightline/authz"
	"sightline/cmd/sightline/config"
)

// planTable is the configured plans as decisions take them.
func planTable(c config.Plans) authz.PlanTable {
	row := func(p authz.Plan, shareLinks, originals int) authz.PlanRules {
		return authz.PlanRules{Links: slices.Contains(c.Links, string(p)), ShareLinks: shareLinks, Originals: int64(originals) * 1_000_000_000}
	}
	return authz.PlanTable{
		authz.PlanTrial:    row(authz.PlanTrial, c.TrialShareLinks, c.TrialOriginals),
		authz.PlanMini:     row(authz.PlanMini, c.MiniShareLinks, c.MiniOriginals),
		authz.PlanStandard: row(authz.PlanStandard, c.StandardShareLinks, c.StandardOriginals),
		authz.PlanPro:      row(authz.PlanPro, c.ProShareLinks, c.ProOriginals),
	}
}
