package ingest

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"sightline/internal/clock"
	"sightline/internal/ffmpeg"
	"sightline/sfu"
)

// raw is one whole picture or sound as a camera sent it. data is kept.
type raw struct {
	data []byte
	ts   uint32 // the camera's
	mono int64
}

// cooked takes what comes out of a conversion; calls come one at a time.
type cooked interface {
	picture(accessUnit)
	sound(packet) // Opus; TS counts samples of 48 kHz
	resting()     // what the camera sends is not converted now, since nobody wants it
	trouble(sentence string)
}

// converter runs one ffmpeg child at a time for one track while somebody wants
// it. It belongs to a session: the goroutine of run drives it, and it is gone
// when close returns.
type converter struct {
	k      *kitchen
	t      *track
	wanted func() bool
	out    cooked
	panics func(*attemptError)
	retry  time.Duration // first wait after a child ended by itself

	in   chan raw
	quit chan struct{}
	done chan struct{}

	calls   sync.Mutex   // one call of out at a time
	lastOut atomic.Int64 // clock.Mono of the newest output of the running child
	outputs atomic.Uint64
	dropped atomic.Uint64

	mu       sync.Mutex // below: for people
	child    *ffmpeg.Child
	since    time.Time
	said     string // by the last child that ended
	problem  string
	restarts int
}

const (
	hungChild   = 5 * time.Second  // without output: killed
	slowStart   = 15 * time.Second // until the first output
	convertRest = 10 * time.Second // how long a child stays unwanted
	maxRetry    = 10 * time.Second
	eagerTries  = 3 // of a conversion nobody has asked for yet, so that size and poster are known
)

func newConverter(k *kitchen, t *track, wanted func() bool, out cooked, panics func(*attemptError)) *converter {
	size := 8
	if t.Kind == sfu.Audio {
		size = 64
	}
	c := &converter{
		k: k, t: t, wanted: wanted, out: out, panics: panics, retry: 500 * time.Millisecond,
		in: make(chan raw, size), quit: make(chan struct{}), done: make(chan struct{}),
	}
	go c.run()
	return c
}

// push takes a picture or a sound; it never waits.
func (c *converter) push(r raw) {
	select {
	case c.in <- r:
	default:
		c.dropped.Add(1)
	}
}

// close ends the conversion and waits; out is not called any more.
func (c *converter) close() {
	close(c.quit)
	<-c.done
}

// need reports whether there should be a child now.
func (c *converter) need() bool {
	if c.wanted() {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t.Kind == sfu.Video && c.outputs.Load() == 0 && c.restarts < eagerTries
}

func (c *converter) run() {
	defer close(c.done)
	defer c.guard()
	failures, barren := 0, 0
	var again time.Time
	for {
		var first raw
		select {
		case <-c.quit:
			return
		case first = <-c.in:
		}
		if !c.need() {
			c.call(c.out.resting)
			continue
		}
		if time.Now().Before(again) {
			continue
		}
		places := c.k.places(c.t.Kind)
		select {
		case places <- struct{}{}:
		default:
			if c.wanted() {
				c.fail(c.k.full(c.t.Kind))
			} else {
				c.call(c.out.resting)
			}
			again = time.Now().Add(c.retry)
			continue
		}
		before := c.outputs.Load()
		err := c.stretch(first)
		<-places
		if err == nil {
			failures = 0
			continue
		}
		failures++
		if barren++; c.outputs.Load() > before+50 {
			failures, barren = 1, 0
		}
		c.mu.Lock()
		c.restarts++
		c.mu.Unlock()
		if barren >= 2 {
			c.fail(fmt.Sprintf("ffmpeg cannot convert the %s this camera sends; it is tried again.", c.t.Name))
		}
		again = time.Now().Add(min(c.retry<<min(failures-1, 8), maxRetry))
	}
}

// guard turns a panic on a camera's data into the end of its session.
func (c *converter) guard() {
	if r := recover(); r != nil {
		c.panics(&attemptError{class: classPanic, err: fmt.Errorf("%v\n%s", r, debug.Stack())})
	}
}

func (c *converter) call(f func()) {
	c.calls.Lock()
	defer c.calls.Unlock()
	f()
}

func (c *converter) fail(sentence string) {
	c.mu.Lock()
	c.problem = sentence
	c.mu.Unlock()
	c.call(func() { c.out.trouble(sentence) })
}

// stretch is the life of one child: nil when it was ended by us, since nobody
// wants it or the session is over.
func (c *converter) stretch(first raw) (err error) {
	child, err := c.k.tool.Start(context.Background(), c.k.args(c.t))
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.child, c.since = child, time.Now()
	c.mu.Unlock()
	c.lastOut.Store(clock.Mono() + int64(slowStart-hungChild))
	times := newStamps(c.t, first.mono)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer c.guard()
		c.read(child.Out, times)
	}()
	// The child may stop reading: a write would wait for ever.
	stop := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		c.watch(child, stop)
	}()
	defer func() {
		close(stop)
		<-watched
		_ = child.Close()
		<-read
		c.mu.Lock()
		c.child, c.said = nil, child.Tail()
		c.mu.Unlock()
	}()

	if _, err := child.In.Write(mkvHead(c.t.Raw.mkv)); err != nil {
		return err
	}
	var lastWanted time.Time // zero: begun for size and poster only
	if c.wanted() {
		lastWanted = time.Now()
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	buf := []byte(nil)
	for r := first; ; {
		buf = mkvCluster(buf[:0], times.add(r), r.data)
		if _, err := child.In.Write(buf); err != nil {
			return c.ended(err)
		}
		for next := false; !next; {
			select {
			case <-c.quit:
				return nil
			case <-child.Done():
				return c.ended(io.EOF)
			case r = <-c.in:
				next = true
			case <-tick.C:
				if c.wanted() {
					lastWanted = time.Now()
				} else if c.outputs.Load() > 0 && time.Since(lastWanted) > convertRest {
					return nil
				}
			}
		}
	}
}

// ended is the error of a child that ended by itself; nil when we are closing.
func (c *converter) ended(err error) error {
	select {
	case <-c.quit:
		return nil
	default:
		return err
	}
}

// watch kills a child that gives nothing, or at the end of the session.
func (c *converter) watch(child *ffmpeg.Child, stop chan struct{}) {
	const every = 500 * time.Millisecond
	look := lookout{every: int64(every), last: clock.Mono()}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-c.quit:
			child.Kill()
			return
		case <-tick.C:
			if now := clock.Mono(); !look.blind(now) && now-c.lastOut.Load() > int64(hungChild) {
				child.Kill()
				return
			}
		}
	}
}

// read hands on what a child writes, until it ends.
func (c *converter) read(out io.Reader, times *stamps) {
	// How a child ends is in what it said; the reader's own error adds nothing.
	if c.t.Kind == sfu.Audio {
		_ = c.readOpus(newOggReader(out), times)
	} else {
		_ = c.readH264(newFLVReader(out), times)
	}
	_, _ = io.Copy(io.Discard, out)
}

func (c *converter) note() {
	c.lastOut.Store(clock.Mono())
	c.outputs.Add(1)
	c.mu.Lock()
	c.problem = ""
	c.mu.Unlock()
}

func (c *converter) readOpus(o *oggReader, times *stamps) error {
	for {
		p, at, err := o.next()
		if err != nil {
			return err
		}
		c.note()
		mono := times.start() + at*int64(time.Second)/48000
		c.call(func() { c.out.sound(packet{TS: uint32(at), Payload: p, Mono: mono}) })
	}
}

func (c *converter) readH264(f *flvReader, times *stamps) error {
	if err := f.head(); err != nil {
		return err
	}
	n := newNormalizer(track{Codec: sfu.H264}, func(au accessUnit) {
		c.call(func() { c.out.picture(au) })
	})
	for {
		tag, err := f.next()
		if err != nil {
			return err
		}
		s, ok := times.find(int64(tag.ms))
		if !ok {
			continue // of none of our pictures: cannot be placed
		}
		c.note()
		for _, set := range f.sets {
			n.takeSet(set)
		}
		n.whole(tag.nals, s.ts, s.mono)
	}
}

// snapshot for people.
func (c *converter) snapshot() *Conversion {
	if c == nil {
		return nil
	}
	to := string(sfu.H264)
	if c.t.Kind == sfu.Audio {
		to = string(sfu.Opus)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	v := &Conversion{From: c.t.Name, To: to, Restarts: c.restarts, Dropped: c.dropped.Load(), Said: c.said, Trouble: c.problem}
	if c.child != nil {
		v.Running, v.Since = true, c.since
		if s := c.child.Tail(); s != "" {
			v.Said = s
		}
	}
	return v
}
