package ingest

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// reader reads a TCP connection without telling the scheduler: the socket never
// blocks, and a thread of the runtime that watches system calls is woken at each
// one that is announced while the process rests, twelve layers 25 times a second.
// One goroutine reads at a time.
type reader struct {
	net.Conn
	rc    syscall.RawConn
	try   func(fd uintptr) bool
	b     []byte
	n     int
	errno unix.Errno
}

// unannounced returns c with such reads, or c itself where it has no socket.
func unannounced(c net.Conn) net.Conn {
	s, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	rc, err := s.SyscallConn()
	if err != nil {
		return c
	}
	r := &reader{Conn: c, rc: rc}
	r.try = func(fd uintptr) bool { r.attempt(fd); return r.errno != unix.EAGAIN }
	return r
}

// Read implements net.Conn, with the errors of a *net.TCPConn.
func (r *reader) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	r.b = b
	err := r.rc.Read(r.try)
	r.b = nil
	switch {
	case err != nil:
		var op *net.OpError
		if errors.As(err, &op) {
			op.Op = "read"
		}
		return 0, err
	case r.errno != 0:
		return 0, &net.OpError{Op: "read", Net: "tcp", Source: r.LocalAddr(), Addr: r.RemoteAddr(), Err: os.NewSyscallError("read", r.errno)}
	case r.n == 0:
		return 0, io.EOF
	}
	return r.n, nil
}

func (r *reader) attempt(fd uintptr) {
	for {
		var n uintptr
		n, _, r.errno = unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&r.b[0])), uintptr(len(r.b)))
		r.n = int(n)
		if r.errno != unix.EINTR {
			return
		}
	}
}
