package opscheck

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Rule is one of deploy/prometheus/rules.
type Rule struct {
	Alert, Record string
	Expr          string
	For           string
	Labels        map[string]string
	Annotations   map[string]string
}

// ReadRules reads all rules in a folder.
func ReadRules(folder string) ([]Rule, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.yml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("there are no rules in " + folder)
	}
	var out []Rule
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		var doc struct{ Groups []struct{ Rules []Rule } }
		if err := yaml.Unmarshal(raw, &doc); err != nil {
			return nil, err
		}
		for _, g := range doc.Groups {
			out = append(out, g.Rules...)
		}
	}
	return out, nil
}

var threshold = regexp.MustCompile(`\s(==|!=|<|>|<=|>=)\s[-+*0-9.e ]+$`)

// matching says by which labels two conditions belong together.
var matching = regexp.MustCompile(`^on \([a-z, ]*\) `)

// Measured is what an alert compares: each of its conditions without the bound.
// On a healthy server an alert answers nothing, but these do.
func (r Rule) Measured() []string {
	if r.Alert == "" {
		return []string{r.Expr}
	}
	var out []string
	for _, part := range strings.Split(r.Expr, " and ") {
		out = append(out, threshold.ReplaceAllString(matching.ReplaceAllString(part, ""), ""))
	}
	return out
}
