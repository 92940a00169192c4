package gallery

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"sightline/authz"
	"sightline/ingest/intake"
	"sightline/internal/blob/dirblob"
	"sightline/internal/blob/s3blob"
	"sightline/internal/fault"
	"sightline/internal/kv"
	"sightline/internal/kv/rediskv"
	"sightline/internal/redistest"
	"sightline/internal/secret"
)

// beside adds a second node of the same store with a blob store of its own, as a
// second process has one, and runs it.
func (w *world) beside(t *testing.T, cfg Config) *Gallery {
	t.Helper()
	cfg.Store, cfg.Authority, cfg.Call, cfg.CameraRate = w.store, w.auth, patience, 10_000
	if cfg.Blobs == nil {
		cfg.Blobs = w.blobs
	}
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.run(t, g)
	return g
}

// Two nodes over one Redis share a folder. One accepts, both hand out copies,
// and everybody deletes at once, with few contents, so that the last need of a
// blob and the next first one meet all the time: a row always has its bytes, and
// in the end nothing is left over.
func TestTwoNodesShareAFolder(t *testing.T) {
	store, err := rediskv.Open(t.Context(), redistest.Start(t).URL(), rediskv.Config{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	const undo = time.Millisecond
	folder := filepath.Join(t.TempDir(), "images")
	shared := func() *dirblob.Store {
		b, err := dirblob.OpenShared(folder)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}
	w := newWorld(t, store, Config{Undo: undo, Blobs: shared()})
	nodes := []*Gallery{w.gallery, w.beside(t, Config{Undo: undo, Blobs: shared()})}
	people := []authz.Subject{w.person(t, "ann", authz.PlanPro), w.person(t, "bob", authz.PlanPro), w.person(t, "cid", authz.PlanPro)}
	gates := []string{w.camera(t, people[0], "A"), w.camera(t, people[1], "B")}
	group := w.group(t, people[0], "Hunters", people[1:]...)
	for i, gate := range gates {
		w.share(t, people[i], group, gate)
	}
	var wg sync.WaitGroup
	for i, gate := range gates {
		wg.Go(func() {
			for n := range 120 {
				_, err := nodes[i].Accept(t.Context(), intake.Arrival{Camera: gate, Data: pic(t, n%3), Once: fmt.Sprint(n)})
				if err != nil {
					t.Errorf("image %d of node %d: %v", n, i, err)
				}
			}
		})
	}
	var gone sync.WaitGroup
	accepted := make(chan struct{})
	for i, s := range people {
		g := nodes[i%2]
		gone.Go(func() {
			for last := false; ; {
				p, err := g.List(t.Context(), s, Query{Limit: MaxPage})
				if err != nil {
					t.Error(err)
					return
				}
				if last && len(p.Images) == 0 {
					return
				}
				for _, image := range p.Images {
					_, data, err := g.Original(t.Context(), s, image.ID)
					if err != nil || len(data) == 0 {
						t.Errorf("a row without its bytes: %v", err)
						return
					}
				}
				for _, image := range p.Images {
					if rand.IntN(2) == 0 || last {
						if _, _, err := g.Batch(t.Context(), s, []string{image.ID}, DoDelete, ""); err != nil {
							t.Error(err)
						}
					}
				}
				select {
				case <-accepted:
					left := 0
					for _, p := range people {
						snap, err := store.Read(t.Context(), kv.Bulk(p.Account), nil, []kv.Scan{{Prefix: pOutbox, Limit: 1}})
						if err != nil {
							t.Error(err)
							return
						}
						left += len(snap.Scans[0])
					}
					last = left == 0
				case <-time.After(5 * time.Millisecond):
				}
			}
		})
	}
	wg.Wait()
	close(accepted)
	gone.Wait()
	w.poll(t, "no file is needed any more", func() bool {
		for _, s := range people {
			if _, err := nodes[0].empty(t.Context(), s.Account, true); err != nil {
				t.Error(err)
			}
		}
		return w.files(t) == 0 || t.Failed()
	})
	for _, s := range people {
		w.sumsAreRight(t, s.Account)
	}
}

// A parcel that a node claimed is left alone by the others until the claim is
// over, and is delivered then.
func TestAClaimHoldsOthersOff(t *testing.T) {
	store, err := rediskv.Open(t.Context(), redistest.Start(t).URL(), rediskv.Config{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w := newStill(t, store, Config{}) // of those that run, a round could take the parcel first
	ann, bob := w.person(t, "ann", authz.PlanPro), w.person(t, "bob", authz.PlanPro)
	gate := w.camera(t, ann, "Gate")
	w.share(t, ann, w.group(t, ann, "Hunters", bob), gate)
	idle, err := New(Config{Store: store, Blobs: w.blobs, Authority: w.auth, Call: patience}) // it accepts, and never delivers
	if err != nil {
		t.Fatal(err)
	}
	if _, err := idle.Accept(t.Context(), intake.Arrival{Camera: gate, Data: pic(t, 1)}); err != nil {
		t.Fatal(err)
	}
	p := <-idle.due
	if ok, err := idle.claim(t.Context(), &p); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := w.gallery.send(t.Context(), ann.Account); err != nil {
		t.Fatal(err)
	}
	if got := w.list(t, bob, Query{}); len(got) != 0 {
		t.Fatal("a parcel was delivered that another node holds")
	}
	// The holder is silent for longer than its claim.
	snap, err := store.Read(t.Context(), kv.Bulk(ann.Account), []string{p.key()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.box.Holder, p.box.Until = idle.name, snap.Now.Add(-time.Second).UnixMilli()
	if _, err := store.Commit(t.Context(), kv.Txn{ID: kv.NewID(time.Now()), Space: kv.Bulk(ann.Account), Writes: []kv.Write{{Key: p.key(), Data: kv.Encode(p.box)}}}); err != nil {
		t.Fatal(err)
	}
	if err := w.gallery.send(t.Context(), ann.Account); err != nil {
		t.Fatal(err)
	}
	if got := w.list(t, bob, Query{}); len(got) != 1 {
		t.Fatal("nobody took the parcel over")
	}
	// The silent one comes back long after the image has gone: it brings nothing back.
	w.batch(t, bob, DoDelete, w.list(t, bob, Query{})[0].ID)
	w.batch(t, ann, DoDelete, w.list(t, ann, Query{})[0].ID)
	for _, s := range []authz.Subject{ann, bob} {
		if _, err := w.gallery.empty(t.Context(), s.Account, true); err != nil {
			t.Fatal(err)
		}
	}
	accounts, err := w.auth.AccountsByID(t.Context(), []string{bob.Account})
	if err != nil {
		t.Fatal(err)
	}
	if err := idle.handOver(t.Context(), p, []authz.Account{accounts[bob.Account]}); err == nil {
		t.Error("a copy of an image that is gone was handed over")
	}
	if n := len(w.list(t, bob, Query{})) + w.files(t); n != 0 {
		t.Errorf("%d rows and files came back", n)
	}
}

// R51: within 5 s an image is with all fifty members; how long it takes is
// measured by promises.
func TestR51_FiftyMembers(t *testing.T) {
	onBoth(t, Config{}, func(t *testing.T, w *world) {
		ann := w.person(t, "ann", authz.PlanPro)
		gate := w.camera(t, ann, "Gate")
		members := make([]authz.Subject, 50)
		for i := range members {
			members[i] = w.person(t, fmt.Sprintf("member%02d", i), authz.PlanPro)
		}
		w.share(t, ann, w.group(t, ann, "Hunters", members...), gate)
		id := w.send(t, gate, pic(t, 1))
		for _, m := range members {
			w.poll(t, "the copy is there", func() bool { got := w.list(t, m, Query{}); return len(got) == 1 && got[0].ID == id })
			if u := w.usage(t, m); u.Count != 1 || u.Used != int64(len(pic(t, 1))) {
				t.Errorf("%+v", u)
			}
		}
		if n := w.files(t); n != 1 {
			t.Errorf("51 rows are %d files", n)
		}
	})
}

// The bytes in a bucket instead of a folder: intake, copies, thumbnails, guests,
// undo's end and the sweep.
func TestImagesInABucket(t *testing.T) {
	backend := s3mem.New()
	if err := backend.CreateBucket("images"); err != nil {
		t.Fatal(err)
	}
	var away atomic.Bool
	real := gofakes3.New(backend).Server()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if away.Load() { // and its port is nobody else's
			panic(http.ErrAbortHandler)
		}
		real.ServeHTTP(rw, r)
	}))
	t.Cleanup(srv.Close)
	bucket, err := s3blob.Open(t.Context(), s3blob.Config{Endpoint: strings.TrimPrefix(srv.URL, "http://"), Plain: true, Region: "us-east-1", Bucket: "images",
		Prefix: "p/", AccessKey: "key", SecretKey: secret.New("not-a-secret"), Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bucket.Close() })
	w := newWorld(t, bolt(t, t.TempDir()), Config{Blobs: bucket, Undo: time.Millisecond})
	ann, bob := w.person(t, "ann", authz.PlanPro), w.person(t, "bob", authz.PlanPro)
	gate := w.camera(t, ann, "Gate")
	w.share(t, ann, w.group(t, ann, "Hunters", bob), gate)
	data := pic(t, 5)
	id := w.send(t, gate, data)
	w.poll(t, "the copy is there", func() bool { return len(w.list(t, bob, Query{})) == 1 })
	for _, s := range []authz.Subject{ann, bob} {
		if _, got, err := w.gallery.Original(t.Context(), s, id); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if thumb, err := w.gallery.Thumbnail(t.Context(), s, id); err != nil || len(thumb) == 0 {
			t.Error(err)
		}
	}
	if list, err := w.gallery.Guest(t.Context(), ann.Account, []string{gate}); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	if err := bucket.Put(t.Context(), blobName(fmt.Sprintf("%064x", 7), asSent), []byte("left by a crash")); err != nil {
		t.Fatal(err)
	}
	if err := w.gallery.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.files(t); n != 2 {
		t.Errorf("%d files after the sweep, want the image and its thumbnail", n)
	}
	w.batch(t, ann, DoDelete, id)
	w.poll(t, "undo has ended", func() bool {
		n, err := w.gallery.rows(t.Context(), ann.Account, w.hash(t, bob, id))
		return err == nil && !n
	})
	if n := w.files(t); n != 2 {
		t.Errorf("%d files, the other needs two", n)
	}
	w.batch(t, bob, DoDelete, id)
	w.poll(t, "nobody needs the files", func() bool { return w.files(t) == 0 })
	away.Store(true)
	if _, err := w.gallery.Accept(t.Context(), intake.Arrival{Camera: gate, Data: pic(t, 6)}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("the bucket is away: %v", err)
	}
	if got := w.list(t, ann, Query{}); len(got) != 0 {
		t.Error("an image was stored without its bytes")
	}
}

// A disk that is full refuses with its own reason, and keeps nothing.
func TestAFullDiskStoresNothing(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatalf("this test mounts a small tmpfs and needs to be root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	blobs, err := dirblob.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	w := newWorld(t, bolt(t, t.TempDir()), Config{Blobs: blobs, Reserve: 1})
	ann := w.person(t, "ann", authz.PlanPro)
	gate := w.camera(t, ann, "Gate")
	large := append(pic(t, 1), make([]byte, 200<<10)...)
	if _, err := w.gallery.Accept(t.Context(), intake.Arrival{Camera: gate, Data: large}); fault.Code(err) != fault.CodeDiskFull {
		t.Fatalf("%v", err)
	}
	if n := w.files(t) + len(w.list(t, ann, Query{})); n != 0 {
		t.Errorf("%d rows and files of a refused image", n)
	}
	w.send(t, gate, pic(t, 2))
	w.sumsAreRight(t, ann.Account)
}

// An account that is closed takes no row of an arrival or a copy that was
// decided before, and nothing of it is left.
func TestNothingComesAfterAnAccountIsClosed(t *testing.T) {
	onBoth(t, Config{}, func(t *testing.T, w *world) {
		ann, bob := w.person(t, "ann", authz.PlanPro), w.person(t, "bob", authz.PlanPro)
		gate := w.camera(t, ann, "Gate")
		w.share(t, ann, w.group(t, ann, "Hunters", bob), gate)
		w.send(t, gate, pic(t, 1))
		w.poll(t, "the copy is there", func() bool { return len(w.list(t, bob, Query{})) == 1 })
		src, err := w.auth.ImageSource(t.Context(), gate)
		if err != nil {
			t.Fatal(err)
		}
		accounts, err := w.auth.AccountsByID(t.Context(), []string{bob.Account})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []authz.Subject{ann, bob} {
			if _, err := w.auth.CloseAccount(t.Context(), authz.Operator, s.Account); err != nil {
				t.Fatal(err)
			}
		}
		w.poll(t, "the bytes are gone", func() bool { return w.files(t) == 0 })
		late := row{V: rowVersion, Camera: gate, Hash: fmt.Sprintf("%064x", 3), Once: "late", Bytes: 10, Via: intake.ViaHTTP}
		if _, err := w.gallery.keep(t.Context(), src, late, []byte("0123456789")); fault.Code(err) != string(authz.ReasonCameraGone) {
			t.Errorf("an arrival that was late: %v", err)
		}
		if took, err := w.gallery.receive(t.Context(), accounts[bob.Account], parcel{sender: ann.Account, id: authz.NewID(), box: box{Row: late}}); took || err != nil {
			t.Errorf("a copy that was late: %v %v", took, err)
		}
		if n := w.files(t); n != 0 {
			t.Errorf("%d files", n)
		}
		for _, s := range []authz.Subject{ann, bob} {
			snap, err := w.store.Read(t.Context(), kv.Bulk(s.Account), nil, []kv.Scan{{Prefix: "im"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range snap.Scans[0] {
				if v.Key != kSums && !strings.HasPrefix(v.Key, pTurn) {
					t.Errorf("%s is left of a closed account", v.Key)
				}
			}
		}
	})
}
