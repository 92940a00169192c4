package main

import (
	"strings"

	"sightline/cmd/sightline/config"
	"sightline/web"
)

// limitRows are the configured limits as the instance page lists them. No secret
// is among them: only keys under limits. are.
func limitRows(cfg config.Config) []web.LimitRow {
	var out []web.LimitRow
	for _, k := range config.Keys() {
		if !strings.HasPrefix(k.Path, "limits.") {
			continue
		}
		row := web.LimitRow{Key: k.Path, Value: cfg.Text(k), Default: k.Default, Help: k.Help}
		switch {
		case k.Type.String() == "time.Duration":
			row.Unit = "duration"
		case strings.Contains(k.Help, "bytes"):
			row.Unit = "bytes"
		case strings.HasPrefix(k.Help, "Percent"):
			row.Unit = "percent"
		}
		out = append(out, row)
	}
	return out
}
