package opscheck

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
)

var (
	metricName = regexp.MustCompile(`\b(?:sightline|process)_\w+`)
	suffix     = regexp.MustCompile(`_(bucket|sum|count)$`)
	described  = regexp.MustCompile("(?m)^\\| `(\\w+)` \\|")
)

// Every metric of the reference is on a dashboard, and dashboards and rules ask
// for nothing that is not in the reference.
func TestEveryMetricIsShown(t *testing.T) {
	raw, err := os.ReadFile("../../docs/ref/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, m := range described.FindAllStringSubmatch(string(raw), -1) {
		told[m[1]] = true
	}
	rules, err := ReadRules(deploy + "prometheus/rules")
	if err != nil {
		t.Fatal(err)
	}
	recorded := map[string]bool{}
	for _, r := range rules {
		recorded[r.Record] = true
	}
	asked := map[string]bool{}
	take := func(where, expr string) {
		for _, name := range regexp.MustCompile(`[a-z_]+:\w+:\w+`).FindAllString(expr, -1) {
			if !recorded[name] {
				t.Errorf("%s asks for %s, which nobody records", where, name)
			}
		}
		for _, name := range metricName.FindAllString(regexp.MustCompile(`[a-z_]+:\w+:\w+`).ReplaceAllString(expr, ""), -1) {
			if !told[name] {
				name = suffix.ReplaceAllString(name, "")
			}
			if !told[name] {
				t.Errorf("%s asks for %s, which docs/ref/metrics.md does not know", where, name)
			}
			asked[name] = true
		}
	}
	for _, d := range Dashboards() {
		for _, r := range d.Rows {
			for _, p := range r.Panels {
				for _, q := range p.Queries {
					take(d.Title+", "+p.Title, q.Expr)
				}
			}
		}
	}
	shown := maps.Clone(asked)
	for _, r := range rules {
		take(r.Alert+r.Record, r.Expr)
	}
	for _, name := range slices.Sorted(maps.Keys(told)) {
		if !shown[name] && !(asked[name] && regexp.MustCompile(`^process_`).MatchString(name)) {
			t.Errorf("%s is on no dashboard", name)
		}
	}
}
