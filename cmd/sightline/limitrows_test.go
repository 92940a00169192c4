package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sightline/cmd/sightline/config"
)

// TestR85_EveryLimitHasItsWords: each limit the instance page lists has its
// sentence in every catalogue, and no catalogue has one of a limit that is not.
func TestR85_EveryLimitHasItsWords(t *testing.T) {
	var want []string
	for _, row := range limitRows(config.Config{}) {
		want = append(want, "limit."+strings.ReplaceAll(strings.TrimPrefix(row.Key, "limits."), ".", "_"))
	}
	slices.Sort(want)
	if len(want) == 0 || len(slices.Compact(slices.Clone(want))) != len(want) {
		t.Fatalf("no limits, or two of them under one key: %v", want)
	}
	files, err := filepath.Glob("../../internal/i18n/catalogues/*.json")
	if err != nil || len(files) < 11 {
		t.Fatalf("%d catalogues: %v", len(files), err)
	}
	for _, file := range files {
		have := limitKeys(t, file)
		for _, key := range want {
			if !slices.Contains(have, key) {
				t.Errorf("%s has no words for %s", filepath.Base(file), key)
			}
		}
		for _, key := range have {
			if !slices.Contains(want, key) {
				t.Errorf("%s: no limit is %s", filepath.Base(file), key)
			}
		}
	}
}

// limitKeys are the keys of limits in a catalogue.
func limitKeys(t *testing.T, file string) []string {
	t.Helper()
	raw, err := os.ReadFile(file) //nolint:gosec // a file of this repository
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	var out []string
	for key := range all {
		if strings.HasPrefix(key, "limit.") {
			out = append(out, key)
		}
	}
	return out
}
