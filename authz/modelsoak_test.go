//go:build soak

package authz

import (
	"testing"

	"sightline/internal/redistest"
)

// TestModelForLong is TestModel with 50 seeds of 10,000 steps on each store.
func TestModelForLong(t *testing.T) {
	t.Run("bolt", func(t *testing.T) { againstTheModel(t, boltWorlds, 50, 10_000) })
	t.Run("redis", func(t *testing.T) { againstTheModel(t, redisWorlds(redistest.Start(t).URL()), 50, 10_000) })
}
