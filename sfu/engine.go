package sfu

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"

	"sightline/internal/clock"
	"sightline/internal/fault"
)

// EngineConfig configures an Engine. Zero values take the defaults named.
type EngineConfig struct {
	UDPPort        int                   // 0 takes a free one
	TCPPort        int                   // 0 takes the UDP port's number where free, else any; -1 switches ICE over TCP off
	Addresses      []netip.Addr          // advertised beside the interfaces' own
	OnlyAddresses  bool                  // advertise nothing but Addresses
	Loopback       bool                  // advertise and accept loopback addresses too
	DenyRemote     func(netip.Addr) bool // remote candidates never tried; nil refuses multicast, unspecified and (without Loopback) loopback
	MaxPending     int                   // peers not yet connected; default 200
	ConnectTimeout time.Duration         // default 10 s
	LostTimeout    time.Duration         // from disconnected to closed; default 15 s
	StillEvery     time.Duration         // between two pictures in ModeStill; default 60 s
	Pace           Pace
	Egress         EgressMode // how trains of packets leave; default the best that works
	NoDirect       bool       // let pion encrypt every packet, as it does where its keys cannot be learned
	Log            *slog.Logger
	Registerer     prometheus.Registerer // nil registers nothing
}

// Engine owns the media sockets and makes peers. All methods are safe from any
// goroutine.
type Engine struct {
	cfg      EngineConfig
	log      *slog.Logger
	socks    *sockets
	media    *webrtc.MediaEngine
	settings webrtc.SettingEngine
	certs    []webrtc.Certificate
	metrics  *metrics
	building chan struct{} // answers being made: few at a time, so that media keeps its turn
	wg       sync.WaitGroup

	crowd atomic.Int32 // pending, for those who only ask whether there is room

	mu      sync.Mutex
	peers   map[*Peer]struct{}
	pending int
	closed  bool
}

// NewEngine opens the sockets. A port in use is a fault that names it.
func NewEngine(cfg EngineConfig) (*Engine, error) {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&cfg.ConnectTimeout, 10*time.Second)
	def(&cfg.LostTimeout, 15*time.Second)
	def(&cfg.StillEvery, 60*time.Second)
	if cfg.MaxPending <= 0 {
		cfg.MaxPending = 200
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.DenyRemote == nil {
		loop := cfg.Loopback
		cfg.DenyRemote = func(a netip.Addr) bool {
			return a.IsMulticast() || a.IsUnspecified() || a.IsLoopback() && !loop
		}
	}
	e := &Engine{cfg: cfg, log: cfg.Log, peers: map[*Peer]struct{}{}, building: make(chan struct{}, runtime.GOMAXPROCS(0))}
	logs := pionLog{cfg.Log}
	var err error
	if e.media, err = newMediaEngine(); err != nil {
		return nil, err
	}
	if e.certs, err = newCertificate(); err != nil {
		return nil, err
	}
	if e.metrics, err = newMetrics(e, cfg.Registerer); err != nil {
		return nil, err
	}
	if e.socks, err = openSockets(&e.cfg, logs); err != nil {
		e.metrics.unregister(cfg.Registerer)
		return nil, err
	}
	s := &e.settings
	s.LoggerFactory = logs
	s.SetICETimeouts(5*time.Second, 20*time.Second, 2*time.Second)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(cfg.Loopback)
	s.SetIPFilter(func(ip net.IP) bool {
		a, ok := netip.AddrFromSlice(ip)
		return ok && slices.Contains(e.socks.own(), a.Unmap())
	})
	s.SetRemoteIPFilter(func(ip net.IP) bool {
		a, ok := netip.AddrFromSlice(ip)
		return ok && !cfg.DenyRemote(a.Unmap())
	})
	s.DisableActiveTCP(true) // never dial where a client says
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6})
	if e.socks.tcpMux != nil {
		s.SetICETCPMux(e.socks.tcpMux)
	}
	s.SetDTLSRetransmissionInterval(150 * time.Millisecond) // a lost handshake packet costs this, not a second
	s.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	s.SetReceiveMTU(1600)
	return e, nil
}

// newCertificate makes the one DTLS certificate all peers share while this
// process runs.
func newCertificate() ([]webrtc.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	c, err := webrtc.NewCertificate(key, x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "sightline"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().AddDate(20, 0, 0), Version: 2,
	})
	if err != nil {
		return nil, err
	}
	return []webrtc.Certificate{*c}, nil
}

// StillEvery is the time between two pictures of a stream in ModeStill.
func (e *Engine) StillEvery() time.Duration { return e.cfg.StillEvery }

// NewPeer answers an offer. Input that is wrong is fault.Malformed "bad_sdp" or
// fault.TooLarge "too_large"; too many unconnected peers is fault.RateLimited
// "busy". ctx bounds the making of the answer, not the peer.
func (e *Engine) NewPeer(ctx context.Context, cfg PeerConfig) (*Peer, string, error) {
	begun := clock.Mono()
	p := &Peer{engine: e, cfg: cfg, done: make(chan struct{}), pending: true}
	p.egress.socks, p.egress.peer = e.socks, p
	if err := e.admit(p); err != nil { // before anything is read: a flood is refused at the lowest price
		e.metrics.peers.WithLabelValues("refused").Inc()
		return nil, "", err
	}
	o, err := passOffer(cfg.Offer)
	if err != nil {
		e.metrics.peers.WithLabelValues("bad_offer").Inc()
		e.drop(p)
		return nil, "", err
	}
	p.hidden = o.hidden
	p.pacer.init(p, e.cfg.Pace)
	p.band.init(p)
	answer, err := e.answer(ctx, p, o)
	now := clock.Mono()
	e.metrics.took(inAnswer, now-begun)
	p.told.Store(now)
	if err != nil {
		p.mu.Lock()
		p.reason = "bad_offer"
		p.mu.Unlock()
		p.never.Store(true) // the caller never had this peer
		p.Close()
		return nil, "", err
	}
	return p, answer, nil
}

func (e *Engine) answer(ctx context.Context, p *Peer, o *offer) (string, error) {
	if err := e.build(ctx); err != nil {
		return "", err
	}
	defer e.built()
	s := e.settings
	s.SetICEUDPMux(&peerMux{socks: e.socks, e: &p.egress})
	s.SetDTLSKeyLogWriter(keyLog{&p.egress})
	s.BufferFactory = func(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
		if kind == packetio.RTCPBufferPacket {
			return &feedback{p: p, ssrc: ssrc}
		}
		b := packetio.NewBuffer()
		b.SetLimitCount(1) // viewers send no media
		return b
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(e.media), webrtc.WithSettingEngine(s), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	pc, err := api.NewPeerConnection(webrtc.Configuration{Certificates: e.certs, BundlePolicy: webrtc.BundlePolicyMaxBundle})
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, fault.CodeInternal, "The connection cannot be made.")
	}
	p.mu.Lock()
	p.pc = pc
	p.timer = time.AfterFunc(e.cfg.ConnectTimeout, p.expire)
	p.mu.Unlock()
	pc.OnConnectionStateChange(p.connection)
	return p.negotiate(ctx, o)
}

// build waits for a turn to make an answer; built gives it back.
func (e *Engine) build(ctx context.Context) error {
	select {
	case e.building <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), fault.Unavailable, fault.CodeBusy, "The server is answering too many offers; try again.").After(time.Second)
	}
}

func (e *Engine) built() { <-e.building }

// admit counts a peer in, or says busy.
func (e *Engine) admit(p *Peer) error {
	if int(e.crowd.Load()) >= e.cfg.MaxPending { // without the lock: a flood must not queue for it
		return errCrowded()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.fullLocked(); err != nil {
		return err
	}
	e.pending++
	e.crowd.Store(int32(e.pending))
	e.peers[p] = struct{}{}
	return nil
}

// drop takes back what admit did, for an offer that was never answered.
func (e *Engine) drop(p *Peer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.peers, p)
	e.settledLocked(p)
}

func (e *Engine) fullLocked() error {
	switch {
	case e.closed:
		return fault.New(fault.Unavailable, fault.CodeBusy, "The server is stopping.").After(5 * time.Second)
	case e.pending >= e.cfg.MaxPending:
		return errCrowded()
	}
	return nil
}

func errCrowded() error {
	return fault.New(fault.RateLimited, fault.CodeBusy, "Too many viewers are connecting; try again in a moment.").After(time.Second)
}

// connected takes a peer off the pending ones.
func (e *Engine) connected(p *Peer) {
	e.metrics.peers.WithLabelValues("connected").Inc()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settledLocked(p)
}

func (e *Engine) settledLocked(p *Peer) {
	if p.pending {
		p.pending = false
		e.pending--
		e.crowd.Store(int32(e.pending))
	}
}

// forget takes a closed peer out and keeps its counts.
func (e *Engine) forget(p *Peer, was PeerState) {
	if was == PeerConnecting {
		p.mu.RLock()
		reason := p.reason
		p.mu.RUnlock()
		if reason == "" {
			reason = "left"
		}
		e.metrics.peers.WithLabelValues(reason).Inc()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.peers, p)
	e.settledLocked(p)
	e.metrics.gone.add(p)
	e.metrics.layers.padded.Add(p.counts.padded.Load())
}

// UDPPort is the port in use.
func (e *Engine) UDPPort() int { return e.socks.udpPort() }

// TCPPort is the port in use, 0 when ICE over TCP is off.
func (e *Engine) TCPPort() int { return e.socks.tcpPort() }

// Peers is how many peers exist, connected or not.
func (e *Engine) Peers() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.peers)
}

// Close closes all peers and sockets and waits for their goroutines.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	peers := make([]*Peer, 0, len(e.peers))
	for p := range e.peers {
		peers = append(peers, p)
	}
	e.mu.Unlock()
	var wg sync.WaitGroup
	for _, p := range peers {
		wg.Go(p.Close)
	}
	wg.Wait()
	e.socks.close()
	e.wg.Wait()
	e.metrics.unregister(e.cfg.Registerer)
	return nil
}
