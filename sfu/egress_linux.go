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
}

// canSegment reports whether the system splits large UDP buffers itself.
func canSegment(c *net.UDPConn) bool {
	rc, err := c.SyscallConn()
	if err != nil {
		return false
	}
	ok := false
	_ = rc.Control(func(fd uintptr) {
		ok = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_SEGMENT, 0) == nil
	})
	return ok
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

// send sends the collected packets of e: in one call by segmentation, else one
// by one.
func (s *sockets) send(e *egress, b []byte) {
	rc := s.raw4
	if a := e.to.Addr(); a.Is6() && !a.Is4In6() {
		rc = s.raw6
	}
	if rc == nil {
		s.failed.Add(uint64(e.n))
		return
	}
	if e.n == 1 || s.segments && !e.plain {
		err := e.call.do(rc, e.to, b, e.size, e.n)
		if err == 0 {
			return
		}
		if e.n == 1 || !(err == unix.EIO || err == unix.EINVAL || err == unix.EOPNOTSUPP || err == unix.ENOPROTOOPT || err == unix.EMSGSIZE) {
			s.failed.Add(uint64(e.n))
			return
		}
		e.plain = true // the way to this peer cannot: one by one from now on
	}
	for len(b) > 0 {
		n := min(e.size, len(b))
		if e.call.do(rc, e.to, b[:n], n, 1) != 0 {
			s.failed.Add(1)
		}
		b = b[n:]
	}
}

// do sends b as n datagrams of size bytes, the last one perhaps smaller.
func (c *sendCall) do(rc rawConn, to netip.AddrPort, b []byte, size, n int) unix.Errno {
	if c.try == nil {
		c.try = func(fd uintptr) { c.attempt(fd) }
		c.wait = func(fd uintptr) bool { c.attempt(fd); return c.errno != unix.EAGAIN }
	}
	if c.named != to {
		c.address(to)
	}
	c.iov.Base = &b[0]
	c.iov.SetLen(len(b))
	c.msg.Iov = &c.iov
	c.msg.SetIovlen(1)
	c.msg.Control, c.msg.Controllen = nil, 0
	if n > 1 {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&c.ctl[0]))
		h.Level, h.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
		h.SetLen(unix.CmsgLen(2))
		binary.NativeEndian.PutUint16(c.ctl[unix.CmsgLen(0):], uint16(size))
		c.msg.Control = &c.ctl[0]
		c.msg.SetControllen(unix.CmsgSpace(2))
	}
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
		_, _, c.errno = unix.Syscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&c.msg)), 0)
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
