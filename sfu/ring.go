package sfu

import (
	"sync"
	"time"
)

// ring keeps the newest frames of one stream, bounded in bytes, frames and age.
// It is the key-frame cache, the replay source and what retransmissions are
// read from. One goroutine pushes; attach, replay and NACK read under the read
// lock. The live path never touches it.
type ring struct {
	maxBytes  int
	maxFrames int
	maxAge    int64

	mu    sync.RWMutex
	buf   []*Frame // length is a power of two; ordinal o lives at o & (len-1)
	head  uint64   // ordinal of the oldest frame
	next  uint64   // ordinal of the next frame; ordinals begin at 1
	bytes int
	key   uint64 // ordinal of the newest key frame, 0 when none is held
	rate  rateMeter
}

// rateMeter measures what a stream carries over windows of about a second.
type rateMeter struct {
	frames, bytes    uint64
	winStart         int64
	winFrames        int
	winBytes         int
	fps              float64
	bits             int
	lastFrame        int64
	lastKey, prevKey int64
}

func newRing(maxBytes, maxFrames int, maxAge time.Duration) ring {
	return ring{maxBytes: maxBytes, maxFrames: maxFrames, maxAge: int64(maxAge), buf: make([]*Frame, 32), head: 1, next: 1}
}

// push adds the newest frame and returns its ordinal.
func (r *ring) push(f *Frame) uint64 {
	size := f.Size()
	r.mu.Lock()
	defer r.mu.Unlock()
	if int(r.next-r.head) == len(r.buf) {
		r.grow()
	}
	ord := r.next
	r.buf[ord&uint64(len(r.buf)-1)] = f
	r.next++
	r.bytes += size
	if f.Key {
		r.key = ord
	}
	for r.head < ord && (r.bytes > r.maxBytes || int(r.next-r.head) > r.maxFrames || f.Mono-r.at0(r.head).Mono > r.maxAge) {
		r.drop()
	}
	r.rate.count(f, size)
	return ord
}

func (r *ring) at0(ord uint64) *Frame { return r.buf[ord&uint64(len(r.buf)-1)] }

func (r *ring) drop() {
	i := r.head & uint64(len(r.buf)-1)
	r.bytes -= r.buf[i].Size()
	r.buf[i] = nil
	if r.key == r.head {
		r.key = 0
	}
	r.head++
}

func (r *ring) grow() {
	buf := make([]*Frame, 2*len(r.buf))
	for o := r.head; o < r.next; o++ {
		buf[o&uint64(len(buf)-1)] = r.at0(o)
	}
	r.buf = buf
}

// reset forgets all frames; ordinals run on.
func (r *ring) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.buf)
	r.head, r.bytes, r.key = r.next, 0, 0
	r.rate.lastKey, r.rate.prevKey = 0, 0
}

// at returns the frame with this ordinal, nil when it is gone.
func (r *ring) at(ord uint64) *Frame {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if ord < r.head || ord >= r.next {
		return nil
	}
	return r.at0(ord)
}

// item is a frame with its place in its ring.
type item struct {
	f   *Frame
	ord uint64
}

// gop appends the frames from the newest key frame on to dst and returns them
// with the ordinal of the newest frame. It is empty when the key frame is gone
// or the newest frame is older than the ring's age at now.
func (r *ring) gop(dst []item, now int64, most int) ([]item, uint64) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	last := r.next - 1
	if r.key == 0 || now-r.rate.lastFrame > r.maxAge {
		return dst, last
	}
	for o := r.key; o < r.next && (most <= 0 || len(dst) < most); o++ {
		dst = append(dst, item{r.at0(o), o})
	}
	return dst, last
}

// average is the bit rate over what the ring holds: key frames are spread, as
// they are not over one window of the meter.
func (r *ring) average() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.next == r.head {
		return 0
	}
	if d := r.rate.lastFrame - r.at0(r.head).Mono; d > int64(2*time.Second) {
		return int(float64(r.bytes) * 8e9 / float64(d))
	}
	return r.rate.bitrate()
}

// meter returns a copy of the measurements.
func (r *ring) meter() rateMeter {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.rate
}

func (m *rateMeter) count(f *Frame, size int) {
	m.frames++
	m.bytes += uint64(size)
	m.lastFrame = f.Mono
	if f.Key {
		m.prevKey, m.lastKey = m.lastKey, f.Mono
	}
	if m.winStart == 0 || f.Mono < m.winStart {
		m.winStart = f.Mono
	}
	if d := f.Mono - m.winStart; d >= int64(time.Second) {
		sec := float64(d) / 1e9
		m.fps = float64(m.winFrames) / sec
		m.bits = int(float64(m.winBytes) * 8 / sec)
		m.winStart, m.winFrames, m.winBytes = f.Mono, 0, 0
	}
	m.winFrames++
	m.winBytes += size
}

// bitrate is the measured rate, or a guess from the first frames.
func (m *rateMeter) bitrate() int {
	if m.bits > 0 {
		return m.bits
	}
	if d := m.lastFrame - m.winStart; d > int64(200*time.Millisecond) {
		return int(float64(m.winBytes) * 8e9 / float64(d))
	}
	return 0
}

// keyInterval is the time between the last two key frames, 0 when unknown.
func (m *rateMeter) keyInterval() int64 {
	if m.prevKey == 0 {
		return 0
	}
	return m.lastKey - m.prevKey
}
