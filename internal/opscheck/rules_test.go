package opscheck

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// promtool checks the files and runs the tests of the alerts.
func TestPromtool(t *testing.T) {
	tests, err := filepath.Glob(deploy + "prometheus/tests/*.yml")
	if err != nil || len(tests) == 0 {
		t.Fatal("there are no tests of alerts", err)
	}
	rules, err := filepath.Glob(deploy + "prometheus/rules/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		append([]string{"check", "rules"}, rules...),
		{"check", "config", deploy + "prometheus/prometheus.yml"},
		append([]string{"test", "rules"}, tests...),
	} {
		if out, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// Every alert has a test, a severity, words, and a section that says what to do.
func TestAlertsAreWhole(t *testing.T) {
	rules, err := ReadRules(deploy + "prometheus/rules")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../../docs/guide/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	var tested strings.Builder
	files, _ := filepath.Glob(deploy + "prometheus/tests/*.yml")
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		tested.Write(raw)
	}
	told := regexp.MustCompile(`(?m)^## (Sightline\w+)$`).FindAllStringSubmatch(string(guide), -1)
	var alerts []string
	for _, r := range rules {
		if r.Alert == "" {
			continue
		}
		alerts = append(alerts, r.Alert)
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) {
			t.Errorf("%s has severity %q", r.Alert, r.Labels["severity"])
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" ||
			r.Annotations["runbook"] != "docs/guide/alerts.md#"+strings.ToLower(r.Alert) {
			t.Errorf("%s has annotations %v", r.Alert, r.Annotations)
		}
		if !strings.Contains(tested.String(), "- name: "+r.Alert+"\n") || !strings.Contains(tested.String(), "runbook: "+r.Annotations["runbook"]+"\n") {
			t.Errorf("%s has no test that it fires", r.Alert)
		}
		if !slices.ContainsFunc(told, func(m []string) bool { return m[1] == r.Alert }) {
			t.Errorf("docs/guide/alerts.md does not say what to do at %s", r.Alert)
		}
	}
	for _, m := range told {
		if !slices.Contains(alerts, m[1]) {
			t.Errorf("docs/guide/alerts.md tells of %s, which is no alert", m[1])
		}
	}
	if len(alerts) < 20 {
		t.Errorf("only %d alerts", len(alerts))
	}
}

func TestMeasured(t *testing.T) {
	for expr, want := range map[string][]string{
		`up{job="sightline"} == 0`:                          {`up{job="sightline"}`},
		`a{x=~"b|c"} - time() < 14 * 86400`:                 {`a{x=~"b|c"} - time()`},
		`sum by (i) (rate(a[5m])) / b > 0.3 and c:d > 5000`: {`sum by (i) (rate(a[5m])) / b`, `c:d`},
		`e > 20e-6`: {`e`},
	} {
		if got := (Rule{Alert: "A", Expr: expr}).Measured(); !slices.Equal(got, want) {
			t.Errorf("%s: %q", expr, got)
		}
	}
}
