package events

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"time"

	"sightline/internal/clock"
	"sightline/sfu"
)

// tellEvery is how often a movement that goes on is reported.
const tellEvery = time.Second

// motionSink reports movement in a stream. It follows, so that no picture waits
// for it, and its reports are made on a goroutine of their own.
type motionSink struct {
	ctx    context.Context
	e      *Events
	camera string
	d      *detector
	told   int64       // clock.Mono of the newest report
	busy   atomic.Bool // a report is being made
	over   atomic.Bool // the stream was closed, or the detector failed
}

func newMotionSink(ctx context.Context, e *Events, camera, level string) *motionSink {
	return &motionSink{ctx: ctx, e: e, camera: camera, d: newDetector(level)}
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
	if !m.d.frame(f, fr) || fr.Mono-m.told < int64(tellEvery) || !m.busy.CompareAndSwap(false, true) {
		return
	}
	m.told = fr.Mono
	at := clock.At(m.e.cfg.Clock, fr.Mono)
	m.e.motion.reports.Go(func() {
		defer m.busy.Store(false)
		if err := m.e.Report(m.ctx, Report{Camera: m.camera, Kind: Motion, Source: FromStream, At: at}); err != nil && m.ctx.Err() == nil {
			m.e.cfg.Log.Debug("a movement could not be reported", "camera", m.camera, "err", err)
		}
	})
}

// Closed ends it with the stream.
func (m *motionSink) Closed() { m.over.Store(true) }
