package archive

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"sightline/internal/blob"
	"sightline/internal/blob/s3blob"
	"sightline/internal/fault"
	"sightline/internal/secret"
)

// service answers S3's protocol over a real socket, and badly when it is told to.
type service struct {
	srv   *httptest.Server
	store *s3blob.Store
	fault atomic.Int32 // status of every answer; 0: as it should be
	slow  atomic.Int64 // nanoseconds before every answer
	close chan struct{}
}

// newService answers calls within limit, or they have failed.
func newService(t *testing.T, limit time.Duration) *service {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("footage"); err != nil {
		t.Fatal(err)
	}
	s := &service{close: make(chan struct{})}
	real := gofakes3.New(backend).Server()
	s.srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d := time.Duration(s.slow.Load()); d > 0 {
			select {
			case <-time.After(d):
			case <-s.close:
				return
			case <-r.Context().Done():
				return
			}
		}
		if code := s.fault.Load(); code != 0 {
			http.Error(w, "no", int(code))
			return
		}
		real.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { close(s.close); s.srv.Close() })
	var err error
	s.store, err = s3blob.Connect(s3blob.Config{Endpoint: strings.TrimPrefix(s.srv.URL, "http://"), Plain: true, Region: "us-east-1", Bucket: "footage",
		Prefix: "sightline/", AccessKey: "key", SecretKey: secret.New("not-a-secret"), Timeout: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.store.Close() })
	return s
}

// objects are the names in the bucket.
func (s *service) objects(t *testing.T) (out []string) {
	t.Helper()
	if err := s.store.List(context.Background(), "", func(i blob.Info) bool { out = append(out, i.Name); return true }); err != nil {
		t.Fatal(err)
	}
	return out
}

// whole reads a segment as a reader does, in odd pieces, and checks it decodes.
func whole(t *testing.T, a *Archive, s Segment) []byte {
	t.Helper()
	var out []byte
	patient := time.Now().Add(time.Minute)
	for len(out) < int(s.Bytes) {
		p := make([]byte, min(777_777, int(s.Bytes)-len(out)))
		n, err := a.ReadAt(t.Context(), s.Camera, s.ID, p, int64(len(out)))
		if fault.Is(err, fault.Unavailable) && t.Context().Err() == nil && time.Now().Before(patient) { // as a player: again
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatalf("%s at %d: %v", s.ID, len(out), err)
		}
		out = append(out, p[:n]...)
	}
	return out
}

func decodeBytes(t *testing.T, b []byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "segment.mp4")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	decode(t, name)
}

func movedOf(w *world, id string) int { return len(awayOf(w, id)) }

// awayOf are the segments that are in the bucket.
func awayOf(w *world, id string) (out []row) {
	for _, s := range w.a.shelvesOf(id, Main) {
		for _, d := range s.dayNumbers() {
			t, err := s.table(d, -1)
			if err != nil {
				continue
			}
			for _, r := range t.live() {
				if r.away {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

// Closed segments move to the bucket and read as before, by range; retention
// removes them there, a camera that is deleted leaves none, and the index can be
// made anew from the bucket alone.
func TestFootageMovesToABucket(t *testing.T) {
	t.Parallel()
	s := newService(t, 20*time.Second)
	w := newWorld(t, Config{Bucket: s.store, BucketName: "test/footage", Segment: time.Second})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	poll(t, 30*time.Second, "three in the bucket", func() bool { return movedOf(w, "gate") >= 3 })
	list := w.segments("gate")
	consistent(t, list)
	for _, seg := range list[:3] {
		decodeBytes(t, whole(t, w.a, seg))
	}
	if n, err := w.a.ReadAt(t.Context(), "gate", list[0].ID, make([]byte, 10), 1<<30); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("behind the end: %d %v", n, err)
	}
	largest := slices.MaxFunc(list, func(a, b Segment) int { return cmp.Compare(a.Bytes, b.Bytes) })
	poll(t, 10*time.Second, "few files on the disk", func() bool {
		return len(files(t, w.disk())) <= 4 && w.a.Disks()[0].Bytes <= largest.Bytes*5
	})

	w.record("gate", Policy{Mode: ModeOff})
	poll(t, 20*time.Second, "all moved", func() bool {
		return w.a.Bucket().Waiting == 0 && !w.a.Status("gate").Recording && len(files(t, w.disk())) == 0
	})
	before := w.segments("gate")
	want := whole(t, w.a, before[0])
	id := w.a.disks[0].id
	w.end()

	// A new disk takes the old one's name: all is found in the bucket.
	fresh := t.TempDir()
	if err := os.WriteFile(filepath.Join(fresh, fileDisk), []byte(id), 0o600); err != nil {
		t.Fatal(err)
	}
	w.cfg.Disks = []Disk{{Path: fresh}}
	w.start()
	poll(t, 20*time.Second, "the index", func() bool { return len(w.segments("gate")) == len(before) })
	for i, seg := range w.segments("gate") {
		b := before[i]
		if seg.ID != b.ID || !seg.From.Equal(b.From) || !seg.To.Equal(b.To) || seg.Bytes != b.Bytes || seg.Init != b.Init || len(seg.Fragments) != len(b.Fragments) {
			t.Errorf("%+v\nis not\n%+v", seg, b)
		}
	}
	if got := whole(t, w.a, w.segments("gate")[0]); string(got) != string(want) {
		t.Error("it reads otherwise")
	}
	if _, err := w.a.Init(t.Context(), "gate", before[0].Init); err != nil {
		t.Error(err)
	}

	// Retention by age: the bucket is empty, and stays so after a restart.
	w.clock.shift(48 * time.Hour)
	w.record("gate", Policy{Mode: ModeOff, KeepDays: 1})
	w.a.retainCamera(t.Context(), "gate", w.a.Policy("gate"))
	poll(t, 20*time.Second, "an empty bucket", func() bool { return len(s.objects(t)) == 0 && len(w.segments("gate")) == 0 })
	if _, err := w.a.ReadAt(t.Context(), "gate", before[0].ID, make([]byte, 10), 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("what is gone is read: %v", err)
	}
	w.clock.shift(-48 * time.Hour)
	w.record("gate", Policy{})
	poll(t, 20*time.Second, "footage again", func() bool { return movedOf(w, "gate") >= 1 })
	if err := w.a.Delete(t.Context(), "gate"); err != nil {
		t.Fatal(err)
	}
	poll(t, 20*time.Second, "nothing of a deleted camera", func() bool { return len(s.objects(t)) == 0 })
}

// A bucket that is refused, hangs or is away never hurts recording: the disk keeps
// footage up to its limit, an alarm comes, and all is moved when it answers.
func TestABucketThatFails(t *testing.T) {
	t.Parallel()
	s := newService(t, time.Second)
	var said alarms
	w := newWorldRing(t, Config{Bucket: s.store, BucketName: "test/footage", Segment: time.Second, Alarm: said.add, moveRest: time.Second}, 12*time.Second)
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	poll(t, 30*time.Second, "one in the bucket", func() bool { return movedOf(w, "gate") >= 1 })
	for name, breakIt := range map[string]func(){
		"refused": func() { s.fault.Store(http.StatusForbidden) },
		"failing": func() { s.fault.Store(http.StatusInternalServerError) },
		"hanging": func() { s.slow.Store(int64(time.Minute)) },
	} {
		breakIt()
		n := len(w.segments("gate"))
		poll(t, 30*time.Second, name+": recording goes on", func() bool {
			return len(w.segments("gate")) >= n+3 && w.a.Bucket().State == AlarmFailed
		})
		if st := w.a.Status("gate"); st.Gaps != 0 && !said.of(w.disk()) { // else the machine's own disk was late
			t.Errorf("%s: %+v", name, st)
		}
		w.clock.shift(2 * bucketAlarm) // a segment begins anew with the new time
		poll(t, 30*time.Second, name+": the alarm", func() bool { return said.last() == AlarmFailed })
		s.fault.Store(0)
		s.slow.Store(0)
		poll(t, 90*time.Second, name+": it is well again", func() bool { return w.a.Bucket().State == "ok" && said.last() == AlarmOver })
	}
	w.record("gate", Policy{Mode: ModeOff})
	poll(t, 60*time.Second, "all is moved", func() bool { return w.a.Bucket().Waiting == 0 && len(files(t, w.disk())) == 0 })
	for _, seg := range w.segments("gate") {
		decodeBytes(t, whole(t, w.a, seg))
	}
}

// The disk is the buffer up to its limit: with the bucket away the oldest that is
// not moved goes, and what is in the bucket stays.
func TestTheBufferHasALimit(t *testing.T) {
	t.Parallel()
	s := newService(t, 5*time.Second)
	w := newWorld(t, Config{Bucket: s.store, BucketName: "test/footage", Segment: time.Second, Disks: []Disk{{Path: t.TempDir(), Limit: 400 << 10}}, moveRest: time.Second})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	poll(t, 30*time.Second, "two in the bucket", func() bool { return movedOf(w, "gate") >= 2 })
	s.fault.Store(http.StatusServiceUnavailable)
	first := micros(awayOf(w, "gate")[0].from)
	there := func() bool {
		return slices.ContainsFunc(w.segments("gate"), func(s Segment) bool { return s.From.Equal(first) })
	}
	n := movedOf(w, "gate")
	poll(t, 90*time.Second, "some was dropped", func() bool {
		dropped := false
		for _, sh := range w.a.shelvesOf("gate", Main) {
			for _, d := range sh.dayNumbers() {
				if tab, err := sh.table(d, -1); err == nil && tab.drops {
					dropped = true
				}
			}
		}
		return dropped
	})
	poll(t, 10*time.Second, "its limit", func() bool { d := w.a.Disks()[0]; return d.Bytes <= 700<<10 && d.State == "ok" })
	s.fault.Store(0)
	poll(t, 90*time.Second, "more is moved", func() bool { return movedOf(w, "gate") > n })
	if !there() {
		t.Errorf("what was in the bucket went: %v", first)
	}
	w.end() // and the index says the same after a restart
	w.start()
	if !there() {
		t.Errorf("what is in the bucket is not there after a restart: %v", first)
	}
}

// The box behind an object is not believed when it is damaged.
func TestIndexBoxes(t *testing.T) {
	r := row{kind: rowSegment, name: 5, from: 5, span: 9, bytes: 100, head: 90}
	frags := []fragRow{{offset: 90, bytes: 10, span: 9, flags: flagKey}}
	b := append([]byte("what is before"), indexBox(r, frags)...)
	got, list, short, err := parseIndexBox(b)
	if err != nil || short != 0 || got.name != 5 || len(list) != 1 || list[0] != frags[0] {
		t.Errorf("%+v %v %d %v", got, list, short, err)
	}
	if _, _, short, err := parseIndexBox(b[len(b)-20:]); err != nil || short != len(b)-len("what is before") {
		t.Errorf("%d %v", short, err)
	}
	for i := len("what is before"); i < len(b); i++ {
		damaged := append([]byte(nil), b...)
		damaged[i] ^= 0x55
		if r, _, short, err := parseIndexBox(damaged); err == nil && short == 0 && i > len("what is before")+3 {
			t.Errorf("byte %d: %+v", i, r)
		}
	}
}
