package kvtest

import (
	"fmt"
	"testing"
	"time"

	"sightline/internal/kv"
)

// BenchRead measures what a decision costs the store: one Read of six keys
// (camera, owner, login, grant, group, participation) out of 10,000 records, by
// parallel callers. It reports reads/s.
func BenchRead(b *testing.B, s kv.Store) {
	const records = 10_000
	for i := 0; i < records; i += 1000 {
		txn := kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Control}
		for j := i; j < i+1000; j++ {
			txn.Writes = append(txn.Writes, kv.Write{Key: fmt.Sprintf("r/%d", j), Data: make([]byte, 300)})
		}
		if _, err := s.Commit(b.Context(), txn); err != nil {
			b.Fatal(err)
		}
	}
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		keys := make([]string, 6)
		for i := 0; pb.Next(); i++ {
			for j := range keys {
				keys[j] = fmt.Sprintf("r/%d", (i*7919+j*1231)%records)
			}
			snap, err := s.Read(b.Context(), kv.Control, keys, nil)
			if err != nil || !snap.Values[5].Exists() {
				b.Errorf("read: %v", err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
}

// BenchCommit measures durable commits of two small writes under one condition
// by parallel callers. It reports commits/s.
func BenchCommit(b *testing.B, s kv.Store) {
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		key := "w/" + kv.NewID(time.Now())
		version := uint64(0)
		for pb.Next() {
			c, err := s.Commit(b.Context(), kv.Txn{
				ID: kv.NewID(time.Now()), Space: kv.Control,
				Conditions: []kv.Condition{{Key: key, Version: version}},
				Writes:     []kv.Write{{Key: key, Data: make([]byte, 300)}, {Key: "ev/", Data: make([]byte, 100), Stamp: true}},
			})
			if err != nil {
				b.Errorf("commit: %v", err)
				return
			}
			version = c.Revision
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}
