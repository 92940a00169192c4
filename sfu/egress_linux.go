package sfu

import (
	"encoding/binary"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sendCall is one sendmsg, built in place so that sending allocates nothing.
// It must not move while in use: it lives inside a Peer.
type sendCall struct {
	name4 unix.RawSockaddrInet4
	name6 unix.RawSockaddrInet6
	iov   unix.Iovec
	msg   unix.Msghdr
	_     [0]uint64 // ctl is read as a header
	ctl   [32]byte  // one cmsg: UDP_SEGMENT, a uint16
	errno unix.Errno
	named netip.AddrPort   // whom name4 or name6 is for
	try   func(fd uintptr) // made once
	wait  func(fd uintptr) bool

	batch *batch // made when sendmmsg is first needed
	first int    // of batch.msgs, count of them; 0 sends msg
	count int
	took  int // messages the system took
}

// batch is what sendmmsg reads.
type batch struct {
	msgs [maxSegments]mmsghdr
	iovs [maxSegments]unix.Iovec
}

// mmsghdr is the kernel's struct mmsghdr.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// bestWay is the best way this system has for the socket.
func bestWay(c *net.UDPConn) way {
	rc, err := c.SyscallConn()
	if err != nil {
		return wayPlain
	}
	w := wayMMsg
	_ = rc.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT, 0) == nil {
			w = wayGSO
		}
	})
	return w
}

// growBuffers asks for large socket buffers, past the system's limit where
// this process may.
func growBuffers(c *net.UDPConn, bytes int) {
	_ = c.SetReadBuffer(bytes)
	_ = c.SetWriteBuffer(bytes)
	if rc, err := c.SyscallConn(); err == nil {
		_ = rc.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes)
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, bytes)
		})
	}
}

// boundUnsent keeps what cannot be sent yet in our queue instead of the system's,
// where it would only grow old.
func boundUnsent(c net.Conn) {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	if rc, err := t.SyscallConn(); err == nil {
		_ = rc.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, 128<<10) })
	}
}

// send sends the collected packets of e in as few calls as the socket allows.
func (s *sockets) send(e *egress, b []byte) {
	f := s.family(e.to)
	if f == nil || f.raw == nil {
		s.failed.Add(uint64(e.n))
		return
	}
	if e.n > 1 {
		switch w := f.way.Load(); {
		case w == wayGSO && !e.unfit:
			err := e.call.segments(f.raw, e.to, b, e.size)
			if err == 0 {
				return
			}
			if !refusedGSO(err) {
				s.failed.Add(uint64(e.n))
				return
			}
			if err == unix.EIO || !s.probe(f) { // the socket cannot, not only the way to this peer
				f.fall(wayGSO, err)
			} else {
				e.unfit = true
			}
			fallthrough
		case w <= wayMMsg:
			sent, err := e.call.many(f.raw, e.to, b, e.size, e.n)
			b = b[min(sent*e.size, len(b)):]
			if err == 0 {
				return
			}
			if err == unix.ENOSYS {
				f.fall(wayMMsg, err)
			}
		}
	}
	for len(b) > 0 {
		n := min(e.size, len(b))
		if e.call.one(f.raw, e.to, b[:n]) != 0 {
			s.failed.Add(1)
		}
		b = b[n:]
	}
}

// refusedGSO tells what a system says that cannot segment: on this device
// (EIO), with this socket, or with segments of this size on this path.
func refusedGSO(err unix.Errno) bool {
	switch err {
	case unix.EIO, unix.EINVAL, unix.EOPNOTSUPP, unix.ENOPROTOOPT, unix.EMSGSIZE:
		return true
	}
	return false
}

// probe says whether the socket segments at all: two datagrams of one byte to
// itself, which its reader drops.
func (s *sockets) probe(f *family) bool {
	to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(s.udpPort()))
	if f == s.fam6 {
		to = netip.AddrPortFrom(netip.IPv6Loopback(), uint16(s.udpPort()))
	}
	var c sendCall
	return !refusedGSO(c.segments(f.raw, to, []byte{0, 0}, 1))
}

// segments sends b as datagrams of size bytes, the last one perhaps smaller, in
// one call.
func (c *sendCall) segments(rc rawConn, to netip.AddrPort, b []byte, size int) unix.Errno {
	c.prepare(to)
	h := (*unix.Cmsghdr)(unsafe.Pointer(&c.ctl[0]))
	h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(c.ctl[unix.CmsgLen(0):], uint16(size))
	c.msg.Control = &c.ctl[0]
	c.msg.SetControllen(unix.CmsgSpace(2))
	return c.do(rc, b)
}

// one sends b as one datagram.
func (c *sendCall) one(rc rawConn, to netip.AddrPort, b []byte) unix.Errno {
	c.prepare(to)
	c.msg.Control = nil
	c.msg.SetControllen(0)
	return c.do(rc, b)
}

// many sends b as n datagrams of size bytes, the last one perhaps smaller, by
// sendmmsg, and returns how many left.
func (c *sendCall) many(rc rawConn, to netip.AddrPort, b []byte, size, n int) (sent int, errno unix.Errno) {
	c.prepare(to)
	if c.batch == nil {
		c.batch = new(batch)
	}
	m := c.batch
	for i := range n {
		p := b[:min(size, len(b))]
		b = b[len(p):]
		m.iovs[i].Base = &p[0]
		m.iovs[i].SetLen(len(p))
		m.msgs[i] = mmsghdr{hdr: unix.Msghdr{Name: c.msg.Name, Namelen: c.msg.Namelen, Iov: &m.iovs[i]}}
		m.msgs[i].hdr.SetIovlen(1)
	}
	for sent < n {
		c.first, c.count = sent, n-sent
		if errno = c.run(rc); errno != 0 {
			break
		}
		if c.took == 0 {
			errno = unix.EAGAIN
			break
		}
		sent += c.took
	}
	c.count = 0
	return sent, errno
}

// prepare makes the call ready for a destination.
func (c *sendCall) prepare(to netip.AddrPort) {
	if c.try == nil {
		c.try = func(fd uintptr) { c.attempt(fd) }
		c.wait = func(fd uintptr) bool { c.attempt(fd); return c.errno != unix.EAGAIN }
	}
	if c.named != to {
		c.address(to)
	}
	c.count = 0
}

// do sends b with the message prepared.
func (c *sendCall) do(rc rawConn, b []byte) unix.Errno {
	c.iov.Base = &b[0]
	c.iov.SetLen(len(b))
	c.msg.Iov = &c.iov
	c.msg.SetIovlen(1)
	return c.run(rc)
}

func (c *sendCall) run(rc rawConn) unix.Errno {
	c.errno = 0
	if err := rc.Control(c.try); err != nil {
		return unix.EBADF
	}
	if c.errno == unix.EAGAIN { // the system's queue is full: wait for room as any UDP write does
		if err := rc.Write(c.wait); err != nil {
			return unix.EBADF
		}
	}
	return c.errno
}

func (c *sendCall) attempt(fd uintptr) {
	for {
		if c.count > 0 {
			var n uintptr
			n, _, c.errno = unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&c.batch.msgs[c.first])), uintptr(c.count), 0, 0, 0)
			c.took = int(n)
		} else {
			_, _, c.errno = unix.RawSyscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&c.msg)), 0)
		}
		if c.errno != unix.EINTR {
			return
		}
	}
}

func (c *sendCall) address(to netip.AddrPort) {
	c.named = to
	port := to.Port()
	if a := to.Addr().Unmap(); a.Is4() {
		c.name4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: a.As4()}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&c.name4.Port))[:], port)
		c.msg.Name = (*byte)(unsafe.Pointer(&c.name4))
		c.msg.Namelen = unix.SizeofSockaddrInet4
	} else {
		c.name6 = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: a.As16()}
		binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&c.name6.Port))[:], port)
		c.msg.Name = (*byte)(unsafe.Pointer(&c.name6))
		c.msg.Namelen = unix.SizeofSockaddrInet6
	}
}
