package sfu

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const readAtOnce = 32

// manyReader takes packets off an IPv4 socket, many a call. One goroutine uses it.
type manyReader struct {
	rc    rawConn
	n, at int // taken by the newest call, given out of them
	errno unix.Errno
	try   func(fd uintptr) bool
	msgs  [readAtOnce]mmsghdr
	iovs  [readAtOnce]unix.Iovec
	names [readAtOnce]unix.RawSockaddrInet4
	bufs  [readAtOnce][2048]byte
}

// newManyReader returns nil where the socket cannot be read this way.
func newManyReader(c *net.UDPConn) *manyReader {
	rc, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	r := &manyReader{rc: rc}
	for i := range r.msgs {
		r.iovs[i].Base = &r.bufs[i][0]
		r.iovs[i].SetLen(len(r.bufs[i]))
		h := &r.msgs[i].hdr
		h.Name = (*byte)(unsafe.Pointer(&r.names[i]))
		h.Iov = &r.iovs[i]
		h.SetIovlen(1)
	}
	r.try = func(fd uintptr) bool { r.attempt(fd); return r.errno != unix.EAGAIN }
	return r
}

func (r *manyReader) empty() bool { return r.at >= r.n }

// full says whether the newest call found more than it could take.
func (r *manyReader) full() bool { return r.n == readAtOnce }

// fill waits for packets.
func (r *manyReader) fill() error {
	r.n, r.at = 0, 0
	if err := r.rc.Read(r.try); err != nil {
		return err
	}
	if r.errno != 0 {
		return os.NewSyscallError("recvmmsg", r.errno)
	}
	return nil
}

func (r *manyReader) attempt(fd uintptr) {
	for i := range r.msgs {
		r.msgs[i].hdr.Namelen = unix.SizeofSockaddrInet4
	}
	for {
		var n uintptr
		n, _, r.errno = unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.msgs[0])), readAtOnce, unix.MSG_DONTWAIT, 0, 0)
		if r.errno == 0 {
			r.n = int(n)
		}
		if r.errno != unix.EINTR {
			return
		}
	}
}

// pop gives out the next packet.
func (r *manyReader) pop(b []byte) (int, netip.AddrPort) {
	i := r.at
	r.at++
	name := &r.names[i]
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&name.Port))[:])
	return copy(b, r.bufs[i][:r.msgs[i].n]), netip.AddrPortFrom(netip.AddrFrom4(name.Addr), port)
}
