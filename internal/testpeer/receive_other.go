//go:build !linux

package testpeer

import "net"

func growReceive(c *net.UDPConn, bytes int) { _ = c.SetReadBuffer(bytes) }
