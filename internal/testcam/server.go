package testcam

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
)

// server is a good camera: a gortsplib server whose streams are played by players.
type server struct {
	cam *Camera
	cfg Config
	rtp *gortsplib.Server

	players map[string]*player // by path

	mu    sync.Mutex
	conns map[*gortsplib.ServerConn]struct{}
	sess  map[*gortsplib.ServerSession]bool // true: plays

	ready chan struct{} // closed when players is filled; requests wait for it
}

func newServer(ln net.Listener, cam *Camera) (*server, error) {
	s := &server{
		cam: cam, cfg: cam.cfg, players: map[string]*player{},
		conns: map[*gortsplib.ServerConn]struct{}{}, sess: map[*gortsplib.ServerSession]bool{},
		ready: make(chan struct{}),
	}
	methods := []auth.VerifyMethod{auth.VerifyMethodDigestMD5}
	if s.cfg.Basic {
		methods = []auth.VerifyMethod{auth.VerifyMethodBasic}
	}
	s.rtp = &gortsplib.Server{
		Handler: s, RTSPAddress: ln.Addr().String(), AuthMethods: methods, WriteQueueSize: 1024,
		Listen:                   func(string, string) (net.Listener, error) { return ln, nil },
		DisableRTCPSenderReports: s.cfg.Reports != nil, // ours say it
	}
	if s.cfg.TLS {
		s.rtp.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cam.cert}}
	}
	if err := s.startRTP(); err != nil {
		return nil, err
	}
	for path, clip := range map[string]*Clip{"main": s.cfg.Main, "sub": s.cfg.Sub} {
		if clip == nil {
			continue
		}
		p, err := newPlayer(s, clip)
		if err != nil {
			close(s.ready)
			s.stop()
			return nil, err
		}
		s.players[path] = p
		p.start()
	}
	close(s.ready)
	return s, nil
}

// startRTP starts the server, with a free even pair of UDP ports unless UDP is refused.
func (s *server) startRTP() error {
	if s.cfg.TCPOnly {
		return s.rtp.Start()
	}
	host, _, err := net.SplitHostPort(s.rtp.RTSPAddress)
	if err != nil {
		return err
	}
	for range 50 {
		pc, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
		if err != nil {
			return err
		}
		port := pc.LocalAddr().(*net.UDPAddr).Port &^ 1
		pc.Close()
		s.rtp.UDPRTPAddress = net.JoinHostPort(host, fmt.Sprint(port))
		s.rtp.UDPRTCPAddress = net.JoinHostPort(host, fmt.Sprint(port+1))
		if err = s.rtp.Start(); err == nil {
			return nil
		}
		if !strings.Contains(err.Error(), "in use") {
			return err
		}
	}
	return fmt.Errorf("no free pair of UDP ports")
}

func (s *server) stop() {
	for _, p := range s.players {
		p.stop()
	}
	s.rtp.Close()
	for _, p := range s.players {
		p.stream.Close()
	}
}

func (s *server) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
	for ss := range s.sess {
		ss.Close()
	}
}

func (s *server) sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, plays := range s.sess {
		if plays {
			n++
		}
	}
	return n
}

// The methods below are called by gortsplib.

func (s *server) OnConnOpen(ctx *gortsplib.ServerHandlerOnConnOpenCtx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[ctx.Conn] = struct{}{}
}

func (s *server) OnConnClose(ctx *gortsplib.ServerHandlerOnConnCloseCtx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, ctx.Conn)
}

func (s *server) OnSessionOpen(ctx *gortsplib.ServerHandlerOnSessionOpenCtx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sess[ctx.Session] = false
}

func (s *server) OnSessionClose(ctx *gortsplib.ServerHandlerOnSessionCloseCtx) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sess, ctx.Session)
}

func (s *server) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if s.cfg.Redirect != "" {
		return &base.Response{StatusCode: base.StatusFound, Header: base.Header{"Location": base.HeaderValue{s.cfg.Redirect}}}, nil, nil
	}
	return s.find(ctx.Conn, ctx.Request, ctx.Path)
}

func (s *server) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if ctx.Transport == gortsplib.TransportUDP && s.cfg.TCPOnly {
		return &base.Response{StatusCode: base.StatusUnsupportedTransport}, nil, nil
	}
	return s.find(ctx.Conn, ctx.Request, ctx.Path)
}

func (s *server) find(conn *gortsplib.ServerConn, req *base.Request, path string) (*base.Response, *gortsplib.ServerStream, error) {
	if s.cfg.User != "" && !conn.VerifyCredentials(req, s.cfg.User, s.cfg.Password) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	<-s.ready
	p := s.players[strings.Trim(path, "/")]
	if p == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, p.stream, nil
}

func (s *server) OnPlay(ctx *gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sess[ctx.Session] = true
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnStreamWriteError: a reader that is too slow loses packets; that is its own affair.
func (s *server) OnStreamWriteError(*gortsplib.ServerHandlerOnStreamWriteErrorCtx) {}

// OnDecodeError: what clients send as RTCP does not matter here.
func (s *server) OnDecodeError(*gortsplib.ServerHandlerOnDecodeErrorCtx) {}

// OnPacketsLost likewise.
func (s *server) OnPacketsLost(*gortsplib.ServerHandlerOnPacketsLostCtx) {}
