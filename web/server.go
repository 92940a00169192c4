package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"crypto/tls"

	"github.com/gofiber/fiber/v2"

	"sightline/internal/fault"
	"sightline/internal/i18n"
)

// Server is the public HTTP server. New checks the configuration, Listen opens
// the port (with TLS as configured), Serve answers until Close.
type Server struct {
	cfg          Config
	log          *slog.Logger
	app          *fiber.App
	table        []route
	assets       assets
	proxies      proxies
	hosts        *hosts
	cookies      cookies
	publicOrigin string // of Config.PublicURL; "" without
	whepOrigins  []string
	hsts         bool
	metrics      *metrics
	sockets      sockets
	galleries    lists
	readings     readings
	takings      leasedBodies // of exports
	openapi      []byte
	languages    i18n.Matcher

	base context.Context // parent of every request
	stop context.CancelFunc

	mu      sync.Mutex
	addr    netip.AddrPort // of Listen
	cert    *certificate   // nil without TLS
	closed  bool
	serving net.Listener // of Serve
}

// New checks the configuration, builds the route table and mounts it. It opens
// nothing.
func New(cfg Config) (*Server, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	files, err := loadAssets(cfg.Assets)
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, log: cfg.Log, assets: files, proxies: cfg.TrustedProxies, metrics: newMetrics(cfg.Registerer), languages: i18n.NewMatcher(cfg.Languages)}
	s.readings.running.metrics = s.metrics
	names := cfg.Hosts
	if cfg.PublicURL != "" {
		s.publicOrigin, _ = originOf(cfg.PublicURL) // checked by fill
		_, host, _ := strings.Cut(s.publicOrigin, "://")
		names = append([]string{host}, names...)
	}
	if host, _, err := net.SplitHostPort(cfg.Listen); err == nil && host != "" {
		if a, err := netip.ParseAddr(host); err != nil || !a.IsUnspecified() {
			names = append([]string{host}, names...)
		}
	}
	s.hosts = newHosts(names...)
	for _, o := range cfg.WHEPOrigins {
		origin, _ := originOf(o) // checked by fill
		s.whepOrigins = append(s.whepOrigins, origin)
	}
	publicTLS := strings.HasPrefix(s.publicOrigin, "https://")
	s.cookies = cookies{insecure: cfg.InsecureHTTP && !publicTLS}
	s.hsts = cfg.TLSCert != "" || publicTLS // not for a self-signed certificate: browsers would then refuse the click-through
	s.base, s.stop = context.WithCancel(context.Background())
	if err := s.build(fiberConfig(prefixStrings(cfg.TrustedProxies), s.onError)); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// build makes the app and mounts the table on it.
func (s *Server) build(fc fiber.Config) error {
	s.app = fiber.New(fc)
	srv := s.app.Server()
	srv.CloseOnShutdown = true
	srv.ErrorHandler = s.refused
	srv.HeaderReceived = s.admitUpload
	srv.Handler = s.gate(srv.Handler)
	if err := selfCheck(s.app); err != nil {
		return err
	}
	s.table = append(s.apiRoutes(), s.pageRoutes()...)
	s.metrics.expect(s.table)
	doc, err := openAPI(s.table)
	if err != nil {
		return err
	}
	s.openapi = doc
	return s.mount(s.app, s.table)
}

// onError answers what met no route: unknown paths look like hidden objects,
// but a person who mistyped a page gets the page.
func (s *Server) onError(c *fiber.Ctx, err error) error {
	id, _ := c.Context().UserValue(keyID).(string)
	p := problemOf(err, id)
	s.count("none", p.Status)
	path := c.Path()
	if p.Status == fiber.StatusNotFound && (c.Method() == "GET" || c.Method() == "HEAD") &&
		!strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/g/") && !strings.HasPrefix(path, "/whep/") &&
		strings.Contains(c.Get("Accept"), "text/html") {
		r := &request{s: s, c: c}
		return r.sendAsset(s.assets["index.html"], fiber.StatusNotFound)
	}
	if strings.HasPrefix(path, "/g/") {
		guestHeaders(&c.Response().Header)
	}
	writeProblem(c.Context(), p)
	return nil
}

// Listen opens cfg.Listen. The listener speaks TLS when files are configured,
// or when the address is beyond loopback and plain HTTP is not allowed
// (self-signed, made at the first start and kept in DataDir).
func (s *Server) Listen() (net.Listener, error) {
	l, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, fault.CodeBadValue, "The port of --listen "+s.cfg.Listen+" cannot be opened: it is in use or not allowed.")
	}
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	cert, err := s.certificate(addr.Addr())
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	s.mu.Lock()
	s.addr, s.cert = addr, cert
	s.watchCertificate(cert)
	s.mu.Unlock()
	l = lingerListener{l}
	if cert != nil {
		l = tls.NewListener(l, cert.config())
	}
	return l, nil
}

// certificate returns what to serve on an address, nil for plain HTTP.
func (s *Server) certificate(addr netip.Addr) (*certificate, error) {
	switch {
	case s.cfg.TLSCert != "":
		return loadCertificate(s.cfg.TLSCert, s.cfg.TLSKey, s.log)
	case addr.IsLoopback(), s.cfg.InsecureHTTP:
		return nil, nil
	case s.cfg.DataDir == "":
		return nil, errors.New("web: listening beyond loopback needs a TLS certificate, a data folder to keep a self-signed one in, or --insecure-http")
	}
	names, addrs := certificateNames()
	certFile, keyFile, err := selfSigned(filepath.Join(s.cfg.DataDir, "tls"), names, addrs, s.cfg.Clock.Now())
	if err != nil {
		return nil, err
	}
	return loadCertificate(certFile, keyFile, s.log)
}

// certificateNames are localhost, the host name, <host>.local, and all addresses of the interfaces.
func certificateNames() ([]string, []netip.Addr) {
	names := []string{"localhost"}
	if m := machineName(); m != "" && m != "localhost" {
		names = append(names, m)
		if local := strings.SplitN(m, ".", 2)[0] + ".local"; local != m {
			names = append(names, local)
		}
	}
	return names, machineAddrs()
}

// Serve answers on a listener that Listen made, until Close. It returns nil after Close.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	closed := s.closed
	s.serving = l
	s.mu.Unlock()
	if closed {
		return l.Close()
	}
	if err := s.app.Listener(l); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// BaseURL is where a person finds the server: the public URL, or the address
// Listen opened ("" before); localhost for an unspecified address.
func (s *Server) BaseURL() string {
	if s.publicOrigin != "" {
		return s.publicOrigin
	}
	if urls := s.URLs(); len(urls) > 0 {
		return urls[0]
	}
	return ""
}

// URLs lists every address under which the pages can be reached (one a
// listening interface), for printing at the start.
func (s *Server) URLs() []string {
	s.mu.Lock()
	addr, cert := s.addr, s.cert
	s.mu.Unlock()
	if !addr.IsValid() {
		return nil
	}
	scheme := "http://"
	if cert != nil {
		scheme = "https://"
	}
	if !addr.Addr().IsUnspecified() {
		return []string{scheme + addr.String()}
	}
	port := addr.String()[strings.LastIndexByte(addr.String(), ':'):]
	list := []string{scheme + "localhost" + port}
	for _, a := range machineAddrs() {
		if a.IsLoopback() || (addr.Addr().Is4() && !a.Is4()) {
			continue
		}
		list = append(list, scheme+netip.AddrPortFrom(a, addr.Port()).String())
	}
	return list
}

// TLSConfig serves the certificate of Listen to others beside the pages; nil
// without TLS.
func (s *Server) TLSConfig() *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cert == nil {
		return nil
	}
	return s.cert.config()
}

// Fingerprint is the SHA-256 of the served certificate in colon-separated hex; "" without TLS.
func (s *Server) Fingerprint() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cert == nil {
		return ""
	}
	return s.cert.fingerprint()
}

// Close tells every socket "draining", lets running requests end within
// CloseTimeout, closes the sockets with 4000 and the listener. Idempotent.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	serving := s.serving
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.CloseTimeout)
	defer cancel()
	s.cfg.Room.Drain()
	s.takings.close() // hours of footage are not waited for: downloads go on with the next server
	late := time.AfterFunc(drainWait, s.readings.running.close)
	defer late.Stop()
	err := s.app.Server().ShutdownWithContext(ctx)
	if serving != nil {
		_ = serving.Close() // when Serve had not reached its accept yet
	}
	s.sockets.close()
	s.stop()
	s.sockets.wait()
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests were still running when the server closed")
		err = nil
	}
	return err
}

func prefixStrings(list []netip.Prefix) []string {
	out := make([]string, 0, len(list))
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}
