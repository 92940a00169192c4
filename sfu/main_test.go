package sfu_test

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sightline/internal/clock"
	"sightline/internal/testpeer"
	"sightline/sfu"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gate is a Gate that a test moves.
type gate struct{ until atomic.Int64 }

func open() *gate {
	g := &gate{}
	g.until.Store(1 << 62)
	return g
}

func (g *gate) ValidUntil() int64 { return g.until.Load() }

// budget is a Budget that a test moves.
type budget struct{ mode atomic.Int32 }

func (b *budget) Mode() sfu.Mode { return sfu.Mode(b.mode.Load()) }

// camera writes a stream in real time: numbered frames, packetised as H264 or
// H265 FU packets.
type camera struct {
	s      *sfu.Stream
	codec  sfu.Codec
	fps    int
	gop    int // frames from key to key
	bits   int // bit/s
	keyAdd int // more bytes in a key frame

	stopped chan struct{}
	done    chan struct{}
	n       atomic.Int64 // frames written
	start   int64
}

func newCamera(t testing.TB, name string, codec sfu.Codec, gop time.Duration, bits int) *camera {
	t.Helper()
	c := &camera{codec: codec, fps: 25, bits: bits, keyAdd: 20_000, stopped: make(chan struct{}), done: make(chan struct{})}
	c.gop = int(gop.Seconds() * float64(c.fps))
	kind, format := sfu.Video, sfu.Format{Codec: codec, ClockRate: 90000, Profile: "42e01f", Width: 1280, Height: 720}
	if format.Kind() == sfu.Audio {
		kind, format = sfu.Audio, sfu.Format{Codec: codec, ClockRate: 8000, Channels: 1}
		c.fps, c.gop = 50, 1
	}
	c.s = sfu.NewStream(sfu.StreamConfig{Name: name, Kind: kind})
	c.s.SetFormat(format)
	c.start = clock.Mono()
	return c
}

// keeps gives the stream a ring that forgets nothing while a test runs, however
// long a busy machine takes to connect a viewer.
func (c *camera) keeps() *camera {
	f, _ := c.s.Format()
	c.s = sfu.NewStream(sfu.StreamConfig{Name: c.s.Name(), Kind: c.s.Kind(), RingAge: 10 * time.Minute, RingBytes: 256 << 20, RingFrames: 1 << 14})
	c.s.SetFormat(f)
	return c
}

// fill writes n frames at once, as if the last had just arrived.
func (c *camera) fill(n int) *camera {
	step := int64(time.Second) / int64(c.fps)
	now := clock.Mono()
	c.start = now - int64(n-1)*step
	for i := range n {
		c.write(c.start + int64(i)*step)
	}
	return c
}

// run goes on writing in real time until the test ends.
func (c *camera) run(t testing.TB) *camera {
	step := int64(time.Second) / int64(c.fps)
	if c.n.Load() == 0 {
		c.start = clock.Mono()
	}
	go func() {
		defer close(c.done)
		timer := time.NewTimer(0)
		defer timer.Stop()
		for {
			due := c.start + c.n.Load()*step
			timer.Reset(time.Duration(due - clock.Mono()))
			select {
			case <-timer.C:
				c.write(clock.Mono())
			case <-c.stopped:
				return
			}
		}
	}()
	t.Cleanup(c.stop)
	return c
}

func (c *camera) stop() {
	select {
	case <-c.stopped:
	default:
		close(c.stopped)
		<-c.done
	}
}

func (c *camera) write(mono int64) {
	n := c.n.Load()
	key := int(n)%c.gop == 0
	size := c.bits / 8 / c.fps
	if key && c.s.Kind() == sfu.Video {
		size += c.keyAdd
	}
	rate := int64(90000)
	if c.s.Kind() == sfu.Audio {
		rate, size = 8000, 160
	}
	ts := uint32(c.start*rate/1e9) + uint32(n*rate/int64(c.fps))
	c.s.Write(sfu.Frame{Key: key, Mono: mono, TS: ts, Payloads: packetise(c.codec, key, uint32(n), size)})
	c.n.Add(1)
}

// packetise makes fragmentation units that carry the frame's number.
func packetise(codec sfu.Codec, key bool, n uint32, size int) [][]byte {
	var head []byte
	switch codec {
	case sfu.H264:
		typ := byte(1)
		if key {
			typ = 5
		}
		head = []byte{0x7c, typ}
	case sfu.H265:
		typ := byte(1)
		if key {
			typ = 19
		}
		head = []byte{49 << 1, 1, typ}
	default:
		b := make([]byte, size)
		binary.BigEndian.PutUint32(b, n)
		return [][]byte{b}
	}
	var out [][]byte
	for first := true; first || size > 0; first = false {
		p := make([]byte, min(max(size, 16), sfu.MaxPayload))
		size -= len(p)
		copy(p, head)
		if first {
			p[len(head)-1] |= 0x80
		}
		if size <= 0 {
			p[len(head)-1] |= 0x40
		}
		binary.BigEndian.PutUint32(p[len(head):], n)
		out = append(out, p)
	}
	return out
}

// number is the frame number in a payload.
func number(codec sfu.Codec, b []byte) int {
	at := map[sfu.Codec]int{sfu.H264: 2, sfu.H265: 3}[codec]
	return int(binary.BigEndian.Uint32(b[at:]))
}

func engine(t testing.TB, change func(*sfu.EngineConfig)) *sfu.Engine {
	t.Helper()
	cfg := sfu.EngineConfig{Loopback: true, TCPPort: -1, ConnectTimeout: time.Minute} // a busy machine is slow to connect
	if change != nil {
		change(&cfg)
	}
	e, err := sfu.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// joined is a viewer and its server side.
type joined struct {
	*testpeer.Peer
	srv    *sfu.Peer
	states chan sfu.PeerState
}

// join connects a viewer; before is called with the server's peer before the
// answer leaves.
func join(t testing.TB, e *sfu.Engine, cfg testpeer.Config, before func(*sfu.Peer)) *joined {
	t.Helper()
	j := &joined{states: make(chan sfu.PeerState, 8)}
	cfg.Exchange = func(ctx context.Context, offer string) (string, error) {
		p, answer, err := e.NewPeer(ctx, sfu.PeerConfig{Offer: offer, OnState: func(s sfu.PeerState) { j.states <- s }})
		if err != nil {
			return "", err
		}
		j.srv = p
		if before != nil {
			before(p)
		}
		return answer, nil
	}
	ctx, cancel := patience(t)
	defer cancel()
	p, err := testpeer.Join(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	j.Peer = p
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("a viewer got %+v and was sent %+v", p.Stats(), j.srv.Stats())
		}
		p.Close()
	})
	return j
}

func attach(t testing.TB, p *sfu.Peer, mid string, s sfu.Subscription) {
	t.Helper()
	if s.Gate == nil {
		s.Gate = open()
	}
	if err := p.Attach(mid, s); err != nil {
		t.Fatal(err)
	}
}

// patience is a context for what only a broken program does not end.
func patience(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), time.Minute)
}

// arrived polls until what was sent so far has come, and returns how many
// packets that is. Nothing may be sending.
func (j *joined) arrived(t testing.TB, line int) uint64 {
	t.Helper()
	sent := j.srv.Stats().Mids[line].Packets
	until(t, "what is under way to arrive", 5*time.Second, func() bool { return j.Stats()[line].Packets >= sent })
	return sent
}

// whole fails when packets were lost on the way to the viewer, or came
// backwards. What the system dropped at the viewer's own full socket is not the
// server's.
func (j *joined) whole(t testing.TB) {
	t.Helper()
	missing, backwards := uint64(0), uint64(0)
	for _, s := range j.Stats() {
		missing += s.Missing
		backwards += s.Backwards
	}
	drops, err := j.SocketDrops() // after the packets were missed: a drop comes first
	if err != nil {
		t.Fatal(err)
	}
	if missing > drops || backwards != 0 {
		t.Errorf("missing %d (%d at the viewer's own socket), backwards %d", missing, drops, backwards)
	}
}

// pauses tells what the machine stood still from now on.
func pauses(t testing.TB) *testpeer.Pauses {
	w := testpeer.NewPauses()
	t.Cleanup(w.Close)
	return w
}

// busy is what a loaded machine is given: limits are this many times as long.
const busy = 4

// until polls until ok holds.
func until(t testing.TB, what string, d time.Duration, ok func() bool) {
	t.Helper()
	end := time.Now().Add(busy * d)
	for !ok() {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", busy*d, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// log collects events.
type events struct {
	mu   sync.Mutex
	list []sfu.Event
}

func (e *events) add(ev sfu.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, ev)
}

func (e *events) all() []sfu.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]sfu.Event(nil), e.list...)
}

func (e *events) has(k sfu.EventKind) bool {
	for _, ev := range e.all() {
		if ev.Kind == k {
			return true
		}
	}
	return false
}
