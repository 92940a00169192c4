package archive

import (
	"syscall"
	"testing"
)

// A folder is free as soon as its archive is closed, though a child that is just
// being started still has a copy of the lock's file.
func TestAClosedFolderIsFree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := openDisk(Disk{Path: dir}, 0)
	if err != nil {
		t.Fatal(err)
	}
	copied, err := syscall.Dup(int(d.lock.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(copied)
	if _, err := openDisk(Disk{Path: dir}, 0); err == nil {
		t.Error("two record in one folder")
	}
	d.close()
	again, err := openDisk(Disk{Path: dir}, 0)
	if err != nil {
		t.Fatal(err)
	}
	again.close()
}
