package archive

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/sfu"
)

// Why footage that was wanted was not kept.
const (
	gapDisk   = "disk"
	gapSlow   = "slow"
	gapFormat = "format"
)

// recorder records one camera. Its own goroutine decides whether it is time to,
// by the policy, and never waits for a disk; two followers of the streams bring
// the frames to a take. The streams' rings are its queue, so a slow disk costs it
// no memory and nobody else waits.
type recorder struct {
	a      *Archive
	camera string
	wake   chan struct{}
	stop   context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex // policy and notice
	policy Policy
	zone   *time.Location
	notice time.Time // records until then
	back   time.Time // and from then on

	wanted    atomic.Bool
	recording atomic.Bool
	gaps      atomic.Uint64
	state     atomic.Pointer[recorded] // what Status shows of the run
	disk      atomic.Pointer[disk]     // where it recorded last
}

// recorded is what is shown of the run that is written.
type recorded struct {
	since time.Time
	disk  string
	err   string
	sound string
}

func (r *recorder) set(p Policy, zone *time.Location) {
	r.mu.Lock()
	r.policy, r.zone = p, zone
	r.mu.Unlock()
	r.poke()
}

func (r *recorder) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// run records when it is time to, until ctx ends.
func (r *recorder) run(ctx context.Context) {
	defer close(r.done)
	var t *take
	defer func() { r.leave(t) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		r.mu.Lock()
		p := r.policy
		r.mu.Unlock()
		on, back := r.due()
		t.rest()
		r.wanted.Store(on)
		if since := t.hung(); since > 0 && len(r.a.pick()) > 0 { // another disk takes what this one did not
			r.a.cfg.Log.Warn("a camera is recorded on another disk", "camera", r.camera, "hung", since)
			r.leave(t)
			t, back = nil, since+r.a.cfg.Fragment+500*time.Millisecond // what had been taken and was not written
		}
		if t != nil && (t.over() || t.layer != p.Layer || t.sound != p.Sound || !on && t.writes || on && !t.writes || p.Mode == ModeOff) {
			r.leave(t)
			t = nil
		}
		if t == nil && (on || p.Mode == ModeNotice) {
			t = r.take(p, on, back)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.wake:
		}
	}
}

// leave ends a take. One whose write hangs is left to itself: it ends when the
// disk answers, and writes nothing more.
func (r *recorder) leave(t *take) {
	if t == nil {
		return
	}
	done := make(chan struct{})
	r.a.running.Go(func() { defer close(done); t.stop() })
	if t.hung() == 0 {
		late := time.NewTimer(leaveLimit)
		defer late.Stop()
		select {
		case <-done:
			return
		case <-late.C:
		}
	}
	t.left.Store(true)
	r.recording.Store(false)
	r.state.Store(&recorded{})
}

const leaveLimit = 2 * time.Second // a take that ends may write its last fragment

// rest ends the segment of a camera that has gone silent: what came is listed,
// and it is not said to be recorded.
func (t *take) rest() {
	if t == nil || !t.writes || !t.frames.TryLock() { // a write runs
		return
	}
	defer t.frames.Unlock()
	usual := t.mux.usual * 1e5 / 9
	if t.mux.open && clock.Mono()-t.came > max(int64(silent), 4*usual) {
		t.work(func() error { return t.mux.end(false) })
		t.shown(false, nil)
	}
}

const silent = 3 * time.Second

// due says whether to record now, and how far back to begin.
func (r *recorder) due() (on bool, back time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.a.cfg.Clock.Now()
	if r.policy.Mode == ModeNotice {
		return now.Before(r.notice), max(now.Sub(r.back), 0)
	}
	on, _ = r.policy.wants(now, r.zone)
	return on, 0
}

// noticed records around at, or longer. A camera's own clock is not believed: what
// it says is taken to be within the last ten seconds.
func (r *recorder) noticed(at time.Time) {
	r.mu.Lock()
	now := r.a.cfg.Clock.Now()
	if early := now.Add(-maxPreRoll * time.Second); at.Before(early) {
		at = early
	}
	if at.After(now) {
		at = now
	}
	begin, end := at.Add(-time.Duration(r.policy.PreRoll)*time.Second), at.Add(time.Duration(r.policy.PostRoll)*time.Second)
	if !now.Before(r.notice) {
		r.back = begin
	}
	if end.After(r.notice) {
		r.notice = end
	}
	r.mu.Unlock()
	r.poke()
}

// take is one time of holding a layer, and, when it writes, of following it. All
// that a write may hold up is its own, so that another take can go on elsewhere.
type take struct {
	r       *recorder
	layer   Layer
	sound   bool
	writes  bool
	release func()
	remove  []func()
	closed  atomic.Bool
	left    atomic.Bool  // the recorder went on without it
	busy    atomic.Int64 // clock.Mono since when it works on what came, 0: it does not

	frames sync.Mutex // everything below: the two followers
	mux    mux
	came   int64 // clock.Mono when the newest picture was taken
	file   *file
	shed   bool
}

// work does what may write; frames is held.
func (t *take) work(fn func() error) {
	t.busy.Store(clock.Mono())
	err := fn()
	t.busy.Store(0)
	t.hurt(err)
}

// hung is how long a write has been under way that does not come back; 0: none.
func (t *take) hung() time.Duration {
	if t == nil {
		return 0
	}
	at := t.busy.Load()
	if at == 0 {
		return 0
	}
	if d := time.Duration(clock.Mono() - at); d > hung+hungMargin {
		return d
	}
	return 0
}

// hungMargin lets a disk be known to hang before what waits for it moves: work
// on a picture begins a little before its write.
const hungMargin = 200 * time.Millisecond

// shown is what the recorder shows of its run, unless it went on without this.
func (t *take) shown(recording bool, st *recorded) {
	if t.left.Load() {
		return
	}
	if st != nil {
		t.r.state.Store(st)
	}
	t.r.recording.Store(recording)
}

// maxLag is how far a recorder may fall behind: less than rings reach back.
const maxLag = 11 * time.Second

// take holds the layer, so that its ring fills, and follows it. nil: there is no
// such camera here (yet).
func (r *recorder) take(p Policy, on bool, back time.Duration) *take {
	l := ingest.Main
	if p.Layer == Sub {
		l = ingest.Sub
	}
	streams, ok := r.a.cfg.Sources.Streams(r.camera)
	if !ok {
		return nil
	}
	video := streams.Video[l]
	if video == nil {
		video = streams.Video[1-l]
	}
	if video == nil {
		return nil
	}
	t := &take{r: r, layer: p.Layer, sound: p.Sound, writes: on, release: r.a.cfg.Sources.Hold(r.camera, l)}
	if !on {
		return t
	}
	cfg := &r.a.cfg
	t.frames.Lock()
	t.mux = mux{out: t, clock: cfg.Clock, sound: p.Sound, segment: int64(cfg.Segment) * 9 / 1e5, fragment: int64(cfg.Fragment) * 9 / 1e5}
	if f, ok := streams.Audio.Format(); ok && p.Sound {
		t.mux.soundFormat(f, clock.Mono())
	}
	t.frames.Unlock()
	r.state.Store(&recorded{})
	if p.Sound {
		t.remove = append(t.remove, streams.Audio.Follow(soundSink{t}, sfu.FollowConfig{Lag: maxLag, Back: back}))
	}
	t.remove = append(t.remove, video.Follow(&videoSink{t: t, s: video, reentries: video.Stats().Reentries}, sfu.FollowConfig{Lag: maxLag, Back: back}))
	return t
}

func (t *take) over() bool { return t.closed.Load() }

// stop stops following, closes the segment and lets the layer go. It waits for a
// write that runs.
func (t *take) stop() {
	for _, remove := range t.remove {
		remove()
	}
	if t.writes {
		t.frames.Lock()
		t.finish()
		t.frames.Unlock()
	}
	t.release()
}

// finish ends the segment; frames is held. Of a take that was left what is not
// written by now is in another one's.
func (t *take) finish() {
	t.work(func() error {
		if !t.left.Load() {
			return t.mux.end(false)
		}
		t.mux.forget()
		return t.end()
	})
	t.shown(false, nil)
}

// videoSink brings pictures.
type videoSink struct {
	t         *take
	s         *sfu.Stream
	last      int64 // timestamp of the newest picture, 1/90000 s
	reentries uint64
}

func (v *videoSink) Frame(f sfu.Format, fr *sfu.Frame) {
	t := v.t
	t.frames.Lock()
	defer t.frames.Unlock()
	if t.left.Load() {
		return
	}
	at := unwrap(fr.TS, fr.Mono, videoRate)
	if v.last != 0 && at-v.last > max(gapMin, 3*t.mux.usual) {
		if n := v.s.Stats().Reentries; n != v.reentries { // not the camera's pause: the ring forgot what the disk did not take in time
			v.reentries = n
			t.r.gap(gapSlow)
		}
	}
	v.last, t.came = at, clock.Mono()
	t.work(func() error { return t.mux.picture(f, fr) })
}

func (v *videoSink) Closed() {
	v.t.closed.Store(true)
	v.t.frames.Lock()
	v.t.finish()
	v.t.frames.Unlock()
	v.t.r.poke()
}

type soundSink struct{ t *take }

func (s soundSink) Frame(f sfu.Format, fr *sfu.Frame) {
	s.t.frames.Lock()
	defer s.t.frames.Unlock()
	if len(fr.Payloads) > 0 && !s.t.left.Load() {
		s.t.mux.packet(f, fr)
	}
}

func (s soundSink) Closed() {}

func (r *recorder) gap(why string) {
	r.gaps.Add(1)
	r.a.metrics.gaps.WithLabelValues(why).Inc()
}

// hurt is told how a picture went. A disk that did not take it is said so; the
// segment is closed with what it has, and the next key frame looks for a disk.
func (t *take) hurt(err error) {
	if err == nil {
		return
	}
	r := t.r
	if t.file != nil {
		f := t.file
		t.file = nil
		f.s.d.fail(cause(err))
		if cerr := f.close(); cerr != nil {
			r.a.cfg.Log.Debug("a segment waits for its row", "camera", r.camera, "err", cerr)
		}
	}
	t.mux.forget()
	if t.shed || t.left.Load() {
		t.shown(false, nil)
		return
	}
	t.shed = true
	why, code := gapDisk, AlarmFailed
	var noDisk *noDisk
	switch {
	case errors.As(err, &noDisk):
		code = noDisk.state
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		code = AlarmFull
	case errors.As(err, new(*syscall.Errno)), isPath(err):
	default:
		why, code = gapFormat, CodecUnsupported
	}
	r.gap(why)
	t.shown(false, &recorded{err: code})
	r.a.cfg.Log.Warn("a camera is not recorded", "camera", r.camera, "err", err)
}

// begin is the mux's: a segment on the disk with the most room.
func (t *take) begin(head row, init []byte) error {
	var last error
	for _, d := range t.r.a.pick() {
		s := t.r.a.shelf(d, t.r.camera, t.layer)
		err := s.load()
		if err == nil {
			t.file, err = s.create(head, init)
		}
		if err == nil {
			t.r.a.metrics.segments.Inc()
			t.begun(d)
			return nil
		}
		d.fail(cause(err))
		last = err
	}
	if last != nil {
		return last
	}
	return &noDisk{t.r.a.disks[0].trouble()}
}

func (t *take) begun(d *disk) {
	t.shed = false
	st := &recorded{since: micros(t.mux.begun), disk: d.cfg.Path}
	if t.mux.sound && t.mux.heard != 0 && soundCodec(t.mux.aformat) == nil {
		st.sound = CodecUnsupported
	}
	t.r.disk.Store(d)
	t.shown(true, st)
}

func (t *take) fragment(b []byte, f fragRow) error {
	began := clock.Mono()
	err := t.file.append(b, f, int64(t.r.a.cfg.Sync))
	t.r.a.metrics.late.Observe(time.Duration(clock.Mono() - began).Seconds())
	if err == nil {
		t.r.a.metrics.bytes.Add(float64(len(b)))
	}
	return err
}

// end is the mux's: the segment is over.
func (t *take) end() error {
	f := t.file
	t.file = nil
	if f == nil {
		return nil
	}
	if err := f.close(); err != nil {
		f.s.d.fail(cause(err))
	}
	return nil // it waits for its row; the next segment looks for a disk by itself
}
