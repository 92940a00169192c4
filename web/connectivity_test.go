package web

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"sightline/authz"
	"sightline/internal/testpeer"
	"sightline/sfu"
)

// A connection test is begun and read by one login only, and bad offers are told.
func TestConnectivityRoutes(t *testing.T) {
	h := newHarness(t)
	owner, other := h.person("owner", true), h.person("other", false)
	if code := h.do("POST", "/api/v1/connectivity", map[string]any{"sdp": "v=0 nonsense"}, owner).want(t, 400).code(); code != "bad_sdp" {
		t.Errorf("a bad offer: %q", code)
	}
	h.do("GET", "/api/v1/connectivity/"+authz.NewID(), nil, owner).want(t, 404)
	var id string
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p, err := testpeer.Join(ctx, testpeer.Config{Exchange: func(_ context.Context, offer string) (string, error) {
		res := h.do("POST", "/api/v1/connectivity", map[string]any{"sdp": offer}, owner)
		if res.StatusCode != 201 {
			return "", fmt.Errorf("status %d", res.StatusCode)
		}
		id = res.field("id")
		return res.field("sdp"), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var c sfu.Connectivity
	h.poll("the pair in use", func() bool {
		res := h.do("GET", "/api/v1/connectivity/"+id, nil, owner).want(t, 200)
		return json.Unmarshal(res.body, &c) == nil && c.State == "connected" && len(c.Pairs) > 0 && c.Pairs[0].Code == sfu.PairInUse
	})
	h.do("GET", "/api/v1/connectivity/"+id, nil, other).want(t, 404)
}
