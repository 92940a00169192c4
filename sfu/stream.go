package sfu

import "time"

// StreamConfig says what a stream is and how much of it is kept.
type StreamConfig struct {
	Name       string        // for logs; never a metric label
	Kind       Kind          // Video or Audio
	RingBytes  int           // payload bytes kept; default 6 MiB
	RingFrames int           // frames kept; default 1024
	RingAge    time.Duration // age kept; default 12 s
}

// Stream is one layer of one source: a ring of its newest frames and everybody
// who takes them.
type Stream struct{}

// StreamStats is a snapshot of a stream.
type StreamStats struct {
	Frames        uint64
	Bytes         uint64
	FPS           float64
	BitsPerSecond int
	KeyInterval   time.Duration // between the last two key frames; 0 until two were seen
	LastFrame     int64         // clock.Mono of the newest frame, 0 before the first
	LastKey       int64
	Downtracks    int
	Sinks         int
}

// Sink takes every frame of a stream as it is: a recorder, a still-cutter, the
// relay. Both methods are called on the goroutine that writes the stream and
// must not block; the frame must not be changed.
type Sink interface {
	Frame(Format, *Frame)
	Closed()
}

// NewStream makes an empty stream.
func NewStream(cfg StreamConfig) *Stream { panic("soon") }

// SetFormat tells what follows. It is called before the first frame and on
// every change, by the goroutine that writes. A change starts the ring anew.
func (s *Stream) SetFormat(f Format) { panic("soon") }

// Format returns what the stream carries; false before the first SetFormat.
func (s *Stream) Format() (Format, bool) { panic("soon") }

// Write takes one frame, hands it to everybody and flushes what they queued.
// One goroutine a stream calls it. The frame belongs to the stream afterwards.
func (s *Stream) Write(f Frame) { panic("soon") }

// AddSink adds a sink from the next frame on. remove is idempotent; after it
// has returned the sink is not called any more (unless remove is called from
// inside the sink).
func (s *Stream) AddSink(k Sink) (remove func()) { panic("soon") }

// Replay returns the frames from the newest key frame on, oldest first, for
// sinks that want to start with a picture. The frames must not be changed.
func (s *Stream) Replay() (Format, []*Frame) { panic("soon") }

// Close tells sinks and drops the ring. Write must not be called any more.
func (s *Stream) Close() { panic("soon") }

// Stats returns a snapshot. Safe from any goroutine.
func (s *Stream) Stats() StreamStats { panic("soon") }

// Name is the configured name.
func (s *Stream) Name() string { panic("soon") }

// Kind is the configured kind.
func (s *Stream) Kind() Kind { panic("soon") }
