package web

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// A body over the limit is answered before it was read. Closing at once would
// reset the connection and the client would see that instead of the 413, so
// such a connection lingers: the rest is read and dropped, within bounds that a
// camera on a mobile line keeps.
const (
	lingerTime  = 5 * time.Second
	lingerBytes = 8 << 20
)

// lingerListener hands out connections that can linger.
type lingerListener struct{ net.Listener }

func (l lingerListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &lingerConn{Conn: c}, nil
}

type lingerConn struct {
	net.Conn
	linger atomic.Bool
}

func (c *lingerConn) Close() error {
	if c.linger.Swap(false) {
		if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			_ = c.SetReadDeadline(time.Now().Add(lingerTime))
			_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes)
		}
	}
	return c.Conn.Close()
}

// lingerOn makes c linger when it is closed, if it is one of ours.
func lingerOn(c net.Conn) {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if l, ok := c.(*lingerConn); ok {
		l.linger.Store(true)
	}
}
