package main

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	metricType   = regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`)
	metricSample = regexp.MustCompile(`(?m)^(\w+?)(_bucket|_sum|_count)?\{(.*)\} \S+$`)
	metricLabel  = regexp.MustCompile(`(\w+)="(?:[^"\\]|\\.)*"`)
	metricRow    = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| ([^|]*) \\| ([^|]+) \\| ([^|]+) \\|$")
)

// shown are the metrics of an answer of /metrics: name to "type labels".
func shown(text string) map[string]string {
	types, labels := map[string]string{}, map[string]map[string]bool{}
	for _, m := range metricType.FindAllStringSubmatch(text, -1) {
		types[m[1]], labels[m[1]] = m[2], map[string]bool{}
	}
	for _, m := range metricSample.FindAllStringSubmatch(text, -1) {
		name := m[1] + m[2]
		if types[name] == "" {
			name = m[1]
		}
		for _, l := range metricLabel.FindAllStringSubmatch(m[3], -1) {
			if l[1] != "le" {
				labels[name][l[1]] = true
			}
		}
	}
	out := map[string]string{}
	for name, kind := range types {
		list := strings.Join(slices.Sorted(maps.Keys(labels[name])), ", ")
		if list == "" {
			list = "–"
		}
		out[name] = kind + " " + list
	}
	return out
}

// named are the labels there may be: closed lists, and the random id of a camera.
var named = []string{"camera", "cause", "change", "channel", "command", "class", "code", "disk", "folder", "goversion", "kind", "layer", "op", "outcome", "phase",
	"reason", "result", "route", "source", "state", "store", "version", "via", "what", "who", "why"}

// settled are the metrics of a running program as soon as all that are told of are
// there, those with a label that comes with the first event too.
func settled(t *testing.T, p *program, told map[string]string) map[string]string {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; <-time.After(100 * time.Millisecond) {
		_, text := get(t, p.addresses.Ops+"/metrics")
		have := shown(text)
		whole := true
		for name, is := range told {
			whole = whole && have[name] == is
		}
		if whole || time.Now().After(end) {
			return have
		}
	}
}

// TestR88_EveryMetricIsInTheReference compares a running program with all that
// registers metrics with docs/ref/metrics.md: nothing is missing, nothing is
// made up, and every label is one that names nobody.
func TestR88_EveryMetricIsInTheReference(t *testing.T) {
	p := start(t, "demo", "--data", within(t, "data"), "--listen", "0.0.0.0:0", "--no-images")
	raw, err := os.ReadFile("../../docs/ref/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, m := range metricRow.FindAllStringSubmatch(string(raw), -1) {
		if told[m[1]] != "" {
			t.Errorf("docs/ref/metrics.md has %s twice", m[1])
		}
		told[m[1]] = m[2] + " " + m[3]
	}
	have := settled(t, p, told)
	p.stop()
	for name, is := range have {
		if !strings.HasPrefix(name, "sightline_") {
			continue
		}
		if told[name] != is {
			t.Errorf("docs/ref/metrics.md says of %s %q, it is %q", name, told[name], is)
		}
		_, labels, _ := strings.Cut(is, " ")
		for _, l := range strings.Split(labels, ", ") {
			if l != "–" && !slices.Contains(named, l) {
				t.Errorf("%s has label %s: if it names nobody, add it to this test", name, l)
			}
		}
	}
	for name := range told {
		if have[name] == "" {
			t.Errorf("docs/ref/metrics.md tells of %s, which does not exist", name)
		}
	}
}
