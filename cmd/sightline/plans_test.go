package main

import (
	"maps"
	"testing"

	"sightline/authz"
	"sightline/cmd/sightline/config"
)

// TestR2_PlansAreConfiguration: the defaults of the keys are the defaults of the program.
func TestR2_PlansAreConfiguration(t *testing.T) {
	cfg := config.Default()
	if got, want := planTable(cfg.Plans), authz.DefaultPlans(); !maps.Equal(got, want) {
		t.Errorf("%+v\n%+v", got, want)
	}
	cfg.Plans.Links = []string{"mini"}
	cfg.Plans.MiniShareLinks = 1
	if got := planTable(cfg.Plans); got[authz.PlanPro].Links || !got[authz.PlanMini].Links || got[authz.PlanMini].ShareLinks != 1 {
		t.Errorf("%+v", got)
	}
}
