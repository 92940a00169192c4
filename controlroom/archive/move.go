package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"
	"time"

	"sightline/internal/fault"
)

// moving is how the moves to the bucket go.
type moving struct {
	mu      sync.Mutex
	err     error
	since   time.Time // of err
	alarmed bool
}

const (
	moveEvery   = time.Second
	moveAtOnce  = 4
	moveBatch   = 32
	bucketAlarm = time.Minute // so long it may fail before that is an alarm
)

// move moves closed segments to the bucket, oldest first, and removes there what
// is to go, until ctx ends. While the bucket fails the disk keeps them; recording
// never waits for it.
func (a *Archive) move(ctx context.Context, d *disk) {
	rest := moveEvery
	for {
		n, err := 0, error(nil)
		if d.loaded.Load() && !d.stuck() {
			if err = a.recoverOnce(ctx, d); err == nil {
				err = a.removeDoomed(ctx, d)
			}
			if err == nil {
				n, err = a.moveSome(ctx, d)
			}
			a.moveWent(ctx, err)
		}
		switch {
		case err != nil:
			rest = min(2*rest, a.cfg.moveRest)
		case n > 0:
			rest = 0
		default:
			rest = moveEvery
		}
		timer := time.NewTimer(rest)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		rest = max(rest, moveEvery)
	}
}

// moveWent notes how it went: an alarm comes when it has failed for a while.
func (a *Archive) moveWent(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	a.moving.mu.Lock()
	defer a.moving.mu.Unlock()
	m := &a.moving
	now := a.cfg.Clock.Now()
	switch {
	case err == nil && m.err != nil:
		a.cfg.Log.Info("the bucket takes footage again")
		m.err = nil
	case err != nil:
		a.metrics.refused.Inc()
		if m.err == nil {
			a.cfg.Log.Warn("the bucket does not take footage; the disks keep it meanwhile", "err", err)
			m.since = now
		}
		m.err = err
	}
	al := Alarm{Disk: a.cfg.BucketName, At: now.UTC(), Err: m.err}
	switch {
	case m.err != nil && !m.alarmed && now.Sub(m.since) >= bucketAlarm:
		m.alarmed, al.Reason = true, AlarmFailed
	case m.err == nil && m.alarmed:
		m.alarmed, al.Reason = false, AlarmOver
	default:
		return
	}
	select {
	case a.alarms <- al:
	default:
	}
}

// bucketState is "ok" or what is wrong with it.
func (a *Archive) bucketState() string {
	a.moving.mu.Lock()
	defer a.moving.mu.Unlock()
	if a.moving.err != nil {
		return AlarmFailed
	}
	return "ok"
}

// local is a closed segment that is on a disk.
type local struct {
	s   *shelf
	day int
	row row
}

// moveSome moves some segments; n is how many.
func (a *Archive) moveSome(ctx context.Context, d *disk) (n int, err error) {
	todo, err := a.locals(ctx, d)
	if err != nil {
		return 0, err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	free := make(chan struct{}, moveAtOnce)
	for _, l := range todo {
		free <- struct{}{}
		mu.Lock()
		stop := err != nil
		mu.Unlock()
		if stop {
			break
		}
		wg.Go(func() {
			defer func() { <-free }()
			merr := a.moveOne(ctx, l)
			mu.Lock()
			defer mu.Unlock()
			if merr != nil {
				err = merr
				return
			}
			n++
		})
	}
	wg.Wait()
	return n, err
}

// locals are the oldest closed segments on a disk.
func (a *Archive) locals(ctx context.Context, d *disk) ([]local, error) {
	var out []local
	for _, s := range a.shelvesOn(d) {
		s.mu.Lock()
		var days []int
		for n, day := range s.days {
			if day.local > 0 {
				days = append(days, n)
			}
		}
		s.mu.Unlock()
		slices.Sort(days)
		count := 0
		for _, n := range days {
			if ctx.Err() != nil || count >= moveBatch {
				break
			}
			t, err := s.table(n, -1)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			for _, r := range t.live() {
				if !r.away && count < moveBatch {
					out = append(out, local{s, n, r})
					count++
				}
			}
		}
	}
	slices.SortFunc(out, func(x, y local) int { return cmpRow(x.row, y.row) })
	return out[:min(len(out), moveBatch)], nil
}

// moveOne sends a segment's file with its rows behind it, notes that it is there,
// and removes the file. A crash in between sends it again.
func (a *Archive) moveOne(ctx context.Context, l local) error {
	file := path.Join(l.s.dir(l.day), fileName(l.row.name))
	f, err := l.s.d.root.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return a.lost(ctx, l)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	frags, err := listed{s: l.s, day: l.day, row: l.row}.readFrags()
	if err != nil {
		return err
	}
	box := indexBox(l.row, frags)
	size := st.Size()
	body := io.MultiReader(io.NewSectionReader(f, 0, size), bytes.NewReader(box))
	if err := a.cfg.Bucket.PutFrom(ctx, l.s.objectName(l.day, l.row.name), body, size+int64(len(box))); err != nil {
		return err
	}
	gone, err := l.s.moved(l)
	if err != nil {
		return err
	}
	if gone { // retention was here meanwhile
		return l.s.d.doom([]string{l.s.objectName(l.day, l.row.name)})
	}
	a.metrics.moved.Add(float64(l.row.bytes))
	return nil
}

// moved notes that a segment is in the bucket and removes its file; gone: it is
// not listed any more.
func (s *shelf) moved(l local) (gone bool, err error) {
	s.write.Lock()
	defer s.write.Unlock()
	t, err := s.table(l.day, -1)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if i := t.named(l.row.name); i < t.low || t.rows[i].dropped {
		return true, nil
	}
	s.mu.Lock()
	known := s.days[l.day] != nil
	s.mu.Unlock()
	if !known {
		return true, nil // its camera was deleted
	}
	if err := s.note(l.day, row{kind: rowMoved, name: l.row.name}.append(nil)); err != nil {
		return false, err
	}
	s.d.used.Add(-l.row.bytes)
	err = s.d.root.Remove(path.Join(s.dir(l.day), fileName(l.row.name)))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return false, err
}

// lost settles a segment whose file is gone: a crash came before it was noted that
// it is in the bucket, or somebody removed it.
func (a *Archive) lost(ctx context.Context, l local) error {
	kind, s := byte(rowMoved), l.s
	_, _, err := a.cfg.Bucket.ReadAt(ctx, s.objectName(l.day, l.row.name), make([]byte, 1), 0)
	switch {
	case fault.Is(err, fault.NotFound):
		kind = rowDropped
		s.log.Warn("a file of footage is not there", "camera", s.camera, "day", dayName(l.day), "file", l.row.name)
	case err != nil:
		return err
	}
	s.write.Lock()
	defer s.write.Unlock()
	s.mu.Lock()
	known := s.days[l.day] != nil
	s.mu.Unlock()
	if !known {
		return nil
	}
	s.d.used.Add(-l.row.bytes)
	return s.note(l.day, row{kind: kind, name: l.row.name}.append(nil))
}
