package sfu

import (
	"fmt"
	"time"

	"sightline/internal/clock"
)

// FollowConfig bounds a follower. Zero values take the defaults named.
type FollowConfig struct {
	Lag  time.Duration // how far behind the newest frame it may be; default 2 s
	Back time.Duration // begin so far in the past, as far as the ring reaches: video with the key frame before that
}

// follower is a sink with a goroutine of its own. The ring is its queue: it
// holds a place in it and no frames.
type follower struct {
	s    *Stream
	sink Sink
	lag  int64
	next uint64 // ordinal of the frame it gets next
	wait bool   // for a key frame
	stop chan struct{}
	done chan struct{}
}

// Follow adds a sink that may take its time: it is called on a goroutine of its
// own, from the next frame on (or the past one asked for), and neither the writer nor another sink waits
// for it. One that falls further behind than its lag, or than the ring reaches,
// goes on with the newest key frame and what came since; that is counted in
// StreamStats.Reentries. The frames must not be changed. Closed is called once
// when the stream ends. remove is idempotent and waits for a call that runs; it
// must not be called from inside the sink. A sink that panics is removed.
func (s *Stream) Follow(k Sink, cfg FollowConfig) (remove func()) {
	if cfg.Lag <= 0 {
		cfg.Lag = 2 * time.Second
	}
	f := &follower{s: s, sink: k, lag: int64(cfg.Lag), stop: make(chan struct{}), done: make(chan struct{})}
	s.ring.mu.RLock()
	f.next = s.ring.next
	if cfg.Back > 0 {
		f.next, f.wait = s.ring.past(clock.Mono()-int64(cfg.Back), s.cfg.Kind == Video)
	}
	s.ring.mu.RUnlock()
	s.mu.Lock()
	if s.news.Load() == nil {
		ch := make(chan struct{})
		s.news.CompareAndSwap(nil, &ch)
	}
	s.mu.Unlock()
	s.followers.Add(1)
	go f.run()
	return func() {
		s.mu.Lock()
		select {
		case <-f.stop:
		default:
			close(f.stop)
		}
		s.mu.Unlock()
		<-f.done
	}
}

// past is where to begin to have what came since mono: the newest key frame before
// that, or else the oldest one held; of what has no key frames the first frame. The
// ring is read-locked. wait: none is held, the next one is waited for.
func (r *ring) past(mono int64, keys bool) (next uint64, wait bool) {
	next, wait = r.next, keys
	for o := r.next; o > r.head; {
		o--
		f := r.at0(o)
		if keys && f.Key {
			next, wait = o, false
			if f.Mono <= mono {
				break
			}
		}
		if !keys {
			if f.Mono < mono {
				break
			}
			next = o
		}
	}
	return next, wait
}

// announce wakes the followers: one close for all of them. Called by the writer.
func (s *Stream) announce() {
	old := s.news.Load()
	if old == nil || s.followers.Load() == 0 {
		return
	}
	ch := make(chan struct{})
	s.news.Store(&ch)
	close(*old)
}

func (f *follower) run() {
	defer close(f.done)
	defer f.s.followers.Add(-1)
	defer func() {
		if v := recover(); v != nil && f.s.cfg.Log != nil {
			f.s.cfg.Log.Error("a sink panicked and is removed", "stream", f.s.cfg.Name, "panic", fmt.Sprint(v))
		}
	}()
	for {
		news := *f.s.news.Load() // before looking, so that no frame is missed
		for {
			select {
			case <-f.stop:
				return
			default:
			}
			frame := f.take()
			if frame == nil {
				break
			}
			if format := f.s.format.Load(); format != nil {
				f.sink.Frame(*format, frame)
			}
		}
		if f.s.ended.Load() {
			f.sink.Closed()
			return
		}
		select {
		case <-news:
		case <-f.stop:
			return
		}
	}
}

// take is the next frame for this follower, nil when it has them all.
func (f *follower) take() *Frame {
	r := &f.s.ring
	r.mu.RLock()
	defer r.mu.RUnlock()
	if f.next < r.head || f.next < r.next && r.rate.lastFrame-r.at0(f.next).Mono > f.lag {
		f.reenter(r)
	}
	for ; f.next < r.next; f.next++ {
		frame := r.at0(f.next)
		if f.wait && !frame.Key {
			continue
		}
		f.wait = false
		f.next++
		return frame
	}
	return nil
}

// reenter goes on with the newest key frame where that is ahead; where it is
// not, the frames after it are what is left to take. Where none is held, the
// next one is waited for.
func (f *follower) reenter(r *ring) {
	switch {
	case r.key > f.next:
		f.next = r.key
	case f.next < r.head:
		f.next, f.wait = r.next, f.s.cfg.Kind == Video
	default:
		return
	}
	f.s.reentries.Add(1)
}
