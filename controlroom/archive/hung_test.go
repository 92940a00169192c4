package archive

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sightline/internal/clock"
)

// device is a real file system on a block device of its own.
func device(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	image, at := filepath.Join(dir, "image"), filepath.Join(dir, "at")
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("this test mounts a file system and needs to be root: %s %v: %v %s", name, args, err, out)
		}
	}
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	run("truncate", "-s", "96M", image)
	run("mkfs.ext4", "-q", image)
	run("mount", "-o", "loop", image, at)
	t.Cleanup(func() {
		if err := exec.Command("umount", at).Run(); err != nil {
			t.Errorf("unmounting: %v", err)
		}
	})
	return at
}

const (
	fiFreeze = 0xC0045877
	fiThaw   = 0xC0045878
)

// freeze makes every write to a file system hang in the system until thaw.
func freeze(t *testing.T, dir string) (thaw func()) {
	t.Helper()
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetInt(int(f.Fd()), fiFreeze, 0); err != nil {
		t.Fatal(err)
	}
	thaw = sync.OnceFunc(func() {
		if err := unix.IoctlSetInt(int(f.Fd()), fiThaw, 0); err != nil {
			t.Errorf("thawing: %v", err)
		}
		f.Close()
	})
	t.Cleanup(thaw)
	return thaw
}

// Between the moment a write hangs and the alarm, which looks twice a second,
// nothing is begun on the disk: a camera would wait there without a word.
func TestADiskThatHangsIsNotPicked(t *testing.T) {
	w := newWorld(t, Config{Disks: []Disk{{Path: t.TempDir()}}})
	d := w.a.disks[0]
	if got := w.a.pick(); len(got) != 1 {
		t.Fatalf("%d disks take footage", len(got))
	}
	at := clock.Mono() - int64(hung) - 1
	d.work.Lock()
	d.ops[&at] = true
	d.work.Unlock()
	if got := w.a.pick(); len(got) != 0 {
		t.Errorf("%d disks take footage", len(got))
	}
	d.work.Lock()
	delete(d.ops, &at)
	d.work.Unlock()
	if got := w.a.pick(); len(got) != 1 {
		t.Errorf("%d disks take footage once it answers", len(got))
	}
}

// F14: a disk hangs in the middle of writes. Its cameras go on elsewhere without
// a gap, those of the other disk and live notice nothing, and when it answers it
// takes footage again.
func TestAHungDisk(t *testing.T) {
	t.Parallel()
	var said alarms
	bad, good := device(t), small(t, "64m")
	// The disk with the greater share of room gets the footage: the bad one, now.
	if err := os.WriteFile(filepath.Join(good, "filler"), make([]byte, 40<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorldRing(t, Config{Disks: []Disk{{Path: bad}, {Path: good}}, Segment: 2 * time.Second, Alarm: said.add}, 12*time.Second)
	w.camera("gate", short(t))
	viewer := w.watch(t)
	w.record("gate", Policy{})
	poll(t, 20*time.Second, "a closed segment", func() bool { return len(w.segments("gate")) > 1 })
	poll(t, 10*time.Second, "that it records there", func() bool { return w.a.Status("gate").Disk == bad })
	thaw := freeze(t, bad)
	froze := time.Now()
	poll(t, 10*time.Second, "the alarm", func() bool { return said.last() == AlarmFailed })
	t.Logf("the alarm came after %v", time.Since(froze))
	poll(t, 10*time.Second, "the other disk", func() bool {
		st := w.a.Status("gate")
		return st.Recording && st.Disk == good
	})
	t.Logf("it went on elsewhere after %v", time.Since(froze))
	poll(t, 20*time.Second, "footage there", func() bool { return len(w.segments("gate")) > 3 })
	thaw()
	poll(t, 10*time.Second, "it is well again", func() bool { return said.last() == AlarmOver })
	poll(t, 20*time.Second, "footage on it again", func() bool { return w.a.Status("gate").Disk == bad })
	list := w.segments("gate")
	for i := 1; i < len(list); i++ { // none that the camera did not make itself
		if gap := list[i].From.Sub(list[i-1].To); gap > 100*time.Millisecond+viewer.gate.paused() {
			t.Errorf("a gap of %v", gap)
		}
	}
	if st := w.a.Status("gate"); st.Gaps != 0 {
		t.Errorf("%+v", st)
	}
	viewer.flows(t)
	w.end()
	for _, dir := range []string{bad, good} {
		for _, f := range files(t, dir) {
			decode(t, f)
		}
	}
}
