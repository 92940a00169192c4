package testpeer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// drainEvery is how long arrivals may lie in the sockets' queues: the drain
// looks that often instead of waking for each packet. When they arrived is the
// system's own note, so feedback is not blurred by it.
const drainEvery = 4 * time.Millisecond

// Drain receives for light viewers: one goroutine takes what lies in all their
// sockets, many packets a call. RTP is counted by its clear header and not
// decrypted; STUN, DTLS and RTCP go to the viewer's own connection. Close it
// after its viewers.
type Drain struct {
	epoll int
	quit  chan struct{}
	done  chan struct{}

	mu    sync.Mutex
	socks map[int32]*drained

	batch batch
}

// NewDrain starts a drain.
func NewDrain() (*Drain, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("testpeer: epoll: %w", err)
	}
	d := &Drain{epoll: fd, quit: make(chan struct{}), done: make(chan struct{}), socks: map[int32]*drained{}}
	d.batch.init()
	go d.run()
	return d, nil
}

// Close ends it.
func (d *Drain) Close() error {
	close(d.quit)
	<-d.done
	return unix.Close(d.epoll)
}

func (d *Drain) run() {
	defer close(d.done)
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	events := make([]unix.EpollEvent, 1024)
	for {
		select {
		case <-d.quit:
			return
		case <-tick.C:
		}
		n, err := unix.EpollWait(d.epoll, events, 0)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		for _, e := range events[:max(n, 0)] {
			d.mu.Lock()
			s := d.socks[e.Fd]
			d.mu.Unlock()
			if s != nil {
				s.drain(&d.batch)
			}
		}
	}
}

// batchSize is how many packets one call takes: more than a usual frame has.
const batchSize = 32

// batch is the memory of one recvmmsg.
type batch struct {
	bufs  [batchSize][2048]byte
	names [batchSize]unix.RawSockaddrInet4
	ctls  [batchSize][64]byte
	iovs  [batchSize]unix.Iovec
	msgs  [batchSize]mmsghdr
}

type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

func (b *batch) init() {
	for i := range b.msgs {
		b.iovs[i].Base = &b.bufs[i][0]
		b.iovs[i].SetLen(len(b.bufs[i]))
		h := &b.msgs[i].hdr
		h.Iov = &b.iovs[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&b.names[i]))
		h.Control = &b.ctls[i][0]
	}
}

// receive fills the batch; 0 when nothing lies there.
func (b *batch) receive(fd int) int {
	for i := range b.msgs {
		h := &b.msgs[i].hdr
		h.Namelen = unix.SizeofSockaddrInet4
		h.SetControllen(len(b.ctls[i]))
	}
	n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.msgs[0])), batchSize, unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// at is when the system took packet i in.
func (b *batch) at(i int) time.Time {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b.ctls[i][0]))
	if b.msgs[i].hdr.Controllen < unix.SizeofCmsghdr || h.Level != unix.SOL_SOCKET || h.Type != unix.SCM_TIMESTAMPNS {
		return time.Now()
	}
	ts := (*unix.Timespec)(unsafe.Pointer(&b.ctls[i][unix.CmsgLen(0)]))
	return time.Unix(ts.Unix())
}

func (b *batch) from(i int) netip.AddrPort {
	n := &b.names[i]
	p := (*[2]byte)(unsafe.Pointer(&n.Port))
	return netip.AddrPortFrom(netip.AddrFrom4(n.Addr), uint16(p[0])<<8|uint16(p[1]))
}

// drained is the socket of one light viewer. What is not RTP is read from it as
// from any other socket.
type drained struct {
	d    *Drain
	fd   int
	addr *net.UDPAddr
	p    *Peer
	by   map[uint32]*counter // drain goroutine only

	other chan datagram
	gone  chan struct{}

	mu     sync.RWMutex // held for reading while fd is in use
	closed bool
}

type datagram struct {
	b    []byte
	from *net.UDPAddr
}

func (d *Drain) listen(addr *net.UDPAddr, p *Peer) (net.PacketConn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("testpeer: socket: %w", err)
	}
	s := &drained{d: d, fd: fd, p: p, by: map[uint32]*counter{}, other: make(chan datagram, 64), gone: make(chan struct{})}
	if err := s.open(addr); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	d.mu.Lock()
	d.socks[int32(fd)] = s
	d.mu.Unlock()
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	if err := unix.EpollCtl(d.epoll, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("testpeer: epoll: %w", err)
	}
	return s, nil
}

func (s *drained) open(addr *net.UDPAddr) error {
	const room = 4 << 20
	if unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, room) != nil {
		_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, room)
	}
	if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1); err != nil {
		return fmt.Errorf("testpeer: timestamps: %w", err)
	}
	to := &unix.SockaddrInet4{Port: addr.Port}
	copy(to.Addr[:], addr.IP.To4())
	if err := unix.Bind(s.fd, to); err != nil {
		return fmt.Errorf("testpeer: bind: %w", err)
	}
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return fmt.Errorf("testpeer: %w", err)
	}
	in, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return errors.New("testpeer: not an IPv4 socket")
	}
	s.addr = &net.UDPAddr{IP: net.IP(in.Addr[:]), Port: in.Port}
	return nil
}

// drain takes what lies in the socket. Called on the drain's goroutine.
func (s *drained) drain(b *batch) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for !s.closed {
		n := b.receive(s.fd)
		for i := range n {
			s.one(b.bufs[i][:b.msgs[i].len], b, i)
		}
		if n < batchSize {
			return
		}
	}
}

func (s *drained) one(p []byte, b *batch, i int) {
	if len(p) >= 12 && p[0]>>6 == 2 && (p[1]&0x7f < 64 || p[1]&0x7f > 95) { // RFC 5761: RTP
		ssrc := uint32(p[8])<<24 | uint32(p[9])<<16 | uint32(p[10])<<8 | uint32(p[11])
		c := s.by[ssrc]
		if c == nil {
			c = &counter{p: s.p, ssrc: ssrc, light: true}
			s.by[ssrc] = c
		}
		c.take(p, b.at(i))
		return
	}
	select {
	case s.other <- datagram{b: append([]byte(nil), p...), from: net.UDPAddrFromAddrPort(b.from(i))}:
	default: // as a full socket would
	}
}

// ReadFrom is part of net.PacketConn.
func (s *drained) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case m := <-s.other:
		return copy(b, m.b), m.from, nil
	case <-s.gone:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo is part of net.PacketConn.
func (s *drained) WriteTo(b []byte, to net.Addr) (int, error) {
	u, ok := to.(*net.UDPAddr)
	if !ok || u.IP.To4() == nil {
		return 0, fmt.Errorf("testpeer: no way to %v", to)
	}
	a := unix.SockaddrInet4{Port: u.Port}
	copy(a.Addr[:], u.IP.To4())
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return 0, net.ErrClosed
	}
	return len(b), unix.Sendto(s.fd, b, unix.MSG_DONTWAIT, &a)
}

// Close is part of net.PacketConn.
func (s *drained) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.closed = true
	close(s.gone)
	s.d.mu.Lock()
	delete(s.d.socks, int32(s.fd))
	s.d.mu.Unlock()
	return unix.Close(s.fd) // leaves the epoll set with it
}

// LocalAddr is part of net.PacketConn.
func (s *drained) LocalAddr() net.Addr { return s.addr }

// SetDeadline and its halves are part of net.PacketConn; nothing here blocks for long.
func (s *drained) SetDeadline(time.Time) error      { return nil }
func (s *drained) SetReadDeadline(time.Time) error  { return nil }
func (s *drained) SetWriteDeadline(time.Time) error { return nil }
