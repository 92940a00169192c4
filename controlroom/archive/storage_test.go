package archive

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sightline/authz"
)

// What the administrator reads of a disk is what retention goes by: how much may
// come before the oldest goes, and which that is; since when a full one is full,
// in the system's words; and one that could not be opened is there too.
func TestStorageTellsWhatBecomesOfDisks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	cam := h.camera(t, authz.CameraRTSP)
	dir, none := small(t, "64m"), filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(none, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var r *Recordings
	made := make(chan struct{}) // r: of a disk that cannot be opened it is said at once
	w := newWorld(t, Config{Disks: []Disk{{Path: dir, Limit: 300 << 10}, {Path: none}}, Reserve: 4 << 20, Segment: time.Second, Alarm: func(al Alarm) { <-made; r.Alarm(al) }})
	w.camera(cam, short(t))
	r, _ = h.recordings(t, w.a, "n")
	close(made)
	poll(t, 10*time.Second, "the list", func() bool { return r.Storage().Disks[0].Listed })
	s := r.Storage()
	if d := s.Disks[0]; d.State != "ok" || d.Limit != 300<<10 || d.Room != d.Limit || d.Reserve != 4<<20 || !d.Oldest.IsZero() || !d.Since.IsZero() {
		t.Errorf("an empty disk: %+v", d)
	}
	if d := s.Disks[1]; d.State != AlarmFailed || !d.Absent || d.Cause != "not a directory" {
		t.Errorf("one that cannot be opened: %+v", d)
	}
	h.choose(t, r, cam, Policy{Mode: ModeContinuous})
	poll(t, 40*time.Second, "the limit", func() bool { d := r.Storage().Disks[0]; return d.Room < 100<<10 && !d.Oldest.IsZero() })
	first := r.Storage().Disks[0].Oldest
	poll(t, 40*time.Second, "the oldest to go", func() bool { return r.Storage().Disks[0].Oldest.After(first) })
	before := time.Now()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for err = nil; err == nil; {
		_, err = f.Write(make([]byte, 64<<10))
	}
	f.Close()
	poll(t, 20*time.Second, "full, and since when", func() bool {
		d := r.Storage().Disks[0]
		return d.State == AlarmFull && !d.Since.IsZero() && d.Room == 0
	})
	if d := r.Storage().Disks[0]; d.Since.Before(before.Add(-time.Second)) || d.Since.After(time.Now().Add(time.Second)) || d.Cause != "no space left on device" {
		t.Errorf("%+v", d)
	}
	if s := r.Storage(); s.Wanted != 1 || s.Bucket != nil {
		t.Errorf("%+v", s)
	}
}

// Of a bucket: what is in it, and since when it takes nothing.
func TestStorageTellsOfTheBucket(t *testing.T) {
	t.Parallel()
	s := newService(t, 20*time.Second)
	w := newWorld(t, Config{Bucket: s.store, BucketName: "test/footage", Segment: time.Second, moveRest: time.Second})
	w.camera("gate", short(t))
	w.record("gate", Policy{})
	poll(t, 30*time.Second, "some in the bucket", func() bool { b := w.a.bucketStore(); return b.Bytes > 0 && !b.Oldest.IsZero() })
	if b := w.a.bucketStore(); b.State != "ok" || b.Name != "test/footage" || !b.Since.IsZero() || b.Cause != "" {
		t.Errorf("%+v", b)
	}
	s.fault.Store(http.StatusForbidden)
	poll(t, 30*time.Second, "a failure", func() bool {
		b := w.a.bucketStore()
		return b.State == AlarmFailed && !b.Since.IsZero() && b.Cause != ""
	})
}
