package sfu

import (
	"net"
	"net/netip"
	"sync"

	"github.com/pion/ice/v4"
)

const (
	maxSegments = 16       // datagrams in one system call
	batchBytes  = 24 << 10 // room for maxSegments of the largest packet
)

// egress collects the RTP packets of one peer and sends those that follow each
// other with one size in one system call. Everything that sends RTP to the peer
// holds its lock from the first packet to flush, so that the conn below may
// append without asking. STUN, DTLS and RTCP pass by it.
type egress struct {
	socks *sockets

	mu    sync.Mutex
	to    netip.AddrPort
	buf   *[]byte // from the pool while packets are collected
	used  int
	size  int // of every packet collected but the last
	n     int
	short bool // the last one was smaller: the train is full
	plain bool // segmentation failed on the way to this peer
	call  sendCall
}

// add takes one encrypted RTP packet. Called below pion's write path with mu
// held by the goroutine that sends.
func (e *egress) add(b []byte, to netip.AddrPort) (int, error) {
	if e.n > 0 && (e.short || e.n == maxSegments || len(b) > e.size || e.used+len(b) > batchBytes || to != e.to) {
		e.flush()
	}
	if e.n == 0 {
		e.to, e.size, e.short, e.used = to, len(b), false, 0
		e.buf, _ = e.socks.pool.Get().(*[]byte)
	}
	e.used += copy((*e.buf)[e.used:], b)
	e.n++
	e.short = len(b) < e.size
	return len(b), nil
}

// flush sends what was collected. Called with mu held.
func (e *egress) flush() {
	if e.n == 0 {
		return
	}
	e.socks.send(e, (*e.buf)[:e.used])
	e.socks.pool.Put(e.buf)
	e.buf, e.n = nil, 0
}

// peerMux is the ICE UDP mux as one peer sees it: the engine's sockets, with
// the peer's egress before them.
type peerMux struct {
	socks *sockets
	e     *egress
}

func (m *peerMux) mux(ip net.IP) *ice.UDPMuxDefault {
	if ip.To4() == nil {
		return m.socks.mux6
	}
	return m.socks.mux4
}

// GetConn gives pion the conn for one local candidate. (ice.UDPMux)
func (m *peerMux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	u, ok := addr.(*net.UDPAddr)
	if !ok || m.mux(u.IP) == nil {
		return nil, net.ErrClosed
	}
	c, err := m.mux(u.IP).GetConn(ufrag, addr)
	if err != nil {
		return nil, err
	}
	ap, ok := c.(ice.AddrPortReaderWriter)
	if !ok || !m.socks.batches {
		return c, nil
	}
	return &peerConn{PacketConn: c, AddrPortReaderWriter: ap, e: m.e}, nil
}

// RemoveConnByUfrag is called when an ICE agent ends or restarts. (ice.UDPMux)
func (m *peerMux) RemoveConnByUfrag(ufrag string) {
	m.socks.mux4.RemoveConnByUfrag(ufrag)
	if m.socks.mux6 != nil {
		m.socks.mux6.RemoveConnByUfrag(ufrag)
	}
}

// GetListenAddresses names one address per family: one socket serves them all,
// and what is advertised is written into the answer. (ice.UDPMux)
func (m *peerMux) GetListenAddresses() []net.Addr { return m.socks.gather() }

// Close does nothing: the sockets are the engine's. (ice.UDPMux)
func (m *peerMux) Close() error { return nil }

// peerConn is a muxed conn that hands RTP to the peer's egress.
type peerConn struct {
	net.PacketConn
	ice.AddrPortReaderWriter
	e *egress
}

// WriteToAddrPort is where pion's write path ends. (ice.AddrPortReaderWriter)
func (c *peerConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if isRTP(b) && to.Addr().Zone() == "" && len(b) <= batchBytes {
		return c.e.add(b, to)
	}
	return c.AddrPortReaderWriter.WriteToAddrPort(b, to)
}

// isRTP tells RTP from STUN, DTLS and RTCP by its first two bytes (RFC 7983, RFC 5761).
func isRTP(b []byte) bool {
	return len(b) >= 12 && b[0]>>6 == 2 && (b[1] < 192 || b[1] > 223)
}
