package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// folder is a data folder that this process alone uses.
type folder struct {
	dir  string
	lock *os.File
}

// openFolder makes the folder (mode 0700) where it is missing, sees that it can
// be written, and locks it. The lock goes with the process, however it ends.
func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be made: %s; --data names another", dir, reason(err))
	}
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be written by this user: %s; --data names another", dir, reason(err))
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("another sightline already runs on the data folder %s", dir)
		}
		return nil, fmt.Errorf("the data folder %s cannot be locked: %s", dir, reason(err))
	}
	return &folder{dir: dir, lock: f}, nil
}

// close gives the folder up.
func (f *folder) close() error { return f.lock.Close() }

// reason is the cause of a file error without the path it repeats.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
