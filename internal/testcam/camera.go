package testcam

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"sightline/internal/testport"
)

// Fault is how a camera misbehaves.
type Fault int

const (
	Good    Fault = iota
	Garbage       // answers every connection with bytes that are no RTSP
	Drip          // answers with a header that never ends, a little at a time
	Silent        // accepts and never answers
	Web           // answers like a web server
	Endless       // answers with a header that never ends, as fast as it is read
)

const anyPort = "127.0.0.1:0"

// Config of a camera.
type Config struct {
	Main, Sub *Clip  // Sub may be nil; neither is needed with a Fault
	Listen    string // default "127.0.0.1:0"
	User      string // with Password: a login is asked
	Password  string
	Basic     bool // only Basic is offered (default: Digest)
	TLS       bool // rtsps with a self-signed certificate
	SDPOnly   bool // parameter sets only in the SDP (default: in the SDP and before each key frame)
	InBand    bool // parameter sets only before each key frame
	TCPOnly   bool // UDP is refused
	Stamp     bool // every picture carries when it was sent; Sent reads it
	Fault     Fault
	Start     time.Duration // position of the loop at which every start begins
	Redirect  string        // every DESCRIBE is redirected to this URL
	Impair    Impair        // what the network does to the packets
	Reports   *Reports      // what the camera says of its clock; nil: only what the RTSP library says every 10 s
}

// Camera is a running camera with /main and /sub. Clients come and go as they
// like; all see the same position of the loop. Safe for concurrent use.
type Camera struct {
	cert tls.Certificate
	hang atomic.Bool
	seen atomic.Int64 // TCP connections accepted
	sent atomic.Int64 // bytes of an endless header

	mu   sync.Mutex
	cfg  Config
	addr string    // fixed at the first start
	free func()    // gives the port of 127.0.0.1 up that is kept over stops; nil: none is
	from time.Time // when the picture with number 0 was, or would have been, sent
	run  runner    // nil while stopped
}

// runner is what listens: a real server or a misbehaving one.
type runner interface {
	kill()
	stop()
	sessions() int
}

// New starts a camera.
func New(cfg Config) (*Camera, error) {
	if cfg.Listen == "" {
		cfg.Listen = anyPort
	}
	if cfg.Main == nil && cfg.Fault == Good && cfg.Redirect == "" {
		return nil, fmt.Errorf("a camera needs a clip")
	}
	c := &Camera{cfg: cfg, addr: cfg.Listen}
	if cfg.TLS {
		cert, err := selfSigned()
		if err != nil {
			return nil, err
		}
		c.cert = cert
	}
	if err := c.Restart(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Restart listens again, on the same port, after Stop. It does nothing while running.
func (c *Camera) Restart() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.start()
}

func (c *Camera) start() error {
	if c.run != nil {
		return nil
	}
	if c.free == nil && c.addr == anyPort {
		port, free, err := testport.Hold()
		if err != nil {
			return fmt.Errorf("camera: %w", err)
		}
		c.addr, c.free = net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), free
	}
	ln, err := net.Listen("tcp", c.addr)
	if err != nil {
		return fmt.Errorf("camera: %w", err)
	}
	c.addr = ln.Addr().String()
	ln = &counted{Listener: ln, n: &c.seen}
	if c.cfg.Fault != Good {
		c.run = newHostile(ln, c.cfg.Fault, &c.sent)
		return nil
	}
	c.from = time.Now().Add(-c.cfg.Start)
	s, err := newServer(ln, c)
	if err != nil {
		ln.Close()
		return err
	}
	c.run = s
	return nil
}

// Stop closes the port and all connections: the camera is unplugged.
func (c *Camera) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != nil {
		c.run.stop()
		c.run = nil
	}
}

// Close ends the camera and gives its port up.
func (c *Camera) Close() {
	c.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free != nil {
		c.free()
	}
}

// Kill drops all connections and keeps listening.
func (c *Camera) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != nil {
		c.run.kill()
	}
}

// Hang stops (or goes on with) sending media; connections stay open and
// requests are answered.
func (c *Camera) Hang(on bool) { c.hang.Store(on) }

// Play changes the clips; the camera restarts on the same port.
func (c *Camera) Play(main, sub *Clip) error {
	return c.change(func(cfg *Config) { cfg.Main, cfg.Sub = main, sub })
}

// SetFault changes how it behaves; the camera restarts on the same port.
func (c *Camera) SetFault(f Fault) error {
	return c.change(func(cfg *Config) { cfg.Fault = f })
}

// SetLogin changes user and password; the camera restarts on the same port.
func (c *Camera) SetLogin(user, password string) error {
	return c.change(func(cfg *Config) { cfg.User, cfg.Password = user, password })
}

func (c *Camera) change(f func(*Config)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.cfg)
	if c.run == nil {
		return nil
	}
	c.run.stop()
	c.run = nil
	return c.start()
}

// Main is the URL of the main layer, without userinfo.
func (c *Camera) Main() string { return c.url("main") }

// From is when the picture with number 0 was, or would have been, sent: number n
// of a loop follows n pictures later, whoever watches.
func (c *Camera) From() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.from
}

// Sub is the URL of the sub layer, without userinfo.
func (c *Camera) Sub() string { return c.url("sub") }

func (c *Camera) url(path string) string {
	scheme := "rtsp"
	if c.cfg.TLS {
		scheme = "rtsps"
	}
	return scheme + "://" + c.Addr() + "/" + path
}

// Addr is host:port; it stays the same through Stop and Restart.
func (c *Camera) Addr() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addr
}

// Fingerprint is the SHA-256 of the certificate in hex, "" without TLS.
func (c *Camera) Fingerprint() string { return fingerprint(c.cert) }

// Viewers is the number of RTSP sessions that play.
func (c *Camera) Viewers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run == nil {
		return 0
	}
	return c.run.sessions()
}

// Connects is the number of TCP connections accepted since New.
func (c *Camera) Connects() int { return int(c.seen.Load()) }

// Sent is the number of bytes of endless headers that connections took, the
// systems' buffers included.
func (c *Camera) Sent() int64 { return c.sent.Load() }

// counted counts accepted connections.
type counted struct {
	net.Listener
	n *atomic.Int64
}

func (l *counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.n.Add(1)
	}
	return c, err
}
