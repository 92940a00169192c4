package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"

	"sightline/internal/blob"
)

// recoverOnce makes a disk's index whole with what is in the bucket: of a disk
// that did not know the bucket, or whose index was damaged. It does so once.
func (a *Archive) recoverOnce(ctx context.Context, d *disk) error {
	mark, err := d.root.ReadFile(fileBucket)
	if err == nil && bytes.Equal(mark, a.bucketMark()) && !d.incomplete.Load() {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.root.Remove(fileBucket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	d.incomplete.Store(false)
	if err := a.recover(ctx, d, ""); err != nil {
		d.incomplete.Store(true)
		return err
	}
	return d.put(fileBucket, a.bucketMark())
}

const fileBucket = "bucket"

// found is an object that no row tells of.
type found struct {
	object
	name2 string // in the bucket
	size  int64
	row   row
	frags []fragRow
	init  []byte
}

// recover lists what the bucket has of a disk, or of one camera of it, and adds
// rows for what the index does not know.
func (a *Archive) recover(ctx context.Context, d *disk, camera string) error {
	if a.cfg.Bucket == nil {
		return nil
	}
	notes, err := d.doomed()
	if err != nil {
		return err
	}
	doomed := func(name string) bool {
		for _, names := range notes {
			for _, n := range names {
				if n == name || strings.HasSuffix(n, "/") && strings.HasPrefix(name, n) {
					return true
				}
			}
		}
		return false
	}
	var batch []found
	count := 0
	flush := func() error {
		n, err := a.adopt(ctx, d, batch)
		count += n
		batch = nil
		return err
	}
	prefix := path.Join(d.id, camera) + "/"
	var inner error
	err = a.cfg.Bucket.List(ctx, prefix, func(i blob.Info) bool {
		o, ok := parseObject(d.id, i.Name)
		if !ok || doomed(i.Name) {
			return true
		}
		if len(batch) > 0 && (batch[0].camera != o.camera || batch[0].layer != o.layer || batch[0].day != o.day) {
			if inner = flush(); inner != nil {
				return false
			}
		}
		batch = append(batch, found{object: o, name2: i.Name, size: i.Size})
		return true
	})
	if err = errors.Join(err, inner); err == nil {
		err = flush()
	}
	if count > 0 {
		a.cfg.Log.Info("footage was found in the bucket", "disk", d.cfg.Path, "segments", count)
	}
	return err
}

// adopt adds rows for objects of one camera, layer and day.
func (a *Archive) adopt(ctx context.Context, d *disk, batch []found) (int, error) {
	if len(batch) == 0 {
		return 0, nil
	}
	s, day := a.shelf(d, batch[0].camera, batch[0].layer), batch[0].day
	if err := s.load(); err != nil {
		return 0, err
	}
	t, err := s.table(day, -1)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	var todo []*found
	for i := range batch {
		if t.named(batch[i].name) < 0 {
			todo = append(todo, &batch[i])
		}
	}
	if err := a.readFound(ctx, s, todo); err != nil {
		return 0, err
	}
	s.write.Lock()
	defer s.write.Unlock()
	if err := d.root.MkdirAll(s.dir(day), 0o700); err != nil {
		return 0, err
	}
	n := 0
	var moved []byte
	for _, f := range todo {
		if len(f.frags) == 0 {
			continue
		}
		if f.init != nil {
			if err := s.keepInit(f.row.init, f.init); err != nil {
				return n, err
			}
		}
		f.row.name = f.name
		r, err := s.appendRow(day, f.row, f.frags)
		if err != nil {
			return n, err
		}
		s.mu.Lock()
		s.counted(day, r)
		s.mu.Unlock()
		moved = row{kind: rowMoved, name: r.name}.append(moved)
		n++
	}
	if n == 0 {
		return 0, nil
	}
	return n, s.note(day, moved)
}

// readFound reads the rows of objects, and their heads where they are not known.
func (a *Archive) readFound(ctx context.Context, s *shelf, todo []*found) error {
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	free := make(chan struct{}, 4*moveAtOnce)
	for _, f := range todo {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			err := a.readOne(ctx, s, f)
			if errors.Is(err, errNoIndex) {
				a.cfg.Log.Warn("an object in the bucket is not a segment and is left alone", "object", f.name2)
				err = nil
			}
			mu.Lock()
			failed = errors.Join(failed, err)
			mu.Unlock()
		})
	}
	wg.Wait()
	return failed
}

func (a *Archive) readOne(ctx context.Context, s *shelf, f *found) (err error) {
	if f.row, f.frags, err = a.readIndexBox(ctx, f.name2, f.size); err != nil {
		return err
	}
	if _, err := s.d.root.Lstat(initPath(s.camera, hashName(f.row.init))); err == nil {
		return nil
	}
	if f.row.head <= headBox || f.row.head > maxHead {
		f.frags = nil
		return errNoIndex
	}
	f.init = make([]byte, f.row.head-headBox)
	if _, _, err := a.cfg.Bucket.ReadAt(ctx, f.name2, f.init, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if initHash(f.init) != f.row.init {
		f.frags = nil
		return fmt.Errorf("%w: its head is another's", errNoIndex)
	}
	return nil
}
