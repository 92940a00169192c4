package ingest

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"sightline/internal/clock"
	"sightline/sfu"
)

// puller keeps one layer of one camera: it connects while the layer is wanted,
// writes what arrives into the layer's stream, and comes back after outages.
// One goroutine (run) drives it; the stream is written from the goroutine of
// the session under way, of which there is at most one.
type puller struct {
	f      *Fleet
	cam    *camera
	layer  Layer
	stream *sfu.Stream
	kick   chan struct{} // capacity 1: something changed
	done   chan struct{}

	// counters for metrics
	frames, keys, bytes, attempts, lost atomic.Uint64
	lastFrame                           atomic.Int64 // clock.Mono, 0 before the first

	// used only by the session's goroutine
	line   timeline
	format sfu.Format

	mu      sync.Mutex
	t       target
	gen     int // raised with every change of t
	enabled bool
	warm    bool
	holds   int
	until   time.Time // linger
	tryNow  bool
	lastTry time.Time
	closed  bool
	cancel  context.CancelFunc // of the attempt under way
	st      pullState
	offline *time.Timer
	sess    *session
	lastErr string // newest failure in words, kept
	errAt   time.Time
}

// pullState is the part of LayerState that is not measured.
type pullState struct {
	status  Status
	reason  sfu.Reason
	detail  string
	since   time.Time
	attempt int
	next    time.Time
}

func newPuller(f *Fleet, cam *camera, l Layer) *puller {
	cfg := f.cfg.Stream
	cfg.Kind, cfg.Name = sfu.Video, cam.id+"/"+l.String()
	p := &puller{
		f: f, cam: cam, layer: l, stream: sfu.NewStream(cfg),
		kick: make(chan struct{}, 1), done: make(chan struct{}),
		line: videoTimeline(), st: pullState{status: Idle, since: time.Now()},
	}
	go p.run()
	return p
}

func (p *puller) poke() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// set changes what is pulled. An attempt under way ends if it pulls something else.
func (p *puller) set(t target, enabled, warm bool, holds int) {
	p.mu.Lock()
	if t != p.t {
		p.t = t
		p.gen++
		if p.cancel != nil {
			p.cancel()
		}
	}
	if holds < p.holds && holds == 0 {
		p.until = time.Now().Add(p.f.cfg.MainLinger)
		time.AfterFunc(p.f.cfg.MainLinger+10*time.Millisecond, p.poke)
	}
	p.enabled, p.warm, p.holds = enabled, warm, holds
	p.mu.Unlock()
	p.poke()
}

// close ends the puller and its stream and waits.
func (p *puller) close() {
	p.mu.Lock()
	p.closed = true
	if p.cancel != nil {
		p.cancel()
	}
	p.mu.Unlock()
	p.poke()
	<-p.done
	p.stream.Close()
}

// minTry bounds how often TryNow reaches a camera that refuses the login.
const minTry = 5 * time.Second

func (p *puller) try() {
	p.mu.Lock()
	p.tryNow = true
	p.mu.Unlock()
	p.poke()
}

// wanted is called with mu held.
func (p *puller) wanted() bool {
	return !p.closed && p.enabled && p.t.url != "" && (p.warm || p.holds > 0 || time.Now().Before(p.until))
}

func (p *puller) run() {
	defer close(p.done)
	defer p.change(func(s *pullState) { *s = pullState{status: Idle, since: s.since} })
	failures, lastGen := 0, 0
	for {
		p.mu.Lock()
		closed, wanted, t, gen := p.closed, p.wanted(), p.t, p.gen
		p.mu.Unlock()
		if closed {
			return
		}
		if !wanted {
			failures = 0
			p.change(func(s *pullState) { *s = pullState{status: Idle, since: s.since} })
			<-p.kick
			continue
		}
		fresh := gen != lastGen
		if fresh {
			failures, lastGen = 0, gen
		}
		p.change(func(s *pullState) {
			if fresh || s.status == Idle {
				*s = pullState{status: Connecting, since: s.since}
			}
			s.attempt++
			s.next = time.Time{}
		})
		began := time.Now()
		end, precise := p.attempt(t, gen)
		if end.class == classChanged {
			failures = 0
			continue
		}
		if p.wasLive(began) > 5*time.Second {
			failures = 0
		}
		failures++
		p.failed(end, precise, failures, gen)
	}
}

// wasLive is how long pictures arrived since began.
func (p *puller) wasLive(began time.Time) time.Duration {
	last := p.lastFrame.Load()
	if last == 0 {
		return 0
	}
	return time.Since(began) - time.Duration(clock.Mono()-last)
}

// failed notes how an attempt ended and waits for the next one.
func (p *puller) failed(end *attemptError, precise bool, n int, gen int) {
	wait := p.f.cfg.Timing.wait(end.class, n)
	next := time.Now().Add(wait)
	p.f.failures.add(end.class)
	p.f.cfg.Log.Info("camera pull ended", "camera", p.cam.id, "layer", p.layer.String(), "why", string(end.class), "status", end.status, "failures", n, "next_in", wait.Round(time.Millisecond).String())
	if end.class == classPanic {
		p.f.cfg.Log.Error("a camera's data could not be processed", "camera", p.cam.id, "err", end.err)
	} else {
		p.f.cfg.Log.Debug("camera pull error", "camera", p.cam.id, "err", end.err)
	}
	p.change(func(s *pullState) {
		p.lastErr, p.errAt = end.sentence(precise), time.Now()
		s.reason, s.detail, s.next = end.reason(), end.sentence(precise), next
		switch {
		case end.final():
			s.status = Offline
		case s.status == Live:
			s.status = Reconnecting
		}
	})
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-p.kick:
		}
		p.mu.Lock()
		stop := !p.wanted() || p.gen != gen
		try := p.tryNow && (end.class != classLogin || time.Since(p.lastTry) > minTry)
		if try {
			p.tryNow = false
			p.lastTry = time.Now()
		}
		p.mu.Unlock()
		if stop || try {
			return
		}
	}
}

// attempt connects once and stays until the connection ends or is not wanted.
func (p *puller) attempt(t target, gen int) (end *attemptError, precise bool) {
	p.attempts.Add(1)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p.mu.Lock()
	if p.gen != gen || p.closed {
		p.mu.Unlock()
		return &attemptError{class: classChanged}, true
	}
	p.cancel, p.tryNow = cancel, false
	p.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			end = &attemptError{class: classPanic, err: fmt.Errorf("%v\n%s", r, debug.Stack())}
		}
		p.mu.Lock()
		p.cancel, p.sess = nil, nil
		p.mu.Unlock()
		if ctx.Err() != nil {
			end = &attemptError{class: classChanged}
		}
	}()

	hctx, hcancel := context.WithTimeout(ctx, p.f.cfg.Timing.Handshake)
	w := &writer{p: p}
	s, precise, err := openSession(hctx, p.f.dial, p.f.cfg.Guard, t, p.f.limits, p.f.kitchen, p, w)
	hcancel()
	if err != nil {
		return asAttempt(err), precise
	}
	defer p.cam.audioEnd(p)
	defer func() { p.lost.Add(s.lost.Load()) }()
	defer s.close()
	p.mu.Lock()
	p.sess = s
	p.mu.Unlock()
	p.cam.note(p.layer, s.audioNote())
	if s.aconv != nil {
		p.cam.claim(p, opusTrack)
	}
	return p.watch(ctx, s, gen), precise
}

func asAttempt(err error) *attemptError {
	var ae *attemptError
	if errors.As(err, &ae) {
		return ae
	}
	return &attemptError{class: classNotCamera, err: err}
}

// watch stays with a running session.
func (p *puller) watch(ctx context.Context, s *session, gen int) *attemptError {
	ended := make(chan error, 1)
	go func() { ended <- s.src.Wait() }()
	tm := p.f.cfg.Timing
	every := min(tm.MediaSilence/5, 500*time.Millisecond)
	look := lookout{every: int64(every), last: clock.Mono()}
	tick := time.NewTicker(every)
	defer tick.Stop()
	defer func() {
		s.close()
		<-ended
	}()
	var toldOwn time.Duration
	var ownKnown bool
	for {
		select {
		case <-ctx.Done():
			return &attemptError{class: classChanged}
		case err := <-ended:
			ended <- err
			return asAttempt(err)
		case <-s.failed:
			return s.failure
		case <-p.kick:
			p.mu.Lock()
			stop := !p.wanted() || p.gen != gen
			p.mu.Unlock()
			if stop {
				return &attemptError{class: classChanged}
			}
		case <-tick.C:
			now := clock.Mono()
			if err := p.f.cfg.Guard.Check(s.src.Remote()); err != nil {
				return &attemptError{class: classDenied, err: err}
			}
			if own, known := s.own.get(); known != ownKnown || (own-toldOwn).Abs() >= 100*time.Millisecond {
				toldOwn, ownKnown = own, known
				p.f.notify(p.cam)
			}
			if look.blind(now) {
				continue
			}
			if now-s.lastUnit.Load() > int64(tm.MediaSilence) {
				return &attemptError{class: classSilent, play: true}
			}
			if now-s.lastKey.Load() > int64(tm.KeySilence) {
				return &attemptError{class: classNoKey, play: true}
			}
		}
	}
}

// change applies f to the state, keeps Since and the offline timer right, and
// tells the watchers when something changed.
func (p *puller) change(f func(*pullState)) {
	p.mu.Lock()
	old := p.st
	f(&p.st)
	changed := p.st != old
	if p.st.status != old.status {
		p.st.since = time.Now()
		if p.offline != nil {
			p.offline.Stop()
			p.offline = nil
		}
		if p.st.status == Connecting || p.st.status == Reconnecting {
			p.offline = time.AfterFunc(p.f.cfg.Timing.Offline, p.giveUp)
		}
	}
	p.mu.Unlock()
	if changed {
		p.f.notify(p.cam)
	}
}

// giveUp calls a layer offline that had no picture for too long.
func (p *puller) giveUp() {
	p.change(func(s *pullState) {
		if s.status == Connecting || s.status == Reconnecting {
			s.status = Offline
			if s.reason == "" {
				s.reason, s.detail = sfu.ReasonCameraUnreachable, coarseText
			}
		}
	})
}

// live is called at the first key frame of a session and when the reason changes.
func (p *puller) live(bframes bool) {
	p.change(func(s *pullState) {
		*s = pullState{status: Live, since: s.since}
		if bframes {
			s.reason = sfu.ReasonBFrames
			s.detail = "The camera sends B-frames, with which browsers play about two pictures a second. Turn B-frames off in the camera (or choose the Baseline profile)."
		}
	})
}

// wantVideo reports whether somebody watches the layer, or did a moment ago.
func (p *puller) wantVideo() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.holds > 0 || time.Now().Before(p.until)
}

// wantAudio reports whether somebody listens to the camera by this layer.
func (p *puller) wantAudio() bool { return p.cam.sound.wanted(p) }

// writer is the sink of one session.
type writer struct {
	p *puller

	mu      sync.Mutex // what is told about the pictures; the conversion's goroutines tell it too
	begun   bool       // the session's first picture was written
	told    bool       // live was told
	bframes bool
}

func (w *writer) video(au accessUnit) {
	p := w.p
	if !w.begun {
		p.line.newSession()
		w.begun = true
	}
	if au.Key && au.Format != p.format {
		p.format = au.Format
		p.stream.SetFormat(au.Format)
	}
	p.line.steps, p.line.order = !au.Format.BFrames, au.Format.BFrames
	f := sfu.Frame{Key: au.Key, Mono: au.Mono, TS: p.line.at(au.TS, au.Mono), Payloads: packetize(au.Format.Codec, au.NALs)}
	p.frames.Add(1)
	if au.Key {
		p.keys.Add(1)
	}
	p.bytes.Add(uint64(f.Size()))
	p.stream.Write(f)
	p.lastFrame.Store(au.Mono)
	w.live(au.Format.BFrames)
}

// live tells once that pictures arrive, and again when what is to be said of
// them has changed.
func (w *writer) live(bframes bool) {
	w.mu.Lock()
	again := !w.told || w.bframes != bframes
	w.told, w.bframes = true, bframes
	w.mu.Unlock()
	if again {
		w.p.live(bframes)
	}
}

func (w *writer) audio(t track, k packet) { w.p.cam.audio(w.p, t, k) }

// raw: the camera is there, whatever becomes of its picture.
func (w *writer) raw(r raw) { w.p.lastFrame.Store(r.mono) }

func (w *writer) resting() { w.live(false) }

func (w *writer) trouble(sentence string) {
	w.mu.Lock()
	w.told = false
	w.mu.Unlock()
	w.p.change(func(s *pullState) {
		w.p.lastErr, w.p.errAt = sentence, time.Now()
		s.status, s.reason, s.detail = Offline, sfu.ReasonCodecUnsupported, sentence
	})
}

// state is a snapshot for people.
func (p *puller) state() LayerState {
	st := p.stream.Stats()
	f, _ := p.stream.Format()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := LayerState{
		Status: p.st.status, Reason: p.st.reason, Detail: p.st.detail, Since: p.st.since,
		Attempt: p.st.attempt, Next: p.st.next, Format: f, KeyInterval: st.KeyInterval,
	}
	if last := p.lastFrame.Load(); last != 0 {
		s.LastFrame = time.Now().Add(-time.Duration(clock.Mono() - last))
	}
	if p.st.status == Live {
		s.FPS, s.BitsPerSecond = st.FPS, st.BitsPerSecond
	}
	s.LastError, s.LastErrorAt = p.lastErr, p.errAt
	if sess := p.sess; sess != nil {
		s.Lost, s.Received = sess.lost.Load(), sess.packets.Load()
		s.Convert = sess.vconv.snapshot()
		s.Own, s.OwnKnown = sess.own.get()
	}
	s.Profile = profileName(f)
	return s
}
