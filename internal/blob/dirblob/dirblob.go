// Package dirblob keeps blobs as files of one folder.
package dirblob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"sightline/internal/blob"
	"sightline/internal/fault"
)

// Store is a folder. Every file is opened through os.Root: no name and no link
// inside leads out of it.
type Store struct {
	root *os.Root
	path string

	mu   sync.Mutex
	made map[string]bool // folders known to exist, with their entries on disk
}

// unfinished files begin with a dot, which no name does; Open removes them.
const unfinished = ".new-"

// abandoned is how old an unfinished file of another node is before a start
// removes it: no Put takes so long.
const abandoned = 10 * time.Minute

// Open uses folder dir, making it when needed, and removes files that a crash
// left unfinished. Nobody else uses the folder.
func Open(dir string) (*Store, error) { return use(dir, 0) }

// OpenShared is Open for a folder that other nodes write to as well: what they
// are writing now stays.
func OpenShared(dir string) (*Store, error) { return use(dir, abandoned) }

func use(dir string, age time.Duration) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{root: root, path: dir, made: map[string]bool{}}
	err = fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), unfinished) {
			return err
		}
		if info, err := d.Info(); err != nil || time.Since(info.ModTime()) < age {
			return ignoreGone(err)
		}
		return ignoreGone(root.Remove(p))
	})
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return s, nil
}

// ignoreGone: another node was quicker.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Kind is "disk".
func (s *Store) Kind() string { return "disk" }

// Close lets the folder go.
func (s *Store) Close() error { return s.root.Close() }

// Put writes a file beside its place, syncs it, renames it and syncs the folder.
func (s *Store) Put(ctx context.Context, name string, data []byte) error {
	if err := usable(ctx, name); err != nil {
		return err
	}
	if len(data) > blob.MaxSize {
		return fault.Newf(fault.TooLarge, fault.CodeTooLarge, "A stored file is at most %d MB.", blob.MaxSize>>20)
	}
	dir := path.Dir(name)
	if err := s.folder(dir); err != nil {
		return away(err)
	}
	var b [8]byte
	rand.Read(b[:])
	tmp := path.Join(dir, unfinished+hex.EncodeToString(b[:]))
	if err := s.write(tmp, data); err != nil {
		s.root.Remove(tmp) //nolint:errcheck // best effort; the next start removes it
		return away(err)
	}
	if err := s.root.Rename(tmp, name); err != nil {
		s.root.Remove(tmp) //nolint:errcheck // as above
		return away(err)
	}
	return away(s.sync(dir))
}

func (s *Store) write(name string, data []byte) error {
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// folder makes dir and its parents, durably: a synced file in a folder whose own
// entry is lost would be lost with it.
func (s *Store) folder(dir string) error {
	if dir == "." {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made[dir] {
		return nil
	}
	up := "."
	for part := range strings.SplitSeq(dir, "/") {
		at := path.Join(up, part)
		if !s.made[at] {
			if err := s.root.Mkdir(at, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			if err := s.sync(up); err != nil {
				return err
			}
			s.made[at] = true
		}
		up = at
	}
	return nil
}

func (s *Store) sync(dir string) error {
	f, err := s.root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Get reads a file.
func (s *Store) Get(ctx context.Context, name string) ([]byte, error) {
	if err := usable(ctx, name); err != nil {
		return nil, err
	}
	data, err := s.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, blob.NotFound()
	}
	return data, away(err)
}

// Delete removes a file. A crash may bring it back: the sweep above finds it.
func (s *Store) Delete(ctx context.Context, name string) error {
	if err := usable(ctx, name); err != nil {
		return err
	}
	if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return away(err)
	}
	return nil
}

// List walks the folders that can hold prefix.
func (s *Store) List(ctx context.Context, prefix string, each func(blob.Info) bool) error {
	_, err := s.list(ctx, ".", prefix, each)
	return away(err)
}

func (s *Store) list(ctx context.Context, dir, prefix string, each func(blob.Info) bool) (more bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	entries, err := fs.ReadDir(s.root.FS(), dir)
	if err != nil {
		return false, err
	}
	name := func(e fs.DirEntry) string {
		if e.IsDir() {
			return path.Join(dir, e.Name()) + "/"
		}
		return path.Join(dir, e.Name())
	}
	sort.Slice(entries, func(i, j int) bool { return name(entries[i]) < name(entries[j]) })
	for _, e := range entries {
		n := name(e)
		switch {
		case strings.HasPrefix(e.Name(), unfinished):
		case e.IsDir():
			if !strings.HasPrefix(n, prefix) && !strings.HasPrefix(prefix, n) {
				continue
			}
			if more, err := s.list(ctx, path.Join(dir, e.Name()), prefix, each); !more || err != nil {
				return false, err
			}
		case strings.HasPrefix(n, prefix):
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // deleted meanwhile
			}
			if err != nil {
				return false, err
			}
			if !each(blob.Info{Name: n, Size: info.Size(), At: info.ModTime()}) {
				return false, nil
			}
		}
	}
	return true, nil
}

// Free asks the file system.
func (s *Store) Free(context.Context) (int64, bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(s.path, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * st.Bsize, true
}

func usable(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return blob.Away(err)
	}
	return blob.CheckName(name)
}

func away(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return blob.Full(err)
	}
	return blob.Away(err)
}
