package events

import (
	"context"
	"sync"
	"time"

	"sightline/ingest"
	"sightline/internal/clock"
	"sightline/internal/kv"
	"sightline/sfu"
)

// detection watches streams for movement.
type detection struct {
	mu      sync.Mutex
	watched map[string]*watch // by camera
	reports sync.WaitGroup    // being made
	eyes    *eyes             // nil: nothing is decoded
}

// blind is how many cameras are watched by their data rate alone.
func (d *detection) blind() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.watched {
		if w.sink.blind(clock.Mono()) {
			n++
		}
	}
	return n
}

func (d *detection) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.watched)
}

// watch is one camera's detector on its stream.
type watch struct {
	level  string
	stream *sfu.Stream
	sink   *motionSink
	remove func() // ends it, and lets the layer go
}

const settle = 2 * time.Second // between two looks at what is to be watched

// detect watches the streams of the cameras whose owners asked for it until ctx ends.
func (e *Events) detect(ctx context.Context) {
	hints := e.cfg.Store.Watch(ctx, kv.Control)
	tick := time.NewTicker(settle)
	defer tick.Stop()
	defer e.motion.reports.Wait()
	if e.motion.eyes != nil {
		looking, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		wg.Go(func() { e.guarded(looking, "eyes", e.motion.eyes.run) })
		defer wg.Wait()
		defer stop()
	}
	defer e.unwatch(nil)
	var levels map[string]string
	asked := true
	for {
		if asked || levels == nil {
			if l, err := e.levels(ctx); err == nil {
				levels, asked = l, false
			}
		}
		if levels != nil {
			e.match(ctx, levels)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case _, ok := <-hints:
			if !ok {
				hints = nil
			}
			asked = true
		default:
		}
	}
}

// levels reads which cameras are to be watched.
func (e *Events) levels(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	from := ""
	for {
		ctx, cancel := context.WithTimeout(ctx, e.cfg.Timeout)
		snap, err := e.cfg.Store.Read(ctx, kv.Control, nil, []kv.Scan{{Prefix: pMotion, From: from, Limit: page}})
		cancel()
		if err != nil {
			return nil, err
		}
		for _, v := range snap.Scans[0] {
			if w, ok := decode[watching](v); ok && w.Level != MotionOff {
				out[v.Key[len(pMotion):]] = w.Level
			}
		}
		if len(snap.Scans[0]) < page {
			return out, nil
		}
		from = snap.Scans[0][page-1].Key + "\x00"
	}
}

// match makes the watched streams be those of levels: the sub layer, or the only one.
func (e *Events) match(ctx context.Context, levels map[string]string) {
	e.unwatch(levels)
	for camera, level := range levels {
		s, ok := e.cfg.Fleet.Streams(camera)
		if !ok {
			continue
		}
		stream := s.Video[ingest.Sub]
		if stream == nil {
			stream = s.Video[ingest.Main]
		}
		e.motion.mu.Lock()
		w := e.motion.watched[camera]
		e.motion.mu.Unlock()
		if stream == nil || w != nil && w.stream == stream {
			continue
		}
		if w != nil { // it got a sub layer, or lost it
			w.remove()
		}
		sink := newMotionSink(ctx, e, camera, level)
		release := e.cfg.Fleet.Hold(camera, ingest.Sub) // it is pulled for this alone, too
		remove := stream.Follow(sink, sfu.FollowConfig{})
		w = &watch{level: level, stream: stream, sink: sink, remove: func() { remove(); sink.leave(); release() }}
		e.motion.mu.Lock()
		e.motion.watched[camera] = w
		e.motion.mu.Unlock()
	}
}

// unwatch ends what is not to be watched so any more.
func (e *Events) unwatch(levels map[string]string) {
	e.motion.mu.Lock()
	var gone []*watch
	for camera, w := range e.motion.watched {
		if levels[camera] != w.level || w.sink.over.Load() {
			gone = append(gone, w)
			delete(e.motion.watched, camera)
		}
	}
	e.motion.mu.Unlock()
	for _, w := range gone {
		w.remove()
	}
}
