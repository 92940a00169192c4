package redislimit

import (
	"testing"
	"time"

	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/ratelimit/slottest"
)

// BenchmarkAdmit on a Redis that writes every admission to disk, as it is set up
// for the records.
func BenchmarkAdmit(b *testing.B) {
	client, err := rediskv.Dial(redistest.Start(b).URL(), rediskv.Config{Timeout: 5 * time.Second, PoolSize: 16})
	if err != nil {
		b.Fatal(err)
	}
	l := New(client, Config{Timeout: 5 * time.Second})
	defer l.Close()
	slottest.Bench(b, l, 16)
}
