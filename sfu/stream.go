package sfu

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sightline/internal/clock"
)

// StreamConfig says what a stream is and how much of it is kept. Zero values
// take the defaults named.
type StreamConfig struct {
	Name       string        // for logs; never a metric label
	Kind       Kind          // Video or Audio
	RingBytes  int           // payload bytes kept; default 6 MiB
	RingFrames int           // frames kept; default 1024
	RingAge    time.Duration // age kept; default 12 s
	Log        *slog.Logger  // told about panicking sinks; nil is silent
}

// Stream is one layer of one source: a ring of its newest frames and everybody
// who takes them. All methods are safe from any goroutine; Write and SetFormat
// are called by one.
type Stream struct {
	cfg     StreamConfig
	ring    ring
	picture picture // for subscriptions in ModeStill
	format  atomic.Pointer[Format]
	last    atomic.Int64 // clock.Mono of the newest frame

	mu    sync.Mutex              // guards changes of the two lists
	legs  atomic.Pointer[[]*leg]  // replaced, never changed in place
	sinks atomic.Pointer[[]*sunk] // likewise

	news      atomic.Pointer[chan struct{}] // closed at the next frame; nil before the first follower
	followers atomic.Int32
	reentries atomic.Uint64
	ended     atomic.Bool
}

// StreamStats is a snapshot of a stream.
type StreamStats struct {
	Frames        uint64
	Bytes         uint64
	FPS           float64
	BitsPerSecond int
	KeyInterval   time.Duration // between the last two key frames; 0 until two were seen
	LastFrame     int64         // clock.Mono of the newest frame, 0 before the first
	LastKey       int64
	RingFrames    int
	RingBytes     int
	Downtracks    int    // m-lines that carry, or wait to carry, this stream
	Sinks         int    // with followers
	Reentries     uint64 // times a follower was too slow and went on with the newest key frame
}

// NewStream makes an empty stream.
func NewStream(cfg StreamConfig) *Stream {
	if cfg.RingBytes <= 0 {
		cfg.RingBytes = 6 << 20
	}
	if cfg.RingFrames <= 0 {
		cfg.RingFrames = 1024
	}
	if cfg.RingAge <= 0 {
		cfg.RingAge = 12 * time.Second
	}
	s := &Stream{cfg: cfg, ring: newRing(cfg.RingBytes, cfg.RingFrames, cfg.RingAge)}
	s.legs.Store(&[]*leg{})
	s.sinks.Store(&[]*sunk{})
	return s
}

// Name is the configured name.
func (s *Stream) Name() string { return s.cfg.Name }

// Kind is the configured kind.
func (s *Stream) Kind() Kind { return s.cfg.Kind }

// SetFormat tells what follows. It is called before the first frame and on
// every change, by the goroutine that writes. A change starts the ring anew and
// makes everybody wait for the next key frame.
func (s *Stream) SetFormat(f Format) {
	if old := s.format.Load(); old != nil && *old == f {
		return
	}
	s.format.Store(&f)
	s.ring.reset()
	s.picture.forget()
	for _, l := range *s.legs.Load() {
		l.formatChanged()
	}
}

// Format returns what the stream carries; false before the first SetFormat.
func (s *Stream) Format() (Format, bool) {
	if f := s.format.Load(); f != nil {
		return *f, true
	}
	return Format{}, false
}

// Write takes one frame and hands it to everybody. One goroutine a stream calls
// it, after SetFormat. The frame belongs to the stream afterwards. A frame
// without payloads is ignored.
func (s *Stream) Write(f Frame) {
	format := s.format.Load()
	if format == nil || len(f.Payloads) == 0 {
		return
	}
	fr := &f
	ord := s.ring.push(fr)
	s.last.Store(f.Mono)
	now := clock.Mono()
	for _, l := range *s.legs.Load() {
		l.deliver(fr, ord, now)
	}
	for _, k := range *s.sinks.Load() {
		k.frame(s, *format, fr)
	}
	s.announce()
}

// Close tells the sinks and forgets all frames. Write must not be called any more.
func (s *Stream) Close() {
	s.mu.Lock()
	sinks := *s.sinks.Load()
	s.sinks.Store(&[]*sunk{})
	s.legs.Store(&[]*leg{})
	s.mu.Unlock()
	for _, k := range sinks {
		k.closed()
	}
	s.ended.Store(true)
	s.announce()
	s.ring.reset()
	s.picture.forget()
}

// Replay returns the frames from the newest key frame on, oldest first, for
// sinks that want to start with a picture; none when the key frame is gone. The
// frames must not be changed.
func (s *Stream) Replay() (Format, []*Frame) {
	format, ok := s.Format()
	if !ok {
		return Format{}, nil
	}
	items, _ := s.ring.gop(nil, clock.Mono(), 0)
	out := make([]*Frame, len(items))
	for i, it := range items {
		out[i] = it.f
	}
	return format, out
}

// Stats returns a snapshot. Safe from any goroutine.
func (s *Stream) Stats() StreamStats {
	s.ring.mu.RLock()
	m := s.ring.rate
	frames, bytes := int(s.ring.next-s.ring.head), s.ring.bytes
	s.ring.mu.RUnlock()
	return StreamStats{
		Frames: m.frames, Bytes: m.bytes, FPS: m.fps, BitsPerSecond: m.bitrate(),
		KeyInterval: time.Duration(m.keyInterval()), LastFrame: m.lastFrame, LastKey: m.lastKey,
		RingFrames: frames, RingBytes: bytes,
		Downtracks: len(*s.legs.Load()), Sinks: len(*s.sinks.Load()) + int(s.followers.Load()), Reentries: s.reentries.Load(),
	}
}

func (s *Stream) addLeg(l *leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := append(slices.Clone(*s.legs.Load()), l)
	s.legs.Store(&list)
}

func (s *Stream) removeLeg(l *leg) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := *s.legs.Load()
	if i := slices.Index(old, l); i >= 0 {
		list := slices.Delete(slices.Clone(old), i, i+1)
		s.legs.Store(&list)
	}
}

// Sink takes every frame of a stream as it is: a recorder, a still-cutter, the
// relay. The frame must not be changed. Added by AddSink both methods are called
// on the goroutine that writes the stream and must not block; added by Follow
// they may. A sink that panics is removed.
type Sink interface {
	Frame(Format, *Frame)
	Closed()
}

// sunk is a sink in a stream's list.
type sunk struct {
	sink Sink
	mu   sync.Mutex // held during calls, so that remove can wait for the last one
	gone bool
}

// AddSink adds a sink from the next frame on. remove is idempotent; after it
// has returned the sink is not called any more. remove must not be called from
// inside the sink.
func (s *Stream) AddSink(k Sink) (remove func()) {
	e := &sunk{sink: k}
	s.mu.Lock()
	list := append(slices.Clone(*s.sinks.Load()), e)
	s.sinks.Store(&list)
	s.mu.Unlock()
	return func() {
		s.dropSink(e)
		e.mu.Lock()
		e.gone = true
		e.mu.Unlock()
	}
}

func (s *Stream) dropSink(e *sunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := *s.sinks.Load()
	if i := slices.Index(old, e); i >= 0 {
		list := slices.Delete(slices.Clone(old), i, i+1)
		s.sinks.Store(&list)
	}
}

func (e *sunk) frame(s *Stream, format Format, f *Frame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			e.gone = true
			s.dropSink(e)
			if s.cfg.Log != nil {
				s.cfg.Log.Error("a sink panicked and is removed", "stream", s.cfg.Name, "panic", fmt.Sprint(v))
			}
		}
	}()
	e.sink.Frame(format, f)
}

func (e *sunk) closed() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return
	}
	e.gone = true
	defer func() { _ = recover() }()
	e.sink.Closed()
}
