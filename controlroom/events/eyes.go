package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"sightline/internal/clock"
	"sightline/internal/ffmpeg"
	"sightline/sfu"
)

// eyes decodes pictures of all cameras a node watches: one after the other, by
// at most one child a codec, in no more than its share of the time. Whoever had
// least of it is next; who waits has the newest of its pictures looked at, and
// what was left out is counted. So what is slow, damaged or hangs costs other
// cameras a turn, and streams nothing.
type eyes struct {
	tool    *ffmpeg.Tool
	share   float64       // of the time
	limit   time.Duration // of one request
	start   time.Duration // of a child's beginning
	metrics *metrics
	log     *slog.Logger

	wake chan struct{}
	mu   sync.Mutex
	all  map[*watcher]bool
	past int64 // ns that who has just been looked at has had

	open   map[sfu.Codec]*eye // of run alone
	canvas *canvas            // likewise
}

// watcher is a camera's place among the others.
type watcher struct {
	camera string
	look   func(l *look, pics [][]byte) // is called by run, with one picture of each frame

	// under eyes.mu
	had   int64 // ns of decoding
	next  *look // what is to be looked at; nil: nothing waits
	after int64 // clock.Mono before which it is not its turn
	bad   int   // times in a row that it ended a child
}

// look is a request: a key frame, and what follows it.
type look struct {
	format sfu.Format
	frames []*sfu.Frame
	judge  []bool // which of them are to be judged
}

const (
	eyeLimit = 10 * time.Second // of one request
	eyeIdle  = time.Minute      // a child that nobody needs ends after it
	eyeAgain = 30 * time.Second // before a camera that ended a child has another turn; doubled each time
	eyeMost  = 10 * time.Minute
)

func newEyes(tool *ffmpeg.Tool, percent int, m *metrics, log *slog.Logger) *eyes {
	return &eyes{tool: tool, share: float64(percent) / 100, limit: eyeLimit, start: eyeStart, metrics: m, log: log,
		wake: make(chan struct{}, 1), all: map[*watcher]bool{}, open: map[sfu.Codec]*eye{}, canvas: newCanvas()}
}

// add gives a camera a place. fn is called on the goroutine of run; remove ends
// it, but for a call that runs.
func (e *eyes) add(camera string, fn func(l *look, pics [][]byte)) (w *watcher, remove func()) {
	w = &watcher{camera: camera, look: fn}
	e.mu.Lock()
	defer e.mu.Unlock()
	w.had = e.past
	e.all[w] = true
	return w, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.all, w)
		w.next = nil
	}
}

// ask is for a look, in place of one that still waits. It never waits.
func (e *eyes) ask(w *watcher, l *look) {
	e.mu.Lock()
	if w.next != nil {
		e.metrics.looks.WithLabelValues("skipped").Inc()
	} else {
		w.had = max(w.had, e.past) // who had nothing to ask saves nothing up
	}
	if e.all[w] {
		w.next = l
	}
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// run looks until ctx ends.
func (e *eyes) run(ctx context.Context) {
	defer func() {
		for codec := range e.open {
			e.shut(codec)
		}
	}()
	idle := time.NewTicker(eyeIdle)
	defer idle.Stop()
	used := false
	for ctx.Err() == nil {
		w, l, wait := e.turn(clock.Mono())
		if l != nil {
			used = true
			began := clock.Mono()
			e.serve(ctx, w, l)
			took := clock.Mono() - began
			e.account(w, took)
			rest(ctx, time.Duration(float64(took)*(1/e.share-1)))
			continue
		}
		later := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-e.wake:
		case <-later.C:
		case <-idle.C:
			for codec := range e.open {
				if !used {
					e.shut(codec)
				}
			}
			used = false
		}
		later.Stop()
	}
}

// turn takes the request whose camera had least; wait is how long there is none.
func (e *eyes) turn(now int64) (w *watcher, l *look, wait time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	wait = time.Hour
	for c := range e.all {
		switch {
		case c.next == nil:
		case c.after > now:
			wait = min(wait, time.Duration(c.after-now))
		case w == nil || c.had < w.had:
			w = c
		}
	}
	if w == nil {
		return nil, nil, wait
	}
	e.past = w.had
	l, w.next = w.next, nil
	return w, l, 0
}

func (e *eyes) account(w *watcher, took int64) {
	e.metrics.seconds.Add(time.Duration(took).Seconds())
	e.mu.Lock()
	defer e.mu.Unlock()
	w.had += took
}

// serve does one request; whatever goes wrong with it ends at most the child.
func (e *eyes) serve(ctx context.Context, w *watcher, l *look) {
	outcome := "failed"
	defer func() {
		if v := recover(); v != nil {
			e.shut(l.format.Codec)
			e.metrics.faults.Inc()
			e.log.Error("looking for movement failed", "camera", w.camera, "panic", v, "stack", string(debug.Stack()))
			e.blame(w)
		}
		e.metrics.looks.WithLabelValues(outcome).Inc()
	}()
	pics, err := e.decode(ctx, l)
	switch {
	case err == nil:
		w.look(l, pics)
		outcome = "looked"
		e.clear(w)
	case ctx.Err() != nil:
		outcome = "skipped"
	case errors.Is(err, errDamaged):
		outcome = "damaged"
		e.clear(w)
	default:
		e.log.Warn("the decoder of movement ended and begins anew", "camera", w.camera, "err", err)
		e.blame(w)
	}
}

func (e *eyes) decode(ctx context.Context, l *look) ([][]byte, error) {
	codec := l.format.Codec
	if n := l.format.Width * l.format.Height; n > eyePixelsMost {
		return nil, fmt.Errorf("%w: %d pixels", errDamaged, n)
	}
	eye := e.open[codec]
	if eye == nil {
		var err error
		if eye, err = openEye(ctx, e.tool, codec, e.start); err != nil {
			return nil, err
		}
		e.open[codec] = eye
	}
	pics, err := eye.decode(l.format, l.frames, e.limit)
	if err != nil && !errors.Is(err, errDamaged) {
		e.shut(codec)
	}
	return pics, err
}

func (e *eyes) shut(codec sfu.Codec) {
	if eye := e.open[codec]; eye != nil {
		eye.close()
		delete(e.open, codec)
	}
}

// blame lets a camera whose picture ended a child wait, longer each time.
func (e *eyes) blame(w *watcher) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.after = clock.Mono() + int64(min(eyeAgain<<min(w.bad, 10), eyeMost))
	w.bad++
}

func (e *eyes) clear(w *watcher) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.bad, w.after = 0, 0
}

func rest(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
