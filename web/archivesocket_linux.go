package web

import (
	"net"

	"golang.org/x/sys/unix"
)

// setUnsent bounds what the system keeps of an answer that is not on its way yet.
// What is on its way is not bounded, so a fast reader loses nothing.
func setUnsent(c net.Conn, most int) {
	t := plainConn(c)
	if t == nil {
		return
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, most) })
}
