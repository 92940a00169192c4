package redislimit

import (
	"testing"
	"time"

	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/ratelimit"
	"sightline/ratelimit/slottest"
)

func hours(t *testing.T, url string, cfg HoursConfig) *Hours {
	t.Helper()
	client, err := rediskv.Dial(url, rediskv.Config{Timeout: cfg.Timeout})
	if err != nil {
		t.Fatal(err)
	}
	h := NewHours(client, cfg)
	t.Cleanup(func() { h.Close() })
	return h
}

func TestHours(t *testing.T) {
	for name, url := range map[string]string{"single": redistest.Start(t, unsynced...).URL(), "cluster": redistest.StartCluster(t, unsynced...).URL()} {
		t.Run(name, func(t *testing.T) {
			slottest.RunHours(t, func(t *testing.T, rules ratelimit.HoursRules) *slottest.HoursInstance {
				cfg := HoursConfig{HoursRules: rules, Timeout: patient, Prefix: t.Name() + ":"}
				h := hours(t, url, cfg)
				return &slottest.HoursInstance{Hours: h, Advance: func(d time.Duration) { h.offset += d }, Again: func() ratelimit.Hours {
					again := hours(t, url, cfg)
					again.offset = h.offset
					return again
				}}
			})
		})
	}
}
