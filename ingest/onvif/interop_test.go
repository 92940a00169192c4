//go:build interop

package onvif

import (
	"os"
	"testing"
	"time"

	"sightline/internal/secret"
)

// TestInterop talks to a camera, or a simulator of others, that stands
// somewhere: ONVIF_PEER, ONVIF_USER, ONVIF_PASSWORD; run it with -tags interop -v.
func TestInterop(t *testing.T) {
	tg := Target{URL: os.Getenv("ONVIF_PEER"), User: os.Getenv("ONVIF_USER"), Password: secret.New(os.Getenv("ONVIF_PASSWORD"))}
	found, err := Probe(t.Context(), dial, tg, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", found)
	if found.Main == "" {
		t.Error("no main stream")
	}
	c, err := NewClient(dial, tg)
	if err != nil {
		t.Fatal(err)
	}
	if found.Events {
		sub, err := c.Subscribe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		for end := time.Now().Add(12 * time.Second); time.Now().Before(end); {
			list, err := sub.Pull(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				kind, active := m.Kind()
				t.Logf("%s %s %v -> %q %v", m.Topic, m.Op, m.Data, kind, active)
			}
			if err := sub.renew(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if found.PTZ {
		st, err := c.Steering(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%+v", st)
		if err := c.Move(t.Context(), st, Velocity{Pan: 0.5}, time.Second); err != nil {
			t.Fatal(err)
		}
		if err := c.Stop(t.Context(), st.Profile); err != nil {
			t.Fatal(err)
		}
	}
	tg.Password = secret.New("wrong")
	if tg.User != "" {
		if _, err := Probe(t.Context(), dial, tg, true); Fault(err, true).Code != codeLogin {
			t.Errorf("a wrong password: %v", err)
		}
	}
}
