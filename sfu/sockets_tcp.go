package sfu

import (
	"errors"
	"net"
	"net/netip"
	"sync"
)

const (
	tcpQueue   = 512 << 10 // bytes of RTP a slow TCP viewer may be behind before packets are refused
	tcpReserve = 64 << 10  // more for what keeps the connection alive: STUN, DTLS, RTCP
	tcpClear   = 32 << 10  // at most this is left when a viewer that was too slow starts again
)

var errTCPFull = errors.New("sfu: the viewer takes packets over TCP too slowly")

// tcpListener gives every accepted conn a queue of its own, so that a viewer
// that reads slowly holds up nobody, and its backlog can be asked for.
type tcpListener struct {
	net.Listener
	conns sync.Map // netip.AddrPort → *tcpConn
}

// Accept is called by pion's TCP mux.
func (l *tcpListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	boundUnsent(c)
	t := &tcpConn{Conn: c, l: l, wake: make(chan struct{}, 1)}
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		t.from = plain(a.AddrPort())
		l.conns.Store(t.from, t)
	}
	go t.drain()
	return t, nil
}

// backlog is how many bytes wait for a viewer; 0 for one that is not known.
func (l *tcpListener) backlog(to netip.AddrPort) int {
	if c, ok := l.conns.Load(plain(to)); ok {
		return c.(*tcpConn).queued() //nolint:forcetypeassert // nothing else is stored
	}
	return 0
}

func plain(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// tcpConn queues what pion writes. Each Write is one framed packet (RFC 4571)
// and is taken whole or not at all.
type tcpConn struct {
	net.Conn
	l    *tcpListener
	from netip.AddrPort
	wake chan struct{}

	mu      sync.Mutex
	pending []byte
	sending int // bytes being written now
	closed  bool
}

// Write never blocks.
func (c *tcpConn) Write(b []byte) (int, error) {
	most := tcpQueue
	if len(b) < 2 || !isRTP(b[2:]) {
		most += tcpReserve
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return 0, net.ErrClosed
	case len(c.pending)+c.sending+len(b) > most:
		return 0, errTCPFull
	}
	c.pending = append(c.pending, b...)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (c *tcpConn) queued() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending) + c.sending
}

// drain writes what is queued, many packets in one call.
func (c *tcpConn) drain() {
	var spare []byte
	for range c.wake {
		for {
			c.mu.Lock()
			if c.closed {
				c.mu.Unlock()
				return
			}
			out := c.pending
			c.pending, c.sending = spare[:0], len(out)
			c.mu.Unlock()
			if len(out) == 0 {
				spare = nil
				break
			}
			if _, err := c.Conn.Write(out); err != nil {
				_ = c.Close()
				return
			}
			spare = out
		}
	}
}

// Close ends the queue and the conn.
func (c *tcpConn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed, c.pending = true, nil
	close(c.wake)
	c.mu.Unlock()
	c.l.conns.CompareAndDelete(c.from, c)
	return c.Conn.Close()
}

// clear says whether a peer whose path refused packets can take some again.
func (p *Peer) clear() bool {
	l := p.engine.socks.tcpQueues
	if l == nil {
		return true
	}
	senders := p.pc.GetSenders()
	if len(senders) == 0 {
		return true
	}
	pair, err := senders[0].Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return true
	}
	a, err := netip.ParseAddr(pair.Remote.Address)
	return err != nil || l.backlog(netip.AddrPortFrom(a, pair.Remote.Port)) <= tcpClear
}
