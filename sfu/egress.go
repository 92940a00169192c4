package sfu

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/pion/ice/v4"
)

const (
	maxSegments = 16       // datagrams in one system call
	batchBytes  = 24 << 10 // room for maxSegments of the largest packet
	maxPacket   = 1500     // bytes of an encrypted packet that may enter a batch
)

// egress collects the RTP packets of one peer and sends those that follow each
// other with one size in one system call. Everything that sends RTP to the peer
// holds its lock (hold) from the first packet to the end (release), so that the
// conn below may append without asking. STUN, DTLS and RTCP pass by it.
type egress struct {
	socks  *sockets
	direct atomic.Uint64 // packets sealed by us
	turns  atomic.Uint32 // how often ICE took another way

	mu    sync.Mutex
	to    netip.AddrPort
	buf   *[]byte // from the pool while packets are collected
	used  int
	size  int // of every packet collected but the last
	n     int
	short bool // the last one was smaller: the train is full
	unfit bool // segmentation is refused on the way to this peer, though not by the socket
	call  sendCall

	keying     keying
	began      int64            // when it was held
	stamped    int              // packets that got a transport-wide number since
	peer       *Peer            // whose egress this is
	sealer     *sealer          // nil as long as the keys are not known
	opener     *opener          // likewise, for what comes in
	reached    []netip.AddrPort // where packets of ours proved to be pion's: feedback comes from there
	sealed     uint64           // likewise, since hold
	distrusted bool             // a packet of ours differed from pion's: pion alone encrypts
	expect     []byte           // what pion's next packet should be, nil when nobody compares
	passed     netip.AddrPort
	same       bool
	scratch    [maxPacket]byte
}

// add takes one encrypted RTP packet. Called below pion's write path with mu
// held by the goroutine that sends.
func (e *egress) add(b []byte, to netip.AddrPort) (int, error) {
	e.arrived(b, to)
	room := e.room(len(b), to)
	if room == nil {
		return 0, net.ErrClosed
	}
	e.take(copy(room, b))
	return len(b), nil
}

// room is where the next packet of size bytes goes, a train that it does not
// fit is sent first. take must follow.
func (e *egress) room(size int, to netip.AddrPort) []byte {
	if size > maxPacket {
		return nil
	}
	if e.n > 0 && (e.short || e.n == maxSegments || size > e.size || e.used+size > batchBytes || to != e.to) {
		e.flush()
	}
	if e.n == 0 {
		e.to, e.size, e.short, e.used = to, size, false, 0
		e.buf, _ = e.socks.pool.Get().(*[]byte)
	}
	return (*e.buf)[e.used : e.used+size]
}

// take adds the packet that was put where room said.
func (e *egress) take(size int) {
	e.used += size
	e.n++
	e.short = size < e.size
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
	if !ok {
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

// ReadFromAddrPort lets the server's greeting be seen on its way to pion.
// (ice.AddrPortReaderWriter)
func (c *peerConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := c.AddrPortReaderWriter.ReadFromAddrPort(b)
	if err == nil && isServerHello(b[:n]) {
		c.e.serverHello(b[:n], false)
	}
	return n, from, err
}

// WriteToAddrPort is where pion's write path ends. (ice.AddrPortReaderWriter)
func (c *peerConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if isRTP(b) && to.Addr().Zone() == "" && len(b) <= maxPacket {
		return c.e.add(b, to)
	}
	if isServerHello(b) {
		c.e.serverHello(b, true)
	}
	return c.AddrPortReaderWriter.WriteToAddrPort(b, to)
}

// isRTP tells RTP from STUN, DTLS and RTCP by its first two bytes (RFC 7983, RFC 5761).
func isRTP(b []byte) bool {
	return len(b) >= 12 && b[0]>>6 == 2 && (b[1] < 192 || b[1] > 223)
}
