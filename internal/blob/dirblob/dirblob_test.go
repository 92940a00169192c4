package dirblob

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"sightline/internal/blob"
	"sightline/internal/blob/blobtest"
	"sightline/internal/fault"
)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSuite(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store { return open(t, t.TempDir()) })
}

func TestUnfinishedFilesAreSwept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if err := s.Put(t.Context(), "ab/whole.jpg", []byte("whole")); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, "ab", unfinished+"0123")
	if err := os.WriteFile(half, []byte("ha"), 0o600); err != nil {
		t.Fatal(err)
	}
	if shared, err := OpenShared(dir); err != nil {
		t.Fatal(err)
	} else if _, err := os.Stat(half); err != nil || shared.Close() != nil {
		t.Errorf("a start removed what another node writes: %v", err)
	}
	again := open(t, dir)
	if _, err := os.Stat(half); !os.IsNotExist(err) {
		t.Errorf("what a crash left is still there: %v", err)
	}
	if got, err := again.Get(t.Context(), "ab/whole.jpg"); err != nil || string(got) != "whole" {
		t.Errorf("%q %v", got, err)
	}
}

// A link inside the folder does not lead out of it (T30).
func TestLinksDoNotLeadOut(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(out, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(out, filepath.Join(dir, "ab")); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if got, err := s.Get(t.Context(), "ab/secret"); err == nil {
		t.Errorf("read %q", got)
	}
	if err := s.Put(t.Context(), "ab/new", []byte("x")); err == nil {
		t.Error("wrote outside")
	}
}

// A real full disk: a small tmpfs. Nothing half is left, and it goes on when
// there is room again.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatalf("this test mounts a small tmpfs and needs to be root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	s := open(t, dir)
	if err := s.Put(t.Context(), "ab/first", make([]byte, 100<<10)); err != nil {
		t.Fatal(err)
	}
	err := s.Put(t.Context(), "ab/second", make([]byte, 300<<10))
	if fault.Code(err) != fault.CodeDiskFull {
		t.Fatalf("a full disk: %v", err)
	}
	if _, err := s.Get(t.Context(), "ab/second"); !fault.Is(err, fault.NotFound) {
		t.Errorf("half a file is there: %v", err)
	}
	if err := s.Delete(t.Context(), "ab/first"); err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte{9}, 100<<10)
	if err := s.Put(t.Context(), "ab/third", want); err != nil {
		t.Errorf("after space was freed: %v", err)
	}
	if free, ok := s.Free(t.Context()); !ok || free <= 0 || free > 256<<10 {
		t.Errorf("free: %d %v", free, ok)
	}
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	data := make([]byte, 200<<10)
	b.SetBytes(int64(len(data)))
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if err := s.Put(b.Context(), "ab/x", data); err != nil {
				b.Error(err)
			}
		}
	})
}
