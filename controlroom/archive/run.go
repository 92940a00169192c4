package archive

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"
	"syscall"
	"time"

	"sightline/internal/clock"
)

const (
	watchEvery  = time.Second      // the disks
	retainEvery = 15 * time.Second // the cameras' own limits
	hung        = 4 * time.Second  // a write that takes longer is an alarm; less than rings reach back
)

// noDisk is the error where no disk takes footage.
type noDisk struct{ state string }

func (n *noDisk) Error() string { return "archive: no disk takes footage: " + n.state }

// cause is the error of the system.
func cause(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no
	}
	return err
}

func isPath(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p)
}

// pick orders the disks that take footage: the one with the greatest share of
// room first, so that they fill evenly.
func (a *Archive) pick() []*disk {
	var out []*disk
	for _, d := range a.disks {
		if d.takes() {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(x, y *disk) int { return cmp.Compare(y.left(), x.left()) })
	return out
}

// Run records by the policies, keeps retention and watches the disks until ctx
// ends; then it closes what is open and returns its error.
func (a *Archive) Run(ctx context.Context) error {
	a.mu.Lock()
	a.ctx = ctx
	for _, r := range a.recorders {
		a.launch(r)
	}
	a.mu.Unlock()
	for _, m := range a.missing {
		a.told(&disk{cfg: m.Disk}, AlarmFailed, m.err)
	}
	var wg sync.WaitGroup
	for _, d := range a.disks {
		wg.Go(func() { a.loadAll(ctx, d) })
		wg.Go(func() { a.watch(ctx, d) })
		wg.Go(func() { a.watchHung(ctx, d) })
		if a.cfg.Bucket != nil {
			wg.Go(func() { a.move(ctx, d) })
		}
	}
	wg.Go(func() { a.sayAlarms(ctx) })
	wg.Go(func() { a.retain(ctx) })
	<-ctx.Done()
	wg.Wait()
	a.running.Wait()
	for _, d := range a.disks {
		for _, s := range a.shelvesOn(d) {
			s.retry()
		}
	}
	return ctx.Err()
}

// launch starts a recorder; mu is held.
func (a *Archive) launch(r *recorder) {
	if a.ctx.Err() != nil {
		return
	}
	ctx, stop := context.WithCancel(a.ctx)
	r.stop = stop
	a.running.Go(func() { r.run(ctx) })
}

// watch looks at a disk every second. It removes nothing before all indexes were read.
func (a *Archive) watch(ctx context.Context, d *disk) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		d.measure()
		removed := int64(0)
		if d.short() > 0 && d.loaded.Load() {
			removed = a.retainDisk(ctx, d)
			d.measure()
		}
		d.settle(removed)
		d.keepBallast()
		if d.trouble() == "" {
			for _, s := range a.shelvesOn(d) {
				s.retry()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// watchHung raises the alarm for a disk on which a write does not come back:
// whoever waits for it cannot.
func (a *Archive) watchHung(ctx context.Context, d *disk) {
	tick := time.NewTicker(watchEvery / 2)
	defer tick.Stop()
	for {
		if at := d.oldestOp(); at != 0 && clock.Mono()-at > int64(hung) {
			d.fail(errHung)
			a.pokeAll()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

var errHung = errors.New("archive: the disk does not answer")

func (a *Archive) sayAlarms(ctx context.Context) {
	for {
		select {
		case al := <-a.alarms:
			if a.cfg.Alarm != nil {
				a.cfg.Alarm(al)
			}
		case <-ctx.Done():
			return
		}
	}
}

// retain keeps the cameras' own limits.
func (a *Archive) retain(ctx context.Context) {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		for camera, p := range a.policies() {
			if p.KeepDays > 0 || p.KeepBytes > 0 {
				a.retainCamera(ctx, camera, p)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *Archive) policies() map[string]Policy {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[string]Policy{}
	for camera, r := range a.recorders {
		r.mu.Lock()
		out[camera] = r.policy
		r.mu.Unlock()
	}
	return out
}

// SetPolicy says how a camera is recorded from now on; zone is its schedule's.
// Limits of a policy that is off still hold. fault.Invalid when it cannot be meant.
func (a *Archive) SetPolicy(camera string, p Policy, zone *time.Location) error {
	if err := checkCamera(camera); err != nil {
		return err
	}
	p, err := p.Check()
	if err != nil {
		return err
	}
	if zone == nil {
		zone = time.UTC
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.recorders[camera]
	if r == nil {
		r = &recorder{a: a, camera: camera, wake: make(chan struct{}, 1), done: make(chan struct{})}
		r.state.Store(&recorded{})
		r.policy, r.zone = p, zone
		a.recorders[camera] = r
		if a.ctx != nil {
			a.launch(r)
		}
		return nil
	}
	r.set(p, zone)
	return nil
}

// Policy is how a camera is recorded; off for one that none was set for.
func (a *Archive) Policy(camera string) Policy {
	r := a.recorder(camera)
	if r == nil {
		p, _ := Policy{}.Check()
		return p
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.policy
}

func (a *Archive) recorder(camera string) *recorder {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.recorders[camera]
}

// forget stops recording a camera and waits for it.
func (a *Archive) forget(camera string) {
	a.mu.Lock()
	r := a.recorders[camera]
	delete(a.recorders, camera)
	a.mu.Unlock()
	if r != nil && r.stop != nil {
		r.stop()
		<-r.done
	}
}

// Notice records a camera whose mode is notice around at (taken to be within the
// last 10 s), or longer if it does already. Of other modes and unknown cameras it does nothing.
func (a *Archive) Notice(camera string, at time.Time) {
	if r := a.recorder(camera); r != nil {
		r.noticed(at)
	}
}

// Status is how a camera's recording is now.
func (a *Archive) Status(camera string) Status {
	var out Status
	if checkCamera(camera) != nil {
		return out
	}
	if r := a.recorder(camera); r != nil {
		st := r.state.Load()
		out = Status{Recording: r.recording.Load(), Since: st.since, Error: st.err, Sound: st.sound, Disk: st.disk, Gaps: r.gaps.Load()}
		if state := a.stateOf(st.disk); out.Recording && state != "" { // a write hangs there
			out.Recording, out.Error = false, state
		}
		if d := r.disk.Load(); d != nil && !out.Recording && out.Error == "" && len(a.pick()) == 0 {
			out.Error = d.trouble() // it waits for a disk, and has not found out yet
		}
		if !out.Recording {
			out.Since, out.Disk = time.Time{}, ""
		}
		if !r.wanted.Load() {
			out.Error = ""
		}
	}
	for _, s := range a.shelvesOf(camera, "") {
		n, first, last := s.totals()
		out.Bytes += n
		if n > 0 && (out.Oldest.IsZero() || micros(first).Before(out.Oldest)) {
			out.Oldest = micros(first)
		}
		if n > 0 && micros(last).After(out.Newest) {
			out.Newest = micros(last)
		}
	}
	return out
}

// pokeAll makes the recorders look whether their disk still answers.
func (a *Archive) pokeAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.recorders {
		r.poke()
	}
}

// hitBy are the cameras that should be recorded and are, or were last, on a disk;
// those too that found none.
func (a *Archive) hitBy(path string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []string
	for id, r := range a.recorders {
		if d := r.disk.Load(); r.wanted.Load() && (d == nil || d.cfg.Path == path || path == a.cfg.BucketName) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// stateOf is the trouble of the disk at a path, "" for none.
func (a *Archive) stateOf(path string) string {
	for _, d := range a.disks {
		if d.cfg.Path == path && !d.takes() {
			return d.trouble()
		}
	}
	return ""
}

// counts are the cameras that are recorded, and that should be.
func (a *Archive) counts() (recording, wanted int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.recorders {
		if r.recording.Load() {
			recording++
		}
		if r.wanted.Load() {
			wanted++
		}
	}
	return recording, wanted
}
