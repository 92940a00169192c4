package gallery

import (
	"context"
	"testing"

	"sightline/internal/blob"
	"sightline/internal/kv/boltkv"
)

// roomy is a folder whose file system says what the test wants.
type roomy struct {
	blob.Store
	free chan int64
}

func (r roomy) Free(context.Context) (int64, bool) {
	n, ok := <-r.free
	return n, ok
}

// Room says what a file system says, and of one that hangs that it does, with one
// question open however many ask.
func TestRoom(t *testing.T) {
	store, err := boltkv.Open(t.Context(), t.TempDir()+"/store", boltkv.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w := newWorld(t, store, Config{Reserve: 1000})
	if got := w.gallery.Room(t.Context()); got.State != "ok" || got.Kind != "disk" || got.Free == nil || *got.Free < 1000 || got.Reserve != 1000 {
		t.Errorf("%+v", got)
	}
	r := roomy{w.blobs, make(chan int64, 1)}
	cfg := w.gallery.cfg
	cfg.Blobs = r
	g, err := New(cfg) // it does not run: what runs looks into its bytes by itself
	if err != nil {
		t.Fatal(err)
	}
	for free, want := range map[int64]string{999: "disk_full", 1000: "ok"} {
		r.free <- free
		if got := g.Room(t.Context()); got.State != want || got.Free == nil || *got.Free != free {
			t.Errorf("%d: %+v", free, got)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 {
		if got := g.Room(gone); got.State != "disk_failed" || got.Free != nil {
			t.Errorf("%+v", got)
		}
	}
	q := g.askRoom(t.Context())
	r.free <- 5000
	<-q.done
	if len(r.free) != 0 {
		t.Error("several questions were open")
	}
	close(r.free)
	if got := g.Room(t.Context()); got.State != "disk_failed" || got.Free != nil {
		t.Errorf("%+v", got)
	}
}
