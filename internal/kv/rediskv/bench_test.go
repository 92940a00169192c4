package rediskv

import (
	"testing"
	"time"

	"sightline/internal/kv/kvtest"
	"sightline/internal/redistest"
)

func BenchmarkRead(b *testing.B) {
	kvtest.BenchRead(b, open(b, redistest.Start(b).URL(), Config{Timeout: 5 * time.Second}))
}

func BenchmarkCommit(b *testing.B) {
	kvtest.BenchCommit(b, open(b, redistest.Start(b).URL(), Config{Timeout: 5 * time.Second}))
}
