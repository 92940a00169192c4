//go:build !linux

package sfu

import "net"

type sendCall struct{}

func bestWay(*net.UDPConn) way { return wayPlain }

func growBuffers(c *net.UDPConn, bytes int) {
	_ = c.SetReadBuffer(bytes)
	_ = c.SetWriteBuffer(bytes)
}

func boundUnsent(net.Conn) {}

// send sends the collected packets one by one.
func (s *sockets) send(e *egress, b []byte) {
	c := s.udp4
	if a := e.to.Addr(); a.Is6() && !a.Is4In6() {
		c = s.udp6
	}
	for len(b) > 0 {
		n := min(e.size, len(b))
		if _, err := c.WriteToUDPAddrPort(b[:n], e.to); err != nil {
			s.failed.Add(1)
		}
		b = b[n:]
	}
}
