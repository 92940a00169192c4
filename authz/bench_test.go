package authz

import (
	"sightline/internal/kv"
	"testing"
	"time"
)

// BenchmarkCheck is decisions/s of a grantee on a warm node.
func BenchmarkCheck(b *testing.B) {
	bench := func(b *testing.B, store kv.Store) {
		s := newStand(b, store)
		ann, bob := s.person("Ann"), s.person("Bob")
		cam := s.camera(ann.Subject, "Yard")
		s.give(ann.Subject, cam.ID, bob, LevelOnline, time.Time{})
		b.SetParallelism(32)
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if d, err := s.Check(s.ctx(), bob.Subject, ActLive, Object{Camera: cam.ID}); err != nil || !d.Allowed {
					b.Error(d, err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
	}
	b.Run("bolt", func(b *testing.B) { bench(b, openBolt(b, b.TempDir())) })
	b.Run("redis", func(b *testing.B) { bench(b, openRedis(b, startRedis(b), "bench")) })
}

// BenchmarkDecide is the pure part.
func BenchmarkDecide(b *testing.B) {
	sub := Subject{Kind: AccountSubject, Account: "bob", Login: "l"}
	f := Facts{Account: &Account{ID: "bob", State: AccountActive}, Login: &Login{ID: "l", Account: "bob"},
		Camera: &Camera{ID: "c", Owner: "ann", Enabled: true, Zone: "Europe/Kyiv"}, Owner: &Account{ID: "ann", State: AccountActive},
		Grant: &Grant{Camera: "c", Account: "bob", State: GrantAccepted, Levels: LevelOnline}}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if !Decide(sub, ActLive, Object{Camera: "c"}, f, now).Allowed {
			b.Fatal("denied")
		}
	}
}
