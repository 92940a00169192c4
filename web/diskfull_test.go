package web

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A disk that is full is told to the sender with its own code, nothing is
// stored, and the sender's retry is stored once there is room again.
func TestAFullDiskIsToldToTheSender(t *testing.T) {
	h := newHarness(t)
	owner := h.person("owner", false)
	cam, in := h.still(owner, "Trail")
	large := append(pic(t, 1), make([]byte, 300<<10)...)
	at := filepath.Join(h.pictures, fmt.Sprintf("%x", sha256.Sum256(large))[:2]) // the part of the folder that this picture goes to
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", at, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatalf("this test mounts a small tmpfs and needs to be root: %v", err)
	}
	full := true
	room := func() {
		if full {
			full = false
			if err := syscall.Unmount(at, syscall.MNT_DETACH); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(room)
	if res := h.send("PUT", "/intake/"+cam, in.Key, "image/jpeg", large).want(t, 503); res.code() != "disk_full" {
		t.Errorf("%s", res.body)
	}
	if ids, _ := h.images(owner, ""); len(ids) != 0 {
		t.Errorf("%d images were stored", len(ids))
	}
	if left, err := os.ReadDir(at); err != nil || len(left) != 0 {
		t.Errorf("%v is left on the disk, %v", left, err)
	}
	room()
	h.send("PUT", "/intake/"+cam, in.Key, "image/jpeg", large).want(t, 201)
	h.send("PUT", "/intake/"+cam, in.Key, "image/jpeg", large).want(t, 200)
	if ids, _ := h.images(owner, ""); len(ids) != 1 {
		t.Errorf("%d images after the retries", len(ids))
	}
}
