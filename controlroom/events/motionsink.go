package events

import (
	"context"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"sightline/internal/clock"
	"sightline/sfu"
)

const (
	tellEvery = time.Second // how often a movement that goes on is reported

	looksLeast = 1500 * time.Millisecond // between two looks
	looksMost  = 5 * time.Second         // with key frames further apart, what is between them is decoded too
	blindAfter = 30 * time.Second        // without a look the data rate tells
	lookFrames = 900                     // that are decoded at once
	lookBytes  = 4 << 20
	lookForget = 5 * time.Minute // after which what was usual is not known to be
)

// motionSink reports movement in a stream: by its pictures where they can be
// decoded, else by its data rate. It follows, so that no picture waits for it;
// decoding and reports are on other goroutines.
type motionSink struct {
	ctx    context.Context
	e      *Events
	camera string
	rate   *detector
	place  *watcher // among the eyes; nil: there are none
	leave  func()
	tell   func(mono int64) // of movement at a moment

	gop   []*sfu.Frame // since the newest key frame, as far as it is to be decoded
	bytes int          // of gop
	asked int64        // clock.Mono of the newest frame that a look was asked for

	scene *scene // of the eyes' goroutine
	seen  int64  // clock.Mono of the newest picture that scene knows

	looked atomic.Int64 // clock.Mono of the newest picture that was looked at
	told   atomic.Int64 // clock.Mono of the newest report
	busy   atomic.Bool  // a report is being made
	over   atomic.Bool  // the stream was closed, or the detector failed
}

func newMotionSink(ctx context.Context, e *Events, camera, level string) *motionSink {
	m := &motionSink{ctx: ctx, e: e, camera: camera, rate: newDetector(level), leave: func() {}}
	m.tell = m.report
	if e.motion.eyes != nil {
		m.scene = newScene(level, e.motion.eyes.canvas)
		m.place, m.leave = e.motion.eyes.add(camera, m.look)
	}
	return m
}

// blind says that the stream's pictures are not seen at the time.
func (m *motionSink) blind(mono int64) bool {
	return m.place == nil || mono-m.looked.Load() > int64(blindAfter)
}

// Frame looks at one picture.
func (m *motionSink) Frame(f sfu.Format, fr *sfu.Frame) {
	defer func() {
		if v := recover(); v != nil {
			m.over.Store(true) // watched anew in a moment
			m.e.metrics.faults.Inc()
			m.e.cfg.Log.Error("the detection of movement failed", "camera", m.camera, "panic", v, "stack", string(debug.Stack()))
		}
	}()
	if m.over.Load() {
		return
	}
	m.e.metrics.frames.Inc()
	m.looked.CompareAndSwap(0, fr.Mono)
	moves := m.rate.frame(f, fr) // though nobody asks it: it has learnt when it is needed
	if m.place != nil {
		m.collect(f, fr)
	}
	if moves && m.blind(fr.Mono) {
		m.tell(fr.Mono)
	}
}

// collect asks for a look at a key frame, and where they are far apart at what
// came since the last one.
func (m *motionSink) collect(f sfu.Format, fr *sfu.Frame) {
	switch {
	case fr.Key:
		m.gop, m.bytes = m.gop[:0:0], 0
	case len(m.gop) == 0:
		return // it cannot be decoded from here
	case f.BFrames, len(m.gop) >= lookFrames, m.bytes+fr.Size() > lookBytes:
		m.gop = nil // until the next key frame
		return
	}
	m.gop, m.bytes = append(m.gop, fr), m.bytes+fr.Size()
	since := fr.Mono - m.asked
	if fr.Key && since < int64(looksLeast) || !fr.Key && since < int64(looksMost) {
		return
	}
	l := &look{format: f, frames: slices.Clone(m.gop), judge: make([]bool, len(m.gop))}
	newest := fr.Mono
	for i := range slices.Backward(l.frames) {
		if at := l.frames[i].Mono; at == newest && i == len(l.frames)-1 || newest-at >= int64(looksLeast) && at-m.asked >= int64(looksLeast) {
			l.judge[i], newest = true, at
		}
	}
	m.asked = fr.Mono
	m.e.motion.eyes.ask(m.place, l)
}

// look judges what the eyes made of a request. They call it.
func (m *motionSink) look(l *look, pics [][]byte) {
	if m.over.Load() {
		return
	}
	for i, fr := range l.frames {
		if !l.judge[i] || fr.Mono <= m.seen {
			continue
		}
		if m.seen != 0 && fr.Mono-m.seen > int64(lookForget) {
			m.scene.forget()
		}
		m.seen = fr.Mono
		m.looked.Store(fr.Mono)
		if m.scene.look(pics[i]) {
			m.tell(fr.Mono)
		}
	}
}

// report tells of movement at a moment.
func (m *motionSink) report(mono int64) {
	if mono-m.told.Load() < int64(tellEvery) || !m.busy.CompareAndSwap(false, true) {
		return
	}
	m.told.Store(mono)
	at := clock.At(m.e.cfg.Clock, mono)
	m.e.motion.reports.Go(func() {
		defer m.busy.Store(false)
		if err := m.e.Report(m.ctx, Report{Camera: m.camera, Kind: Motion, Source: FromStream, At: at}); err != nil && m.ctx.Err() == nil {
			m.e.cfg.Log.Debug("a movement could not be reported", "camera", m.camera, "err", err)
		}
	})
}

// Closed ends it with the stream.
func (m *motionSink) Closed() { m.over.Store(true) }
