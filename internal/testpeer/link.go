package testpeer

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sightline/internal/clock"
)

// Shape is how one direction of a link treats packets.
type Shape struct {
	Bits  int           // bit/s, IP and UDP headers included; 0 is unlimited
	Queue int           // bytes that may wait; what comes on top is dropped; default 64 KB
	Delay time.Duration // of every packet
	Loss  float64       // share lost at random, 0 to 1
}

// LinkStats counts the packets of both directions.
type LinkStats struct{ Passed, Overflowed, Lost uint64 }

// Link is a UDP relay between viewers and one server that behaves like a real
// line. It passes packets in order and never more than its shape allows. Its
// methods are safe from any goroutine.
type Link struct {
	conn   *net.UDPConn
	to     *net.UDPAddr
	down   *pipe
	up     *pipe
	wg     sync.WaitGroup
	closed chan struct{}
	once   sync.Once

	mu      sync.Mutex
	clients map[netip.AddrPort]*net.UDPConn
}

const linkIPOverhead = 28 // IPv4 and UDP headers count on a line

// NewLink relays between the UDP address it opens on listen ("127.0.0.1:0") and
// the server at to. down is towards the viewers.
func NewLink(listen, to string, down, up Shape) (*Link, error) {
	target, err := net.ResolveUDPAddr("udp4", to)
	if err != nil {
		return nil, err
	}
	at, err := net.ResolveUDPAddr("udp4", listen)
	if err != nil {
		return nil, err
	}
	c, err := net.ListenUDP("udp4", at)
	if err != nil {
		return nil, err
	}
	growReceive(c, 4<<20)
	l := &Link{conn: c, to: target, closed: make(chan struct{}), clients: map[netip.AddrPort]*net.UDPConn{}}
	l.down, l.up = newPipe(down), newPipe(up)
	l.wg.Go(func() { l.down.run(l.closed) })
	l.wg.Go(func() { l.up.run(l.closed) })
	l.wg.Go(l.fromViewers)
	return l, nil
}

// Addr is where viewers send to.
func (l *Link) Addr() netip.AddrPort { return l.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// SetDown changes the direction towards the viewers; what waits already keeps
// its time.
func (l *Link) SetDown(s Shape) { l.down.set(s) }

// SetUp changes the direction towards the server.
func (l *Link) SetUp(s Shape) { l.up.set(s) }

// Down counts what went towards the viewers.
func (l *Link) Down() LinkStats { return l.down.stats() }

// Through makes an exchange whose answers lead through the link, and through
// nothing else: the server learns of the viewer by what the link passes on.
func (l *Link) Through(x Exchange) Exchange {
	return func(ctx context.Context, offer string) (string, error) {
		answer, err := x(ctx, Hide(offer))
		return l.Rewrite(answer), err
	}
}

// Hide is what Through does to an offer: it takes the candidates out.
func Hide(offer string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(offer, "\r\n"), func(l string) bool { return strings.HasPrefix(l, "a=candidate:") }), "\r\n")
}

// Rewrite is what Through does to an answer: the link's address takes the place
// of the server's UDP candidates, TCP ones are left out.
func (l *Link) Rewrite(answer string) string {
	var out []string
	done := false
	for _, line := range strings.Split(answer, "\r\n") {
		if !strings.HasPrefix(line, "a=candidate:") {
			out = append(out, line)
			continue
		}
		if f := strings.Fields(line); !done && len(f) > 5 && strings.EqualFold(f[2], "udp") {
			f[4], f[5] = l.Addr().Addr().String(), strconv.Itoa(int(l.Addr().Port()))
			out = append(out, strings.Join(f, " "))
			done = true
		}
	}
	return strings.Join(out, "\r\n")
}

// Close ends the link and waits for its goroutines.
func (l *Link) Close() {
	l.once.Do(func() {
		close(l.closed)
		_ = l.conn.Close()
		l.mu.Lock()
		for _, c := range l.clients {
			_ = c.Close()
		}
		l.mu.Unlock()
	})
	l.wg.Wait()
}

// fromViewers gives each viewer a socket of its own towards the server.
func (l *Link) fromViewers() {
	b := make([]byte, 2048)
	for {
		n, from, err := l.conn.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		c := l.client(from)
		if c == nil {
			return
		}
		l.up.take(b[:n], func(p []byte) { _, _ = c.Write(p) })
	}
}

func (l *Link) client(from netip.AddrPort) *net.UDPConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.clients[from]; c != nil {
		return c
	}
	select {
	case <-l.closed:
		return nil
	default:
	}
	c, err := net.DialUDP("udp4", nil, l.to)
	if err != nil {
		return nil
	}
	growReceive(c, 4<<20)
	l.clients[from] = c
	l.wg.Go(func() { l.fromServer(c, from) })
	return c
}

func (l *Link) fromServer(c *net.UDPConn, to netip.AddrPort) {
	b := make([]byte, 2048)
	for {
		n, err := c.Read(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			l.down.take(b[:n], func(p []byte) { _, _ = l.conn.WriteToUDPAddrPort(p, to) })
		}
	}
}

// pipe is one direction.
type pipe struct {
	wake chan struct{} // capacity 1

	mu    sync.Mutex
	shape Shape
	busy  int64 // the line sends until then
	last  int64 // newest arrival
	queue []waiting
	rnd   *rand.Rand

	passed, overflowed, lost atomic.Uint64
}

type waiting struct {
	at   int64
	b    []byte
	send func([]byte)
}

func newPipe(s Shape) *pipe {
	p := &pipe{wake: make(chan struct{}, 1), rnd: rand.New(rand.NewPCG(3, 4))} //nolint:gosec // the same losses every time
	p.set(s)
	return p
}

func (p *pipe) set(s Shape) {
	if s.Queue <= 0 {
		s.Queue = 64 << 10
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shape.Bits > 0 && s.Bits > 0 { // what waits drains at the new rate
		if left := p.busy - clock.Mono(); left > 0 {
			p.busy = clock.Mono() + int64(float64(left)*float64(p.shape.Bits)/float64(s.Bits))
		}
	}
	p.shape = s
}

func (p *pipe) stats() LinkStats {
	return LinkStats{p.passed.Load(), p.overflowed.Load(), p.lost.Load()}
}

// take puts one packet on the line.
func (p *pipe) take(b []byte, send func([]byte)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := clock.Mono()
	s := p.shape
	if s.Loss > 0 && p.rnd.Float64() < s.Loss {
		p.lost.Add(1)
		return
	}
	at := now
	if s.Bits > 0 {
		wait := max(0, p.busy-now)
		if wait*int64(s.Bits)/8e9 > int64(s.Queue) {
			p.overflowed.Add(1)
			return
		}
		p.busy = now + wait + int64(len(b)+linkIPOverhead)*8e9/int64(s.Bits)
		at = p.busy
	}
	p.last = max(p.last, at+int64(s.Delay))
	p.queue = append(p.queue, waiting{p.last, append([]byte(nil), b...), send})
	if len(p.queue) == 1 {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// run lets packets out when their time has come.
func (p *pipe) run(closed <-chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.mu.Lock()
		now := clock.Mono()
		n := 0
		for n < len(p.queue) && p.queue[n].at <= now {
			n++
		}
		due := append([]waiting(nil), p.queue[:n]...)
		p.queue = p.queue[n:]
		sleep := time.Hour
		if len(p.queue) > 0 {
			sleep = time.Duration(p.queue[0].at - now)
		}
		p.mu.Unlock()
		for _, w := range due {
			w.send(w.b)
		}
		p.passed.Add(uint64(n))
		if n > 0 {
			continue
		}
		timer.Reset(sleep)
		select {
		case <-closed:
			return
		case <-p.wake:
		case <-timer.C:
		}
	}
}

// MediaPort is the port of the first UDP candidate in an answer, "" without one.
func MediaPort(answer string) string {
	for line := range strings.SplitSeq(answer, "\r\n") {
		if f := strings.Fields(line); strings.HasPrefix(line, "a=candidate:") && len(f) > 5 && strings.EqualFold(f[2], "udp") {
			return f[5]
		}
	}
	return ""
}
