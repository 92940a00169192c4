package rediskv

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// dialer makes the connections of one client and knows those that are open.
type dialer struct {
	tls     *tls.Config // nil: none
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	stopped bool
	open    map[*link]string // address each was dialed at
}

func newDialer(cfg *tls.Config) *dialer {
	d := &dialer{tls: cfg, open: map[*link]string{}}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	return d
}

// dial never fails: go-redis counts failed dials, answers from the count alone
// once it is the pool's size, and then tries by itself, a second apart, on a
// goroutine that outlives its Close. A connection that could not be made tells
// its error to whoever uses it.
func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return orUnmade(d.connect(ctx, network, addr)), nil
}

func orUnmade(cn net.Conn, err error) net.Conn {
	if err != nil {
		return unmade{err}
	}
	return cn
}

func (d *dialer) connect(ctx context.Context, network, addr string) (net.Conn, error) {
	d.mu.Lock()
	if d.stopped {
		d.mu.Unlock()
		return nil, errClosed
	}
	d.running.Add(1)
	d.mu.Unlock()
	defer d.running.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	cn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	l := &link{Conn: cn, dialer: d}
	if !d.track(l, addr) {
		cn.Close()
		return nil, errClosed
	}
	if d.tls == nil {
		return l, nil
	}
	cfg := d.tls
	if cfg.ServerName == "" {
		cfg = cfg.Clone()
		cfg.ServerName, _, _ = net.SplitHostPort(addr)
	}
	secure := tls.Client(l, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = secure.Close()
		return nil, err
	}
	return secure, nil
}

func (d *dialer) track(l *link, addr string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.stopped {
		d.open[l] = addr
	}
	return !d.stopped
}

// keepOnly closes every connection to another address: calls that wait there
// fail at once, and the hints are asked for anew.
func (d *dialer) keepOnly(addr string) {
	d.mu.Lock()
	var old []*link
	for l, at := range d.open {
		if at != addr {
			old = append(old, l)
		}
	}
	d.mu.Unlock()
	for _, l := range old {
		_ = l.Close()
	}
}

// stop ends dials under way and refuses new ones.
func (d *dialer) stop() {
	d.mu.Lock()
	d.stopped = true
	d.mu.Unlock()
	d.cancel()
}

// wait returns when no dial is under way.
func (d *dialer) wait() { d.running.Wait() }

// link is one connection; the dialer forgets it when it closes.
type link struct {
	net.Conn
	dialer *dialer
}

func (l *link) Close() error {
	l.dialer.mu.Lock()
	delete(l.dialer.open, l)
	l.dialer.mu.Unlock()
	return l.Conn.Close()
}

// SyscallConn lets the pool look whether an idle connection was closed.
func (l *link) SyscallConn() (syscall.RawConn, error) {
	if c, ok := l.Conn.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, syscall.ENOTSUP
}

// unmade is a connection that could not be made.
type unmade struct{ err error }

// why is the error of an unmade connection. It has no Unwrap: go-redis would
// take it for a fault of a connection that was there.
type why struct{ err error }

func (w *why) Error() string        { return w.err.Error() }
func (w *why) Is(target error) bool { return errors.Is(w.err, target) }

func (u unmade) Read([]byte) (int, error)         { return 0, &why{u.err} }
func (u unmade) Write([]byte) (int, error)        { return 0, &why{u.err} }
func (u unmade) Close() error                     { return nil }
func (u unmade) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (u unmade) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (u unmade) SetDeadline(time.Time) error      { return nil }
func (u unmade) SetReadDeadline(time.Time) error  { return nil }
func (u unmade) SetWriteDeadline(time.Time) error { return nil }
