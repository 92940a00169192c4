package config

import (
	"fmt"
	"slices"
)

// Plans is what each plan includes.
type Plans struct {
	Links []string `key:"plans.links" sep:"," default:"trial,standard,pro" help:"Plans with links: trial, mini, standard, pro. On others nobody makes links, and those there are are paused until the plan changes (R2, R3)."`

	TrialShareLinks    int `key:"plans.trial_share_links" default:"0" help:"Share links on plan trial; 0: limits.share_links."`
	MiniShareLinks     int `key:"plans.mini_share_links" default:"0" help:"Share links on plan mini, where it has links; 0: limits.share_links."`
	StandardShareLinks int `key:"plans.standard_share_links" default:"0" help:"Share links on plan standard; 0: limits.share_links."`
	ProShareLinks      int `key:"plans.pro_share_links" default:"0" help:"Share links on plan pro; 0: limits.share_links."`

	TrialOriginals    int `key:"plans.trial_originals_gb" name:"trial-originals-gb" default:"5" help:"Gigabytes of original images kept on plan trial."`
	MiniOriginals     int `key:"plans.mini_originals_gb" name:"mini-originals-gb" default:"2" help:"Gigabytes of original images kept on plan mini."`
	StandardOriginals int `key:"plans.standard_originals_gb" name:"standard-originals-gb" default:"50" help:"Gigabytes of original images kept on plan standard."`
	ProOriginals      int `key:"plans.pro_originals_gb" name:"pro-originals-gb" default:"500" help:"Gigabytes of original images kept on plan pro."`
}

var planNames = []string{"trial", "mini", "standard", "pro"}

func (p Plans) check() error {
	for _, name := range p.Links {
		if !slices.Contains(planNames, name) {
			return fmt.Errorf("plans.links: there is no plan %q", name)
		}
	}
	for _, n := range []int{p.TrialShareLinks, p.MiniShareLinks, p.StandardShareLinks, p.ProShareLinks} {
		if n < 0 || n > maxCount {
			return fmt.Errorf("plans: share links are 0 to %d", maxCount)
		}
	}
	for _, n := range []int{p.TrialOriginals, p.MiniOriginals, p.StandardOriginals, p.ProOriginals} {
		if n < 0 {
			return fmt.Errorf("plans: originals cannot be below 0 GB")
		}
	}
	return nil
}
