package web

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"sightline/authz"
	"sightline/internal/clock"
)

const (
	readChunk   = 64 << 10               // bytes read and written at once
	unsentMost  = 128 << 10              // bytes of an answer that wait in the system for a slow reader
	chunkWait   = 20 * time.Second       // a reader that does not take a chunk meanwhile is gone
	standsEvery = 500 * time.Millisecond // how often what a running answer rests on is looked at, beside its lease
)

var errCut = errors.New("web: the right to what is read has ended")

// footagePart is what a leasedBody answers, byte after byte. Read is called on one
// goroutine; the others also on another one meanwhile.
type footagePart interface {
	io.Reader
	// covered reports whether all of it may be seen by who may see f, and is there
	// still. It asks no store.
	covered(f authz.Footage) bool
	// stands looks at what it rests on beside the lease, for standsEvery at most.
	stands() bool
}

// leasedBody is a body of an answer that runs on a lease: it ends, and the
// connection with it, when the right to it does. The library calls WriteTo and Close
// on one goroutine; cut may come from any.
type leasedBody struct {
	all   *leasedBodies
	conn  net.Conn
	lease *authz.Lease
	done  func() // nil, or called once, when the answer is over
	sends bool   // Close is the library's to call

	part footagePart
	size int64 // bytes of it

	mu    sync.Mutex
	over  bool // the connection is not its any more
	gone  bool // cut
	watch *time.Timer
}

// leasedBody takes a lease for a body that is not sent yet, and says what footage
// may be seen. The caller defers drop.
func (r *request) leasedBody(all *leasedBodies, camera string, act authz.Action) (*leasedBody, authz.Footage, error) {
	b := &leasedBody{all: all, conn: r.c.Context().Conn()}
	lease, d, err := r.s.cfg.Authority.Subscribe(r.ctx, r.subject, camera, act, func(authz.Decision) { b.cut() })
	if err == nil {
		err = d.Fault()
	}
	b.lease = lease
	return b, d.Footage, err
}

// drop is Close of a body that is not sent.
func (b *leasedBody) drop() {
	if !b.sends {
		_ = b.Close()
	}
}

// send answers size bytes of part; nothing of r is touched after it.
func (b *leasedBody) send(r *request, part footagePart, size int64) {
	b.part, b.size, b.sends = part, size, true
	setUnsent(b.conn, unsentMost)
	closed := b.all.enter(b)
	b.mu.Lock()
	b.watch = time.AfterFunc(standsEvery, b.look)
	b.mu.Unlock()
	if closed {
		b.cut()
	}
	r.c.Response().SetBodyStream(b, int(size))
}

// look ends the answer when what it rests on has changed in a way that does not
// end its lease: bounds that were drawn closer, a ticket's login, an export that was
// removed.
func (b *leasedBody) look() {
	b.mu.Lock()
	ended := b.over || b.gone
	b.mu.Unlock()
	if ended {
		return
	}
	if !b.stands() || !b.part.stands() {
		b.cut()
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over && !b.gone {
		b.watch.Reset(standsEvery)
	}
}

// stands reports whether the lease stands and still covers all that is answered.
func (b *leasedBody) stands() bool {
	return b.lease.ValidUntil() > clock.Mono() && b.part.covered(b.lease.Decision().Footage)
}

// cut ends the connection at once. What the system has not sent yet is dropped.
func (b *leasedBody) cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over || b.gone {
		return
	}
	b.gone = true
	if b.all.metrics != nil {
		b.all.metrics.cut.Inc()
	}
	if b.conn != nil {
		reset(b.conn)
	}
}

// WriteTo writes the answer.
func (b *leasedBody) WriteTo(w io.Writer) (int64, error) {
	buf := make([]byte, readChunk)
	sent := int64(0)
	for sent < b.size {
		n, err := b.part.Read(buf[:min(int64(len(buf)), b.size-sent)])
		if !b.stands() { // after the read: it may have taken long
			b.cut()
		}
		b.mu.Lock()
		gone := b.gone
		b.mu.Unlock()
		if gone {
			return sent, errCut
		}
		if n == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return sent, err
		}
		_ = b.conn.SetWriteDeadline(time.Now().Add(chunkWait))
		if n, err = w.Write(buf[:n]); err != nil {
			return sent + int64(n), err
		}
		if b.all.metrics != nil {
			b.all.metrics.read.Add(float64(n))
		}
		sent += int64(n)
	}
	return sent, nil
}

// Read is not called: the library prefers WriteTo.
func (b *leasedBody) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Close ends the answer; the connection may go on with another request.
func (b *leasedBody) Close() error {
	b.mu.Lock()
	b.over = true
	if b.watch != nil {
		b.watch.Stop()
	}
	b.mu.Unlock()
	if b.lease != nil {
		b.lease.Release()
	}
	b.all.leave(b)
	if b.done != nil {
		b.done()
	}
	return nil
}

// leasedBodies are those that run. Safe for concurrent use.
type leasedBodies struct {
	metrics *metrics // nil: they are not counted

	mu      sync.Mutex
	running map[*leasedBody]struct{}
	closed  bool
}

func (a *leasedBodies) enter(b *leasedBody) (closed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.running == nil {
		a.running = map[*leasedBody]struct{}{}
	}
	a.running[b] = struct{}{}
	if a.metrics != nil {
		a.metrics.footage.Inc()
	}
	return a.closed
}

func (a *leasedBodies) leave(b *leasedBody) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.running[b]; ok && a.metrics != nil {
		a.metrics.footage.Dec()
	}
	delete(a.running, b)
}

func (a *leasedBodies) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.running)
}

// close cuts those that run, and all that come.
func (a *leasedBodies) close() {
	a.mu.Lock()
	a.closed = true
	var rest []*leasedBody
	for b := range a.running {
		rest = append(rest, b)
	}
	a.mu.Unlock()
	for _, b := range rest {
		b.cut()
	}
}

// plainConn is the socket below what is wrapped around it.
func plainConn(c net.Conn) *net.TCPConn {
	for {
		switch w := c.(type) {
		case *net.TCPConn:
			return w
		case *tls.Conn:
			c = w.NetConn()
		case *lingerConn:
			c = w.Conn
		default:
			return nil
		}
	}
}

// reset closes a connection so that nothing more of it is sent.
func reset(c net.Conn) {
	if t := plainConn(c); t != nil {
		_ = t.SetLinger(0)
		_ = t.Close()
		return
	}
	_ = c.SetDeadline(time.Unix(1, 0))
}
