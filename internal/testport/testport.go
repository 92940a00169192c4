// Package testport keeps TCP ports of loopback for servers that tests stop and
// start again: whoever asks the system for a free port meanwhile gets another one.
package testport

import (
	"fmt"
	"net"
	"sync"

	"golang.org/x/sys/unix"
)

// Hold takes a free TCP port of 127.0.0.1 and keeps it until release, which may be
// called more than once. A server that sets SO_REUSEADDR, as Go, Redis and others
// do, listens on it as often as it likes; while none does, connections are refused.
func Hold() (port int, release func(), err error) { return hold(0) }

// Keep is Hold of a port on which nobody listens yet.
func Keep(port int) (release func(), err error) {
	_, release, err = hold(port)
	return release, err
}

// hold binds a socket that never listens. The system gives its port to nobody who
// asks for any, and to whoever names it with SO_REUSEADDR.
func hold(port int) (got int, release func(), err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, fmt.Errorf("a port to hold: %w", err)
	}
	release = sync.OnceFunc(func() { _ = unix.Close(fd) })
	if got, err = bind(fd, port); err != nil {
		release()
		return 0, nil, fmt.Errorf("a port to hold: %w", err)
	}
	return got, release, nil
}

func bind(fd, port int) (int, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte(net.IPv4(127, 0, 0, 1).To4())}); err != nil {
		return 0, err
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	return at.(*unix.SockaddrInet4).Port, nil //nolint:forcetypeassert // an IPv4 socket has this name
}
