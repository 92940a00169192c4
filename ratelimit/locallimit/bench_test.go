package locallimit

import (
	"testing"

	"sightline/internal/kv/boltkv"
	"sightline/ratelimit/slottest"
)

// BenchmarkAdmit on the embedded store: new slots are on disk before the answer,
// renewals once a minute.
func BenchmarkAdmit(b *testing.B) {
	s, err := boltkv.Open(b.Context(), b.TempDir(), boltkv.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	slottest.Bench(b, New(s, Config{}), 16)
}
