package redislimit

import (
	"testing"
	"time"

	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/ratelimit"
	"sightline/ratelimit/slottest"
)

func updates(t *testing.T, url string, cfg UpdatesConfig) *Updates {
	t.Helper()
	client, err := rediskv.Dial(url, rediskv.Config{Timeout: cfg.Timeout})
	if err != nil {
		t.Fatal(err)
	}
	u := NewUpdates(client, cfg)
	t.Cleanup(func() { u.Close() })
	return u
}

func TestUpdates(t *testing.T) {
	for name, url := range map[string]string{"single": redistest.Start(t, unsynced...).URL(), "cluster": redistest.StartCluster(t, unsynced...).URL()} {
		t.Run(name, func(t *testing.T) {
			slottest.RunUpdates(t, func(t *testing.T, rules ratelimit.UpdateRules) *slottest.UpdateInstance {
				cfg := UpdatesConfig{UpdateRules: rules, Timeout: patient, Prefix: t.Name() + ":"}
				u := updates(t, url, cfg)
				return &slottest.UpdateInstance{Updates: u, Advance: func(d time.Duration) { u.offset += d }, Again: func() ratelimit.Updates {
					again := updates(t, url, cfg)
					again.offset = u.offset
					return again
				}}
			})
		})
	}
}
