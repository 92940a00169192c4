package boltkv

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"sightline/internal/clock"
	"sightline/internal/fault"
	"sightline/internal/kv"
)

// format is the layout of the files; a higher one on disk is refused.
const format = 1

const (
	lockWait = time.Second
	mmapSize = 64 << 20 // address space taken at start, so that small stores never remap
)

var (
	bucketStore = []byte("store")
	keyFormat   = []byte("format")
)

var errClosed = errors.New("boltkv: store is closed")

// file is one bbolt file with its committer goroutine.
type file struct {
	db    *bbolt.DB
	name  string
	log   *slog.Logger
	clock clock.Clock
	kept  int
	hint  func(kv.Space)

	queue chan *request
	stop  chan struct{}
	done  chan struct{} // closed when the committer has ended

	mu     sync.RWMutex
	broken error // set once: after a failed fsync nothing on disk can be trusted to have arrived
	closed bool
}

func makeDir(dir string) error {
	_, statErr := os.Stat(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fault.Wrap(err, fault.Invalid, fault.CodeBadValue,
			fmt.Sprintf("The data folder %s cannot be created. Choose another with --data, or make its parent writable.", dir))
	}
	if errors.Is(statErr, os.ErrNotExist) {
		return syncDir(filepath.Dir(filepath.Clean(dir)))
	}
	return nil
}

// openFile opens or creates one file; first, when set, is the space every
// commit may count on.
func openFile(dir, name string, first kv.Space, s *Store, cfg Config) (*file, error) {
	path := filepath.Join(dir, name)
	if err := sound(path); err != nil {
		return nil, explainOpen(err, dir, name)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: lockWait, FreelistType: bbolt.FreelistMapType, NoFreelistSync: true, InitialMmapSize: mmapSize,
	})
	if err != nil {
		return nil, explainOpen(err, dir, name)
	}
	if err := prepare(db, first, cfg.Clock.Now()); err != nil {
		return nil, errors.Join(explainOpen(err, dir, name), db.Close())
	}
	if err := syncDir(dir); err != nil {
		return nil, errors.Join(explainOpen(err, dir, name), db.Close())
	}
	f := &file{
		db: db, name: name, log: cfg.Log, clock: cfg.Clock, kept: cfg.ChangesKept, hint: s.hints.Signal,
		queue: make(chan *request), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go f.run()
	return f, nil
}

// prepare checks the format and writes what a new file needs.
func prepare(db *bbolt.DB, first kv.Space, now time.Time) error {
	found := 0
	err := db.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(bucketStore); b != nil {
			var err error
			found, err = strconv.Atoi(string(b.Get(keyFormat)))
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case found > format:
		return kv.NewerFormat(found, format)
	case found == format:
		return nil
	}
	return db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketStore)
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucketIfNotExists(bucketSpaces); err != nil {
			return err
		}
		if first != "" && openSpace(tx, first) == nil {
			if _, err := makeSpace(tx, first, kv.NewID(now)); err != nil {
				return err
			}
		}
		return b.Put(keyFormat, []byte(strconv.Itoa(format)))
	})
}

func explainOpen(err error, dir, name string) error {
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, bolterrors.ErrTimeout):
		return fault.Wrap(err, fault.Unavailable, fault.CodeBusy,
			fmt.Sprintf("Another Sightline has the data folder %s open. Stop it, or choose another folder with --data.", dir))
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return fault.Wrap(err, fault.Invalid, fault.CodeBadValue,
			fmt.Sprintf("The data folder %s is not writable for this user. Change its owner, or choose another folder with --data.", dir))
	case errors.Is(err, syscall.ENOSPC):
		return fault.Wrap(err, fault.Unavailable, fault.CodeBusy,
			fmt.Sprintf("The disk of the data folder %s is full. Make room and start again.", dir))
	}
	return fault.Wrap(err, fault.Unavailable, fault.CodeInternal,
		fmt.Sprintf("The store file %s cannot be read; it may be damaged. Restore it from a backup, or move it away to begin anew.", filepath.Join(dir, name)))
}

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (f *file) view(fn func(*bbolt.Tx) error) error {
	if err := f.health(); err != nil {
		return err
	}
	return f.db.View(fn)
}

func (f *file) health() error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.closed {
		return errClosed
	}
	return f.broken
}

func (f *file) commit(ctx context.Context, txn kv.Txn, at time.Time) (kv.Commit, error) {
	if err := f.health(); err != nil {
		return kv.Commit{}, kv.Unavailable(err)
	}
	r := &request{ctx: ctx, txn: txn, at: at, done: make(chan result, 1)}
	select {
	case f.queue <- r:
	case <-f.stop:
		return kv.Commit{}, kv.Unavailable(errClosed)
	case <-ctx.Done():
		return kv.Commit{}, kv.Unavailable(ctx.Err()) // the committer never had it
	}
	select {
	case res := <-r.done:
		return res.commit, res.err
	case <-ctx.Done():
		return kv.Commit{}, kv.Unknown(ctx.Err())
	}
}

func (f *file) close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	f.mu.Unlock()
	close(f.stop)
	<-f.done
	return f.db.Close()
}
