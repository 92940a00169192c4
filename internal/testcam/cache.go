package testcam

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// clipVersion is part of every file name in the cache: raise it when the same
// description would give another clip.
const clipVersion = 2

// CacheDir is where clips are kept: $SIGHTLINE_CACHE, else "sightline" in the
// user's cache folder, else in the folder for temporary files. It is made when missing.
func CacheDir() (string, error) {
	dir := os.Getenv("SIGHTLINE_CACHE")
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			base = os.TempDir()
		}
		dir = filepath.Join(base, "sightline", "clips")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("clip cache: %w", err)
	}
	return dir, nil
}

// cached loads the named clips from dir or makes them all with build, under a
// lock between processes: each is made once, whoever comes first.
func cached(dir string, names []string, build func() ([]*Clip, error)) ([]*Clip, error) {
	paths := make([]string, len(names))
	for i, n := range names {
		paths[i] = filepath.Join(dir, fmt.Sprintf("%s-v%d.clip", n, clipVersion))
	}
	if clips, err := loadAll(paths); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return clips, err
	}
	lock, err := os.OpenFile(paths[0]+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("clip cache: %w", err)
	}
	defer lock.Close() // releases the lock
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return nil, fmt.Errorf("clip cache: %w", err)
	}
	if clips, err := loadAll(paths); err == nil {
		return clips, nil
	}
	clips, err := build()
	if err != nil {
		return nil, err
	}
	for i, c := range clips {
		if err := saveClip(paths[i], c); err != nil {
			return nil, err
		}
	}
	return clips, nil
}

func loadAll(paths []string) ([]*Clip, error) {
	clips := make([]*Clip, len(paths))
	for i, p := range paths {
		c, err := loadClip(p)
		if err != nil {
			return nil, err
		}
		clips[i] = c
	}
	return clips, nil
}
