package boltkv

import (
	"testing"

	"sightline/internal/kv/kvtest"
)

func BenchmarkRead(b *testing.B)   { kvtest.BenchRead(b, open(b, b.TempDir(), Config{})) }
func BenchmarkCommit(b *testing.B) { kvtest.BenchCommit(b, open(b, b.TempDir(), Config{})) }
