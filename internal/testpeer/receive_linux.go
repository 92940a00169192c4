package testpeer

import (
	"net"

	"golang.org/x/sys/unix"
)

func growReceive(c *net.UDPConn, bytes int) {
	_ = c.SetReadBuffer(bytes)
	if rc, err := c.SyscallConn(); err == nil {
		_ = rc.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes)
		})
	}
}
