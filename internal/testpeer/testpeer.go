// Package testpeer is a WebRTC viewer for tests and benches: it joins through
// whatever exchanges SDP, counts what arrives before any repair, and stays cheap
// enough for hundreds in one process (one socket and pion's own goroutines; RTP
// is counted where it is decrypted).
package testpeer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"
)

// Exchange hands the offer to the server and returns its answer.
type Exchange func(ctx context.Context, offer string) (answer string, err error)

// Config says what the viewer asks for.
type Config struct {
	Video    int      // recvonly video m-lines; default 1, -1 for none
	Audio    bool     // one recvonly audio m-line after them
	H265     bool     // offer H265 beside H264
	OnlyH265 bool     // offer H265 alone
	NACK     bool     // ask again for what is missing; RTX is offered either way
	TCP      bool     // ICE over TCP only
	TWCC     bool     // offer transport-wide feedback, and give it every FeedbackEvery as browsers do
	NoReport bool     // send no receiver reports (one a second otherwise)
	Listen   string   // UDP address of its own socket; default "127.0.0.1:0"
	Exchange Exchange // required
	Link     *Link    // the way to the server; nil is direct

	// Drain receives for this viewer: it counts packets by their clear headers and
	// decrypts none, so that hundreds of viewers leave the machine to the server.
	// Drop and OnPacket are not asked, and key frames are not known: Keys and
	// FirstKey stay zero. Nil: everything is decrypted.
	Drain *Drain

	// Drop loses a packet between the socket and the counters; nil loses none.
	Drop func(p *Packet) bool
	// OnPacket sees every packet that was not dropped, on the connection's
	// reader goroutine. The packet is not valid after it has returned.
	OnPacket func(p *Packet)
	// After is called by Close, e.g. to delete a WHEP resource.
	After func(context.Context) error
}

// Packet is one RTP packet as it arrived. In a retransmission Seq is the
// original sequence number and Payload the original payload.
type Packet struct {
	Mid         string
	PayloadType uint8
	Seq         uint16
	TS          uint32
	SSRC        uint32
	Marker      bool
	RTX         bool
	Delay       []byte // the playout-delay extension, nil when absent
	At          time.Time
	Payload     []byte
}

// Peer is a joined viewer. All methods are safe from any goroutine.
type Peer struct {
	cfg  Config
	pc   *webrtc.PeerConnection
	mux  *ice.UDPMuxDefault
	conn net.PacketConn // nil over TCP
	feed *feedback      // nil without TWCC

	offered   time.Time
	connected chan struct{}
	closed    chan struct{}
	closeOnce sync.Once
	wg        sync.WaitGroup

	mu     sync.RWMutex
	tracks []*track
	ssrcs  map[uint32]*track
	last   atomic.Int64
}

// Join offers, exchanges, and returns once the connection stands. On an error
// everything is closed again.
func Join(ctx context.Context, cfg Config) (*Peer, error) {
	if cfg.Exchange == nil {
		return nil, errors.New("testpeer: no exchange")
	}
	if cfg.Link != nil {
		cfg.Exchange = cfg.Link.Through(cfg.Exchange)
	}
	if cfg.Video == 0 {
		cfg.Video = 1
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	p := &Peer{cfg: cfg, connected: make(chan struct{}), closed: make(chan struct{}), ssrcs: map[uint32]*track{}}
	if cfg.TWCC {
		p.feed = newFeedback()
	}
	if err := p.open(); err != nil {
		p.shut()
		return nil, err
	}
	for range max(cfg.Video, 0) {
		if err := p.line(webrtc.RTPCodecTypeVideo); err != nil {
			p.shut()
			return nil, err
		}
	}
	if cfg.Audio {
		if err := p.line(webrtc.RTPCodecTypeAudio); err != nil {
			p.shut()
			return nil, err
		}
	}
	if err := p.negotiate(ctx, cfg.Exchange, false); err != nil {
		p.shut()
		return nil, err
	}
	p.wg.Go(p.nudge)
	select {
	case <-p.connected:
	case <-p.closed:
		p.shut()
		return nil, errors.New("testpeer: the connection failed")
	case <-ctx.Done():
		p.shut()
		return nil, fmt.Errorf("testpeer: not connected: %w", ctx.Err())
	}
	if cfg.NACK || cfg.TWCC || !cfg.NoReport {
		p.wg.Go(p.reportLoop)
	}
	return p, nil
}

// nudge makes pion nominate as soon as a pair works, as browsers do: by itself
// it looks only every 200 ms, which would hide what is to be measured. A new
// remote candidate, here one where nobody listens, makes it look.
func (p *Peer) nudge() {
	for i, wait := range []time.Duration{2, 3, 5, 10, 20, 40, 80} {
		select {
		case <-p.connected:
			return
		case <-p.closed:
			return
		case <-time.After(wait * time.Millisecond):
		}
		_ = p.pc.AddICECandidate(webrtc.ICECandidateInit{Candidate: fmt.Sprintf("candidate:n%d 1 udp 1 127.0.0.1 %d typ host", i, i+1)})
	}
}

func (p *Peer) open() error {
	m, err := mediaEngine(p.cfg)
	if err != nil {
		return err
	}
	var s webrtc.SettingEngine
	s.LoggerFactory = quiet{}
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(true)
	s.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	s.SetICETimeouts(5*time.Second, 20*time.Second, 2*time.Second)
	if p.cfg.TCP {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	} else {
		if err := p.listen(); err != nil {
			return err
		}
		p.mux = ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: p.conn, Logger: quiet{}.NewLogger("")})
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
		s.SetICEUDPMux(p.mux)
	}
	s.BufferFactory = func(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
		if kind == packetio.RTPBufferPacket {
			return &counter{p: p, ssrc: ssrc, done: make(chan struct{})}
		}
		b := packetio.NewBuffer()
		b.SetLimitCount(16)
		return b
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(s), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	if p.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return err
	}
	var once sync.Once
	p.pc.OnConnectionStateChange(func(st webrtc.PeerConnectionState) {
		switch st {
		case webrtc.PeerConnectionStateConnected:
			once.Do(func() { close(p.connected) })
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			p.closeOnce.Do(func() { close(p.closed) })
		}
	})
	return nil
}

// listen opens the viewer's own socket.
func (p *Peer) listen() error {
	addr, err := net.ResolveUDPAddr("udp", p.cfg.Listen)
	if err != nil {
		return err
	}
	if p.cfg.Drain != nil {
		p.conn, err = p.cfg.Drain.listen(addr, p)
		return err
	}
	c, err := net.ListenUDP("udp", addr)
	if err != nil {
		return err
	}
	growReceive(c, 4<<20)
	p.conn = c
	return nil
}

func (p *Peer) line(k webrtc.RTPCodecType) error {
	_, err := p.pc.AddTransceiverFromKind(k, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	return err
}

func (p *Peer) negotiate(ctx context.Context, exchange Exchange, restart bool) error {
	offer, err := p.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(offer); err != nil {
		return err
	}
	if p.mux != nil { // candidates of one socket: at once. Over TCP the viewer dials and has none to tell.
		select {
		case <-gathered:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if p.offered.IsZero() {
		p.offered = time.Now()
	}
	answer, err := exchange(ctx, p.pc.LocalDescription().SDP)
	if err != nil {
		return err
	}
	if err := p.learn(answer); err != nil {
		return err
	}
	return p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer})
}

// Grow adds video m-lines and negotiates again through exchange.
func (p *Peer) Grow(ctx context.Context, video int, exchange Exchange) error {
	for range video {
		if err := p.line(webrtc.RTPCodecTypeVideo); err != nil {
			return err
		}
	}
	return p.negotiate(ctx, exchange, false)
}

// Restart negotiates an ICE restart through exchange.
func (p *Peer) Restart(ctx context.Context, exchange Exchange) error {
	return p.negotiate(ctx, exchange, true)
}

// Mids in m-line order.
func (p *Peer) Mids() []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var out []string
	for _, t := range p.tracks {
		out = append(out, t.mid)
	}
	return out
}

// Stats per m-line, in m-line order.
func (p *Peer) Stats() []TrackStats {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]TrackStats, 0, len(p.tracks))
	for _, t := range p.tracks {
		out = append(out, t.snapshot())
	}
	return out
}

// LastPacket is when the newest RTP packet of any m-line arrived; zero before
// the first.
func (p *Peer) LastPacket() time.Time {
	if ns := p.last.Load(); ns != 0 {
		return time.Unix(0, ns)
	}
	return time.Time{}
}

// OfferSent is when the offer was handed to Exchange.
func (p *Peer) OfferSent() time.Time { return p.offered }

// LocalAddr is the viewer's own UDP address; invalid over TCP.
func (p *Peer) LocalAddr() netip.AddrPort {
	if p.conn == nil {
		return netip.AddrPort{}
	}
	return p.conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

// SendRTCP sends packets as they are: for tests that misbehave.
func (p *Peer) SendRTCP(pkts ...rtcp.Packet) error { return p.pc.WriteRTCP(pkts) }

// PLI asks for a key frame on a mid.
func (p *Peer) PLI(mid string) error {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, t := range p.tracks {
		if t.mid == mid {
			return p.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: t.ssrc}})
		}
	}
	return fmt.Errorf("testpeer: no mid %q", mid)
}

// Closed is closed when the connection has ended on either side.
func (p *Peer) Closed() <-chan struct{} { return p.closed }

// Close leaves and waits for everything of it.
func (p *Peer) Close() {
	p.shut()
	if p.cfg.After != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = p.cfg.After(ctx)
		p.cfg.After = nil
	}
}

func (p *Peer) shut() {
	p.closeOnce.Do(func() { close(p.closed) })
	if p.pc != nil {
		_ = p.pc.GracefulClose()
	}
	if p.mux != nil {
		_ = p.mux.Close()
	}
	if p.conn != nil {
		_ = p.conn.Close()
	}
	p.wg.Wait()
}

// Vanish stops everything without a goodbye, as a viewer that lost its network.
func (p *Peer) Vanish() {
	if p.conn != nil {
		_ = p.conn.Close()
	}
}

type quiet struct{}

func (quiet) NewLogger(string) logging.LeveledLogger {
	return logging.NewDefaultLeveledLoggerForScope("testpeer", logging.LogLevelDisabled, io.Discard)
}
