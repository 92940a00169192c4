package sfu

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"

	"sightline/internal/fault"
)

type rawConn = syscall.RawConn

const udpBuffer = 8 << 20

// sockets are the media sockets of an engine: one UDP port on both families
// and one TCP port.
type sockets struct {
	udp4, udp6 *net.UDPConn
	fam4, fam6 *family // nil where the host has no IPv6
	mux4, mux6 *ice.UDPMuxDefault
	tcp        net.Listener
	tcpMux     *ice.TCPMuxDefault
	tcpQueues  *tcpListener

	failed     atomic.Uint64 // datagrams the system refused
	distrusted atomic.Uint64 // peers whose packets pion alone encrypts, since ours differed
	pool       sync.Pool
	inbound    inbound

	cfg   *EngineConfig
	mu    sync.Mutex
	addrs []netip.Addr // of this host's interfaces
	asked time.Time
}

func openSockets(cfg *EngineConfig, logs logging.LoggerFactory) (*sockets, error) {
	if _, ok := cfg.Egress.way(); !ok {
		return nil, badMode(cfg.Egress)
	}
	s := &sockets{cfg: cfg}
	s.pool.New = func() any { b := make([]byte, batchBytes); return &b }
	var err error
	for range 8 { // a free port must be free for both families
		if s.udp4, err = listenUDP("udp4", cfg.UDPPort); err != nil {
			return nil, portFault("UDP", cfg.UDPPort, err)
		}
		port := s.udp4.LocalAddr().(*net.UDPAddr).Port
		if s.udp6, err = listenUDP("udp6", port); err == nil {
			break
		}
		s.udp6 = nil
		if !errors.Is(err, syscall.EADDRINUSE) { // no IPv6 on this host
			break
		}
		_ = s.udp4.Close()
		if cfg.UDPPort != 0 {
			return nil, portFault("UDP", cfg.UDPPort, err)
		}
	}
	if err := s.listenTCP(logs); err != nil {
		s.close()
		return nil, err
	}
	log := logs.NewLogger("mux")
	s.mux4 = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: &mediaConn{UDPConn: s.udp4, in: &s.inbound, many: newManyReader(s.udp4)}, Logger: log})
	s.fam4 = newFamily(cfg, s.udp4, "IPv4")
	if s.udp6 != nil {
		s.mux6 = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: &mediaConn{UDPConn: s.udp6, in: &s.inbound}, Logger: log})
		s.fam6 = newFamily(cfg, s.udp6, "IPv6")
	}
	return s, nil
}

// newFamily takes the best way that this system has for the socket.
func newFamily(cfg *EngineConfig, c *net.UDPConn, name string) *family {
	f := &family{name: name, log: cfg.Log}
	f.raw, _ = c.SyscallConn()
	w, _ := cfg.Egress.way()
	f.way.Store(max(w, bestWay(c)))
	return f
}

func listenUDP(network string, port int) (*net.UDPConn, error) {
	c, err := net.ListenUDP(network, &net.UDPAddr{Port: port})
	if err == nil {
		growBuffers(c, udpBuffer)
	}
	return c, err
}

func (s *sockets) listenTCP(logs logging.LoggerFactory) error {
	if s.cfg.TCPPort < 0 {
		return nil
	}
	port := s.cfg.TCPPort
	if port == 0 {
		port = s.udp4.LocalAddr().(*net.UDPAddr).Port
	}
	l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil && s.cfg.TCPPort == 0 {
		l, err = net.Listen("tcp", ":0")
	}
	if err != nil {
		return portFault("TCP", port, err)
	}
	s.tcp, s.tcpQueues = l, &tcpListener{Listener: l}
	s.tcpMux = ice.NewTCPMuxDefault(ice.TCPMuxParams{
		Listener: s.tcpQueues, Logger: logs.NewLogger("mux"), ReadBufferSize: 16,
		FirstStunBindTimeout: 5 * time.Second, AliveDurationForConnFromStun: 10 * time.Second,
	})
	return nil
}

func portFault(proto string, port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fault.Wrap(err, fault.Conflict, fault.CodeConflict, fmt.Sprintf("The media port %d (%s) is in use by another program; choose another with media.port.", port, proto))
	}
	if errors.Is(err, syscall.EACCES) {
		return fault.Wrap(err, fault.Forbidden, fault.CodeBadValue, fmt.Sprintf("This program may not open the media port %d (%s); choose one above 1023 with media.port.", port, proto))
	}
	return fault.Wrap(err, fault.Internal, fault.CodeInternal, fmt.Sprintf("The media port %d (%s) cannot be opened.", port, proto))
}

func (s *sockets) close() {
	for _, m := range []*ice.UDPMuxDefault{s.mux4, s.mux6} {
		if m != nil {
			_ = m.Close()
		}
	}
	if s.tcpMux != nil {
		_ = s.tcpMux.Close()
	}
	for _, c := range []*net.UDPConn{s.udp4, s.udp6} {
		if c != nil {
			_ = c.Close()
		}
	}
	if s.tcp != nil {
		_ = s.tcp.Close()
	}
}

func (s *sockets) udpPort() int { return s.udp4.LocalAddr().(*net.UDPAddr).Port }

func (s *sockets) tcpPort() int {
	if s.tcp == nil {
		return 0
	}
	return s.tcp.Addr().(*net.TCPAddr).Port
}

// own are the addresses of this host a viewer may use, asked at most every 10 s.
func (s *sockets) own() []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.asked) < 10*time.Second {
		return s.addrs
	}
	s.asked = time.Now()
	s.addrs = nil
	list, _ := net.InterfaceAddrs()
	for _, a := range list {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		if !ok {
			continue
		}
		ip = ip.Unmap()
		if ip.IsMulticast() || ip.IsUnspecified() || ip.IsLinkLocalUnicast() ||
			ip.IsLoopback() && !s.cfg.Loopback || ip.Is6() && s.udp6 == nil {
			continue
		}
		s.addrs = append(s.addrs, ip)
	}
	return s.addrs
}

// advertised are the addresses written into answers.
func (s *sockets) advertised() []netip.Addr {
	var out []netip.Addr
	if !s.cfg.OnlyAddresses || len(s.cfg.Addresses) == 0 {
		out = append(out, s.own()...)
	}
	for _, a := range s.cfg.Addresses {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// gather names one address per family for pion's candidates.
func (s *sockets) gather() []net.Addr {
	var out []net.Addr
	for _, six := range []bool{false, true} {
		if six && s.udp6 == nil {
			continue
		}
		ip := netip.Addr{}
		for _, a := range s.own() {
			if a.Is6() == six && (!ip.IsValid() || ip.IsLoopback()) {
				ip = a
			}
		}
		if !ip.IsValid() {
			for _, a := range s.cfg.Addresses {
				if a.Is6() == six {
					ip = a
				}
			}
		}
		if ip.IsValid() {
			out = append(out, &net.UDPAddr{IP: ip.AsSlice(), Port: s.udpPort()})
		}
	}
	return out
}
