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
// by the policy; two followers of the streams bring the frames. The streams'
// rings are its queue, so a slow disk costs it no memory and nobody else waits.
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

	frames sync.Mutex // everything below: the two followers
	mux    mux
	came   int64 // clock.Mono when the newest picture was taken
	file   *file
	layer  Layer
	shed   bool
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
	defer func() { t.end() }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		r.mu.Lock()
		p := r.policy
		r.mu.Unlock()
		on, back := r.due()
		r.rest()
		r.wanted.Store(on)
		if t != nil && (t.over() || t.layer != p.Layer || t.sound != p.Sound || !on && t.writes || on && !t.writes || p.Mode == ModeOff) {
			t.end()
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

// rest ends the segment of a camera that has gone silent: what came is listed,
// and it is not said to be recorded.
func (r *recorder) rest() {
	if !r.frames.TryLock() { // a write runs
		return
	}
	defer r.frames.Unlock()
	usual := r.mux.usual * 1e5 / 9
	if r.mux.open && clock.Mono()-r.came > max(int64(silent), 4*usual) {
		r.finish()
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

// take is one time of holding a layer, and, when it writes, of following it.
type take struct {
	r       *recorder
	layer   Layer
	sound   bool
	writes  bool
	release func()
	remove  []func()
	closed  atomic.Bool
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
	r.frames.Lock()
	r.layer, r.shed = p.Layer, false
	r.mux = mux{out: r, clock: cfg.Clock, sound: p.Sound, segment: int64(cfg.Segment) * 9 / 1e5, fragment: int64(cfg.Fragment) * 9 / 1e5}
	if f, ok := streams.Audio.Format(); ok && p.Sound {
		r.mux.soundFormat(f, clock.Mono())
	}
	r.state.Store(&recorded{})
	r.frames.Unlock()
	if p.Sound {
		t.remove = append(t.remove, streams.Audio.Follow(soundSink{r}, sfu.FollowConfig{Lag: maxLag, Back: back}))
	}
	t.remove = append(t.remove, video.Follow(&videoSink{t: t, s: video, reentries: video.Stats().Reentries}, sfu.FollowConfig{Lag: maxLag, Back: back}))
	return t
}

func (t *take) over() bool { return t.closed.Load() }

// end stops following, closes the segment and lets the layer go.
func (t *take) end() {
	if t == nil {
		return
	}
	for _, remove := range t.remove {
		remove()
	}
	if t.writes {
		t.r.frames.Lock()
		t.r.finish()
		t.r.frames.Unlock()
	}
	t.release()
}

// finish ends the segment; frames is held.
func (r *recorder) finish() {
	r.hurt(r.mux.end(false))
	r.recording.Store(false)
}

// videoSink brings pictures.
type videoSink struct {
	t         *take
	s         *sfu.Stream
	last      int64 // timestamp of the newest picture, 1/90000 s
	reentries uint64
}

func (v *videoSink) Frame(f sfu.Format, fr *sfu.Frame) {
	r := v.t.r
	r.frames.Lock()
	defer r.frames.Unlock()
	at := unwrap(fr.TS, fr.Mono, videoRate)
	if v.last != 0 && at-v.last > max(gapMin, 3*r.mux.usual) {
		if n := v.s.Stats().Reentries; n != v.reentries { // not the camera's pause: the ring forgot what the disk did not take in time
			v.reentries = n
			r.gap(gapSlow)
		}
	}
	v.last, r.came = at, clock.Mono()
	r.hurt(r.mux.picture(f, fr))
}

func (v *videoSink) Closed() {
	v.t.closed.Store(true)
	v.t.r.frames.Lock()
	v.t.r.finish()
	v.t.r.frames.Unlock()
	v.t.r.poke()
}

type soundSink struct{ r *recorder }

func (s soundSink) Frame(f sfu.Format, fr *sfu.Frame) {
	s.r.frames.Lock()
	defer s.r.frames.Unlock()
	if len(fr.Payloads) > 0 {
		s.r.mux.packet(f, fr)
	}
}

func (s soundSink) Closed() {}

func (r *recorder) gap(why string) {
	r.gaps.Add(1)
	r.a.metrics.gaps.WithLabelValues(why).Inc()
}

// hurt is told how a picture went. A disk that did not take it is said so; the
// segment is closed with what it has, and the next key frame looks for a disk.
func (r *recorder) hurt(err error) {
	if err == nil {
		return
	}
	if r.file != nil {
		f := r.file
		r.file = nil
		f.s.d.fail(cause(err))
		if cerr := f.close(); cerr != nil {
			r.a.cfg.Log.Debug("a segment waits for its row", "camera", r.camera, "err", cerr)
		}
	}
	r.mux.forget()
	r.recording.Store(false)
	if r.shed {
		return
	}
	r.shed = true
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
	r.state.Store(&recorded{err: code})
	r.a.cfg.Log.Warn("a camera is not recorded", "camera", r.camera, "err", err)
}

// begin is the mux's: a segment on the disk with the most room.
func (r *recorder) begin(head row, init []byte) error {
	var last error
	for _, d := range r.a.pick() {
		s := r.a.shelf(d, r.camera, r.layer)
		err := s.load()
		if err == nil {
			r.file, err = s.create(head, init)
		}
		if err == nil {
			r.a.metrics.segments.Inc()
			r.begun(d)
			return nil
		}
		d.fail(cause(err))
		last = err
	}
	if last != nil {
		return last
	}
	return &noDisk{r.a.disks[0].trouble()}
}

func (r *recorder) begun(d *disk) {
	r.shed = false
	st := &recorded{since: micros(r.mux.begun), disk: d.cfg.Path}
	if r.mux.sound && r.mux.heard != 0 && soundCodec(r.mux.aformat) == nil {
		st.sound = CodecUnsupported
	}
	r.state.Store(st)
	r.recording.Store(true)
}

func (r *recorder) fragment(b []byte, f fragRow) error {
	began := clock.Mono()
	err := r.file.append(b, f, int64(r.a.cfg.Sync))
	r.a.metrics.late.Observe(time.Duration(clock.Mono() - began).Seconds())
	if err == nil {
		r.a.metrics.bytes.Add(float64(len(b)))
	}
	return err
}

func (r *recorder) end() error {
	f := r.file
	r.file = nil
	if f == nil {
		return nil
	}
	err := f.close()
	if err != nil {
		f.s.d.fail(cause(err))
	}
	return nil // it waits for its row; the next segment looks for a disk by itself
}
