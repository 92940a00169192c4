package gallery

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"sightline/authz"
	"sightline/ingest/intake"
	"sightline/internal/blob/dirblob"
	"sightline/internal/kv"
	"sightline/internal/kv/boltkv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
)

// crowd is an authority of one camera whose images many accounts receive: what
// is measured is the gallery, and a thousand real accounts cost minutes of
// hashing passwords first.
type crowd struct{ receivers []string }

var owner, onlyCamera = authz.NewID(), authz.NewID()

func newCrowd(n int) crowd {
	c := crowd{}
	for range n {
		c.receivers = append(c.receivers, authz.NewID())
	}
	return c
}

func (crowd) Check(context.Context, authz.Subject, authz.Action, authz.Object) (authz.Decision, error) {
	return authz.Decision{Allowed: true}, nil
}
func (c crowd) ImageSource(context.Context, string) (authz.ImageSource, error) {
	return authz.ImageSource{Camera: authz.Camera{ID: onlyCamera, Name: "Gate"}, Owner: authz.Account{ID: owner}, Receivers: c.receivers}, nil
}
func (crowd) AccountsByID(_ context.Context, ids []string) (map[string]authz.Account, error) {
	out := map[string]authz.Account{}
	for _, id := range ids {
		out[id] = authz.Account{ID: id}
	}
	return out, nil
}
func (c crowd) AccountIDs(_ context.Context, after string) ([]string, error) {
	if after != "" {
		return nil, nil
	}
	return append([]string{owner}, c.receivers...), nil
}
func (crowd) AccountNames(context.Context, []string) (map[string]string, error) { return nil, nil }
func (crowd) Plan(*authz.Account, time.Time) authz.PlanRules {
	return authz.PlanRules{Originals: 1 << 50}
}

func benchOn(b *testing.B, people int, run func(*testing.B, *Gallery)) {
	on := func(s kv.Store) func(*testing.B) {
		return func(b *testing.B) {
			blobs, err := dirblob.Open(filepath.Join(b.TempDir(), "images"))
			if err != nil {
				b.Fatal(err)
			}
			defer blobs.Close()
			g, err := New(Config{Store: s, Blobs: blobs, Authority: newCrowd(people), CameraRate: 60_000, Alone: s.Kind() == "bolt"})
			if err != nil {
				b.Fatal(err)
			}
			run(b, g)
		}
	}
	bolt, err := boltkv.Open(b.Context(), filepath.Join(b.TempDir(), "store"), boltkv.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer bolt.Close()
	b.Run("bolt", on(bolt))
	redis, err := rediskv.Open(b.Context(), redistest.Start(b).URL(), rediskv.Config{Timeout: 5 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	defer redis.Close()
	b.Run("redis", on(redis))
}

// Images of 200 KB from 16 senders at once, each durable before it is answered.
func BenchmarkIntake(b *testing.B) {
	benchOn(b, 0, func(b *testing.B, g *Gallery) {
		tail := make([]byte, 200<<10) // behind EOI: a tail is stored and never decoded
		var mu sync.Mutex
		n := 0
		b.SetParallelism(8)
		b.SetBytes(int64(len(tail)))
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				mu.Lock()
				n++
				data := append(numbered(n), tail...)
				mu.Unlock()
				if _, err := g.Accept(b.Context(), intake.Arrival{Camera: onlyCamera, Data: data}); err != nil {
					b.Error(err)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
	})
}

// revokes commits something small in the control space every 2 ms, as a revoke
// does, until ctx ends, and returns the 99th percentile of what that took in ms.
func revokes(ctx context.Context, b *testing.B, g *Gallery) float64 {
	var waits []time.Duration
	for i := 0; ctx.Err() == nil; i++ {
		began := time.Now()
		_, err := g.cfg.Store.Commit(b.Context(), kv.Txn{ID: kv.NewID(began), Space: kv.Control,
			Writes: []kv.Write{{Key: fmt.Sprintf("bench/%d", i%100), Data: []byte("x")}}})
		if err != nil {
			b.Error(err)
			return 0
		}
		waits = append(waits, time.Since(began))
		<-time.After(2 * time.Millisecond)
	}
	slices.Sort(waits)
	return float64(waits[len(waits)*99/100].Microseconds()) / 1000
}

// One image to a thousand participants; the 99th percentile of a small commit in
// the control space alone and beside it.
func BenchmarkFanOut1000(b *testing.B) {
	benchOn(b, 1000, func(b *testing.B, g *Gallery) {
		calm, stop := context.WithTimeout(b.Context(), 2*time.Second)
		alone := revokes(calm, b, g)
		stop()
		ctx, cancel := context.WithCancel(b.Context())
		p99 := 0.0
		var beside sync.WaitGroup
		beside.Go(func() { p99 = revokes(ctx, b, g) })
		n := 0
		for b.Loop() {
			n++
			r, err := g.Accept(b.Context(), intake.Arrival{Camera: onlyCamera, Data: numbered(n)})
			if err != nil {
				b.Fatal(err)
			}
			for len(g.due) > 0 {
				if err := g.deliver(b.Context(), <-g.due); err != nil {
					b.Fatal(err)
				}
			}
			_ = r
		}
		cancel()
		beside.Wait()
		b.ReportMetric(b.Elapsed().Seconds()*1000/float64(n), "ms/image")
		b.ReportMetric(alone, "ms-p99-commit-alone")
		b.ReportMetric(p99, "ms-p99-commit-beside")
	})
}

// Pages of 100 out of 100,000 images: the first, one in the middle, one by tag.
func BenchmarkPageOf100000(b *testing.B) {
	benchOn(b, 0, func(b *testing.B, g *Gallery) {
		fill(b, g, 100_000)
		s := authz.Subject{Kind: authz.AccountSubject, Account: owner}
		middle := firstID(time.UnixMilli(50_000))
		for name, q := range map[string]Query{"first": {}, "middle": {After: middle}, "tag": {Tag: "fox"}, "mixed": {Favourite: true, Camera: onlyCamera}} {
			b.Run(name, func(b *testing.B) {
				q.Limit = 100
				var took []time.Duration
				for b.Loop() {
					began := time.Now()
					p, err := g.List(b.Context(), s, q)
					if err != nil || len(p.Images) != 100 {
						b.Fatal(len(p.Images), err)
					}
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "ms-p95")
			})
		}
	})
}

// fill writes rows straight into the store: what lists them does not look at bytes.
func fill(b *testing.B, g *Gallery, n int) {
	b.Helper()
	snap, err := g.read(b.Context(), owner, []string{pDay + "1970-01-01"})
	if err != nil || snap.Values[0].Exists() {
		return
	}
	for i := 0; i < n; {
		txn := kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Bulk(owner)}
		for ; i < n && len(txn.Writes) < kv.MaxWrites-8; i++ {
			r := row{V: rowVersion, Camera: onlyCamera, Name: "Gate", Hash: fmt.Sprintf("%064x", i), At: int64(i), W: 1920, H: 1080, Bytes: 200 << 10, Day: "1970-01-01",
				Favoured: i%50 == 0}
			if i%100 == 0 {
				r.Tags = []string{"fox"}
			}
			id := imageID(time.UnixMilli(int64(i)), fmt.Sprint(i))
			txn.Writes = append(txn.Writes, kv.Write{Key: pRow + id, Data: kv.Encode(r)})
			for _, k := range r.marks(id) {
				txn.Writes = append(txn.Writes, kv.Write{Key: k, Data: []byte{'1'}})
			}
		}
		if i == n {
			txn.Writes = append(txn.Writes, kv.Write{Key: pDay + "1970-01-01", Data: fmt.Append(nil, n)})
		}
		if _, err := g.cfg.Store.Commit(b.Context(), txn); err != nil {
			b.Fatal(err)
		}
	}
}
